//! Plan, ledger and files of runs as rows.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::error::TableError;
use crate::attempts::OpenRun;
use crate::schema::TableSchema;
use crate::store::{LedgerRow, StoreError, expected_batch, ledger_batch};

/// The table of the data files of runs.
pub(crate) const FILES: &str = "files";

/// The units of all plans.
pub(super) fn expected_of(runs: &[OpenRun]) -> Result<RecordBatch, TableError> {
    let mut seen = HashSet::new();
    let mut units = Vec::new();
    for run in runs {
        let own = run.run.expected()?.iter();
        units.extend(own.filter(|unit| seen.insert((&unit.user_id, &unit.feature_mode))).cloned());
    }
    units.sort_by(|a, b| (a.position, &a.feature_mode).cmp(&(b.position, &b.feature_mode)));
    Ok(expected_batch(&units)?)
}

/// The rows of all ledgers.
pub(super) fn all_rows(runs: &[OpenRun]) -> Result<Vec<(usize, LedgerRow)>, StoreError> {
    let mut all = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        all.extend(run.ledger()?.rows.iter().map(|row| (index, row.clone())));
    }
    Ok(all)
}

/// Ledger rows with the columns `run` and `run_index`.
pub(super) fn ledger_of(
    rows: &[(usize, LedgerRow)],
    runs: &[OpenRun],
    schema: &TableSchema,
) -> Result<RecordBatch, TableError> {
    let only: Vec<LedgerRow> = rows.iter().map(|(_, row)| row.clone()).collect();
    let batch = ledger_batch(&only, schema)?;
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("run", DataType::Utf8, false)));
    fields.push(Arc::new(Field::new("run_index", DataType::Int32, false)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(StringArray::from_iter_values(rows.iter().map(|(i, _)| &runs[*i].name))));
    columns.push(Arc::new(Int32Array::from_iter_values(rows.iter().map(|(i, _)| *i as i32))));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, false)
}

pub(super) fn files_of(rows: &[(usize, LedgerRow)], runs: &[OpenRun]) -> Result<RecordBatch, TableError> {
    let flat: Vec<_> =
        rows.iter().flat_map(|(i, row)| row.files.iter().map(move |file| (*i, row, file))).collect();
    let int = |name: &str| Field::new(name, DataType::Int64, false);
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        text("run"),
        Field::new("run_index", DataType::Int32, false),
        text("user_id"),
        text("feature_mode"),
        text("attempt"),
        text("table_name"),
        text("file"),
        int("row_count"),
        int("bytes"),
        text("checksum"),
    ]));
    Ok(RecordBatch::try_new(
        schema,
        vec![
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(i, ..)| &runs[*i].name))),
            Arc::new(Int32Array::from_iter_values(flat.iter().map(|(i, ..)| *i as i32))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(_, r, _)| &r.user_id))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(_, r, _)| &r.feature_mode))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(_, r, _)| &r.attempt))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(.., f)| &f.table))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(.., f)| &f.file))),
            Arc::new(Int64Array::from_iter_values(flat.iter().map(|(.., f)| f.rows as i64))),
            Arc::new(Int64Array::from_iter_values(flat.iter().map(|(.., f)| f.bytes as i64))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(.., f)| &f.checksum))),
        ],
    )?)
}
