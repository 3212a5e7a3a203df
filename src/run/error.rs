//! What goes wrong with a worker.

use thiserror::Error;

use crate::store::StoreError;

/// A worker that could not go on.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The run could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// How many.
        threads: usize,
        /// The cause.
        source: rayon::ThreadPoolBuildError,
    },
}
