//! A directory that is nothing a command can use.

use thiserror::Error;

use crate::store::{Location, MergeManifest, StoreError};
use crate::tables::FileError;

/// A directory that cannot be queried.
#[derive(Debug, Error)]
pub enum SourceError {
    /// It is neither a run nor an output.
    #[error("{} is neither a run (it has no run.yaml) nor an output of `results merge` (no merge.yaml)", .0)]
    Neither(Location),
    /// An object store has nothing there.
    #[error("there is nothing at {}\n(hint: check the bucket and the prefix; a prefix is written as it is shown, without a slash at its end)", .0)]
    Nothing(Location),
    /// It was written by the predecessor, and lies in an object store.
    #[error("{} is an output of the predecessor, which is read from a folder only\n(hint: copy it to a folder)", .0)]
    LegacyAway(Location),
    /// Its tables of the predecessor are in a form that is not read.
    #[error(
        "{} has {names} of the predecessor, and none of its tables as CSV\n(hint: look for them in another copy, or save or \
         unpack them under their names, as in per_user_te.csv or per_user_te.csv.gz)",
        dir
    )]
    Unread {
        /// The directory.
        dir: Location,
        /// What lies there.
        names: String,
    },
    /// An output, and something else beside it.
    #[error(
        "{output} and {other} cannot be asked together: {output} is an output of `results merge`, whose tables have the same names\n\
         (hint: ask each by itself, or merge their runs into one output: results merge --shards RUN --shards RUN --output DIR)"
    )]
    Beside {
        /// The output.
        output: Box<Location>,
        /// What was named with it.
        other: Box<Location>,
    },
    /// It is not there.
    #[error("directory {} not found", .0)]
    Missing(Location),
    /// Its manifest cannot be read.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The manifest.
        path: Location,
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
    #[error("{} has no Parquet files: it was merged with --format csv\n(hint: merge it with --format parquet too)", .0)]
    CsvOnly(Location),
    /// A file of an output is gone, or is none that `merge` wrote.
    #[error(transparent)]
    Lost(Box<Lost>),
    /// It was written by the predecessor, whose directories are read by some commands only.
    #[error("{} is an output of the predecessor\n(hint: `results merge` and `results sql` read it; merge it first)", .0)]
    Legacy(Location),
    /// A directory of the predecessor cannot be used.
    #[error(transparent)]
    Import(#[from] crate::legacy::LegacyError),
}

/// A file of an output that is gone, or is none that `merge` wrote.
#[derive(Debug, Error)]
#[error(
    "{error}\n(hint: `results merge --shards {shards} --output {output}` makes it again, once what is left of {output} is \
     removed)"
)]
pub struct Lost {
    error: FileError,
    /// The runs that were merged.
    shards: String,
    output: Location,
}

/// Runs that are named in a hint.
const NAMED: usize = 3;

impl SourceError {
    /// Of an output, a file of which cannot be read.
    pub fn lost(output: &Location, manifest: &MergeManifest, error: FileError) -> Self {
        if let FileError::Store(error) = error {
            return Self::Store(error);
        }
        let mut shards: Vec<&str> = manifest.sources.iter().take(NAMED).map(|run| run.dir.as_str()).collect();
        if manifest.sources.len() > NAMED {
            shards.push("…");
        }
        Self::Lost(Box::new(Lost { error, shards: shards.join(" "), output: output.clone() }))
    }
}
