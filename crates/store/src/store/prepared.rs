//! A unit that is ready to be committed.

use arrow::record_batch::RecordBatch;

use super::error::StoreError;
use super::ledger::{LedgerRow, UnitState};
use crate::schema::{Row, Schemas, record_batch};

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
