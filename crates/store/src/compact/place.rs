//! What lies in a bucket of a shard, and which of it is worth being written anew.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::attempts::{Damage, Moved, Standing};
use crate::schema::Schemas;
use crate::store::{
    DataFile, Entry, LedgerFile, LedgerRow, Storage, bucket_in, bucket_of, fault_of, is_group, ledger_files,
    parse_path,
};

/// A place whose files cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// A file of the ledger.
    pub file: String,
    /// Why it is left as it is.
    pub why: String,
}

/// The ledger of a bucket.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) shard: u32,
    pub(super) bucket: u32,
    /// Files that hold one attempt, read.
    units: Vec<LedgerFile>,
    /// Files that hold several.
    groups: Vec<Entry>,
}

/// The buckets of a run by shard and number, and files of the ledger that cannot be understood.
pub(super) fn places(storage: &dyn Storage, files: Vec<Entry>, buckets: u32) -> (Vec<Place>, Vec<Left>) {
    let mut places: BTreeMap<(u32, u32), Place> = BTreeMap::new();
    let mut units = Vec::new();
    for entry in files.into_iter().filter(|entry| entry.path.starts_with("users/")) {
        match (parse_path(&entry.path), bucket_in(&entry.path)) {
            (Some((_, shard, _)), Some(bucket)) => at(&mut places, shard, bucket).groups.push(entry),
            _ => units.push(entry),
        }
    }
    let (units, corrupt) = ledger_files(storage, &units);
    for file in units {
        if let Some(row) = file.rows.first() {
            at(&mut places, row.shard, bucket_of(&row.user_id, buckets)).units.push(file);
        }
    }
    (places.into_values().collect(), corrupt.into_iter().map(left).collect())
}

fn at(places: &mut BTreeMap<(u32, u32), Place>, shard: u32, bucket: u32) -> &mut Place {
    places.entry((shard, bucket)).or_insert_with(|| Place { shard, bucket, ..Place::default() })
}

fn left((file, why): (String, String)) -> Left {
    Left { file, why }
}

/// What is to be done with files of the ledger.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// Replaced already.
    pub(super) replaced: Vec<LedgerFile>,
    /// To be put together.
    pub(super) whole: Vec<LedgerFile>,
    /// Damaged, and their units have a newer attempt: nobody needs them where they are.
    pub(super) spare: Vec<LedgerFile>,
    /// Damaged, and all that there is of their units.
    pub(super) left: Vec<Left>,
}

impl Place {
    /// Sorts the files of the ledger by what is to be done with them.
    pub(super) fn worthwhile(mut self, storage: &dyn Storage, schemas: &Schemas) -> Sorted {
        let (groups, corrupt) = ledger_files(storage, &self.groups);
        self.units.extend(groups);
        sorted((self.units, corrupt), storage, schemas)
    }
}

/// Sorts files of the ledger by what is to be done with them.
pub(super) fn sorted(
    (files, corrupt): (Vec<LedgerFile>, Vec<(String, String)>),
    storage: &dyn Storage,
    schemas: &Schemas,
) -> Sorted {
    let mut sorted = Sorted { left: corrupt.into_iter().map(left).collect(), ..Sorted::default() };
    let all: Vec<LedgerFile> = files.into_iter().filter(|file| !file.rows.is_empty()).collect();
    let moved = Moved::among(all.iter().flat_map(|f| &f.rows).map(|row| row.attempt.as_str()));
    let (old, current): (Vec<LedgerFile>, Vec<LedgerFile>) =
        all.into_iter().partition(|file| file.rows.iter().all(|row| moved.has(&row.attempt)));
    sorted.replaced = old;
    let (small, large) = small(current);
    if !is_worthwhile(&small) {
        return sorted;
    }
    let fault = |file: &LedgerFile| fault(storage, schemas, file, &moved);
    let faults: Vec<Option<String>> = small.par_iter().map(fault).collect();
    let (mut damaged, mut whys) = (Vec::new(), Vec::new());
    for (file, fault) in small.into_iter().zip(faults) {
        match fault {
            None => sorted.whole.push(file),
            Some(why) => {
                damaged.push(file);
                whys.push(why);
            }
        }
    }
    let spare: Vec<bool> = {
        let all = || sorted.whole.iter().chain(&damaged).chain(&large);
        damaged.iter().map(|file| is_spare(file, all())).collect()
    };
    for ((file, why), spare) in damaged.into_iter().zip(whys).zip(spare) {
        if spare {
            sorted.spare.push(file);
        } else {
            sorted.left.push(Left { file: file.path, why });
        }
    }
    if !is_worthwhile(&sorted.whole) {
        sorted.whole.clear();
    }
    sorted
}

/// Whether something is gained: fewer files, or none in the folder of a user beside buckets.
fn is_worthwhile(files: &[LedgerFile]) -> bool {
    files.len() > 1 || files.iter().any(|file| !is_group(&file.path))
}

/// The small files, and the large ones, which hold more attempts than all smaller ones together: with them a large file
/// would be written again for every few users that come.
fn small(mut files: Vec<LedgerFile>) -> (Vec<LedgerFile>, Vec<LedgerFile>) {
    files.sort_by_key(|file| file.rows.len());
    let mut below = 0;
    let mut keep = 0;
    for (place, file) in files.iter().enumerate() {
        if file.rows.len() <= below.max(1) {
            keep = place + 1;
        }
        below += file.rows.len();
    }
    let large = files.split_off(keep);
    (files, large)
}

/// Whether a unit does without the damaged attempt of a file: another one counts.
fn is_spare<'a>(file: &LedgerFile, all: impl Iterator<Item = &'a LedgerFile>) -> bool {
    let [row] = &file.rows[..] else { return false };
    if is_group(&file.path) {
        return false;
    }
    let is_same =
        |other: &&LedgerRow| (&other.user_id, &other.feature_mode) == (&row.user_id, &row.feature_mode);
    let unit: Vec<LedgerRow> = all.flat_map(|file| &file.rows).filter(is_same).cloned().collect();
    let damage = Damage::found(row.files.iter().map(|data| ((0, data.file.clone()), String::new())));
    Standing::of(&unit, &damage).is_some_and(|unit| unit.damage.is_none() && unit.row.attempt != row.attempt)
}

/// Why the rows of a file of the ledger cannot be written anew.
fn fault(storage: &dyn Storage, schemas: &Schemas, file: &LedgerFile, moved: &Moved) -> Option<String> {
    if file.rows.iter().any(|row| moved.has(&row.attempt)) {
        return Some("some of its attempts are in another file too".into());
    }
    let mut data: BTreeMap<&str, &DataFile> = BTreeMap::new();
    for known in file.rows.iter().flat_map(|row| &row.files) {
        data.insert(&known.file, known);
    }
    data.into_values().find_map(|known| {
        if schemas.get(&known.table).is_err() {
            return Some(format!("{}: unknown table {}", known.file, known.table));
        }
        let why = fault_of(storage, &known.file, known.bytes, &known.checksum)?;
        Some(format!("{}: {why}", known.file))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: usize) -> LedgerFile {
        let row = LedgerRow::done("u", "t");
        LedgerFile { path: String::new(), rows: vec![row; rows] }
    }

    fn taken(sizes: &[usize]) -> Vec<usize> {
        small(sizes.iter().map(|rows| file(*rows)).collect()).0.iter().map(|file| file.rows.len()).collect()
    }

    #[test]
    fn large_files_wait_for_enough_small_ones() {
        assert_eq!(taken(&[1, 1, 1]), [1, 1, 1]);
        assert_eq!(taken(&[1, 100, 1]), [1, 1]);
        assert_eq!(taken(&[100, 60, 1]), [1]);
        assert_eq!(taken(&[100, 60, 39, 1]), [1, 39, 60, 100]);
        assert_eq!(taken(&[5, 5]), [5, 5]);
        assert_eq!(taken(&[7]), [] as [usize; 0]);
        assert_eq!(taken(&[]), [] as [usize; 0]);
    }
}
