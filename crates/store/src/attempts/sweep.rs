//! What a crash left behind is removed by the next worker of the share.

use std::collections::HashSet;

use super::ledger::Ledger;
use crate::schema::{MadeOf, made_of};
use crate::store::{
    Assignment, CompactionLock, Object, Run, STAGING, Storage, StoreError, is_compaction, parse_path,
    staged_by_the_dead, writer,
};

/// What resume found and removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Data files whose attempt is not in the ledger.
    pub data_files: usize,
    /// Half-written files.
    pub staged_files: usize,
    /// Files of the ledger that could not be read and were moved away, with the cause.
    pub set_aside: Vec<(String, String)>,
}

/// Where files of the ledger go that cannot be read.
const DAMAGED: &str = "_damaged";

/// Removes what a crash left behind, seen by the worker that holds the lock of `share`: data files without a
/// ledger row that it wrote itself in an earlier life, or that a worker of another division wrote, or that no
/// worker can have written. While this one lives, none of another division does.
///
/// What a compaction left behind is removed unless one is at work; the files that one has replaced are
/// left to the next.
pub fn sweep(run: &Run, share: Assignment) -> Result<Leftovers, StoreError> {
    let storage = run.storage();
    let no_compaction = CompactionLock::take_to_sweep(storage)?;
    let ledger = Ledger::read(storage)?;
    let known: HashSet<&str> = ledger.data_files().collect();
    let is_dead = |path: &str| {
        let Some((.., name)) = parse_path(path) else { return false };
        let of_a_living_one = writer(name).is_some_and(|(i, n)| n == share.of && i != share.index)
            || (is_compaction(name) && no_compaction.is_none());
        !known.contains(path) && !of_a_living_one
    };
    let shards = run.manifest().shards;
    let shards: Vec<Assignment> = (0..shards)
        .map(|index| Assignment { index, of: shards })
        .filter(|shard| share.meets(*shard))
        .collect();
    let mut found = Leftovers { set_aside: set_aside(storage, &shards, &ledger)?, ..Leftovers::default() };
    for table in run.manifest().schema_versions.keys().filter(|t| made_of(t) == MadeOf::Units) {
        for shard in &shards {
            for entry in storage.list(&format!("{table}/shard={}", shard.index))? {
                if is_dead(&entry.path) {
                    storage.remove(&entry.path)?;
                    found.data_files += 1;
                }
            }
        }
    }
    for entry in storage.list(STAGING)? {
        if staged_by_the_dead(&entry.path) {
            storage.remove(&entry.path)?;
            found.staged_files += 1;
        }
    }
    Ok(found)
}

/// Moves files of the ledger away that cannot be read: they say nothing, and their units are done again.
fn set_aside(
    storage: &dyn Storage,
    shards: &[Assignment],
    ledger: &Ledger,
) -> Result<Vec<(String, String)>, StoreError> {
    let is_ours = |path: &str| {
        parse_path(path).is_some_and(|(_, shard, _)| shards.iter().any(|ours| ours.index == shard))
    };
    let mut moved = Vec::new();
    for (path, cause) in ledger.corrupt.iter().filter(|(path, _)| is_ours(path)) {
        // One that the system does not let us read may be whole.
        let Ok(Some(bytes)) = storage.read(path) else { continue };
        storage.replace(&Object { path: format!("{DAMAGED}/{path}"), bytes })?;
        storage.remove(path)?;
        moved.push((path.clone(), cause.clone()));
    }
    Ok(moved)
}
