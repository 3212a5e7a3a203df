//! The rows of a table as its files hold them, in no order, for SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::datasource::TableType;
use datafusion::datasource::physical_plan::ParquetSource;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{ColumnarValue, Expr, TableProviderFilterPushDown, Volatility, create_udf};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::streaming::StreamingTableExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::prelude::col;

use super::parquet::{Asked, Columns};
use super::runs::{LazyAttempts, Runs};
use super::small;
use crate::attempts::{Attempts, IndexedFile, OpenRun};
use crate::schema::columns::{field, grouped, stored};
use crate::schema::{ATTEMPT, OF_UNITS, TableSchema};
use crate::sorted::{Owner, SortedFile, TableFile, said_of};
use crate::store::StoreError;

/// The rows of one table of some runs.
#[derive(Debug)]
pub(super) struct Scan {
    /// The runs.
    pub(super) runs: Runs,
    /// Which attempts count; those of all attempts are rows of the table if it is not said.
    pub(super) attempts: Option<Arc<LazyAttempts>>,
    /// The table.
    pub(super) schema: TableSchema,
    /// Where it is, which tells its functions from those of others.
    pub(super) space: String,
}

impl Scan {
    /// As a table of a session.
    pub(super) fn table(&self, ctx: &SessionContext) -> Result<Arc<dyn TableProvider>> {
        let attempts = self.attempts.as_ref().map(|attempts| attempts.of(&self.runs)).transpose();
        let attempts = attempts.map_err(outside)?;
        let files = Files::of(&self.runs, attempts.map(|all| &**all), &self.schema.table).map_err(outside)?;
        let units = Rows::new(Columns::of_units(stored(&self.schema)), files.units);
        if files.groups.is_empty() {
            return Ok(Arc::new(units));
        }
        self.with_groups(ctx, units, files.groups, attempts)
    }

    /// Rows of units' own files, and of the attempts that count in files of groups, in the same columns.
    fn with_groups(
        &self,
        ctx: &SessionContext,
        units: Rows,
        groups: BTreeMap<usize, Vec<TableFile>>,
        attempts: Option<&Arc<Attempts>>,
    ) -> Result<Arc<dyn TableProvider>> {
        let columns: Vec<Expr> =
            units.schema().fields().iter().map(|f| Expr::from(Column::new_unqualified(f.name()))).collect();
        let has_units = !units.files.is_empty();
        let mut all = has_units.then(|| ctx.read_table(Arc::new(units))).transpose()?;
        for (run, files) in groups {
            let group = Rows::new(Columns::of_groups(grouped(&self.schema)), files);
            let mut rows = ctx.read_table(Arc::new(group))?;
            if let Some(attempts) = attempts.filter(|attempts| !attempts.all_count(run)) {
                let name = format!("counts_{}_{run}", self.space);
                rows = rows.filter(counts(&name, attempts, run, col(ATTEMPT)))?;
            }
            let rows = rows.select(columns.clone())?;
            all = Some(match all {
                Some(all) => all.union(rows)?,
                None => rows,
            });
        }
        Ok(all.map_or_else(|| ctx.read_empty(), Ok)?.into_view())
    }
}

fn outside(error: StoreError) -> datafusion::common::DataFusionError {
    datafusion::common::DataFusionError::External(Box::new(error))
}

/// Files of one table.
#[derive(Debug, Default)]
struct Files {
    /// Files that hold one unit.
    units: Vec<TableFile>,
    /// Files that hold several, by run.
    groups: BTreeMap<usize, Vec<TableFile>>,
}

impl Files {
    /// The files of a table of runs; without those that hold only an attempt that does not count, if it is said
    /// which do.
    fn of(runs: &[OpenRun], attempts: Option<&Attempts>, table: &str) -> Result<Self, StoreError> {
        let mut files = Self::default();
        for (place, run) in runs.iter().enumerate() {
            let storage = run.run.shared_storage();
            let file = |file: &IndexedFile, owner: Owner| TableFile {
                file: SortedFile::stored(place, &run.name, file.shard, owner, &storage, &file.path),
                bytes: file.bytes,
                checksum: Some(file.checksum.clone()),
                rows: file.rows,
            };
            for found in run.index()?.files.iter().filter(|file| *file.table == *table) {
                match found.owner.clone() {
                    None => files.groups.entry(place).or_default().push(file(found, Owner::Group)),
                    Some((user_id, attempt)) if attempts.is_none_or(|all| all.counts(place, &attempt)) => {
                        files.units.push(file(found, Owner::Unit { user_id, attempt }));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(files)
    }
}

/// Whether the attempt in a column counts. A list of them in the query would have to be planned.
fn counts(name: &str, attempts: &Arc<Attempts>, run: usize, attempt: Expr) -> Expr {
    let attempts = Arc::clone(attempts);
    let counts = move |args: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let mut last: Option<(&str, bool)> = None;
        let rows = arrays[0].as_string::<i32>();
        let mut found = Vec::with_capacity(rows.len());
        for attempt in rows.iter().map(Option::unwrap_or_default) {
            // Rows of an attempt are neighbours.
            let counts = match last {
                Some((known, known_counts)) if known == attempt => known_counts,
                _ => attempts.counts(run, attempt),
            };
            last = Some((attempt, counts));
            found.push(counts);
        }
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(found))))
    };
    let function =
        create_udf(name, vec![DataType::Utf8], DataType::Boolean, Volatility::Immutable, Arc::new(counts));
    function.call(vec![attempt])
}

/// Whether a step of a plan reads data files.
pub fn reads_files(step: &dyn ExecutionPlan) -> bool {
    match step.downcast_ref::<DataSourceExec>() {
        Some(source) => source.downcast_to_file_source::<ParquetSource>().is_some(),
        None => step.downcast_ref::<StreamingTableExec>().is_some_and(small::reads),
    }
}

/// The rows of files.
#[derive(Debug)]
pub(super) struct Rows {
    columns: Columns,
    files: Arc<Vec<TableFile>>,
}

impl Rows {
    pub(super) fn new(columns: Columns, files: Vec<TableFile>) -> Self {
        Self { columns, files: Arc::new(files) }
    }

    /// Places of the files in which rows can be that pass the filters, as far as user, shard, attempt and run tell.
    fn possible(&self, state: &dyn Session, filters: &[Expr]) -> Vec<usize> {
        let all = (0..self.files.len()).collect();
        if !self.files.iter().all(|file| file.file.is_of_unit()) {
            return all;
        }
        let columns: SchemaRef = Arc::new(Schema::new(OF_UNITS.map(field).to_vec()));
        let is_told = |filter: &&Expr| {
            let asked = filter.column_refs();
            !asked.is_empty() && asked.iter().all(|column| OF_UNITS.contains(&column.name()))
        };
        let filters: Vec<&Expr> = filters.iter().filter(is_told).collect();
        if filters.is_empty() {
            return all;
        }
        let files: Vec<(&SortedFile, usize)> = self.files.iter().map(|file| (&file.file, 1)).collect();
        let (Some(said), Ok(named)) = (said_of(&files, &columns), DFSchema::try_from(columns)) else {
            return all;
        };
        // What cannot be told now, as the answer of a subquery, is told by the rows.
        let passes = |filter: &Expr| {
            let filter = state.create_physical_expr(filter.clone(), &named).ok()?;
            let passes = filter.evaluate(&said).ok()?.into_array(said.num_rows()).ok()?;
            passes.as_boolean_opt().cloned()
        };
        let passes: Vec<BooleanArray> = filters.into_iter().filter_map(passes).collect();
        let passes = |place: &usize| passes.iter().all(|one| one.is_valid(*place) && one.value(*place));
        all.into_iter().filter(passes).collect()
    }
}

#[async_trait]
impl TableProvider for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.all())
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
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = state.config().target_partitions().max(1);
        let asked = Asked { columns: projection, limit, partitions };
        let (few, large): (Vec<usize>, Vec<usize>) =
            self.possible(state, filters).into_iter().partition(|place| small::is_small(&self.files[*place]));
        let large: Vec<&TableFile> = large.into_iter().map(|place| &self.files[place]).collect();
        let mut plans = Vec::new();
        if !few.is_empty() {
            plans.push(small::plan(&self.files, &few, &self.columns, &asked)?);
        }
        if !large.is_empty() {
            plans.push(self.columns.plan(&large, &asked, state.runtime_env())?);
        }
        if plans.is_empty() {
            return Ok(Arc::new(
                EmptyExec::new(asked.shown(self.columns.all())?).with_partitions(partitions),
            ));
        }
        UnionExec::try_new(plans)
    }
}
