//! A directory that is nothing a command can use.

use std::path::PathBuf;

use thiserror::Error;

use crate::store::StoreError;

/// A directory that cannot be queried.
#[derive(Debug, Error)]
pub enum SourceError {
    /// It is neither a run nor an output.
    #[error("{} is neither a run (it has no run.yaml) nor an output of `results merge` (no merge.yaml)", .0.display())]
    Neither(PathBuf),
    /// Its tables of the predecessor are in a form that is not read.
    #[error(
        "{} has {names} of the predecessor, and none of its tables as CSV\n(hint: look for them in another copy, or save or \
         unpack them under their names, as in per_user_te.csv or per_user_te.csv.gz)",
        dir.display()
    )]
    Unread {
        /// The directory.
        dir: PathBuf,
        /// What lies there.
        names: String,
    },
    /// It is not there.
    #[error("directory {} not found", .0.display())]
    Missing(PathBuf),
    /// Its manifest cannot be read.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no place for what need not last.
    #[error("cannot make a folder in {}\n(hint: set TMPDIR to a folder that can be written to)", std::env::temp_dir().display())]
    Scratch(#[source] std::io::Error),
    /// It has no files to be queried.
    #[error("{} has no Parquet files: it was merged with --format csv\n(hint: merge it with --format parquet too)", .0.display())]
    CsvOnly(PathBuf),
    /// It was written by the predecessor, whose directories are read by some commands only.
    #[error("{} is an output of the predecessor\n(hint: `results merge` and `results sql` read it; merge it first)", .0.display())]
    Legacy(PathBuf),
    /// A directory of the predecessor cannot be used.
    #[error(transparent)]
    Import(#[from] crate::legacy::LegacyError),
}
