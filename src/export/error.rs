//! A table that could not be exported.

use std::path::PathBuf;

use thiserror::Error;

use crate::sql::{QueryError, SessionError};
use crate::store::StoreError;

/// A table that could not be exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The rows could not be computed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The query that shapes the file cannot be used.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A batch could not be put together.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A file of a run could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread that encoded rows is gone.
    #[error("a thread that encodes rows ended\n(hint: this is a defect; please report it)")]
    Encoder,
    /// Parquet could not be encoded.
    #[error("Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}

impl From<datafusion::error::DataFusionError> for ExportError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self::Session(error.into())
    }
}
