//! What can go wrong while tables are made.

use datafusion::error::DataFusionError;
use thiserror::Error;

use crate::queries::QueryError;
use crate::sorted::SortedFile;
use crate::store::StoreError;

/// A data file of a run that is as long as it was written, and holds something else: found while it was read.
#[derive(Debug, Error)]
#[error(
    "the data file {file} of user {user} is not what was written: its checksum differs from the ledger's\n\
     (hint: `results run --resume {run}` makes it again)"
)]
pub struct ChangedFile {
    file: String,
    user: String,
    run: String,
}

impl ChangedFile {
    pub(super) fn of(file: &SortedFile) -> Self {
        let run = file.storage().map_or_else(|| file.run_name.clone(), |storage| storage.name());
        Self { file: file.path().to_owned(), user: file.user().to_owned(), run }
    }
}

/// Why tables cannot be made.
#[derive(Debug, Error)]
pub enum TableError {
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] DataFusionError),
    /// A run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A query file cannot be used.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A batch cannot be built.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}
