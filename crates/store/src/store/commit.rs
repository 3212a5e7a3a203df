//! Committing a unit.

use arrow::record_batch::RecordBatch;

use super::error::StoreError;
use super::file::{Footer, RowsOf, parquet_bytes};
use super::group::commit_group;
use super::ledger::{DataFile, LedgerRow};
use super::manifest::Protocol;
use super::path::data_file;
use super::prepared::Prepared;
use super::run::Run;
use super::storage::Object;
use super::verify::checksum;
use crate::schema::{LEDGER, Schemas, record_batch};

/// Writes a unit: first its data files, then the ledger row that makes them part of the run. Without locks there are no
/// folders of users, and it is a group of one.
///
/// # Errors
/// Files that cannot be written leave the run as it was.
pub fn commit(run: &Run, schemas: &Schemas, unit: Prepared) -> Result<LedgerRow, StoreError> {
    if let (Protocol::Names, Some(buckets)) = (run.protocol(), run.always_buckets()) {
        let rows = commit_group(run, schemas, vec![unit], buckets)?;
        let none = || StoreError::Damaged { file: run.name(), what: "a commit has no row".into() };
        return rows.into_iter().next().ok_or_else(none);
    }
    let Prepared { mut row, tables } = unit;
    let mut objects = Vec::with_capacity(tables.len() + 1);
    row.files.clear();
    for (table, batch) in &tables {
        let object = encode(run, schemas, &row, table, batch)?;
        row.files.push(DataFile {
            table: table.clone(),
            file: object.path.clone(),
            rows: batch.num_rows() as u64,
            bytes: object.bytes.len() as u64,
            checksum: checksum(&object.bytes),
        });
        objects.push(object);
    }
    let ledger = record_batch(schemas.ledger()?, &[row.to_row()])?;
    objects.push(encode(run, schemas, &row, LEDGER, &ledger)?);
    run.publish(&objects)?;
    Ok(row)
}

fn encode(
    run: &Run,
    schemas: &Schemas,
    row: &LedgerRow,
    table: &str,
    batch: &RecordBatch,
) -> Result<Object, StoreError> {
    let rows_of =
        RowsOf::Unit { user_id: &row.user_id, feature_mode: &row.feature_mode, attempt: &row.attempt };
    let footer = Footer {
        run_id: &run.manifest().run_id,
        rows_of,
        schema: table,
        schema_version: schemas.get(table)?.version,
        config_fingerprint: &row.config_fingerprint,
    };
    let bytes = parquet_bytes(batch, Some(&footer))?;
    Ok(Object { path: data_file(table, row.shard, &row.user_id, &row.attempt), bytes })
}
