//! What can go wrong while tables are made.

use datafusion::error::DataFusionError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::queries::QueryError;
use crate::sorted::SortedFile;
use crate::store::StoreError;

/// A data file of a run that is gone, or as long as it was written and holds something else: found while it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error(
    "the data file {file} of user {user} is not what was written: it is gone, or its checksum differs from the ledger's\n\
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

/// A file of an output of `merge` that a table cannot be made of.
#[derive(Debug, Error)]
pub enum FileError {
    /// It is not there.
    #[error("{0} is gone")]
    Gone(String),
    /// It is none that `merge` wrote.
    #[error("{file} is damaged: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// Its place cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Gone(file) => Self::Damaged { file, what: "the file is missing".into() },
            FileError::Damaged { file, what } => Self::Damaged { file, what },
            FileError::Store(error) => error,
        }
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
