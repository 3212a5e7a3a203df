//! Committing a unit.

use arrow::record_batch::RecordBatch;

use super::error::StoreError;
use super::file::{Footer, RowsOf, parquet_bytes};
use super::ledger::{DataFile, LedgerRow, UnitState};
use super::path::data_file;
use super::run::Run;
use super::storage::Object;
use super::verify::checksum;
use crate::schema::{LEDGER, Row, Schemas, record_batch};

/// Rows of one table.
pub type TableRows = (String, Vec<Row>);

/// A unit whose rows keep their schemas, ready to be written.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its row; `files` is filled in when it is written.
    pub row: LedgerRow,
    /// Rows by table.
    pub(super) tables: Vec<(String, RecordBatch)>,
}

impl Prepared {
    /// Checks the rows of a unit.
    ///
    /// # Errors
    /// A row that breaks its schema; a table that does not exist.
    pub fn new(schemas: &Schemas, row: LedgerRow, tables: &[TableRows]) -> Result<Self, StoreError> {
        let mut batches = Vec::new();
        if row.state == UnitState::Ok || tables.iter().any(|(_, rows)| !rows.is_empty()) {
            for (table, rows) in tables {
                batches.push((table.clone(), record_batch(schemas.get(table)?, rows)?));
            }
        }
        Ok(Self { row, tables: batches })
    }

    /// Memory its rows take, bytes.
    pub fn bytes(&self) -> usize {
        self.tables.iter().map(|(_, batch)| batch.get_array_memory_size()).sum()
    }
}

/// Writes a unit: first its data files, then the ledger row that makes them part of the run.
///
/// # Errors
/// Files that cannot be written leave the run as it was.
pub fn commit(run: &Run, schemas: &Schemas, unit: Prepared) -> Result<LedgerRow, StoreError> {
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
    run.storage().publish(&objects)?;
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
