//! What a crash left behind is removed by the next worker of the share.

use std::collections::HashSet;

use crate::schema::{MadeOf, made_of};
use crate::store::{
    Assignment, CompactionLock, Ledger, Run, STAGING, StoreError, is_compaction, parse_path,
    staged_by_the_dead, writer,
};

/// What resume found and removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Data files whose attempt is not in the ledger.
    pub data_files: usize,
    /// Half-written files.
    pub staged_files: usize,
}

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
    let mut found = Leftovers::default();
    let shards = run.manifest().shards;
    let shards: Vec<Assignment> = (0..shards)
        .map(|index| Assignment { index, of: shards })
        .filter(|shard| share.meets(*shard))
        .collect();
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
