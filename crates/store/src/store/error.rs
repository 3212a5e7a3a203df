//! What goes wrong with a run, in words.

use thiserror::Error;

use super::manifest::RUN_FORMAT;

/// Why a run could not be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The directory is not there.
    #[error("directory {dir} not found")]
    NotFound {
        /// The directory.
        dir: String,
    },
    /// The directory is no run.
    #[error("{dir} is not a run: it has no run.yaml\n(hint: name a directory that `results run` made)")]
    NoRun {
        /// The directory.
        dir: String,
    },
    /// The directory has other files in it.
    #[error(
        "{dir} is not empty and not a run (it contains `{file}`)\n(hint: name a new directory, or an existing run to continue it)"
    )]
    ForeignFiles {
        /// The directory.
        dir: String,
        /// A file in it.
        file: String,
    },
    /// The run was made with other settings.
    #[error(
        "{dir} was made with another configuration:\n{differences}\n(hint: use another directory, or the run's own settings)"
    )]
    OtherConfig {
        /// The directory.
        dir: String,
        /// One line a key.
        differences: String,
    },
    /// The run has another number of shards.
    #[error(
        "{dir} was planned with {run} shards, not {asked}\n(hint: use --shard I/{run}, or continue it with --resume in any number of shards)"
    )]
    OtherShards {
        /// The directory.
        dir: String,
        /// Shards of the run.
        run: u32,
        /// Shards asked for.
        asked: u32,
    },
    /// The directory is of users and not of pairs of strangers, or the other way round, or a control of another run.
    #[error("{dir} is {run}, not {asked}\n(hint: name a new directory with --out)")]
    OtherControl {
        /// The directory.
        dir: String,
        /// What it is.
        run: String,
        /// What was asked for.
        asked: String,
    },
    /// The directory is the own directory of another shard.
    #[error(
        "{dir} contains shard {} only\n(hint: leave --out away to get a directory of its own, or start all shards with one --out)",
        list(holds)
    )]
    OtherShardDir {
        /// The directory.
        dir: String,
        /// Its shards.
        holds: Vec<u32>,
    },
    /// The data folder or the number of users changed.
    #[error(
        "{dir} was planned for other users{}{}\n(hint: use the same data folder and --users, or a new directory)",
        named("; not in its plan", more),
        named("; missing now", less)
    )]
    OtherPlan {
        /// The directory.
        dir: String,
        /// Some users that are new.
        more: Vec<String>,
        /// Some users that are gone.
        less: Vec<String>,
    },
    /// The run was made by a newer version.
    #[error("{dir} has run format {format}, made by results {made_by}; this is results {} and writes format {RUN_FORMAT}\n(hint: continue it with results {made_by} or newer; reading it is possible)", env!("CARGO_PKG_VERSION"))]
    NewerFormat {
        /// The directory.
        dir: String,
        /// Its format.
        format: u32,
        /// The version that made it.
        made_by: String,
    },
    /// A file of the run cannot be understood.
    #[error("{file} is damaged: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// Another process works on the shard.
    #[error(
        "shard {shard} is being worked on by another process: {holder}\n(hint: wait for it or stop it; `results status` shows how far it is)"
    )]
    Locked {
        /// The share, as `I/N`.
        shard: String,
        /// Who has it.
        holder: String,
    },
    /// Another process puts the files of the run together.
    #[error("the files of {dir} are being compacted by another process: {holder}\n(hint: wait for it)")]
    Compacting {
        /// The directory.
        dir: String,
        /// Who does it.
        holder: String,
    },
    /// Another process does for long what takes a moment.
    #[error(
        "{file} has been held for long by another process: {holder}\n(hint: see whether that process is stopped or hangs; end it, then try again)"
    )]
    Busy {
        /// The lock.
        file: String,
        /// Who has it, as far as it is known.
        holder: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A row breaks its contract.
    #[error(transparent)]
    Batch(#[from] crate::schema::BatchError),
    /// A table is unknown.
    #[error(transparent)]
    Schema(#[from] crate::schema::SchemaError),
    /// Parquet could not be written or read.
    #[error("Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Arrow could not build a batch.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}

fn list(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn named(what: &str, users: &[String]) -> String {
    if users.is_empty() { String::new() } else { format!("{what}: {}", users.join(", ")) }
}

/// An operation on a run's files that failed.
#[derive(Debug, Error)]
#[error("cannot {action} {path}{}", hint(source))]
pub struct StorageError {
    /// What was tried.
    pub action: &'static str,
    /// The file, by its full name.
    pub path: String,
    /// The cause.
    pub source: std::io::Error,
}

/// The error of an action on a file.
pub(super) fn at(
    action: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(std::io::Error) -> StorageError {
    let path = path.display().to_string();
    move |source| StorageError { action, path, source }
}

fn hint(source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as K;
    match source.kind() {
        K::StorageFull | K::QuotaExceeded => {
            "\n(hint: free some space, then continue with `results run --resume`; nothing finished is lost)"
        }
        K::PermissionDenied | K::ReadOnlyFilesystem => {
            "\n(hint: check the owner and the write permission of the folder)"
        }
        _ => "",
    }
}

/// Text that is no shard.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{text}` is not a shard: {fault}\n(hint: shards are counted from 0, as in 0/4, 1/4, 2/4, 3/4)")]
pub struct AssignmentError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub fault: String,
}
