//! What can go wrong while tables are made.

use datafusion::error::DataFusionError;
use thiserror::Error;

use crate::queries::QueryError;
use crate::store::StoreError;

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
