//! What goes wrong before an analysis begins.

use thiserror::Error;

use super::command::CommandError;
use crate::dataset::DatasetError;

/// An analysis that cannot be made ready.
#[derive(Debug, Error)]
pub enum EngineError {
    /// An expression of the configuration.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A measure that a run was planned with and this program does not have.
    #[error(
        "unknown measure `{key}` in `analysis_modes`; known: {known}\n(hint: continue the run with the version that planned it)"
    )]
    UnknownMeasure {
        /// The measure.
        key: String,
        /// Those there are.
        known: String,
    },
    /// A program.
    #[error(transparent)]
    Command(#[from] CommandError),
}
