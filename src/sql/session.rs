//! A `DataFusion` session with the tables of runs or merged outputs.
//!
//! | name | rows |
//! |---|---|
//! | `te`, `users`, … | merged: one row per user and key, q-values and group tests added; of runs of different configurations: below each other, with a column `run` |
//! | `run1.te`, `run2.te`, … | merged, of one of several runs, in the order they were named |
//! | `raw.te`, `raw.users`, … | every committed attempt, with `shard`, `attempt` and `run` |
//! | `tests` | merged: a row a p of a user, of all tables below each other |
//! | `expected` | the plan |
//! | `files` | the data files of the ledger |

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{CatalogProvider, TableProvider};
use datafusion::common::TableReference;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::execution::context::{SessionConfig, SessionContext};
use datafusion::logical_expr::LogicalPlan;

use super::bounds::{Bounds, Clock};
use super::damage::{Damaged, Look};
use super::error::SessionError;
use super::functions;
use super::guard;
use super::unused::UnusedJoins;
use crate::attempts::OpenRun;
use crate::beside::Scratch;
use crate::sources::{Opened, SourceError};
use crate::store::{Location, MergeManifest, ReadLock, Storage, StoreError};
use crate::tables::{
    Catalog, Definitions, PUBLIC, Passed, RunTables, Runs, SortedTables, Table, merged, merged_of,
    put_around_merged,
};

/// A session.
#[derive(Clone)]
pub struct Session {
    ctx: SessionContext,
    /// Files that are needed as long as there are queries.
    imported: Option<Arc<Scratch>>,
    /// Runs whose files stay where they are as long as there are queries.
    reading: Vec<Arc<ReadLock>>,
    /// The runs, if there are any.
    pub(super) runs: Option<Runs>,
    /// The tables.
    catalog: Arc<Catalog>,
    /// Those whose tables are here by a name in front of them.
    beside: Vec<Session>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// A session without tables.
    pub fn empty() -> Result<Self, SessionError> {
        Self::within(Bounds::default())
    }

    /// A session without tables whose queries take no more than that.
    pub fn within(bounds: Bounds) -> Result<Self, SessionError> {
        Self::configured(SessionConfig::new(), bounds)
    }

    /// A session over sorted tables, whose order it keeps: its plans have one partition. With what parts of the users hand
    /// on, if the rows are a part's.
    pub(crate) fn of_sorted(
        tables: &SortedTables,
        runs: &[OpenRun],
        memory: Option<u64>,
        definitions: Definitions<'_>,
    ) -> Result<(Self, Vec<Passed>), SessionError> {
        let session =
            Self::configured(SessionConfig::new().with_target_partitions(1), Bounds::of_memory(memory))?;
        let passed = tables.register(&session.catalog, runs, definitions)?;
        Ok((session, passed))
    }

    fn configured(config: SessionConfig, bounds: Bounds) -> Result<Self, SessionError> {
        Self::configured_for(config, bounds, None)
    }

    /// The same with so many partitions, whatever memory there is, if it is said.
    fn configured_for(
        config: SessionConfig,
        bounds: Bounds,
        partitions: Option<usize>,
    ) -> Result<Self, SessionError> {
        let mut config =
            config.with_information_schema(true).with_default_catalog_and_schema("results", "public");
        let options = config.options_mut();
        // Columns are called TE_A2S; nobody should have to quote that.
        options.sql_parser.enable_ident_normalization = false;
        options.execution.collect_statistics = false;
        // On one core nothing is gained by it, and the engine then breaks the order of tables whose parts each have one
        // value of a column, as group tests have.
        options.optimizer.repartition_sorts &= options.execution.target_partitions > 1;
        let runtime = bounds.runtime(&mut config)?;
        if let Some(partitions) = partitions {
            config.options_mut().execution.target_partitions = partitions;
        }
        let ctx = SessionContext::new_with_config_rt(config, runtime);
        functions::register(&ctx, bounds.memory);
        guard::prepare(&ctx);
        let catalog = Catalog::of(&ctx);
        Ok(Self { ctx, imported: None, reading: Vec::new(), runs: None, catalog, beside: Vec::new() })
    }

    /// A session over directories, as `results sql` opens it.
    pub fn open<'a, D>(dirs: &'a [D], definitions: Definitions<'_>) -> Result<Self, SessionError>
    where
        Location: From<&'a D>,
    {
        Self::open_within(dirs, Bounds::default(), definitions)
    }

    /// The same, with bounds for queries.
    pub fn open_within<'a, D>(
        dirs: &'a [D],
        bounds: Bounds,
        definitions: Definitions<'_>,
    ) -> Result<Self, SessionError>
    where
        Location: From<&'a D>,
    {
        Self::open_without(dirs, bounds, &Damaged::default(), definitions)
    }

    /// Looks at the data files of the tables that a plan reads: its own, then those of each session beside it.
    pub(super) fn damaged(&self, plan: &LogicalPlan, look: Look) -> Result<Vec<Damaged>, SessionError> {
        let all = std::iter::once(self).chain(&self.beside);
        all.map(|session| Damaged::of(session.runs.as_ref(), plan, look)).collect()
    }

    /// Gives its tables a name that may stand in front of their schemas.
    pub(super) fn call(&self, name: &str) {
        self.ctx.register_catalog(name, Arc::clone(&self.catalog) as Arc<dyn CatalogProvider>);
    }

    /// Gives it the tables of another one, by a name in front of them.
    pub(super) fn put_beside(&mut self, name: &str, other: Self) {
        self.ctx.register_catalog(name, Arc::clone(&other.catalog) as Arc<dyn CatalogProvider>);
        // It knows of this one's files only.
        self.ctx.remove_optimizer_rule(UnusedJoins::NAME);
        self.beside.push(other);
    }

    /// The same, over the files that are whole, and which are not: all are looked at.
    pub fn open_whole<'a, D>(
        dirs: &'a [D],
        bounds: Bounds,
        definitions: Definitions<'_>,
    ) -> Result<(Self, Damaged), SessionError>
    where
        Location: From<&'a D>,
    {
        let session = Self::open_within(dirs, bounds, definitions)?;
        let damaged = Damaged::of_all(session.runs.as_ref())?;
        if damaged.is_empty() {
            return Ok((session, damaged));
        }
        drop(session);
        Ok((Self::open_without(dirs, bounds, &damaged, definitions)?, damaged))
    }

    /// The same, without files that were found to be damaged.
    pub fn open_without<'a, D>(
        dirs: &'a [D],
        bounds: Bounds,
        damaged: &Damaged,
        definitions: Definitions<'_>,
    ) -> Result<Self, SessionError>
    where
        Location: From<&'a D>,
    {
        let places: Vec<Location> = dirs.iter().map(Location::from).collect();
        Self::within(bounds)?.with(&places, damaged, definitions)
    }

    /// The same, whose plans other processes have too: they do not depend on who makes them, and what a partition reads
    /// does not depend on the others.
    pub(super) fn open_spread(
        places: &[Location],
        bounds: Bounds,
        damaged: &Damaged,
        definitions: Definitions<'_>,
        partitions: usize,
    ) -> Result<Self, SessionError> {
        let mut config = SessionConfig::new().with_target_partitions(partitions);
        let options = config.options_mut();
        // Partitions of a scan would take each other's files.
        options.execution.enable_file_stream_work_stealing = false;
        // Filters that a join or a sort finds while it is at work are known to one process only.
        options.optimizer.enable_dynamic_filter_pushdown = false;
        options.optimizer.enable_topk_dynamic_filter_pushdown = false;
        options.optimizer.enable_join_dynamic_filter_pushdown = false;
        options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
        // What follows a scan stays in its partition.
        options.optimizer.enable_round_robin_repartition = false;
        Self::configured_for(config, bounds, Some(partitions))?.with(places, damaged, definitions)
    }

    /// The tables of directories, without files that were found to be damaged.
    fn with(
        mut self,
        places: &[Location],
        damaged: &Damaged,
        definitions: Definitions<'_>,
    ) -> Result<Self, SessionError> {
        let mut opened = Opened::of(places, None, definitions.schemas)?;
        for (run, damage) in opened.runs.iter_mut().zip(&damaged.runs) {
            run.leave_out(damage.clone());
        }
        if let [(place, manifest), others @ ..] = &opened.merged[..] {
            let others =
                others.iter().map(|(place, _)| place).chain(opened.runs.iter().map(|run| &run.place));
            if let Some(other) = others.into_iter().next() {
                let (output, other) = (Box::new(place.clone()), Box::new(other.clone()));
                return Err(SourceError::Beside { output, other }.into());
            }
            self.register_merged(place, manifest)?;
            put_around_merged(&self.catalog, manifest, definitions)?;
        }
        for finding in &opened.legacy {
            tracing::warn!("{finding}");
        }
        self.reading = opened.runs.iter().map(OpenRun::reading).collect();
        if !opened.runs.is_empty() {
            let tables = RunTables::new(opened.runs, definitions);
            tables.register(&self.catalog)?;
            self.runs = Some(tables.runs());
            self.ctx.add_optimizer_rule(Arc::new(UnusedJoins { runs: self.runs.clone() }));
        }
        self.imported = opened.folder.map(Arc::new);
        Ok(self)
    }

    /// The engine's own context.
    pub fn context(&self) -> &SessionContext {
        &self.ctx
    }

    /// Plans a query. Statements that would change anything are refused.
    pub async fn query(&self, sql: &str) -> Result<DataFrame, SessionError> {
        let sql = if is_show_tables(sql) { SHOW_TABLES } else { sql };
        guard::plan(&self.ctx, sql).await.map_err(|error| self.with_nearest(error, sql))
    }

    /// The same, within the time of a query.
    pub(super) async fn planned(&self, sql: &str, clock: &mut Clock) -> Result<DataFrame, SessionError> {
        let (session, sql) = (self.clone(), sql.to_owned());
        clock.part(async move { session.query(&sql).await }).await
    }

    /// An error about a table that is not there, with the one that is called nearly so, if there is one.
    fn with_nearest(&self, error: SessionError, sql: &str) -> SessionError {
        let error = match error {
            SessionError::Engine(engine) => SessionError::Engine(guard::placed(engine, sql)),
            other => return other,
        };
        let SessionError::Engine(engine) = &error else { return error };
        let Some(name) = guard::absent_table(engine) else { return error };
        let of_space = |space: String| {
            let names = self.catalog.schema(&space).map(|tables| tables.table_names()).unwrap_or_default();
            let is_public = space == PUBLIC;
            names.into_iter().map(move |name| if is_public { name } else { format!("{space}.{name}") })
        };
        let known: Vec<String> = self.catalog.schema_names().into_iter().flat_map(of_space).collect();
        match guard::nearest(&name, known.iter().map(String::as_str)) {
            Some(near) => SessionError::UnknownTable { near: near.to_owned(), place: error.place(), name },
            None => error,
        }
    }

    /// Runs a query and collects its rows.
    pub async fn collect(&self, sql: &str) -> Result<Vec<RecordBatch>, SessionError> {
        Ok(self.query(sql).await?.collect().await?)
    }

    /// Whether a table is there: one that the run plans or has. The name may have a schema in front: `raw.users`.
    pub fn has_table(&self, name: &str) -> Result<bool, SessionError> {
        let (space, name) = name.split_once('.').unwrap_or((PUBLIC, name));
        Ok(self.catalog.lists(space, name))
    }

    /// Computes every merged table once and keeps its rows, for a session that asks many questions.
    pub async fn materialize(&self, definitions: Definitions<'_>) -> Result<(), SessionError> {
        for schema in definitions.schemas.iter() {
            self.keep(&schema.table).await?;
        }
        Ok(())
    }

    /// Computes a table once and keeps its rows.
    pub(crate) async fn keep(&self, name: &str) -> Result<(), SessionError> {
        let frame = self.ctx.table(TableReference::bare(name)).await?;
        let arrow: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
        let table = MemTable::try_new(arrow, vec![frame.collect().await?])?;
        self.ctx.register_table(TableReference::bare(name), Arc::new(table))?;
        Ok(())
    }

    /// The Parquet files of a merged output.
    pub fn register_merged(&self, place: &Location, manifest: &MergeManifest) -> Result<(), SessionError> {
        if !manifest.parquet {
            return Err(SourceError::CsvOnly(place.clone()).into());
        }
        for (table, rows) in &manifest.rows {
            let rows =
                merged(place, table, *rows).map_err(|error| SourceError::lost(place, manifest, error))?;
            self.table(PUBLIC, table, rows);
        }
        Ok(())
    }

    /// Some Parquet files of a storage as a table of a schema.
    pub(crate) fn register_files(
        &self,
        space: &str,
        table: &str,
        storage: &Arc<dyn Storage>,
        paths: &[String],
    ) -> Result<(), SessionError> {
        self.table(space, table, merged_of(storage, paths).map_err(StoreError::from)?);
        Ok(())
    }

    /// One batch as a table; `name` may have a schema in front.
    pub fn batch(&self, name: &str, batch: RecordBatch) -> Result<(), SessionError> {
        let table = Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?);
        let (space, name) = name.split_once('.').unwrap_or((PUBLIC, name));
        self.table(space, name, table);
        Ok(())
    }

    /// A table in a schema.
    fn table(&self, space: &str, name: &str, table: Arc<dyn TableProvider>) {
        self.catalog.put(space, name, Table::Ready(table), None);
    }
}

/// `SHOW TABLES` is of the tables that there are to ask, not of those about them.
const SHOW_TABLES: &str =
    "SELECT * FROM information_schema.tables WHERE table_schema <> 'information_schema'";

fn is_show_tables(sql: &str) -> bool {
    let words = sql.trim_end_matches(|c: char| c == ';' || c.is_whitespace()).split_whitespace();
    words.map(str::to_lowercase).eq(["show", "tables"])
}
