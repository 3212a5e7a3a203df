//! Files of a table as the query engine reads them: in parts, leaving out what no row of a query can be in.
//!
//! Folders are never listed and nothing is guessed: which files belong to the table, how large they are, and which
//! user and attempt they hold comes from the ledger.

use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema as ScanSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use object_store::ObjectMeta;
use object_store::path::Path as ObjectPath;

use crate::schema::columns::field;
use crate::schema::{ATTEMPT, OF_GROUPS, OF_UNITS, SHARD, USER};
use crate::sorted::{SortedFile, TableFile};
use crate::store::Objects;

/// What a query asks of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Places of the columns; none asks for all.
    pub(super) columns: Option<&'a Vec<usize>>,
    /// Rows that are enough.
    pub(super) limit: Option<usize>,
    /// Parts that are read at the same time.
    pub(super) partitions: usize,
}

impl Asked<'_> {
    /// The columns that are asked for.
    pub(super) fn shown(&self, all: &SchemaRef) -> Result<SchemaRef> {
        Ok(match self.columns {
            Some(columns) => Arc::new(all.project(columns)?),
            None => Arc::clone(all),
        })
    }
}

/// The columns of a table's files, and those that come from the ledger after them.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    schema: ScanSchema,
    said: &'static [&'static str],
    /// Those by which the rows of each file are sorted, the first of them first, absent values last.
    order: Vec<String>,
}

impl Columns {
    /// Of files that hold one unit each, with these columns; those that a file lacks are null.
    pub(super) fn of_units(stored: SchemaRef) -> Self {
        Self::new(stored, &OF_UNITS)
    }

    /// Of files that hold a group of units each; user and attempt are among the columns.
    pub(super) fn of_groups(grouped: SchemaRef) -> Self {
        Self::new(grouped, &OF_GROUPS)
    }

    /// Of files that hold all columns themselves.
    pub(super) fn of_files(all: SchemaRef) -> Self {
        Self::new(all, &[])
    }

    /// The same, whose rows are sorted by some of them.
    pub(super) fn sorted_by(self, order: Vec<String>) -> Self {
        Self { order, ..self }
    }

    fn new(own: SchemaRef, said: &'static [&'static str]) -> Self {
        let fields: Vec<_> = said.iter().map(|name| field(name)).collect();
        Self {
            schema: ScanSchema::builder(own).with_table_partition_cols(fields).build(),
            said,
            order: Vec::new(),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> &SchemaRef {
        self.schema.table_schema()
    }

    /// Reads files.
    pub(super) fn plan(
        &self,
        files: &[&TableFile],
        asked: &Asked<'_>,
        env: &RuntimeEnv,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut stores: Vec<(String, Vec<PartitionedFile>)> = Vec::new();
        // Files of a run are neighbours.
        for of_run in files.chunk_by(|a, b| is_stored_with(&a.file, &b.file)) {
            let Some(storage) = of_run.first().and_then(|first| first.file.storage()) else { continue };
            let objects = storage.object_store().map_err(|e| DataFusionError::External(Box::new(e)))?;
            let place = stores.iter().position(|(url, _)| *url == objects.url).unwrap_or(stores.len());
            if place == stores.len() {
                let url = ObjectStoreUrl::parse(&objects.url)?;
                if env.object_store(&url).is_err() {
                    env.register_object_store(url.as_ref(), Arc::clone(&objects.store));
                }
                stores.push((objects.url.clone(), Vec::new()));
            }
            for file in of_run {
                let part = partitioned(&objects, file)?.with_partition_values(self.values(&file.file));
                stores[place].1.push(part);
            }
        }
        if stores.is_empty() {
            return Ok(Arc::new(EmptyExec::new(asked.shown(self.all())?).with_partitions(asked.partitions)));
        }
        let plans = stores.into_iter().map(|(url, files)| self.of_store(&url, files, asked));
        UnionExec::try_new(plans.collect::<Result<_>>()?)
    }

    /// Reads files of one store.
    fn of_store(
        &self,
        url: &str,
        files: Vec<PartitionedFile>,
        asked: &Asked<'_>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let source = Arc::new(ParquetSource::new(self.schema.clone()));
        // Of several files each is sorted by itself.
        let order = if files.len() == 1 { self.ordering()? } else { None };
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::parse(url)?, source)
            .with_file_groups(FileGroup::new(files).split_files(asked.partitions.max(1)))
            .with_projection_indices(asked.columns.cloned())?
            .with_limit(asked.limit)
            .with_output_ordering(order.into_iter().collect())
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn ordering(&self) -> Result<Option<LexOrdering>> {
        let ascending = SortOptions { descending: false, nulls_first: false };
        let by = self.order.iter().map(|name| Ok(PhysicalSortExpr::new(col(name, self.all())?, ascending)));
        Ok(LexOrdering::new(by.collect::<Result<Vec<_>>>()?))
    }

    /// What is said of a file's rows.
    fn values(&self, file: &SortedFile) -> Vec<ScalarValue> {
        let value = |name: &&str| match *name {
            USER => ScalarValue::from(file.user()),
            ATTEMPT => ScalarValue::from(file.attempt()),
            SHARD => ScalarValue::from(file.shard as i32),
            _ => ScalarValue::from(file.run_name.as_str()),
        };
        self.said.iter().map(value).collect()
    }
}

fn is_stored_with(one: &SortedFile, other: &SortedFile) -> bool {
    match (one.storage(), other.storage()) {
        (Some(one), Some(other)) => std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other)),
        _ => false,
    }
}

fn partitioned(objects: &Objects, file: &TableFile) -> Result<PartitionedFile> {
    let text = format!("{}/{}", objects.prefix, file.file.path());
    let location = ObjectPath::parse(&text)
        .map_err(|e| DataFusionError::Execution(format!("the path {text} cannot be used: {e}")))?;
    Ok(PartitionedFile::new_from_meta(ObjectMeta {
        location,
        last_modified: chrono::DateTime::UNIX_EPOCH,
        size: file.bytes,
        e_tag: None,
        version: None,
    }))
}
