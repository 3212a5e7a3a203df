//! Leftovers in runs with locks.

use std::collections::HashSet;
use std::time::Duration;

use super::leftovers::Leftovers;
use crate::attempts::ledger::Ledger;
use crate::schema::{MadeOf, made_of};
use crate::store::{
    Assignment, CompactionLock, Hold, Run, STAGING, Storage, StoreError, is_compaction, parse_path,
    set_aside as aside, staged_by_the_dead, writer,
};

/// Held while leftovers are removed.
const SWEEP: &str = "_status/sweep.lock";

/// Longer than that takes; whoever waits longer does it beside the other.
const MOMENT: Duration = Duration::from_mins(1);

/// Removes what a crash left behind, seen by the worker that holds the lock of `share`: data files without a
/// ledger row that it wrote itself in an earlier life, or that a worker of another division wrote, or that no
/// worker can have written. While this one lives, none of another division does.
///
/// What a compaction left behind is removed unless one is at work; the files that one has replaced are
/// left to the next.
pub(super) fn sweep(run: &Run, share: Assignment) -> Result<Leftovers, StoreError> {
    let storage = run.storage();
    let no_compaction = CompactionLock::take_to_sweep(storage)?;
    let ledger = Ledger::read(storage)?;
    let known: HashSet<&str> = ledger.data_files().collect();
    let is_dead = |path: &str| {
        let Some((.., name)) = parse_path(path) else { return false };
        let of_a_living_one = writer(name).is_some_and(|by| by.share.of == share.of && by.share != share)
            || (is_compaction(name) && no_compaction.is_none());
        !known.contains(path) && !of_a_living_one
    };
    let shards = run.shards_of(share);
    let set_aside = set_aside(storage, &shards, &ledger)?;
    let mut data = Vec::new();
    for table in run.manifest().schema_versions.keys().filter(|t| made_of(t) == MadeOf::Units) {
        for shard in &shards {
            let files = storage.list(&format!("{table}/shard={shard}"))?;
            data.extend(files.into_iter().map(|entry| entry.path).filter(|path| is_dead(path)));
        }
    }
    // Names that only the worker of this share gives, which is this one now, or a compaction.
    let is_left = |name: &str| {
        let name = name.strip_suffix(".parquet").unwrap_or(name);
        writer(name).is_some_and(|by| by.share == share) || (is_compaction(name) && no_compaction.is_some())
    };
    let mut staged: Vec<String> = storage.list(STAGING)?.into_iter().map(|entry| entry.path).collect();
    staged.retain(|path| staged_by_the_dead(path, is_left));
    let (data_files, staged_files) = (remove(storage, &data)?, remove(storage, &staged)?);
    Ok(Leftovers { data_files, staged_files, set_aside })
}

/// Removes files; how many were there. Of several workers that start together, one does it.
fn remove(storage: &dyn Storage, paths: &[String]) -> Result<usize, StoreError> {
    if paths.is_empty() {
        return Ok(0);
    }
    let _alone = storage.lock(SWEEP, Hold::Exclusive, MOMENT)?;
    let mut removed = 0;
    for path in paths {
        if storage.size(path)?.is_some() {
            storage.remove(path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Moves files of the ledger away that cannot be read: they say nothing, and their units are done again.
fn set_aside(
    storage: &dyn Storage,
    shards: &[u32],
    ledger: &Ledger,
) -> Result<Vec<(String, String)>, StoreError> {
    let is_ours = |path: &str| parse_path(path).is_some_and(|(_, shard, _)| shards.contains(&shard));
    let mut moved = Vec::new();
    for (path, cause) in ledger.corrupt.iter().filter(|(path, _)| is_ours(path)) {
        if aside(storage, path)? {
            moved.push((path.clone(), cause.clone()));
        }
    }
    Ok(moved)
}
