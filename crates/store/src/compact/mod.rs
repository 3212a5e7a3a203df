//! Many small files of a run as few large ones, while others read and write the run.
//!
//! ```text
//! te/shard=0/user_id=…/….parquet  x 5000 ─┐
//! users/shard=0/user_id=…         x 5000 ─┤  te/shard=0/user_bucket=0000/…-compact.parquet
//!                                         └► users/shard=0/user_bucket=0000/…-compact.parquet
//! ```
//!
//! The rows of a bucket are written anew, with the ledger last, as every commit is. An attempt keeps its name
//! and counts how often it was rewritten (`…+1`): of one that is there twice, readers take the newer. Only then,
//! and while nobody reads, are the old files removed. A crash leaves both, or new data files without a ledger,
//! which are no part of the run; the next compaction removes what is not needed.
//!
//! Without locks, whoever compacts a bucket makes its file of the ledger under the next number, which one only gets, and
//! what was replaced is removed once `store.grace` has passed.

mod compacted;
mod names;
mod number;
mod place;
mod rewrite;
#[cfg(test)]
mod tests;
mod when;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::attempts::Ledger;
use crate::schema::{MadeOf, Schemas, made_of};
use crate::store::{
    CompactionLock, Entry, LedgerFile, Protocol, RemovalLock, Run, StoreError, is_compaction, parse_path,
    set_aside, table_files,
};
pub use compacted::{Compacted, Size};
#[cfg(test)]
pub(crate) use number::{dead_data, next_number, remove_replaced, take_number};
pub use place::Left;
use place::{Place, Sorted};

/// Files that are removed before readers have their turn.
const AT_ONCE: usize = 2000;

/// How a compaction is done.
#[derive(Debug, Clone, Copy)]
pub struct Compaction<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its tables.
    pub schemas: &'a Schemas,
    /// How long it waits for readers before it leaves the old files to the next compaction.
    pub wait: Duration,
}

impl Compaction<'_> {
    /// Does it.
    ///
    /// # Errors
    /// Another one is at work; files cannot be read or written. What was done until then stays.
    pub fn run(&self) -> Result<Compacted, StoreError> {
        // Longer than anybody reads, and than other tools' queries take, unless it was said otherwise.
        self.run_with_grace(Duration::from_secs(self.run.manifest().config.store.grace.into()))
    }

    /// The same; without locks, files are left for so long after they were replaced.
    ///
    /// # Errors
    /// As above.
    pub fn run_with_grace(&self, grace: Duration) -> Result<Compacted, StoreError> {
        self.run.writable()?;
        if self.run.protocol() == Protocol::Names {
            return names::compact(self.run, self.schemas, grace);
        }
        let _alone = CompactionLock::take(self.run.storage())?;
        // First: what is there now is all that will ever be outside of buckets.
        let buckets = self.run.use_buckets()?;
        let files = self.files()?;
        let mut done = Compacted { before: Size::of(&files), ..Compacted::default() };
        self.sweep(&files, &mut done)?;
        let (places, corrupt) = place::places(self.run.storage(), files, buckets);
        done.left.extend(corrupt);
        for place in places {
            self.place(place, &mut done)?;
        }
        done.after = Size::of(&self.files()?);
        Ok(done)
    }

    fn place(&self, place: Place, done: &mut Compacted) -> Result<(), StoreError> {
        let (shard, bucket) = (place.shard, place.bucket);
        let Sorted { replaced, whole: files, spare, left } =
            place.worthwhile(self.run.storage(), self.schemas);
        done.left.extend(left);
        self.remove(&replaced, done)?;
        self.set_aside(&spare, done)?;
        if files.is_empty() {
            return Ok(());
        }
        let rewrite = rewrite::Rewrite { run: self.run, schemas: self.schemas, shard, bucket };
        done.attempts += rewrite.commit(&files)?;
        self.remove(&files, done)
    }

    /// Moves damaged attempts away that nobody needs: in the folder of a user they would stay for ever.
    fn set_aside(&self, files: &[LedgerFile], done: &mut Compacted) -> Result<(), StoreError> {
        let storage = self.run.storage();
        for file in files {
            let Some(_nobody_reads) = RemovalLock::take(storage, self.wait)? else {
                done.kept += 1;
                continue;
            };
            // Without its row in the ledger, data are leftovers, should this end here.
            done.set_aside += u64::from(set_aside(storage, &file.path)?);
            for data in file.rows.iter().flat_map(|row| &row.files) {
                set_aside(storage, &data.file)?;
            }
        }
        Ok(())
    }

    /// Removes data files that no ledger row speaks of: a compaction that did not end wrote them.
    fn sweep(&self, files: &[Entry], done: &mut Compacted) -> Result<(), StoreError> {
        let is_ours = |table: &str, name: &str| made_of(table) == MadeOf::Units && is_compaction(name);
        let written =
            files.iter().filter(|e| parse_path(&e.path).is_some_and(|(t, _, name)| is_ours(t, name)));
        let mut unknown: BTreeSet<&str> = written.map(|entry| entry.path.as_str()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let ledger = Ledger::read(self.run.storage())?;
        for file in ledger.data_files() {
            unknown.remove(file);
        }
        for path in unknown {
            self.run.storage().remove(path)?;
            done.leftovers += 1;
        }
        Ok(())
    }

    /// Removes files of the ledger whose rows are in newer ones, and their data files before them.
    fn remove(&self, replaced: &[LedgerFile], done: &mut Compacted) -> Result<(), StoreError> {
        let storage = self.run.storage();
        let mut paths: Vec<&str> = replaced
            .iter()
            .flat_map(|file| &file.rows)
            .flat_map(|row| &row.files)
            .map(|f| f.file.as_str())
            .collect();
        paths.sort_unstable();
        paths.dedup();
        paths.extend(replaced.iter().map(|file| file.path.as_str()));
        if paths.is_empty() {
            return Ok(());
        }
        for paths in paths.chunks(AT_ONCE) {
            // Who waited once in vain need not wait again.
            let wait = if done.kept > 0 { Duration::ZERO } else { self.wait };
            let Some(_nobody_reads) = RemovalLock::take(storage, wait)? else {
                done.kept += paths.len() as u64;
                continue;
            };
            for path in paths {
                storage.remove(path)?;
                crate::failpoint::hit("removed", path);
            }
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<Entry>, StoreError> {
        let mut files = Vec::new();
        for table in self.run.manifest().schema_versions.keys() {
            files.extend(table_files(self.run.storage(), table)?);
        }
        Ok(files)
    }
}
