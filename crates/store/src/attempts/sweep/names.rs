//! Leftovers in runs without locks.
//!
//! A worker that is taken for dead may be alive, and a request of it may arrive at any time. So the name of its commit is
//! taken before its data are removed.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};

use super::leftovers::{Leftovers, Swept};
use crate::attempts::ledger::{Ledger, files_of};
use crate::schema::{LEDGER, MadeOf, made_of};
use crate::store::{
    Break, Entry, Run, STAGING, Storage, StoreError, Voided, Writer, is_broken, ledger_fault, parse_path,
    set_aside_if, staged_by_the_dead, writer,
};

/// Who is taken for dead by a worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dead {
    /// The worker.
    pub(crate) by: Writer,
    /// The last lease of earlier divisions.
    pub(crate) after: u64,
}

impl Dead {
    /// Whether the writer of a file is. Whoever has no lease, and a compaction, is not.
    pub(crate) fn has_written(self, name: &str) -> bool {
        let Some(Writer { share, lease: Some(lease) }) = writer(name) else { return false };
        lease <= self.after || (share == self.by.share && self.by.lease.is_some_and(|ours| lease < ours))
    }

    /// Whether there is none: the worker has the first lease of the share, in the first division, and leases are counted
    /// from 1.
    fn is_nobody(self) -> bool {
        self.after == 0 && self.by.lease.is_some_and(|ours| ours <= 1)
    }
}

/// Removes the data of workers that are taken for dead, in folders of tables; how many files they were. `known` reads the
/// ledger, after the data were listed, and gives the names of commits in it, those whose rows a compaction has moved
/// too: what they have is no leftover. `void` takes the name of a commit.
pub(crate) fn remove_dead(
    storage: &dyn Storage,
    folders: &[String],
    dead: Dead,
    known: impl FnOnce() -> Result<HashSet<String>, StoreError>,
    void: impl Fn(&str) -> Result<Voided, StoreError>,
) -> Result<usize, StoreError> {
    let mut commits: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    for folder in folders {
        for entry in storage.list(folder)? {
            let Some((table, _, name)) = parse_path(&entry.path) else { continue };
            if dead.has_written(name) {
                let commit = format!("{LEDGER}{}", &entry.path[table.len()..]);
                let (_, data) = commits.entry(commit).or_insert_with(|| (name.to_owned(), Vec::new()));
                data.push(entry.path);
            }
        }
    }
    if commits.is_empty() {
        return Ok(0);
    }
    let known = known()?;
    let mut removed = 0;
    for (commit, (name, data)) in commits {
        if known.contains(&name) || (!is_broken(Break::NoVoid) && void(&commit)? == Voided::Committed) {
            continue;
        }
        for path in data {
            storage.remove(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// What the worker of a share does before it begins.
pub(super) fn sweep(run: &Run, by: Writer, after: u64, seen: Option<&[Entry]>) -> Result<Swept, StoreError> {
    let (storage, dead) = (run.storage(), Dead { by, after });
    if dead.is_nobody() && seen.is_some() {
        // Nobody could write anything in between either.
        return Ok(Swept { is_as_seen: true, ..Swept::default() });
    }
    let shards = run.shards_of(by.share);
    let tables = tables(run)?;
    let folders: Vec<String> = tables
        .iter()
        .flat_map(|table| shards.iter().map(move |shard| format!("{table}/shard={shard}")))
        .collect();
    let mut ledger = None;
    let known = || {
        let read = ledger.insert(Ledger::of_shards(storage, &shards)?);
        Ok(read.commits().map(str::to_owned).collect())
    };
    // Committed since the ledger was read, which does not have it.
    let late = Cell::new(false);
    let void = |path: &str| {
        let voided = run.void(path, by)?;
        late.set(late.get() || voided == Voided::Committed);
        Ok(voided)
    };
    let data_files = remove_dead(storage, &folders, dead, known, void)?;
    let staged_files = if run.location().folder().is_some() { remove_staged(storage, dead)? } else { 0 };
    if let (None, Some(seen)) = (&ledger, seen)
        && files_of(storage, &shards)? == seen
    {
        let leftovers = Leftovers { data_files, staged_files, ..Leftovers::default() };
        return Ok(Swept { leftovers, ledger: None, is_as_seen: true });
    }
    let mut ledger = ledger.map_or_else(|| Ledger::of_shards(storage, &shards), Ok)?;
    let corrupt = std::mem::take(&mut ledger.corrupt);
    let unread = corrupt.len();
    let set_aside = set_damaged_aside(storage, corrupt)?;
    // One that could not be had at that moment, and is not damaged, has to be read again.
    let is_whole = set_aside.len() == unread && !late.get();
    let leftovers = Leftovers { data_files, staged_files, set_aside };
    Ok(Swept { leftovers, ledger: is_whole.then_some(ledger), is_as_seen: false })
}

/// The tables that units have rows of. In a store, one listing says which of them have any files; in a folder each is
/// looked for with as little.
fn tables(run: &Run) -> Result<Vec<String>, StoreError> {
    let tables = run.manifest().schema_versions.keys().filter(|table| made_of(table) == MadeOf::Units);
    let mut tables: Vec<String> = tables.cloned().collect();
    if run.location().folder().is_none() {
        let there = run.storage().folders("")?;
        tables.retain(|table| there.contains(table));
    }
    Ok(tables)
}

/// Files that were being written on a disk.
fn remove_staged(storage: &dyn Storage, dead: Dead) -> Result<usize, StoreError> {
    let is_left = |name: &str| dead.has_written(name.strip_suffix(".parquet").unwrap_or(name));
    let staged = storage.list(STAGING)?;
    let mut removed = 0;
    for entry in staged.iter().filter(|entry| staged_by_the_dead(&entry.path, is_left)) {
        storage.remove(&entry.path)?;
        removed += 1;
    }
    Ok(removed)
}

/// Moves files of the ledger away that are damaged: they say nothing, and their units are done again.
fn set_damaged_aside(
    storage: &dyn Storage,
    corrupt: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut moved = Vec::new();
    for (path, cause) in corrupt {
        // One that could not be had at that moment may be whole.
        let is_damaged = |bytes: &[u8]| ledger_fault(&path, bytes.to_vec()).is_some();
        if set_aside_if(storage, &path, is_damaged)? {
            moved.push((path, cause));
        }
    }
    Ok(moved)
}
