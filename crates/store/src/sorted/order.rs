//! The order of sorted rows.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, Rows, SortField};

use crate::store::StoreError;

/// The columns that are read, and those of them by which files are sorted.
#[derive(Debug)]
pub struct Order {
    pub(super) columns: SchemaRef,
    pub(super) key: Vec<usize>,
    converter: RowConverter,
}

impl Order {
    /// The named columns are the key; all must be among the columns.
    pub fn new<'k>(columns: SchemaRef, key: impl IntoIterator<Item = &'k str>) -> Result<Self, StoreError> {
        let key = key.into_iter().map(|name| columns.index_of(name)).collect::<Result<Vec<_>, _>>()?;
        let fields = key.iter().map(|k| SortField::new(columns.field(*k).data_type().clone())).collect();
        Ok(Self { converter: RowConverter::new(fields)?, columns, key })
    }

    pub(super) fn keys(&self, rows: &RecordBatch) -> Result<Rows, StoreError> {
        let columns: Vec<_> = self.key.iter().map(|k| Arc::clone(rows.column(*k))).collect();
        Ok(self.converter.convert_columns(&columns)?)
    }
}
