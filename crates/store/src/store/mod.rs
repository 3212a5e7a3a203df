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
mod broken;
mod changes;
mod close;
mod commit;
#[cfg(test)]
mod conformance;
mod disk;
mod edit;
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
mod made;
mod manifest;
mod many;
mod memory;
#[cfg(test)]
mod model;
mod network_disk;
mod output;
mod parts;
mod path;
mod pinned;
mod plan;
#[cfg(test)]
mod power_cut;
mod prepared;
mod reading;
mod register;
mod remote;
mod run;
mod shared_disk;
mod small;
mod snapshot;
mod storage;
mod thrift;
mod unit_ledger;
mod upload;
mod verify;
mod void;
#[cfg(test)]
mod without_locks;

pub use aside::{set_aside, set_aside_if};
pub use assignment::Assignment;
pub use attempt::{
    Writer, attempt_id_of, committed_as, compaction_ledger, compaction_number, is_compaction, new_attempt_id,
    new_compaction_id, new_numbered_id, origin, rewritten, writer,
};
pub(crate) use broken::{Break, is_broken};
pub use commit::commit;
pub use error::{AssignmentError, StorageError, StoreError};
pub use expected::{EXPECTED, ExpectedUnit, to_batch as expected_batch};
pub use file::{Footer, RowsOf, SCHEMA_SAID, SMALL, of_many, parquet_bytes};
pub use folders::Folders;
pub use group::{GroupWriter, commit_group, sort_by, sort_rows};
pub use holder::Holder;
pub use inside::holder_of;
pub use joined::SmallFiles;
pub use ledger::decode as ledger_row;
pub use ledger::{DataFile, LedgerFile, LedgerRow, UnitState, ledger_batch, ledger_fault};
pub use local::{LocalStorage, STAGING, staged_by_the_dead};
pub use location::Location;
pub(crate) use made::publish as publish_by_names;
pub use made::{Made, make};
pub use manifest::{
    ControlOf, EVENTS, InputListing, MANIFEST, Manifest, PlanPart, Protocol, RUN_FORMAT, RunState,
};
pub use many::ask_each;
pub use memory::MemoryStorage;
pub use output::{AcceptedUnit, MERGE_MANIFEST, MergeManifest, MergedRun, Missing};
pub use parts::ParquetParts;
pub use path::{
    bucket_in, bucket_of, data_file, encode as encode_id, group_file, is_group, parse as parse_path, user_in,
};
pub use pinned::Pinned;
pub use prepared::{Prepared, TableRows};
pub use reading::{CompactionLock, ReadLock, RemovalLock};
pub use register::NewRun;
pub use remote::{RemoteUrl, StoreEnvironment, UrlError, heed};
pub use run::Run;
pub(crate) use snapshot::is_listed;
#[cfg(test)]
pub(crate) use snapshot::read_listed;
pub use snapshot::snapshot;
pub use storage::{Created, Entry, Guard, Held, Hold, Object, Objects, ReadAt, Storage, table_files};
pub use unit_ledger::{ledger_files, unit_ledgers};
pub use upload::upload;
pub use verify::{checksum, fault_if_read, fault_of, fault_of_length, is_written, read_whole};
pub use void::{Void, Voided};
