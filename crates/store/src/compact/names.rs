//! Compaction of runs without locks.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use super::compacted::{Compacted, Size};
use super::number::{dead_data, next_number, remove_replaced, stays};
use super::place::{self, Left, Sorted};
use super::rewrite::Rewrite;
use super::when::Clock;
use crate::schema::{LEDGER, MadeOf, Schemas, made_of};
use crate::store::{
    Entry, LedgerFile, Run, StoreError, bucket_in, ledger_files, origin, parse_path, table_files,
};

/// Does it, bucket by bucket.
pub(super) fn compact(run: &Run, schemas: &Schemas, grace: Duration) -> Result<Compacted, StoreError> {
    let storage = run.storage();
    // Data before the ledger: what it does not know then, nobody had committed when they were listed.
    let data = data_files(run)?;
    let ledger = table_files(storage, LEDGER)?;
    let before = [Size::of(&data), Size::of(&ledger)];
    let mut done = Compacted { before: sum(before), ..Compacted::default() };
    let buckets: BTreeSet<(u32, u32)> = ledger.iter().filter_map(|entry| place_of(&entry.path)).collect();
    let clock = Clock::new(storage);
    for (shard, bucket) in buckets {
        let here = data.iter().map(|entry| entry.path.as_str());
        let here = here.filter(|path| place_of(path) == Some((shard, bucket))).collect();
        Bucket { run, schemas, shard, number: bucket, data: here, grace, clock: &clock }
            .compact(&mut done)?;
    }
    done.after = sum([Size::of(&data_files(run)?), Size::of(&table_files(storage, LEDGER)?)]);
    Ok(done)
}

fn data_files(run: &Run) -> Result<Vec<Entry>, StoreError> {
    let mut files = Vec::new();
    for table in run.manifest().schema_versions.keys().filter(|table| made_of(table) == MadeOf::Units) {
        files.extend(table_files(run.storage(), table)?);
    }
    Ok(files)
}

fn sum(sizes: [Size; 2]) -> Size {
    let [a, b] = sizes;
    Size { files: a.files + b.files, bytes: a.bytes + b.bytes }
}

fn place_of(path: &str) -> Option<(u32, u32)> {
    let (_, shard, _) = parse_path(path)?;
    Some((shard, bucket_in(path)?))
}

/// A bucket of a shard.
struct Bucket<'a> {
    run: &'a Run,
    schemas: &'a Schemas,
    shard: u32,
    number: u32,
    /// The data files that were there before its ledger was read.
    data: HashSet<&'a str>,
    grace: Duration,
    clock: &'a Clock<'a>,
}

impl Bucket<'_> {
    fn compact(&self, done: &mut Compacted) -> Result<(), StoreError> {
        let storage = self.run.storage();
        let folder = format!("{LEDGER}/shard={}/user_bucket={:04}", self.shard, self.number);
        let Some((entries, number)) = next_number(storage, &folder)? else {
            let why = "the ledger of a compaction is missing among those of others".into();
            done.left.push(Left { file: folder, why });
            return Ok(());
        };
        let (files, corrupt) = ledger_files(storage, &entries);
        if files.len() == entries.len() {
            let known = files.iter().flat_map(data_of).collect();
            for path in dead_data(&self.data, number, &known) {
                storage.remove(path)?;
                done.leftovers += 1;
            }
        }
        let newer = Newer::of(&files);
        let Sorted { replaced, whole, left, .. } = place::sorted((files, corrupt), storage, self.schemas);
        // What is gone may be what another compaction has replaced meanwhile.
        let is_old = |now: Option<(_, u64)>| now.is_none_or(|(_, now)| now != number);
        if !left.is_empty() && is_old(next_number(storage, &folder)?) {
            return Ok(());
        }
        done.left.extend(left);
        let due = |file: &LedgerFile| newer.is_due(file, self.grace, self.clock);
        for file in replaced {
            if due(&file)? { self.remove(&file)? } else { done.kept += self.files_of(&file) }
        }
        if whole.is_empty() {
            return Ok(());
        }
        let (run, schemas, shard, bucket) = (self.run, self.schemas, self.shard, self.number);
        let rewrite = Rewrite { run, schemas, shard, bucket };
        let attempts = match rewrite.commit_numbered(&whole, number) {
            Ok(Some(attempts)) => attempts,
            // Another compaction was quicker: what is here now is for the next one.
            Ok(None) | Err(StoreError::Changed { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        done.attempts += attempts;
        for file in whole {
            if self.grace.is_zero() { self.remove(&file)? } else { done.kept += self.files_of(&file) }
        }
        Ok(())
    }

    fn remove(&self, file: &LedgerFile) -> Result<(), StoreError> {
        Ok(remove_replaced(self.run.storage(), self.data_of(file), &file.path)?)
    }

    /// How many files would be removed.
    fn files_of(&self, file: &LedgerFile) -> u64 {
        self.data_of(file).len() as u64 + u64::from(!stays(&file.path))
    }

    /// Its data; of a file of the ledger that stays, they may be gone since long ago.
    fn data_of<'f>(&self, file: &'f LedgerFile) -> BTreeSet<&'f str> {
        data_of(file).filter(|path| !stays(&file.path) || self.data.contains(path)).collect()
    }
}

fn data_of(file: &LedgerFile) -> impl Iterator<Item = &str> {
    file.rows.iter().flat_map(|row| &row.files).map(|data| data.file.as_str())
}

/// Which files have attempts that were rewritten, and how often.
struct Newer(HashMap<String, Vec<(u32, Rc<str>)>>);

impl Newer {
    fn of(files: &[LedgerFile]) -> Self {
        let mut newer: HashMap<String, Vec<(u32, Rc<str>)>> = HashMap::new();
        for file in files {
            let path: Rc<str> = file.path.as_str().into();
            for row in &file.rows {
                let (name, times) = origin(&row.attempt);
                if times > 0 {
                    newer.entry(name.to_owned()).or_default().push((times, Rc::clone(&path)));
                }
            }
        }
        Self(newer)
    }

    /// Whether all attempts of a file were in others so long ago. What cannot be known is not due.
    fn is_due(&self, file: &LedgerFile, grace: Duration, clock: &Clock<'_>) -> Result<bool, StoreError> {
        if grace.is_zero() {
            return Ok(true);
        }
        // Most of its attempts are in the same ones.
        let mut by: BTreeSet<Vec<&str>> = BTreeSet::new();
        for row in &file.rows {
            let (name, times) = origin(&row.attempt);
            let newer = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
            by.insert(newer.iter().filter(|(n, _)| *n > times).map(|(_, path)| &**path).collect());
        }
        for files in by {
            let mut is_due = false;
            for path in files {
                is_due = is_due || clock.age(path)?.is_some_and(|age| age >= grace);
            }
            if !is_due {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
