//! Sorted files as a table for SQL: its rows come in the order of the key, which the engine knows.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::compute::SortOptions;
use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use crate::schema::USER;
use crate::sorted::{Choice, Findings, SortedFile, SortedRows};

/// Batches that wait for the engine.
const WAITING: usize = 4;

/// The table of some files, one row a key.
///
/// `columns` are those of the table; `attempt` need not be among them. If `found` is given, duplicates are
/// compared in the columns that a query asks for, and what was seen is put there when all rows are read.
pub(super) fn sorted_table(
    files: Vec<SortedFile>,
    columns: SchemaRef,
    key: Vec<String>,
    choice: Arc<dyn Choice>,
    found: Option<Arc<Mutex<Option<Findings>>>>,
) -> Arc<dyn TableProvider> {
    Arc::new(SortedTable { rows: Arc::new(Rows { files, key, choice, found }), columns })
}

#[derive(Debug)]
struct Rows {
    files: Vec<SortedFile>,
    key: Vec<String>,
    choice: Arc<dyn Choice>,
    found: Option<Arc<Mutex<Option<Findings>>>>,
}

#[derive(Debug)]
struct SortedTable {
    rows: Arc<Rows>,
    columns: SchemaRef,
}

#[async_trait]
impl TableProvider for SortedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.columns)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let shown = match projection {
            Some(columns) => Arc::new(self.columns.project(columns)?),
            None => Arc::clone(&self.columns),
        };
        let order = self.rows.order(&shown);
        let part = SortedPart { rows: Arc::clone(&self.rows), all: Arc::clone(&self.columns), shown };
        let schema = Arc::clone(&part.shown);
        let exec = StreamingTableExec::try_new(schema, vec![Arc::new(part)], None, order, false, limit)?;
        Ok(Arc::new(exec))
    }
}

impl Rows {
    fn sorted_by(&self) -> impl Iterator<Item = &str> {
        std::iter::once(USER).chain(self.key.iter().map(String::as_str))
    }

    /// The order of the rows, as far as its columns are shown.
    fn order(&self, shown: &SchemaRef) -> Option<LexOrdering> {
        let options = SortOptions { descending: false, nulls_first: true };
        let places = self.sorted_by().map_while(|name| shown.index_of(name).ok().map(|place| (name, place)));
        LexOrdering::new(
            places.map(|(name, place)| PhysicalSortExpr::new(Arc::new(Column::new(name, place)), options)),
        )
    }
}

#[derive(Debug)]
struct SortedPart {
    rows: Arc<Rows>,
    all: SchemaRef,
    shown: SchemaRef,
}

impl SortedPart {
    /// What must be read to show the columns: the key decides the order, the attempt what counts.
    fn read(&self) -> SchemaRef {
        let is_needed =
            |name: &str| self.rows.sorted_by().any(|k| k == name) || self.shown.index_of(name).is_ok();
        let mut fields: Vec<_> =
            self.all.fields().iter().filter(|f| is_needed(f.name())).map(Arc::clone).collect();
        if !fields.iter().any(|f| f.name() == "attempt") {
            fields.push(Arc::new(Field::new("attempt", arrow::datatypes::DataType::Utf8, false)));
        }
        Arc::new(Schema::new(fields))
    }
}

impl PartitionStream for SortedPart {
    fn schema(&self) -> &SchemaRef {
        &self.shown
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.shown), WAITING);
        let (send, rows, read, shown) =
            (stream.tx(), Arc::clone(&self.rows), self.read(), Arc::clone(&self.shown));
        stream.spawn_blocking(move || {
            let failed = |e: crate::store::StoreError| DataFusionError::External(Box::new(e));
            let mut sorted =
                SortedRows::open(rows.files.clone(), read, &rows.key, &rows.choice, rows.found.is_some())
                    .map_err(failed)?;
            while let Some(picked) = sorted.next_rows().map_err(failed)? {
                let batch = picked.batch(&shown).map_err(failed)?;
                if send.blocking_send(Ok(batch)).is_err() {
                    // Nobody reads on: the query has its rows.
                    return Ok(());
                }
            }
            if let Some(found) = &rows.found {
                *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(sorted.findings());
            }
            Ok(())
        });
        stream.build()
    }
}
