//! `_expected.parquet`: the units a run must produce, written before the first of them starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, Int32Array, Int64Array, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::error::StoreError;
use super::file::parquet_bytes;

/// Name of the file.
pub const EXPECTED: &str = "_expected.parquet";

/// A unit the run must produce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedUnit {
    /// Place of the user in the run's list of users.
    pub position: u64,
    /// Shard of the user: position modulo shards.
    pub shard: u32,
    /// The user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
    /// Where the input is, as the dataset wrote it down (JSON).
    pub input: String,
    /// Size of the input in bytes; decides which units are started first.
    pub input_bytes: u64,
    /// Rows each table must have for the unit if it ends `ok`. Tables not named may have any number. Units
    /// mostly share theirs.
    pub rows: Arc<BTreeMap<String, u64>>,
}

/// The units as a batch, for the file and for queries.
pub fn to_batch(units: &[ExpectedUnit]) -> Result<RecordBatch, StoreError> {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let schema = Schema::new(vec![
        Field::new("position", DataType::Int64, false),
        Field::new("shard", DataType::Int32, false),
        text("user_id"),
        text("feature_mode"),
        text("input"),
        Field::new("input_bytes", DataType::Int64, false),
        text("rows"),
    ]);
    let mut rows = StringBuilder::with_capacity(units.len(), 0);
    let mut last: Option<(&Arc<BTreeMap<String, u64>>, String)> = None;
    for unit in units {
        let text = match &last {
            Some((same, text)) if Arc::ptr_eq(same, &unit.rows) => text,
            _ => &last.insert((&unit.rows, serde_json::to_string(&*unit.rows).unwrap_or_default())).1,
        };
        rows.append_value(text);
    }
    Ok(RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(Int64Array::from_iter_values(units.iter().map(|u| u.position as i64))),
            Arc::new(Int32Array::from_iter_values(units.iter().map(|u| u.shard as i32))),
            Arc::new(StringArray::from_iter_values(units.iter().map(|u| &u.user_id))),
            Arc::new(StringArray::from_iter_values(units.iter().map(|u| &u.feature_mode))),
            Arc::new(StringArray::from_iter_values(units.iter().map(|u| &u.input))),
            Arc::new(Int64Array::from_iter_values(units.iter().map(|u| u.input_bytes as i64))),
            Arc::new(rows.finish()),
        ],
    )?)
}

/// The file's bytes: sorted by user and feature mode, so that a merge can go through plan and ledger side by
/// side.
pub(super) fn encode(units: &[ExpectedUnit]) -> Result<Vec<u8>, StoreError> {
    let mut units = units.to_vec();
    units.sort_by(|a, b| (&a.user_id, &a.feature_mode).cmp(&(&b.user_id, &b.feature_mode)));
    parquet_bytes(&to_batch(&units)?, None)
}

/// The units of a file's bytes, by position and feature mode.
pub(super) fn decode(bytes: Vec<u8>) -> Result<Vec<ExpectedUnit>, StoreError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))?.build()?;
    let mut units = Vec::new();
    for batch in reader {
        let batch = batch?;
        let found = decode_batch(&batch).ok_or_else(|| StoreError::Damaged {
            file: EXPECTED.to_owned(),
            what: "a column is missing or of another type".to_owned(),
        })?;
        units.extend(found);
    }
    units.sort_by(|a, b| (a.position, &a.feature_mode).cmp(&(b.position, &b.feature_mode)));
    Ok(units)
}

fn decode_batch(batch: &RecordBatch) -> Option<Vec<ExpectedUnit>> {
    let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
    let position = batch.column_by_name("position")?.as_primitive_opt::<Int64Type>()?;
    let shard = batch.column_by_name("shard")?.as_primitive_opt::<Int32Type>()?;
    let bytes = batch.column_by_name("input_bytes")?.as_primitive_opt::<Int64Type>()?;
    let (user, mode) = (text("user_id")?, text("feature_mode")?);
    let (input, rows) = (text("input")?, text("rows")?);
    let mut last: Option<(&str, Arc<BTreeMap<String, u64>>)> = None;
    let mut rows_of = |text| {
        if last.as_ref().is_none_or(|(same, _)| *same != text) {
            last = Some((text, Arc::new(serde_json::from_str(text).ok()?)));
        }
        last.as_ref().map(|(_, rows)| Arc::clone(rows))
    };
    (0..batch.num_rows())
        .map(|i| {
            Some(ExpectedUnit {
                position: position.value(i).try_into().ok()?,
                shard: shard.value(i).try_into().ok()?,
                user_id: user.value(i).to_owned(),
                feature_mode: mode.value(i).to_owned(),
                input: input.value(i).to_owned(),
                input_bytes: bytes.value(i).try_into().ok()?,
                rows: rows_of(rows.value(i))?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_survive_the_file() {
        let unit = |position: u64| ExpectedUnit {
            position,
            shard: (position % 3) as u32,
            user_id: format!("../{position}"),
            feature_mode: "composite".into(),
            input: "{}".into(),
            input_bytes: 7,
            rows: Arc::new(BTreeMap::from([("te".into(), 2)])),
        };
        let units: Vec<_> = (0..5).map(unit).collect();
        assert_eq!(decode(encode(&units).unwrap()).unwrap(), units);
        assert_eq!(decode(encode(&[]).unwrap()).unwrap(), []);
        assert!(decode(b"not parquet".to_vec()).is_err());
    }
}
