//! A table made of files the ledger knows.
//!
//! Folders are never listed and nothing is guessed: which files belong to the table, how large they
//! are, and which user and attempt they hold comes from the ledger.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema as ScanSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::ObjectMeta;
use object_store::path::Path as ObjectPath;

use crate::schema::columns::field;
use crate::schema::{ATTEMPT, OF_GROUPS, OF_UNITS, SHARD, USER};

/// A file with what its path and the ledger say about its rows.
#[derive(Debug, Clone)]
pub(super) struct TableFile {
    /// Full path.
    pub(super) path: std::path::PathBuf,
    /// Size in bytes.
    pub(super) bytes: u64,
    /// User and attempt; a file of a group has them as columns.
    pub(super) owner: Option<(String, String)>,
    /// Shard of the plan.
    pub(super) shard: u32,
    /// Name of the run.
    pub(super) run: String,
}

/// Columns that come from the ledger, after the file's own.
fn partition_columns(names: &[&str]) -> Vec<FieldRef> {
    names.iter().map(|name| field(name)).collect()
}

/// A table provider over known files.
pub(super) struct KnownFiles {
    files: Vec<PartitionedFile>,
    schema: ScanSchema,
}

impl fmt::Debug for KnownFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownFiles").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl KnownFiles {
    /// The table of files that hold one unit each, with the stored columns `file_schema` (columns a file
    /// lacks are null).
    pub(super) fn of_units(file_schema: SchemaRef, files: &[TableFile]) -> Result<Self> {
        Self::with_columns(file_schema, files, &OF_UNITS)
    }

    /// The table of files that hold a group of units each; `file_schema` has `user_id` and `attempt`.
    pub(super) fn of_groups(file_schema: SchemaRef, files: &[TableFile]) -> Result<Self> {
        Self::with_columns(file_schema, files, &OF_GROUPS)
    }

    fn with_columns(file_schema: SchemaRef, files: &[TableFile], names: &[&str]) -> Result<Self> {
        let value = |file: &TableFile, name: &str| match (name, &file.owner) {
            (USER, Some((user_id, _))) => ScalarValue::from(user_id.as_str()),
            (ATTEMPT, Some((_, attempt))) => ScalarValue::from(attempt.as_str()),
            (SHARD, _) => ScalarValue::from(file.shard as i32),
            _ => ScalarValue::from(file.run.as_str()),
        };
        let files = files
            .iter()
            .map(|file| {
                let values = names.iter().map(|name| value(file, name)).collect();
                Ok(partitioned(&file.path, file.bytes)?.with_partition_values(values))
            })
            .collect::<Result<Vec<_>>>()?;
        let columns = partition_columns(names);
        Ok(Self {
            files,
            schema: ScanSchema::builder(file_schema).with_table_partition_cols(columns).build(),
        })
    }

    /// The table of one file that holds all its columns.
    pub(super) fn single(file_schema: SchemaRef, path: &Path, bytes: u64) -> Result<Self> {
        let files = vec![partitioned(path, bytes)?];
        Ok(Self { files, schema: ScanSchema::from(file_schema) })
    }
}

fn partitioned(path: &Path, bytes: u64) -> Result<PartitionedFile> {
    let absolute = std::path::absolute(path)?;
    let text = absolute
        .to_str()
        .ok_or_else(|| DataFusionError::Execution(format!("the path {} is not UTF-8", absolute.display())))?;
    let location = ObjectPath::parse(text)
        .map_err(|e| DataFusionError::Execution(format!("the path {text} cannot be used: {e}")))?;
    Ok(PartitionedFile::new_from_meta(ObjectMeta {
        location,
        last_modified: chrono::DateTime::UNIX_EPOCH,
        size: bytes,
        e_tag: None,
        version: None,
    }))
}

#[async_trait]
impl TableProvider for KnownFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if self.files.is_empty() {
            let schema = self.schema();
            let schema = match projection {
                Some(columns) => Arc::new(schema.project(columns)?),
                None => schema,
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let source = Arc::new(ParquetSource::new(self.schema.clone()));
        let groups =
            FileGroup::new(self.files.clone()).split_files(state.config().target_partitions().max(1));
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
