//! Numbers of compactions, where names keep writers apart.
//!
//! A bucket is compacted under a number: its file of the ledger is made as `c00000003` by whoever has read the state
//! that `c00000002` left. Only one gets a number, and none is ever free again, since these files stay. So data that were
//! written for a number which another one has can never become part of the run, and are removed.

use std::collections::{BTreeSet, HashSet};

use crate::store::{
    Break, Entry, Made, Object, Storage, StorageError, compaction_number, is_broken, make, parse_path,
    table_files,
};

/// Listings of a bucket until one has every number.
const LISTINGS: usize = 5;

/// The ledger of a bucket as it is now, and the number that the next compaction has. None if a number is missing among
/// others: a listing in parts may have a compaction and not the one before it, and is no state to go on from.
pub(crate) fn next_number(
    storage: &dyn Storage,
    folder: &str,
) -> Result<Option<(Vec<Entry>, u64)>, StorageError> {
    for _ in 0..LISTINGS {
        let entries = table_files(storage, folder)?;
        let numbers: BTreeSet<u64> = entries.iter().filter_map(|entry| number_of(&entry.path)).collect();
        let highest = numbers.last().copied().unwrap_or(0);
        if numbers.len() as u64 == highest || is_broken(Break::NumberAgain) {
            return Ok(Some((entries, highest + 1)));
        }
    }
    Ok(None)
}

fn number_of(path: &str) -> Option<u64> {
    compaction_number(parse_path(path)?.2)
}

/// Data that were written for a number which another compaction has.
pub(crate) fn dead_data<'a>(data: &HashSet<&'a str>, next: u64, known: &HashSet<&str>) -> Vec<&'a str> {
    let wanted = |path: &&&str| number_of(path).is_some_and(|number| number < next);
    data.iter().filter(wanted).filter(|path| !known.contains(*path)).copied().collect()
}

/// Makes the file of the ledger by which a compaction has a number; if another one has it, removes the data that were
/// written for it.
pub(crate) fn take_number(
    storage: &dyn Storage,
    ledger: &Object,
    data: &[String],
) -> Result<bool, StorageError> {
    if make(storage, ledger)? == Made::Ours {
        return Ok(true);
    }
    data.iter().try_for_each(|path| storage.remove(path))?;
    Ok(false)
}

/// Removes data files that were replaced, and then their file of the ledger, unless it is that of a compaction, whose
/// number nobody may have again.
pub(crate) fn remove_replaced<'a>(
    storage: &dyn Storage,
    data: impl IntoIterator<Item = &'a str>,
    ledger: &'a str,
) -> Result<(), StorageError> {
    for path in data.into_iter().chain((!stays(ledger)).then_some(ledger)) {
        storage.remove(path)?;
        crate::failpoint::hit("removed", path);
    }
    Ok(())
}

pub(super) fn stays(ledger: &str) -> bool {
    number_of(ledger).is_some() && !is_broken(Break::NumberAgain)
}
