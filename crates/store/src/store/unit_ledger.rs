//! The ledger rows of units that were committed alone: one row a file, of thousands of files.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use rayon::prelude::*;

use super::error::StoreError;
use super::joined::SmallFiles;
use super::ledger::{DataFile, LedgerFile, UnitState, decode, each_file, is_named, ledger_batch};
use super::path;
use super::storage::{Entry, Storage};
use crate::schema::{LEDGER_ATTEMPT, LEDGER_USER, SHARD, TableSchema, USER, columns, ledger_column};

/// Files that are read together.
const TOGETHER: usize = 1024;

/// Reads files of the ledger; gives those that cannot be read with the cause. One that is not there any more is in
/// neither.
pub fn ledger_files(storage: &dyn Storage, entries: &[Entry]) -> (Vec<LedgerFile>, Vec<(String, String)>) {
    let is_of_group = |entry: &Entry| path::is_group(&entry.path);
    let (mut files, mut corrupt) = (Vec::with_capacity(entries.len()), Vec::new());
    for of_one_kind in entries.chunk_by(|a, b| is_of_group(a) == is_of_group(b)) {
        if of_one_kind.first().is_some_and(is_of_group) {
            let (read, faults) = each_file(storage, of_one_kind);
            files.extend(read);
            corrupt.extend(faults);
            continue;
        }
        let read = |part: &[Entry]| match files_together(storage, part) {
            Some(files) => (files, Vec::new()),
            None => each_file(storage, part),
        };
        for (read, faults) in of_one_kind.par_chunks(TOGETHER).map(read).collect::<Vec<_>>() {
            files.extend(read);
            corrupt.extend(faults);
        }
    }
    (files, corrupt)
}

/// Reads ledger files of single units as [`ledger_batch`] does, sorted by user and feature mode; gives those that
/// cannot be read with the cause.
pub fn unit_ledgers(
    storage: &dyn Storage,
    entries: &[Entry],
    schema: &TableSchema,
) -> Result<(RecordBatch, Vec<(String, String)>), StoreError> {
    let read = |part: &[Entry]| {
        if let Some(batch) = read_together(storage, part, schema) {
            return Ok((batch, Vec::new()));
        }
        // One of them is not as most are, or damaged: each by itself.
        let (files, corrupt) = each_file(storage, part);
        let rows: Vec<_> = files.into_iter().flat_map(|file| file.rows).collect();
        Ok((ledger_batch(&rows, schema)?, corrupt))
    };
    let parts = entries.par_chunks(TOGETHER).map(read).collect::<Result<Vec<_>, StoreError>>()?;
    let (batches, corrupt): (Vec<RecordBatch>, Vec<_>) = parts.into_iter().unzip();
    let all = concat_batches(&columns::merged(schema), &batches)?;
    Ok((by_unit(&all)?, corrupt.into_iter().flatten().collect()))
}

/// The rows by user and feature mode; those of a unit stay in the order of their files.
fn by_unit(rows: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let text = |name| Ok::<_, StoreError>(rows.column(rows.schema_ref().index_of(name)?).as_string::<i32>());
    let (users, modes) = (text(USER)?, text("feature_mode")?);
    let mut order: Vec<u32> = (0..rows.num_rows() as u32).collect();
    let key = |row: u32| (users.value(row as usize), modes.value(row as usize));
    order.sort_by(|a, b| key(*a).cmp(&key(*b)));
    Ok(take_record_batch(rows, &UInt32Array::from(order))?)
}

/// The rows of files of which each has one, with their shards; none if that is not so.
fn rows_together(storage: &dyn Storage, entries: &[Entry]) -> Option<(RecordBatch, Vec<u32>)> {
    let mut small = SmallFiles::default();
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        let (_, shard, name) = path::parse(&entry.path)?;
        let bytes = storage.read(&entry.path).ok()??;
        (small.push(&bytes)? == (0, 1)).then_some(())?;
        places.push((shard, name));
    }
    let rows = small.finish().next()?.ok()?;
    let attempts = rows.column_by_name(LEDGER_ATTEMPT)?.as_string_opt::<i32>()?;
    let is_own =
        places.iter().zip(attempts).all(|((_, name), attempt)| attempt.is_some_and(|a| is_named(a, name)));
    is_own.then(|| (rows, places.into_iter().map(|(shard, _)| shard).collect()))
}

/// Files of which each has one row that is whole; none if that is not so.
fn files_together(storage: &dyn Storage, entries: &[Entry]) -> Option<Vec<LedgerFile>> {
    let (rows, shards) = rows_together(storage, entries)?;
    let file = |(place, (entry, shard)): (usize, (&Entry, u32))| {
        let row = decode(&rows, place, shard, &mut HashMap::new())?;
        Some(LedgerFile { path: entry.path.clone(), rows: vec![row] })
    };
    entries.iter().zip(shards).enumerate().map(file).collect()
}

/// The same as one batch, as [`ledger_batch`] makes it.
fn read_together(storage: &dyn Storage, entries: &[Entry], schema: &TableSchema) -> Option<RecordBatch> {
    let (rows, shards) = rows_together(storage, entries)?;
    if !are_whole(&rows)? {
        return None;
    }
    let column = |name: &str| rows.column_by_name(name);
    let asked = columns::merged(schema);
    let array = |name: &str| -> Option<ArrayRef> {
        Some(match name {
            SHARD => Arc::new(shards.iter().map(|shard| *shard as i32).collect::<Int32Array>()),
            name => Arc::clone(column(ledger_column(name))?),
        })
    };
    let arrays = asked.fields().iter().map(|field| array(field.name())).collect::<Option<Vec<_>>>()?;
    // Of other types, or without a value where there must be one: not as they should be.
    RecordBatch::try_new(asked, arrays).ok()
}

/// Whether every row says what a row of the ledger must say.
fn are_whole(rows: &RecordBatch) -> Option<bool> {
    let texts = |name: &str| -> Option<&StringArray> { rows.column_by_name(name)?.as_string_opt() };
    for name in [LEDGER_USER, "feature_mode", "tool_version", "engine", "config_fingerprint"] {
        if texts(name)?.null_count() > 0 {
            return Some(false);
        }
    }
    for name in ["started_at", "finished_at"] {
        rows.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    }
    let positions = rows.column_by_name("position")?.as_primitive_opt::<Int64Type>()?;
    let is_file_list = |text: &str| serde_json::from_str::<Vec<DataFile>>(text).is_ok();
    Some(
        positions.iter().all(|position| position.is_some_and(|position| position >= 0))
            && texts("state")?.iter().all(|state| state.and_then(UnitState::parse).is_some())
            && texts("files")?.iter().all(|files| files.is_some_and(is_file_list)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Schemas, record_batch};
    use crate::store::{Footer, LedgerRow, LocalStorage, Object, RowsOf, data_file, parquet_bytes};

    /// A ledger file of a user with some attempts.
    fn put(storage: &dyn Storage, user: usize, attempts: &[&str], name: &str) -> LedgerRow {
        let schemas = Schemas::load(None).unwrap();
        let user_id = format!("u{user:02}");
        let row = |attempt: &&str| LedgerRow {
            position: user as u64,
            shard: 3,
            k: user.is_multiple_of(2).then_some(4),
            reason: user.is_multiple_of(3).then(|| "ö".into()),
            started_us: -5,
            finished_us: 7_000_000,
            ..LedgerRow::done(&user_id, attempt)
        };
        let rows: Vec<LedgerRow> = attempts.iter().map(row).collect();
        let cells: Vec<_> = rows.iter().map(LedgerRow::to_row).collect();
        let batch = record_batch(schemas.get("users").unwrap(), &cells).unwrap();
        let footer = Footer {
            run_id: "r",
            rows_of: RowsOf::Unit { user_id: &user_id, feature_mode: "composite", attempt: name },
            schema: "users",
            schema_version: 1,
            config_fingerprint: "c",
        };
        let bytes = parquet_bytes(&batch, Some(&footer)).unwrap();
        storage.replace(&Object { path: data_file("users", 3, &user_id, name), bytes }).unwrap();
        rows.into_iter().next().unwrap_or_else(|| LedgerRow::done("-", "-"))
    }

    /// What reading every file by itself gives.
    fn one_by_one(storage: &dyn Storage, schema: &TableSchema) -> (RecordBatch, Vec<(String, String)>) {
        let (files, corrupt) = each_file(storage, &storage.list("users").unwrap());
        let rows: Vec<_> = files.into_iter().flat_map(|file| file.rows).collect();
        (by_unit(&ledger_batch(&rows, schema).unwrap()).unwrap(), corrupt)
    }

    #[test]
    fn ledgers_read_together_are_those_read_one_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let storage = LocalStorage::new(dir.path());
        let schemas = Schemas::load(None).unwrap();
        let schema = schemas.get("users").unwrap();
        let (none, corrupt) = unit_ledgers(&storage, &[], schema).unwrap();
        assert_eq!((none.num_rows(), corrupt.len()), (0, 0));
        for user in (0..20).rev() {
            put(&storage, user, &["b"], "b");
            put(&storage, user, &["a"], "a");
        }
        let entries = storage.list("users").unwrap();
        assert!(read_together(&storage, &entries, schema).is_some());
        assert!(files_together(&storage, &entries).is_some());
        assert_eq!(ledger_files(&storage, &entries), each_file(&storage, &entries));
        assert_eq!(unit_ledgers(&storage, &entries, schema).unwrap(), one_by_one(&storage, schema));
    }

    #[test]
    fn a_ledger_that_is_not_as_most_are_is_told_as_if_read_alone() {
        let schemas = Schemas::load(None).unwrap();
        let schema = schemas.get("users").unwrap();
        // Attempts in a file that is not empty, and how many causes are told.
        let strange: [(Option<&[&str]>, usize); 5] =
            [(Some(&["other"]), 1), (Some(&[]), 1), (Some(&["a", "a.1"]), 0), (Some(&["x+1"]), 0), (None, 1)];
        for (attempts, told) in strange {
            let dir = tempfile::tempdir().unwrap();
            let storage = LocalStorage::new(dir.path());
            (0..5).for_each(|user| drop(put(&storage, user, &["a"], "a")));
            if let Some(attempts) = attempts {
                put(&storage, 1, attempts, "a");
            } else {
                let path = data_file("users", 3, "u01", "a");
                storage.replace(&Object { path, bytes: Vec::new() }).unwrap();
            }
            let found = unit_ledgers(&storage, &storage.list("users").unwrap(), schema).unwrap();
            assert_eq!(found.1.len(), told);
            let entries = storage.list("users").unwrap();
            assert_eq!(ledger_files(&storage, &entries), each_file(&storage, &entries));
            assert_eq!(found, one_by_one(&storage, schema));
        }
    }
}
