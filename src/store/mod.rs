//! A run on disk: partitions, ledger, plan and manifest.
//!
//! ```text
//! k6_full_20261123_143005/
//!   run.yaml                the manifest: configuration, fingerprints, state
//!   _expected.parquet       the units the run must produce
//!   users/ te/ …            shard=0/user_id=00EABED2-…/<attempt>.parquet
//!   _status/ _logs/ _staging/
//! ```
//!
//! With many users a folder is a bucket of them, and units are committed in groups ([`commit_group`]).
//!
//! A unit is committed by writing its data files and then, last, its row in `users/`: **the ledger
//! row is the commit**. A data file whose attempt is not in the ledger does not exist for any reader
//! of this crate. No other room opens a file of a run.

mod attempt;
mod commit;
mod disk;
mod expected;
mod file;
mod group;
mod index;
mod joined;
mod ledger;
mod local;
mod lock;
mod manifest;
mod parts;
mod path;
#[cfg(test)]
mod power_cut;
mod reading;
mod run;
mod small;
mod storage;
mod thrift;
mod unit_ledger;
mod verify;

use std::path::PathBuf;

use thiserror::Error;

pub use attempt::{
    Replaced, attempt_id_of, is_compaction, new_attempt_id, new_compaction_id, origin, rewritten,
};
pub use commit::{Prepared, TableRows, checksum, commit};
pub use expected::{EXPECTED, ExpectedUnit, to_batch as expected_batch};
pub use file::{Footer, RowsOf, parquet_bytes};
pub use group::{GroupWriter, commit_group, group_arrow_schema, sort_by, sort_rows};
pub use index::{IndexedAttempt, IndexedFile, LedgerIndex, repeated};
pub use joined::SmallFiles;
pub use ledger::{
    DataFile, Ledger, LedgerFile, LedgerRow, UnitState, is_renamed, ledger_batch, ledger_files, ledger_schema,
};
pub use local::LocalStorage;
pub use lock::ShardLock;
pub use manifest::{InputListing, MANIFEST, Manifest, RUN_FORMAT, RunState};
pub use parts::ParquetParts;
pub use path::{
    bucket_in, bucket_of, data_file, encode as encode_id, group_file, is_group, parse as parse_path,
};
pub use reading::{CompactionLock, ReadLock, RemovalLock};
pub use run::{Leftovers, NewRun, Run};
pub use storage::{Created, Entry, Object, ReadAt, Storage, StorageError};
pub use unit_ledger::unit_ledgers;
pub use verify::{fault_of, read_whole};

/// Why a run could not be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The directory is not there.
    #[error("there is no directory {}", dir.display())]
    NotFound {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory is no run.
    #[error("{} is not a run: it has no run.yaml\n(hint: name a directory that `results run` made)", dir.display())]
    NoRun {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory has other files in it.
    #[error("{} is not empty and not a run (it holds `{file}`)\n(hint: name a new directory, or an existing run to continue it)", dir.display())]
    ForeignFiles {
        /// The directory.
        dir: PathBuf,
        /// A file in it.
        file: String,
    },
    /// The run was made with other settings.
    #[error("{} was made with another configuration:\n{differences}\n(hint: use another directory, or the run's own settings)", dir.display())]
    OtherConfig {
        /// The directory.
        dir: PathBuf,
        /// One line a key.
        differences: String,
    },
    /// The run has another number of shards.
    #[error("{} was planned with {run} shards, not {asked}\n(hint: use --shard I/{run}, or continue it with --resume in any number of shards)", dir.display())]
    OtherShards {
        /// The directory.
        dir: PathBuf,
        /// Shards of the run.
        run: u32,
        /// Shards asked for.
        asked: u32,
    },
    /// The directory is the own directory of another shard.
    #[error("{} holds shard {} alone\n(hint: leave --out away to get a directory of its own, or start all shards with one --out)", dir.display(), list(holds))]
    OtherShardDir {
        /// The directory.
        dir: PathBuf,
        /// Its shards.
        holds: Vec<u32>,
    },
    /// The data folder or the number of users changed.
    #[error("{} was planned for other users{}{}\n(hint: use the same data folder and --users, or a new directory)", dir.display(), named("; not in its plan", more), named("; missing now", less))]
    OtherPlan {
        /// The directory.
        dir: PathBuf,
        /// Some users that are new.
        more: Vec<String>,
        /// Some users that are gone.
        less: Vec<String>,
    },
    /// The run was made by a newer version.
    #[error("{} has run format {format}, made by results {made_by}; this is results {} and writes format {RUN_FORMAT}\n(hint: continue it with results {made_by} or newer; reading it is possible)", dir.display(), env!("CARGO_PKG_VERSION"))]
    NewerFormat {
        /// The directory.
        dir: PathBuf,
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
    #[error("the files of {} are being compacted by another process: {holder}\n(hint: wait for it)", dir.display())]
    Compacting {
        /// The directory.
        dir: PathBuf,
        /// Who does it.
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
