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
    /// A program.
    #[error(transparent)]
    Command(#[from] CommandError),
}
