//! A merge that could not be carried out.

use std::path::PathBuf;

use thiserror::Error;

use super::accepted::NotSkipped;
use crate::export::ExportError;
use crate::sources::SourceError;
use crate::sql::{QueryError, SessionError};
use crate::store::StoreError;

/// A merge that could not be carried out.
#[derive(Debug, Error)]
pub enum MergeError {
    /// The output is there already.
    #[error("{} exists already\n(hint: name a new directory, or remove it first)", .0.display())]
    OutputExists(PathBuf),
    /// A directory is a merged output.
    #[error("{} is itself an output of `results merge`\n(hint: name the run directories)", .0.display())]
    NotARun(PathBuf),
    /// The same directory twice.
    #[error("{} is named twice", .0.display())]
    Twice(PathBuf),
    /// The runs are of different experiments.
    #[error(
        "{one} and {other} are not of the same experiment:\n{differences}\n(hint: merge only shards that were run with one configuration and one seed)"
    )]
    Different {
        /// A run.
        one: String,
        /// Another.
        other: String,
        /// One line a difference.
        differences: String,
    },
    /// Other units are skipped than those that were accepted.
    #[error(transparent)]
    NotSkipped(#[from] NotSkipped),
    /// A control, and what it is not of.
    #[error(
        "{} {what}\n(hint: `results control RUN_DIR` makes a control, and `results run --resume` continues it; a control is merged with the run that it is of)",
        dir.display()
    )]
    NotItsControl {
        /// The directory.
        dir: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Runs and their controls.
    #[error(
        "{} is a control and {} isn't: they have no users in common\n(hint: merge the control with `--control`, or by itself)",
        control.display(), run.display()
    )]
    Mixed {
        /// The control.
        control: PathBuf,
        /// The run.
        run: PathBuf,
    },
    /// The output could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A directory cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A query failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A query file cannot be used.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A table could not be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl MergeError {
    /// What programs read; never changes its meaning.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutputExists(_) => "M20",
            Self::NotARun(_) => "M21",
            Self::Twice(_) => "M22",
            Self::Different { .. } => "M23",
            Self::Write { .. } | Self::Export(_) => "M24",
            Self::Source(_) | Self::Store(_) => "M25",
            Self::Session(_) | Self::Query(_) => "M26",
            Self::NotSkipped(_) => "M27",
            Self::NotItsControl { .. } | Self::Mixed { .. } => "M28",
        }
    }
}
