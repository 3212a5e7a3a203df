//! What readers of tables need to know of a ledger, without its rows in memory: which data files there are, and which units
//! were attempted more than once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::AsArray;
use arrow::datatypes::{DataType, FieldRef, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::columns::Repeated;
use super::repeated::{ASKED, IndexedAttempt, IndexedAttempts, repeated};
use super::rule::Moved;
use crate::schema::LEDGER;
use crate::store::{
    DataFile, Entry, LedgerRow, ParquetParts, ReadAt, ReadLock, Storage, StoreError, is_group, is_listed,
    ledger_files, ledger_row, parse_path, snapshot, table_files,
};

/// Rows of the ledger that are looked at together.
const ROWS: usize = 1 << 16;

/// A data file of a run.
#[derive(Debug, Clone)]
pub struct IndexedFile {
    /// Table it belongs to.
    pub table: String,
    /// Path relative to the run.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of its bytes.
    pub checksum: String,
    /// Rows of a file that holds one attempt; of a group's, those of one of its attempts.
    pub rows: u64,
    /// Shard of the plan.
    pub shard: u32,
    /// User and attempt of a file that holds one.
    pub owner: Option<(String, String)>,
}

/// What a ledger says of files and attempts.
#[derive(Debug, Default)]
pub struct Index {
    /// The data files of all attempts that are not moved.
    pub files: Vec<IndexedFile>,
    /// Ledger files that cannot be read: path and cause. Their units count as not done.
    pub corrupt: Vec<(String, String)>,
    /// Attempts of units that have more than one, without moved ones.
    pub(super) several: IndexedAttempts,
    parts: Vec<Part>,
    moved: HashSet<String>,
}

/// A file of the ledger.
#[derive(Debug)]
struct Part {
    path: String,
    shard: u32,
    /// The unit of each row.
    units: Vec<u64>,
}

impl Index {
    /// Reads the ledger of a run, but for files that cannot be read.
    pub fn read(storage: &dyn Storage) -> Result<Self, StoreError> {
        let _reading = ReadLock::take(storage);
        snapshot(
            storage,
            || table_files(storage, LEDGER),
            |entries| match Self::of_files(storage, entries) {
                // Without locks, a file may go between two looks into it.
                Err(StoreError::Changed { .. }) => Ok((Self::default(), false)),
                found => found,
            },
        )
    }

    /// Reads files of the ledger; whether none of them was gone.
    fn of_files(storage: &dyn Storage, entries: &[Entry]) -> Result<(Self, bool), StoreError> {
        let (groups, units): (Vec<Entry>, Vec<Entry>) =
            entries.iter().cloned().partition(|entry| is_group(&entry.path));
        let mut index = Self::default();
        let (files, corrupt) = ledger_files(storage, &units);
        let is_gone = AtomicBool::new(files.len() + corrupt.len() < units.len());
        index.corrupt = corrupt;
        for file in files {
            let Some(row) = file.rows.first() else { continue };
            let units = file.rows.iter().map(|row| unit((&row.user_id, &row.feature_mode))).collect();
            index.parts.push(Part { path: file.path, shard: row.shard, units });
            for row in file.rows {
                let owner = (row.user_id, row.attempt);
                index.files.extend(row.files.into_iter().map(|f| indexed(f, row.shard, Some(owner.clone()))));
            }
        }
        let read: Vec<Group> = groups.par_iter().map(|entry| group(storage, entry, &is_gone)).collect();
        for (entry, of_group) in groups.iter().zip(read) {
            let (part, files) = match of_group {
                Group::Read(part, files) => (part, files),
                Group::Gone => continue,
                Group::Unreadable => {
                    index.corrupt.extend(ledger_files(storage, std::slice::from_ref(entry)).1);
                    continue;
                }
            };
            index.files.extend(files.into_iter().map(|file| indexed(file, part.shard, None)));
            index.parts.push(part);
        }
        index.take_out_moved(storage)?;
        Ok((index, !is_gone.into_inner()))
    }

    /// The units of all attempts of each file, as numbers that are equal for equal units, and nearly never else.
    pub(super) fn units(&self) -> impl Iterator<Item = &[u64]> {
        self.parts.iter().map(|part| part.units.as_slice())
    }

    /// Names of attempts of units that have several.
    #[cfg(test)]
    pub fn names_of_several(&self) -> impl Iterator<Item = &str> {
        self.several.iter().map(IndexedAttempt::name)
    }

    /// The attempts of some units.
    pub(super) fn attempts_of(
        &self,
        storage: &dyn Storage,
        units: &FxHashSet<u64>,
    ) -> Result<IndexedAttempts, StoreError> {
        let mut found = IndexedAttempts::default();
        for of_part in self.gather(|part| part.attempts_of(storage, units))? {
            found.append(of_part);
        }
        found.retain(|attempt| !self.moved.contains(attempt.name()));
        Ok(found)
    }

    /// Takes out attempts that a compaction has put into other files, and their files.
    fn take_out_moved(&mut self, storage: &dyn Storage) -> Result<(), StoreError> {
        let twice = repeated(&self.units().collect::<Vec<_>>());
        if twice.is_empty() {
            return Ok(());
        }
        let mut several = self.attempts_of(storage, &twice)?;
        let moved = Moved::among(several.iter().map(IndexedAttempt::name));
        if !moved.is_empty() {
            let mut old: Vec<LedgerRow> =
                self.gather(|part| part.rows_of(storage, &twice))?.into_iter().flatten().collect();
            old.retain(|row| moved.has(&row.attempt));
            let gone: HashSet<&str> =
                old.iter().flat_map(|row| &row.files).map(|file| file.file.as_str()).collect();
            self.files.retain(|file| !gone.contains(file.path.as_str()));
            self.moved = old.into_iter().map(|row| row.attempt).collect();
            several.retain(|attempt| !moved.has(attempt.name()));
        }
        let number = |attempt: IndexedAttempt<'_>| unit(attempt.unit());
        let twice = repeated(&[&several.iter().map(number).collect::<Vec<_>>()]);
        several.retain(|attempt| twice.contains(&number(attempt)));
        self.several = several;
        Ok(())
    }

    fn gather<T: Send>(
        &self,
        of: impl Fn(&Part) -> Result<T, StoreError> + Send + Sync,
    ) -> Result<Vec<T>, StoreError> {
        self.parts.par_iter().map(of).collect()
    }
}

/// A unit as a number.
fn unit(of: (&str, &str)) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    of.hash(&mut hasher);
    hasher.finish()
}

fn indexed(file: DataFile, shard: u32, owner: Option<(String, String)>) -> IndexedFile {
    let DataFile { table, file: path, rows, bytes, checksum } = file;
    IndexedFile { table, path, bytes, checksum, rows, shard, owner }
}

/// A file of the ledger with many rows.
enum Group {
    Read(Part, Vec<DataFile>),
    /// It was listed, and is not there any more.
    Gone,
    Unreadable,
}

/// Units and data files of a file with many rows.
fn group(storage: &dyn Storage, entry: &Entry, is_gone: &AtomicBool) -> Group {
    let Ok(file) = storage.open(&entry.path) else { return Group::Unreadable };
    let Some(file) = file.filter(|file| is_listed(storage, entry, file.length())) else {
        is_gone.store(true, Ordering::Relaxed);
        return Group::Gone;
    };
    read_group(file, entry).map_or(Group::Unreadable, |(part, files)| Group::Read(part, files))
}

fn read_group(file: Arc<dyn ReadAt>, entry: &Entry) -> Option<(Part, Vec<DataFile>)> {
    let (_, shard, _) = parse_path(&entry.path)?;
    let builder = columns(ParquetParts(file), &["user_id", "feature_mode", "files"])?;
    let mut units = Vec::new();
    let mut files: BTreeMap<String, DataFile> = BTreeMap::new();
    let mut seen = HashSet::new();
    for batch in builder.with_batch_size(ROWS).build().ok()? {
        let batch = batch.ok()?;
        let users = batch.column_by_name("user_id")?.as_string_opt::<i32>()?;
        let modes = Repeated::read(batch.column_by_name("feature_mode")?)?;
        units.extend((0..batch.num_rows()).map(|row| unit((users.value(row), modes.value(row)))));
        let texts = Repeated::read(batch.column_by_name("files")?)?;
        for text in texts.all() {
            if seen.insert(text.to_owned()) {
                let known: Vec<DataFile> = serde_json::from_str(text).ok()?;
                files.extend(known.into_iter().map(|file| (file.file.clone(), file)));
            }
        }
    }
    Some((Part { path: entry.path.clone(), shard, units }, files.into_values().collect()))
}

/// Texts that are the same in many rows, and are read as dictionaries.
const REPEAT: [&str; 5] = ["feature_mode", "files", "state", "config_fingerprint", "engine"];

/// A reader of some columns.
fn columns(parts: ParquetParts, names: &[&str]) -> Option<ParquetRecordBatchReaderBuilder<ParquetParts>> {
    let plain = ArrowReaderMetadata::load(&parts, ArrowReaderOptions::new()).ok()?;
    let repeats = |field: &FieldRef| REPEAT.contains(&field.name().as_str());
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let as_asked = |field: &FieldRef| {
        if repeats(field) {
            Arc::new(field.as_ref().clone().with_data_type(text.clone()))
        } else {
            Arc::clone(field)
        }
    };
    let fields: Vec<FieldRef> = plain.schema().fields().iter().map(as_asked).collect();
    let wanted = (0..fields.len()).filter(|place| names.contains(&fields[*place].name().as_str()));
    let mask = ProjectionMask::roots(plain.parquet_schema(), wanted.collect::<Vec<_>>());
    parts.expect(plain.metadata(), &mask, None);
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).ok()?;
    Some(ParquetRecordBatchReaderBuilder::new_with_metadata(parts, metadata).with_projection(mask))
}

impl Part {
    /// The file; none if somebody took it away by hand.
    fn open(&self, storage: &dyn Storage) -> Result<Option<Arc<dyn ReadAt>>, StoreError> {
        let file = storage.open(&self.path)?;
        let gone = || StoreError::Changed { dir: storage.name() };
        if file.is_none() && !storage.keeps_locks() { Err(gone()) } else { Ok(file) }
    }

    /// Places of the rows of some units; none if there are none.
    fn selected(&self, wanted: &FxHashSet<u64>) -> Option<RowSelection> {
        let is_wanted = |row: &usize| wanted.contains(&self.units[*row]);
        let mut places = (0..self.units.len()).filter(is_wanted).map(|row| row..row + 1).peekable();
        places.peek()?;
        Some(RowSelection::from_consecutive_ranges(places, self.units.len()))
    }

    fn attempts_of(
        &self,
        storage: &dyn Storage,
        wanted: &FxHashSet<u64>,
    ) -> Result<IndexedAttempts, StoreError> {
        let mut found = IndexedAttempts::default();
        let Some(selection) = self.selected(wanted) else { return Ok(found) };
        let Some(file) = self.open(storage)? else { return Ok(found) };
        let damaged = || StoreError::Damaged {
            file: format!("{}/{}", storage.name(), self.path),
            what: "it lacks a column of the ledger".into(),
        };
        let builder = columns(ParquetParts(file), &ASKED).ok_or_else(damaged)?;
        for batch in builder.with_batch_size(ROWS).with_row_selection(selection).build()? {
            found.append(IndexedAttempts::read(&batch?).ok_or_else(damaged)?);
        }
        Ok(found)
    }

    fn rows_of(&self, storage: &dyn Storage, wanted: &FxHashSet<u64>) -> Result<Vec<LedgerRow>, StoreError> {
        let Some(selection) = self.selected(wanted) else { return Ok(Vec::new()) };
        let Some(file) = self.open(storage)? else { return Ok(Vec::new()) };
        let builder = ParquetRecordBatchReaderBuilder::try_new(ParquetParts(file))?;
        let mut rows = Vec::new();
        let mut known = HashMap::new();
        for batch in builder.with_row_selection(selection).build()? {
            let batch = batch?;
            for place in 0..batch.num_rows() {
                rows.extend(ledger_row(&batch, place, self.shard, &mut known));
            }
        }
        Ok(rows)
    }
}
