//! What can go wrong in a session.

use datafusion::error::DataFusionError;
use thiserror::Error;

use super::guard;
use crate::queries::QueryError;
use crate::sources::SourceError;
use crate::store::StoreError;
use crate::tables::{ChangedFile, TableError};

/// Why a session could not be set up or a query not be answered.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The engine refused.
    #[error("{}", guard::plain(.0))]
    Engine(DataFusionError),
    /// A query is not given to the engine.
    #[error(transparent)]
    Refused(#[from] guard::Refusal),
    /// A run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A directory cannot be queried.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A query file cannot be used.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A batch cannot be built.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// Files were whole when they were looked at, and not when they were read.
    #[error(
        "data files change while they are read\n(hint: ask again once nobody writes into the run by hand)"
    )]
    Changing,
}

impl SessionError {
    /// Whether a data file was found to be damaged while it was read, as looking at all of them tells before.
    pub fn is_of_changed_file(&self) -> bool {
        let Self::Engine(error) = self else { return false };
        let is_it = |error: &DataFusionError| match error.find_root() {
            DataFusionError::External(cause) => cause.is::<ChangedFile>(),
            _ => false,
        };
        match error {
            DataFusionError::Collection(all) => all.iter().any(is_it),
            one => is_it(one),
        }
    }
}

impl From<DataFusionError> for SessionError {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(error)
    }
}

impl From<TableError> for SessionError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Engine(error) => Self::Engine(error),
            TableError::Store(error) => Self::Store(error),
            TableError::Query(error) => Self::Query(error),
            TableError::Arrow(error) => Self::Arrow(error),
        }
    }
}
