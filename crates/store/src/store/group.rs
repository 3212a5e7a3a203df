//! Committing many units at once: a file a table and bucket instead of one a unit.
//!
//! The same rules hold as for a single unit: data files first, the ledger's file last, and a row of the
//! ledger for each unit. The files hold `user_id` and `attempt` as columns and are sorted by user and key.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::record_batch::RecordBatch;

use super::error::StoreError;
use super::file::{Footer, RowsOf, parquet_bytes};
use super::ledger::{DataFile, LedgerRow};
use super::path::{bucket_of, group_file};
use super::prepared::Prepared;
use super::run::Run;
use super::storage::Object;
use super::verify::checksum;
use crate::schema::{Row, Schemas, TableSchema, USER, columns, record_batch};

/// Writes units; those of a shard and bucket together, so that either all of them are in the run or none.
///
/// # Errors
/// Files that cannot be written; groups that were written before stay.
pub fn commit_group(
    run: &Run,
    schemas: &Schemas,
    units: Vec<Prepared>,
    buckets: u32,
) -> Result<Vec<LedgerRow>, StoreError> {
    let mut groups: BTreeMap<(u32, u32), Vec<Prepared>> = BTreeMap::new();
    for unit in units {
        let place = (unit.row.shard, bucket_of(&unit.row.user_id, buckets));
        groups.entry(place).or_default().push(unit);
    }
    let mut rows = Vec::new();
    for ((shard, bucket), units) in groups {
        // The name of one attempt in it is as good as a new one.
        let Some(name) = units.first().map(|unit| unit.row.attempt.clone()) else { continue };
        rows.extend(commit_units(&GroupWriter { run, schemas, shard, bucket, name: &name }, units)?);
    }
    Ok(rows)
}

fn commit_units(group: &GroupWriter<'_>, mut units: Vec<Prepared>) -> Result<Vec<LedgerRow>, StoreError> {
    units.sort_by(|a, b| (&a.row.user_id, &a.row.feature_mode).cmp(&(&b.row.user_id, &b.row.feature_mode)));
    for (place, unit) in units.iter_mut().enumerate() {
        unit.row.attempt = format!("{}.{place}", group.name);
        unit.row.files.clear();
    }
    let mut tables: Vec<String> =
        units.iter().flat_map(|unit| unit.tables.iter().map(|(table, _)| table.clone())).collect();
    tables.sort();
    tables.dedup();
    let mut objects = Vec::with_capacity(tables.len() + 1);
    for table in &tables {
        objects.extend(table_of(group, table, &mut units)?);
    }
    let rows: Vec<LedgerRow> = units.into_iter().map(|unit| unit.row).collect();
    objects.push(group.ledger(&rows)?);
    group.run.publish(&objects)?;
    Ok(rows)
}

/// The file of a table, told to every unit that has rows in it; none if no unit has.
fn table_of(
    group: &GroupWriter<'_>,
    table: &str,
    units: &mut [Prepared],
) -> Result<Option<Object>, StoreError> {
    let mut parts = Vec::new();
    let mut counts = vec![0; units.len()];
    for (unit, count) in units.iter().zip(&mut counts) {
        for (_, batch) in unit.tables.iter().filter(|(name, batch)| name == table && batch.num_rows() > 0) {
            parts.push((&unit.row, batch));
            *count += batch.num_rows() as u64;
        }
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let schema = group.schemas.get(table)?;
    let rows = parts.iter().flat_map(|(row, batch)| std::iter::repeat_n(*row, batch.num_rows()));
    let (users, attempts): (Vec<_>, Vec<_>) = rows.map(|r| (r.user_id.as_str(), r.attempt.as_str())).unzip();
    let stored = concat_batches(&columns::stored(schema), parts.iter().map(|(_, batch)| *batch))?;
    let batch = sort_rows(&with_owner(schema, &users, &attempts, &stored)?, &schema.key)?;
    let rows = units.iter_mut().zip(counts).map(|(unit, rows)| (&mut unit.row, rows));
    group.table(schema, &batch, rows.collect()).map(Some)
}

/// Files of units of one shard and bucket.
#[derive(Debug, Clone, Copy)]
pub struct GroupWriter<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its tables.
    pub schemas: &'a Schemas,
    /// Shard of the plan.
    pub shard: u32,
    /// The bucket.
    pub bucket: u32,
    /// Name of the files.
    pub name: &'a str,
}

impl GroupWriter<'_> {
    /// The file of a table with sorted rows in the columns of [`columns::grouped`]; every unit that has rows
    /// in it, with their number, is told.
    pub fn table(
        &self,
        schema: &TableSchema,
        batch: &RecordBatch,
        units: Vec<(&mut LedgerRow, u64)>,
    ) -> Result<Object, StoreError> {
        let object = self.object(schema, batch, units.len())?;
        let (bytes, checksum) = (object.bytes.len() as u64, checksum(&object.bytes));
        for (unit, rows) in units.into_iter().filter(|(_, rows)| *rows > 0) {
            let (table, file, checksum) = (schema.table.clone(), object.path.clone(), checksum.clone());
            unit.files.push(DataFile { table, file, rows, bytes, checksum });
        }
        Ok(object)
    }

    /// The file of the ledger.
    pub fn ledger(&self, rows: &[LedgerRow]) -> Result<Object, StoreError> {
        let schema = self.schemas.ledger()?;
        let cells: Vec<Row> = rows.iter().map(LedgerRow::to_row).collect();
        let (users, attempts): (Vec<_>, Vec<_>) =
            rows.iter().map(|r| (r.user_id.as_str(), r.attempt.as_str())).unzip();
        let batch = with_owner(schema, &users, &attempts, &record_batch(schema, &cells)?)?;
        self.object(schema, &batch, rows.len())
    }

    fn object(&self, schema: &TableSchema, batch: &RecordBatch, units: usize) -> Result<Object, StoreError> {
        let footer = Footer {
            run_id: &self.run.manifest().run_id,
            rows_of: RowsOf::Group { group: self.name, units },
            schema: &schema.table,
            schema_version: schema.version,
            config_fingerprint: &self.run.manifest().config_fingerprint,
        };
        let path = group_file(&schema.table, self.shard, self.bucket, self.name);
        Ok(Object { path, bytes: parquet_bytes(batch, Some(&footer))? })
    }
}

fn with_owner(
    schema: &TableSchema,
    users: &[&str],
    attempts: &[&str],
    stored: &RecordBatch,
) -> Result<RecordBatch, StoreError> {
    let text = |values: &[&str]| -> ArrayRef { Arc::new(StringArray::from_iter_values(values)) };
    let columns = [text(users), text(attempts)].into_iter().chain(stored.columns().iter().cloned()).collect();
    Ok(RecordBatch::try_new(columns::grouped(schema), columns)?)
}

/// The rows in the order of the files of groups: by user and key. Rows without a key are a list, whose users are
/// in order already.
pub fn sort_rows(batch: &RecordBatch, key: &[String]) -> Result<RecordBatch, StoreError> {
    if key.is_empty() {
        return Ok(batch.clone());
    }
    let names = std::iter::once(USER).chain(key.iter().map(String::as_str));
    let columns: Vec<usize> = names.filter_map(|name| batch.schema_ref().index_of(name).ok()).collect();
    sort_by(batch, &columns)
}

/// The rows in the order of some columns.
pub fn sort_by(batch: &RecordBatch, columns: &[usize]) -> Result<RecordBatch, StoreError> {
    let columns: Vec<SortColumn> = columns
        .iter()
        .map(|place| SortColumn { values: Arc::clone(batch.column(*place)), options: None })
        .collect();
    Ok(take_record_batch(batch, &lexsort_to_indices(&columns, None)?)?)
}
