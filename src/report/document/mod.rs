//! One HTML file of what runs or merged outputs found: no script, nothing fetched, the same bytes for the same input.

mod about;
mod context;
mod findings;
mod hide;
mod model;
mod pictures;
mod places;
mod sections;
mod write;

pub(crate) use about::About;
pub(crate) use context::{Finding, Item, Subject, Wanted};
pub(crate) use write::{Document, document};

use thiserror::Error;

use crate::merge::MergeError;
use crate::queries::QueryError;
use crate::sources::SourceError;
use crate::sql::{ParamError, SessionError};
use crate::store::Location;

/// A report that cannot be made.
#[derive(Debug, Error)]
pub(crate) enum ReportError {
    /// A directory is none that has results.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A run cannot be looked through.
    #[error(transparent)]
    Run(#[from] MergeError),
    /// A file of an output cannot be read.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: Location,
        /// The cause.
        source: std::io::Error,
    },
    /// A session refuses.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A query file is absent.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A parameter does not fit.
    #[error(transparent)]
    Param(#[from] ParamError),
    /// Rows cannot be read.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A template fails.
    #[error("the page cannot be written: {0}")]
    Page(#[from] askama::Error),
}
