//! What goes wrong with a run, in words.

use std::borrow::Cow;

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
    /// Another command has changed what was read.
    #[error("{dir} was changed by another command while it was read\n(hint: try again)")]
    Changed {
        /// The directory.
        dir: String,
    },
    /// The program cannot ask object stores.
    #[error(
        "{url} cannot be used: this program was built without object stores\n(hint: build it with `--features s3`, or name a folder)"
    )]
    NoRemote {
        /// The URL.
        url: String,
    },
    /// Something that an object store needs is not set, or is set to what cannot be.
    #[error("{url} cannot be used: {fault}\n(hint: {hint})")]
    RemoteSettings {
        /// The URL.
        url: String,
        /// What is wrong.
        fault: String,
        /// What can be done.
        hint: String,
    },
    /// An object store overwrites what is there when it is asked not to.
    #[error(
        "{store} does not keep \"create if absent\": a second create of one name was accepted\n(hint: two workers could overwrite each other here; use a store with conditional writes, or a folder)"
    )]
    NoConditions {
        /// The store.
        store: String,
    },
    /// An object store does not list what it has just taken.
    #[error(
        "{store} does not list an object that it has just taken\n(hint: readers would miss what is committed; use a store whose listings are up to date, or a folder)"
    )]
    LateListing {
        /// The store.
        store: String,
    },
    /// An object store is to keep locks.
    #[error(
        "{dir} keeps no locks, and `runtime.locks: flock` asks for them\n(hint: leave the setting out; workers there have leases)"
    )]
    NoLocks {
        /// Where.
        dir: String,
    },
    /// A disk gives no file a second name, by which one is made whole unless it is there.
    #[error(
        "the file system of {dir} makes no hard links, which `runtime.locks: lease` needs: {cause}\n(hint: name a directory on another file system, or an s3:// URL)"
    )]
    NoLinks {
        /// The directory.
        dir: String,
        /// What it says.
        cause: String,
    },
    /// The run keeps its writers apart in another way.
    #[error(
        "{dir} was made with `runtime.locks: {run}`, not `{asked}`\n(hint: leave the setting out, a run keeps its own; or make a new run)"
    )]
    OtherLocks {
        /// The directory.
        dir: String,
        /// The run's.
        run: &'static str,
        /// What was asked for.
        asked: &'static str,
    },
    /// Another worker was given the share while this one was not heard of.
    #[error(
        "shard {shard} was taken over by another worker (lease {lease}) while this one was not heard of; nothing is lost\n(hint: `results status` shows who has it)"
    )]
    TakenOver {
        /// The share, as `I of N`.
        shard: String,
        /// The lease of the other one.
        lease: u64,
    },
    /// Nothing was heard of a worker for so long that another one may be given its share.
    #[error(
        "the store has not answered the worker of shard {shard} for {seconds} s, so another one may have its users by now; nothing is lost\n(hint: see whether the network and the store are up; `results run --resume` goes on)"
    )]
    Unheard {
        /// The share, as `I of N`.
        shard: String,
        /// How long.
        seconds: u64,
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

/// A cause in words of its own, with what can be done.
#[derive(Debug, Error)]
#[error("{said}")]
pub(super) struct Cause {
    /// What happened.
    pub said: String,
    /// What can be done.
    pub hint: String,
}

fn hint(source: &std::io::Error) -> Cow<'static, str> {
    use std::io::ErrorKind as K;
    if let Some(cause) = source.get_ref().and_then(|inner| inner.downcast_ref::<Cause>()) {
        return format!("\n(hint: {})", cause.hint).into();
    }
    match source.kind() {
        K::StorageFull | K::QuotaExceeded => {
            "\n(hint: free some space, then continue with `results run --resume`; nothing finished is lost)"
                .into()
        }
        K::PermissionDenied | K::ReadOnlyFilesystem => {
            "\n(hint: check the owner and the write permission of the folder)".into()
        }
        _ => "".into(),
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
