//! The ledger: one row per committed attempt. The row **is** the commit.

use std::collections::HashMap;
use std::collections::hash_map;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::attempt::origin;
use super::error::StoreError;
use super::path;
use super::snapshot::read_listed;
use super::storage::{Entry, Storage};
use super::void::void_in;
use crate::schema::{LEDGER_ATTEMPT, LEDGER_USER, Row, TableSchema, columns};

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// Its rows are there.
    Ok,
    /// Its input can be read but not analysed.
    Skipped,
    /// It could not be carried out.
    Failed,
}

impl UnitState {
    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ok, Self::Skipped, Self::Failed].into_iter().find(|s| s.as_str() == text)
    }
}

/// A data file of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Table it belongs to.
    pub table: String,
    /// Path relative to the run.
    pub file: String,
    /// Rows in it.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of its bytes, hexadecimal.
    pub checksum: String,
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerRow {
    /// The user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
    /// Shard of the plan.
    pub shard: u32,
    /// Place of the user in the run's list.
    pub position: u64,
    /// Name of the attempt.
    pub attempt: String,
    /// What became of it.
    pub state: UnitState,
    /// Why, unless it is ok.
    pub reason: Option<String>,
    /// Kept rows.
    pub n_samples: Option<u64>,
    /// Selected history length.
    pub k: Option<u32>,
    /// Start, microseconds since 1970.
    pub started_us: i64,
    /// End, microseconds since 1970.
    pub finished_us: i64,
    /// Peak memory of the process, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Version of the tool.
    pub tool_version: String,
    /// Analysis and version of its estimators.
    pub engine: String,
    /// Fingerprint of the settings that decide numbers.
    pub config_fingerprint: String,
    /// Fingerprint of the input.
    pub input_fingerprint: Option<String>,
    /// Its data files.
    pub files: Vec<DataFile>,
}

impl LedgerRow {
    /// An attempt that ended well, made of nothing in particular; tests change what they are about.
    pub fn done(user_id: &str, attempt: &str) -> Self {
        Self {
            user_id: user_id.into(),
            feature_mode: "composite".into(),
            shard: 0,
            position: 0,
            attempt: attempt.into(),
            state: UnitState::Ok,
            reason: None,
            n_samples: Some(1),
            k: Some(1),
            started_us: 0,
            finished_us: 1,
            peak_memory_bytes: None,
            tool_version: "0".into(),
            engine: "builtin 1".into(),
            config_fingerprint: "c".into(),
            input_fingerprint: None,
            files: Vec::new(),
        }
    }

    /// How long it took, milliseconds.
    pub fn elapsed_ms(&self) -> i64 {
        (self.finished_us - self.started_us).max(0) / 1000
    }

    /// The row for the writer.
    pub fn to_row(&self) -> Row {
        let files = serde_json::to_string(&self.files).unwrap_or_default();
        Row::new()
            .with("feature_mode", self.feature_mode.as_str())
            .with("position", self.position as i64)
            .with("state", self.state.as_str())
            .with("reason", self.reason.as_deref())
            .with("n_samples", self.n_samples.map(|n| n as i64))
            .with("k", self.k)
            .with("config_fingerprint", self.config_fingerprint.as_str())
            .with("input_fingerprint", self.input_fingerprint.as_deref())
            .with(LEDGER_USER, self.user_id.as_str())
            .with(LEDGER_ATTEMPT, self.attempt.as_str())
            .with("started_at", self.started_us)
            .with("finished_at", self.finished_us)
            .with("elapsed_ms", self.elapsed_ms())
            .with("peak_memory_bytes", self.peak_memory_bytes.map(|b| b as i64))
            .with("tool_version", self.tool_version.as_str())
            .with("engine", self.engine.as_str())
            .with("files", files)
    }
}

/// A file of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerFile {
    /// Path relative to the run.
    pub path: String,
    /// Its rows.
    pub rows: Vec<LedgerRow>,
}

/// Reads files of the ledger, each by itself; gives those that cannot be read with the cause. One that is not there any
/// more is in neither.
pub(super) fn each_file(
    storage: &dyn Storage,
    entries: &[Entry],
) -> (Vec<LedgerFile>, Vec<(String, String)>) {
    let read = |entry: &Entry| {
        let rows = read_file(storage, entry).map_err(|cause| (entry.path.clone(), cause))?;
        Ok(rows.map(|rows| LedgerFile { path: entry.path.clone(), rows }))
    };
    let (mut files, mut corrupt) = (Vec::with_capacity(entries.len()), Vec::new());
    for file in entries.par_iter().map(read).collect::<Vec<Result<Option<LedgerFile>, (String, String)>>>() {
        match file {
            Ok(file) => files.extend(file),
            Err(fault) => corrupt.push(fault),
        }
    }
    (files, corrupt)
}

/// The rows of a file; none if it is not there any more.
fn read_file(storage: &dyn Storage, entry: &Entry) -> Result<Option<Vec<LedgerRow>>, String> {
    let bytes = read_listed(storage, entry).map_err(|e| crate::error::chain(&e))?;
    bytes.map(|bytes| rows_in(&entry.path, bytes)).transpose()
}

/// The rows in the bytes of a file of the ledger, or why they cannot be read. One whose name was made void has none.
pub(super) fn rows_in(at: &str, bytes: Vec<u8>) -> Result<Vec<LedgerRow>, String> {
    let (_, shard, name) = path::parse(at).ok_or("is not at a place where a ledger file can be")?;
    if bytes.is_empty() {
        return Err("has 0 bytes".into());
    }
    let mut rows = Vec::new();
    let mut known = HashMap::new();
    let bytes = bytes::Bytes::from(bytes);
    for batch in batches(bytes.clone()).map_err(|e| e.to_string())? {
        for place in 0..batch.num_rows() {
            let row = decode(&batch, place, shard, &mut known)
                .ok_or("lacks a column of the ledger, or a value in it")?;
            if !path::is_group(at) && !is_named(&row.attempt, name) {
                return Err(format!("says it is attempt {}", row.attempt));
            }
            rows.push(row);
        }
    }
    if rows.is_empty() && void_in(&bytes).is_none() { Err("has no row".into()) } else { Ok(rows) }
}

/// Why the bytes of a file of the ledger cannot be read.
pub fn ledger_fault(path: &str, bytes: Vec<u8>) -> Option<String> {
    rows_in(path, bytes).err()
}

/// Whether an attempt can be in a unit's file of that name, which may be one of a group of one, and a compaction
/// keeps names.
pub(super) fn is_named(attempt: &str, file: &str) -> bool {
    attempt == file || attempt.split('.').next() == Some(file) || origin(attempt).1 > 0
}

fn batches(bytes: bytes::Bytes) -> Result<Vec<RecordBatch>, parquet::errors::ParquetError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()?;
    Ok(reader.collect::<Result<_, _>>()?)
}

/// A row of the ledger. `known` are the texts of data files that were read before: those of a group repeat.
pub fn decode(
    batch: &RecordBatch,
    place: usize,
    shard: u32,
    known: &mut std::collections::HashMap<String, Vec<DataFile>, impl std::hash::BuildHasher>,
) -> Option<LedgerRow> {
    let text = |name: &str| {
        let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        (!column.is_null(place)).then(|| column.value(place).to_owned())
    };
    let int = |name: &str| {
        let column = batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
        (!column.is_null(place)).then(|| column.value(place))
    };
    let time = |name: &str| {
        Some(batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?.value(place))
    };
    Some(LedgerRow {
        user_id: text(LEDGER_USER)?,
        feature_mode: text("feature_mode")?,
        shard,
        position: int("position")?.try_into().ok()?,
        attempt: text(LEDGER_ATTEMPT)?,
        state: UnitState::parse(&text("state")?)?,
        reason: text("reason"),
        n_samples: int("n_samples").and_then(|n| n.try_into().ok()),
        k: int("k").and_then(|k| k.try_into().ok()),
        started_us: time("started_at")?,
        finished_us: time("finished_at")?,
        peak_memory_bytes: int("peak_memory_bytes").and_then(|b| b.try_into().ok()),
        tool_version: text("tool_version")?,
        engine: text("engine")?,
        config_fingerprint: text("config_fingerprint")?,
        input_fingerprint: text("input_fingerprint"),
        files: match known.entry(text("files")?) {
            hash_map::Entry::Occupied(read) => read.get().clone(),
            hash_map::Entry::Vacant(new) => {
                let files = serde_json::from_str(new.key()).ok()?;
                new.insert(files).clone()
            }
        },
    })
}

/// The ledger as one batch with `user_id`, `shard` and `attempt` in front, for queries.
pub fn ledger_batch(rows: &[LedgerRow], schema: &TableSchema) -> Result<RecordBatch, StoreError> {
    let cells: Vec<Row> = rows.iter().map(LedgerRow::to_row).collect();
    let batch = crate::schema::record_batch(schema, &cells)?;
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.user_id))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.shard as i32))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.attempt))),
    ];
    let shown = schema.stored().zip(batch.columns()).filter(|(column, _)| schema.shows(column));
    columns.extend(shown.map(|(_, values)| Arc::clone(values)));
    Ok(RecordBatch::try_new(columns::merged(schema), columns)?)
}
