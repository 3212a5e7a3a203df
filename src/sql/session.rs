//! A `DataFusion` session with the tables of runs or merged outputs.
//!
//! | name | rows |
//! |---|---|
//! | `te`, `users`, … | merged: one row per user and key, q-values and group tests added; of runs of different configurations: below each other, with a column `run` |
//! | `run1.te`, `run2.te`, … | merged, of one of several runs, in the order they were named |
//! | `raw.te`, `raw.users`, … | every committed attempt, with `shard`, `attempt` and `run` |
//! | `expected` | the plan |
//! | `files` | the data files of the ledger |

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemorySchemaProvider, TableProvider};
use datafusion::common::Column;
use datafusion::common::TableReference;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::context::{SQLOptions, SessionConfig, SessionContext};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use thiserror::Error;

use super::attempt_files::{Silent, TableFiles};
use super::files::KnownFiles;
use super::functions;
use super::lazy::LazyTable;
use super::ledger_tables::{all_rows, expected_of, files_of, ledger_of, winners};
use super::opened::{ImportFolder, Opened};
use super::source::{OpenRun, SourceError};
use super::template::{Queries, QueryError, ident, literal};
use super::views::{Space, Views};
use crate::config::Fdr;
use crate::schema::{LEDGER, Schemas, TableSchema, columns};
use crate::store::{MergeManifest, ReadLock, StoreError};

/// Why a session could not be set up or a query not be answered.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The engine refused.
    #[error("{}", plain(.0))]
    Engine(DataFusionError),
    /// A run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A directory cannot be queried.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A query file cannot be used.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A batch cannot be built.
    #[error("Arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}

/// The engine's message without its chain of wrappers.
fn plain(error: &DataFusionError) -> String {
    let root = error.find_root();
    if let DataFusionError::ResourcesExhausted(what) = root {
        let what = what.lines().next().unwrap_or_default();
        return format!(
            "the query needs more memory than it may have\n(hint: give more with --memory; the engine says: {what})"
        );
    }
    if let DataFusionError::SQL(parser, _) = root {
        let text = parser.to_string();
        return text.strip_prefix("sql parser error: ").unwrap_or(&text).to_owned();
    }
    let text = root.to_string();
    let text = ["Error during planning: ", "Execution error: ", "Schema error: "]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(&text)
        .replace("results.public.", "");
    if text.contains("table '") && text.ends_with("not found") {
        return format!("{text}\n(hint: `\\d` at the prompt of `results sql` lists the tables)");
    }
    text
}

impl From<DataFusionError> for SessionError {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(error)
    }
}

/// A session.
#[derive(Clone)]
pub struct Session {
    ctx: SessionContext,
    /// Files that are needed as long as there are queries.
    imported: Option<Arc<ImportFolder>>,
    /// Runs whose files stay where they are as long as there are queries.
    reading: Vec<Arc<ReadLock>>,
    /// A query: tables whose names it has not are not needed. Every view costs a plan.
    wanted: Option<Arc<str>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// Runs that are asked together, shared by the tables that are made of them.
#[derive(Debug, Clone)]
struct Runs {
    all: Arc<Vec<OpenRun>>,
    these: std::ops::Range<usize>,
}

impl Runs {
    fn all(runs: Vec<OpenRun>) -> Self {
        Self { these: 0..runs.len(), all: Arc::new(runs) }
    }

    /// One of them.
    fn only(&self, place: usize) -> Self {
        Self { all: Arc::clone(&self.all), these: place..place + 1 }
    }
}

impl std::ops::Deref for Runs {
    type Target = [OpenRun];

    fn deref(&self) -> &[OpenRun] {
        &self.all[self.these.clone()]
    }
}

/// What a session needs to know besides the data.
#[derive(Debug, Clone, Copy)]
pub struct Definitions<'a> {
    /// The tables.
    pub schemas: &'a Schemas,
    /// The queries.
    pub queries: &'a Queries,
}

impl Session {
    /// A session without tables.
    pub fn empty() -> Result<Self, SessionError> {
        Self::with_memory(None)
    }

    /// A session without tables whose queries take no more than so many bytes before they go on on the disk.
    pub fn with_memory(bytes: Option<u64>) -> Result<Self, SessionError> {
        Self::configured(SessionConfig::new(), bytes)
    }

    /// A session without tables that keeps the order of sorted rows: its plans have one partition.
    pub(crate) fn for_merge(memory: Option<u64>) -> Result<Self, SessionError> {
        Self::configured(SessionConfig::new().with_target_partitions(1), memory)
    }

    fn configured(config: SessionConfig, memory: Option<u64>) -> Result<Self, SessionError> {
        let mut config =
            config.with_information_schema(true).with_default_catalog_and_schema("results", "public");
        let options = config.options_mut();
        // Columns are called TE_A2S; nobody should have to quote that.
        options.sql_parser.enable_ident_normalization = false;
        options.execution.collect_statistics = false;
        let mut runtime = RuntimeEnvBuilder::new();
        if let Some(bytes) = memory {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            runtime = runtime.with_memory_pool(Arc::new(FairSpillPool::new(bytes)));
        }
        let ctx = SessionContext::new_with_config_rt(config, runtime.build_arc()?);
        functions::register(&ctx);
        Ok(Self { ctx, imported: None, reading: Vec::new(), wanted: None })
    }

    /// A session over directories, as `results sql` opens it.
    pub async fn open(dirs: &[impl AsRef<Path>], definitions: Definitions<'_>) -> Result<Self, SessionError> {
        Self::open_for(dirs, None, None, definitions).await
    }

    /// The same, with a bound for the memory of queries, and with the tables only that a query may need.
    pub async fn open_for(
        dirs: &[impl AsRef<Path>],
        query: Option<&str>,
        memory: Option<u64>,
        definitions: Definitions<'_>,
    ) -> Result<Self, SessionError> {
        let mut session = Self::with_memory(memory)?;
        // The catalogue has all tables.
        session.wanted =
            query.filter(|sql| !sql.to_lowercase().contains("information_schema")).map(Arc::from);
        let opened = Opened::of(dirs, None, definitions.schemas)?;
        for (dir, manifest) in &opened.merged {
            session.register_merged(dir, manifest)?;
        }
        for finding in &opened.legacy {
            tracing::warn!("{finding}");
        }
        session.reading = opened.runs.iter().map(OpenRun::reading).collect();
        if !opened.runs.is_empty() {
            session.register_runs(Runs::all(opened.runs), definitions).await?;
        }
        session.imported = opened.folder.map(Arc::new);
        Ok(session)
    }

    /// The engine's own context.
    pub fn context(&self) -> &SessionContext {
        &self.ctx
    }

    /// Plans a query. Statements that would change anything are refused.
    pub async fn query(&self, sql: &str) -> Result<DataFrame, SessionError> {
        let read_only =
            SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        Ok(self.ctx.sql_with_options(sql, read_only).await?)
    }

    /// Runs a query and collects its rows.
    pub async fn collect(&self, sql: &str) -> Result<Vec<RecordBatch>, SessionError> {
        Ok(self.query(sql).await?.collect().await?)
    }

    /// Registers raw and merged tables of runs.
    async fn register_runs(&self, runs: Runs, definitions: Definitions<'_>) -> Result<(), SessionError> {
        let users: &TableSchema = definitions.schemas.ledger().map_err(StoreError::from)?;
        self.lazy("expected", &runs, expected_of)?;
        self.lazy("files", &runs, |runs| files_of(&all_rows(runs)?, runs))?;
        let ledger = users.clone();
        self.lazy("raw.users", &runs, move |runs| ledger_of(&all_rows(runs)?, runs, &ledger))?;
        self.register_files("raw", &runs, &[], definitions)?;
        let same = runs
            .windows(2)
            .all(|w| w[0].run.manifest().config_fingerprint == w[1].run.manifest().config_fingerprint);
        if runs.len() > 1 {
            for place in 0..runs.len() {
                let number = (place + 1).to_string();
                // Those of one configuration are one table, and mostly asked for as such.
                if same && !self.is_wanted(&format!("run{number}")) {
                    continue;
                }
                self.register_merged_tables(runs.only(place), &number, definitions).await?;
            }
        }
        if same {
            self.register_merged_tables(runs, "", definitions).await
        } else {
            self.stack(&runs, definitions).await
        }
    }

    /// Registers the merged tables of runs of one configuration: `te`, or `run1.te` with a number.
    async fn register_merged_tables(
        &self,
        runs: Runs,
        number: &str,
        definitions: Definitions<'_>,
    ) -> Result<(), SessionError> {
        let Some(first) = runs.first() else { return Ok(()) };
        let fdr = first.run.manifest().config.fdr.clone();
        let users: TableSchema = definitions.schemas.ledger().map_err(StoreError::from)?.clone();
        let space = Space::numbered(number);
        self.lazy(&space.winners, &runs, move |runs| ledger_of(&winners(runs)?, runs, &users))?;
        self.register_files(&space.winning, &runs, &Silent::among(&runs)?, definitions)?;
        self.register_views(&fdr, &space, definitions).await
    }

    /// Registers a table that is made when it is asked for.
    fn lazy(
        &self,
        name: &str,
        runs: &Runs,
        make: impl Fn(&[OpenRun]) -> Result<RecordBatch, SessionError> + Send + Sync + 'static,
    ) -> Result<(), SessionError> {
        let schema = make(&[])?.schema();
        let runs = runs.clone();
        let table = Arc::new(LazyTable::new(schema, move || make(&runs)));
        match name.split_once('.') {
            Some((space, name)) => self.table(space, name, table),
            None => self.replace(TableReference::bare(name), table),
        }
    }

    /// Registers the tables of runs of different configurations below each other, told apart by `run`.
    async fn stack(&self, runs: &[OpenRun], definitions: Definitions<'_>) -> Result<(), SessionError> {
        for schema in definitions.schemas.iter().filter(|schema| self.is_wanted(&schema.table)) {
            let of_run = |(place, run): (usize, &OpenRun)| {
                let table = ident(&schema.table);
                format!("SELECT {} AS run, * FROM run{}.{table}", literal(&run.name), place + 1)
            };
            let all: Vec<String> = runs.iter().enumerate().map(of_run).collect();
            self.view(&schema.table, &all.join(" UNION ALL ")).await?;
        }
        Ok(())
    }

    /// Whether a table is asked for, as far as that is known.
    fn is_wanted(&self, table: &str) -> bool {
        self.wanted.as_ref().is_none_or(|text| text.contains(table))
    }

    /// Registers the data files of runs as `<space>.<table>`, without the rows of silent attempts.
    fn register_files(
        &self,
        space: &str,
        runs: &[OpenRun],
        silent: &[Silent],
        definitions: Definitions<'_>,
    ) -> Result<(), SessionError> {
        let mut tables = TableFiles::of(runs, silent)?;
        for schema in definitions.schemas.data_tables() {
            let files = tables.remove(schema.table.as_str()).unwrap_or_default();
            let units = KnownFiles::of_units(columns::stored(schema), &files.units)?;
            let table: Arc<dyn TableProvider> = if files.groups.is_empty() {
                Arc::new(units)
            } else {
                self.with_groups(schema, Arc::new(units), &files, (space, silent))?.into_view()
            };
            self.table(space, &schema.table, table)?;
        }
        Ok(())
    }

    /// Rows of units' own files, and of the attempts that speak in files of groups, in the same columns.
    fn with_groups(
        &self,
        schema: &TableSchema,
        units: Arc<KnownFiles>,
        files: &TableFiles,
        (space, silent): (&str, &[Silent]),
    ) -> Result<DataFrame, SessionError> {
        let columns: Vec<Expr> =
            units.schema().fields().iter().map(|f| Expr::from(Column::new_unqualified(f.name()))).collect();
        let mut all = (!files.units.is_empty()).then(|| self.ctx.read_table(units)).transpose()?;
        for (run, group) in &files.groups {
            let known = KnownFiles::of_groups(columns::grouped(schema), group)?;
            let mut rows = self.ctx.read_table(Arc::new(known))?;
            if let Some(silent) = silent.get(*run).filter(|silent| !silent.is_empty()) {
                rows = rows.filter(silent.is_not(&format!("speaks_{space}_{run}"), col("attempt")))?;
            }
            let rows = rows.select(columns.clone())?;
            all = Some(match all {
                Some(all) => all.union(rows)?,
                None => rows,
            });
        }
        Ok(all.map_or_else(|| self.ctx.read_empty(), Ok)?)
    }

    /// Registers the merged tables of a space, over its rows and winners.
    pub(crate) async fn register_views(
        &self,
        fdr: &Fdr,
        space: &Space,
        definitions: Definitions<'_>,
    ) -> Result<(), SessionError> {
        let Definitions { schemas, queries } = definitions;
        let views = Views { queries, schemas, fdr, space };
        let families = self.is_wanted("families");
        let is_wanted = |schema: &TableSchema| {
            self.is_wanted(&schema.table) || (families && schema.derived().next().is_some())
        };
        let wanted: Vec<&TableSchema> = schemas.data_tables().filter(|schema| is_wanted(schema)).collect();
        if self.is_wanted("group_tests") || wanted.iter().any(|schema| schema.derived().next().is_some()) {
            self.view_or_none("group_tests", space, views.group_tests()?, definitions).await?;
        }
        if self.is_wanted(LEDGER) {
            self.view(&space.name(LEDGER), &views.users()?).await?;
        }
        for schema in wanted {
            self.view(&space.name(&schema.table), &views.table(schema)?).await?;
        }
        if families {
            self.view_or_none("families", space, views.families()?, definitions).await?;
        }
        Ok(())
    }

    /// A table by a query, or without rows.
    async fn view_or_none(
        &self,
        name: &str,
        space: &Space,
        sql: Option<String>,
        definitions: Definitions<'_>,
    ) -> Result<(), SessionError> {
        if let Some(sql) = sql {
            return self.view(&space.name(name), &sql).await;
        }
        let schema = definitions.schemas.get(name).map_err(StoreError::from)?;
        let none = crate::schema::record_batch(schema, &[]).map_err(StoreError::from)?;
        self.batch(&space.name(name), none)
    }

    async fn view(&self, name: &str, sql: &str) -> Result<(), SessionError> {
        let view = self.ctx.sql(sql).await?.into_view();
        match name.split_once('.') {
            Some((space, name)) => self.table(space, name, view),
            None => self.replace(TableReference::bare(name), view),
        }
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
        self.replace(TableReference::bare(name), Arc::new(table))
    }

    /// Registers the Parquet files of a merged output.
    pub fn register_merged(&self, dir: &Path, manifest: &MergeManifest) -> Result<(), SessionError> {
        if !manifest.parquet {
            return Err(SourceError::CsvOnly(dir.to_owned()).into());
        }
        for table in manifest.rows.keys() {
            let path = dir.join(format!("{table}.parquet"));
            let damaged = |what: String| SourceError::Damaged { path: path.clone(), what };
            let bytes = std::fs::metadata(&path).map_err(|e| damaged(e.to_string()))?.len();
            let file = std::fs::File::open(&path).map_err(|e| damaged(e.to_string()))?;
            let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file)
                .map_err(|e| damaged(e.to_string()))?;
            let known = KnownFiles::single(Arc::clone(reader.schema()), &path, bytes)?;
            self.replace(TableReference::bare(table.as_str()), Arc::new(known))?;
        }
        Ok(())
    }

    /// Registers one batch as a table; `name` may have a schema in front.
    pub fn batch(&self, name: &str, batch: RecordBatch) -> Result<(), SessionError> {
        let table = Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?);
        match name.split_once('.') {
            Some((space, name)) => self.table(space, name, table),
            None => self.replace(TableReference::bare(name), table),
        }
    }

    fn replace(&self, name: TableReference, table: Arc<dyn TableProvider>) -> Result<(), SessionError> {
        self.ctx.deregister_table(name.clone())?;
        self.ctx.register_table(name, table)?;
        Ok(())
    }

    /// Registers a table in a schema, which is made if need be.
    pub(crate) fn table(
        &self,
        space: &str,
        name: &str,
        table: Arc<dyn TableProvider>,
    ) -> Result<(), SessionError> {
        if let Some(catalog) = self.ctx.catalog("results")
            && catalog.schema(space).is_none()
        {
            catalog.register_schema(space, Arc::new(MemorySchemaProvider::new()))?;
        }
        self.replace(TableReference::partial(space, name), table)
    }
}
