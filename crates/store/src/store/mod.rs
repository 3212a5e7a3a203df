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

mod aside;
mod assignment;
mod attempt;
mod commit;
#[cfg(test)]
mod conformance;
mod disk;
mod error;
mod expected;
mod file;
mod folders;
mod group;
mod holder;
mod inside;
mod joined;
mod ledger;
mod local;
mod local_lock;
mod location;
mod manifest;
mod memory;
mod output;
mod parts;
mod path;
mod pinned;
#[cfg(test)]
mod power_cut;
mod reading;
mod register;
mod run;
mod small;
mod storage;
mod thrift;
mod unit_ledger;
mod verify;

pub use aside::set_aside;
pub use assignment::Assignment;
pub use attempt::{
    attempt_id_of, is_compaction, new_attempt_id, new_compaction_id, origin, rewritten, writer,
};
pub use commit::{Prepared, TableRows, commit};
pub use error::{AssignmentError, StorageError, StoreError};
pub use expected::{EXPECTED, ExpectedUnit, to_batch as expected_batch};
pub use file::{Footer, RowsOf, SMALL, parquet_bytes};
pub use folders::Folders;
pub use group::{GroupWriter, commit_group, sort_by, sort_rows};
pub use holder::Holder;
pub use inside::holder_of;
pub use joined::SmallFiles;
pub use ledger::decode as ledger_row;
pub use ledger::{DataFile, LedgerFile, LedgerRow, UnitState, ledger_batch};
pub use local::{LocalStorage, STAGING, staged_by_the_dead};
pub use location::Location;
pub use manifest::{ControlOf, EVENTS, InputListing, MANIFEST, Manifest, RUN_FORMAT, RunState};
pub use memory::MemoryStorage;
pub use output::{AcceptedUnit, MERGE_MANIFEST, MergeManifest, MergedRun, Missing};
pub use parts::ParquetParts;
pub use path::{
    bucket_in, bucket_of, data_file, encode as encode_id, group_file, is_group, parse as parse_path,
};
pub use pinned::Pinned;
pub use reading::{CompactionLock, ReadLock, RemovalLock};
pub use register::NewRun;
pub use run::Run;
pub use storage::{Created, Entry, Guard, Held, Hold, Object, Objects, ReadAt, Storage, table_files};
pub use unit_ledger::{ledger_files, unit_ledgers};
pub use verify::{checksum, fault_of, fault_of_length, is_written, read_whole};
