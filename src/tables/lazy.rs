//! Tables that are made when somebody asks for them: the ledger of millions of users costs time and memory.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::{MemTable, TableType};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;

use super::error::TableError;

/// Makes the rows of a table.
type Make = dyn Fn() -> Result<RecordBatch, TableError> + Send + Sync;

/// A table that is made once, when it is first asked for.
pub(super) struct LazyTable {
    schema: SchemaRef,
    make: Box<Make>,
    made: Mutex<Option<Arc<MemTable>>>,
}

impl fmt::Debug for LazyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyTable").finish_non_exhaustive()
    }
}

impl LazyTable {
    /// `make` gives rows of the schema.
    pub(super) fn new(
        schema: SchemaRef,
        make: impl Fn() -> Result<RecordBatch, TableError> + Send + Sync + 'static,
    ) -> Self {
        Self { schema, make: Box::new(make), made: Mutex::new(None) }
    }

    fn table(&self) -> Result<Arc<MemTable>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = &*made {
            return Ok(Arc::clone(table));
        }
        let rows = (self.make)().map_err(|e| DataFusionError::External(Box::new(e)))?;
        let table = Arc::new(MemTable::try_new(Arc::clone(&self.schema), vec![vec![rows]])?);
        Ok(Arc::clone(made.insert(table)))
    }
}

#[async_trait]
impl TableProvider for LazyTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.table()?.scan(state, projection, filters, limit).await
    }
}
