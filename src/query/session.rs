//! A `DataFusion` session with the tables of runs or merged outputs.
//!
//! | name | rows |
//! |---|---|
//! | `te`, `users`, … | merged: one row per user and key, q-values and group tests added |
//! | `raw.te`, `raw.users`, … | every committed attempt, with `shard`, `attempt` and `run` |
//! | `expected` | the plan |
//! | `files` | the data files of the ledger |

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
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
use datafusion::prelude::{col, lit};
use thiserror::Error;

use super::attempt_files::TableFiles;
use super::files::KnownFiles;
use super::functions;
use super::judge::{Candidate, Precedence, judge};
use super::opened::{ImportFolder, Opened};
use super::source::{MergeManifest, OpenRun, SourceError};
use super::template::{Queries, QueryError, ident};
use super::views::Views;
use crate::config::Fdr;
use crate::schema::{Schemas, TableSchema, stored_arrow_schema};
use crate::store::{LedgerRow, StoreError, expected_batch, group_arrow_schema, ledger_batch};

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
    /// Runs of different settings have no merged tables.
    #[error(
        "the runs have different configurations, so they have no merged tables\n(hint: `raw.te` and the like have every run's rows; the column `run` tells them apart)"
    )]
    DifferentRuns,
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
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
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

/// The attempts of several runs, told apart into winners and duplicates.
#[derive(Debug, Default)]
pub struct Attempts {
    /// Index of the run and row: those that speak for their unit.
    pub winners: Vec<(usize, LedgerRow)>,
    /// The other attempts that are `ok`, of units whose winner is `ok`.
    pub duplicates: Vec<(usize, LedgerRow)>,
}

impl Session {
    /// A session without tables.
    pub fn empty() -> Result<Self, SessionError> {
        Self::configured(SessionConfig::new(), None)
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
        Ok(Self { ctx, imported: None })
    }

    /// A session over directories, as `results sql` opens it.
    pub async fn open(dirs: &[impl AsRef<Path>], definitions: Definitions<'_>) -> Result<Self, SessionError> {
        Self::open_within(dirs, None, definitions).await
    }

    /// The same, with a bound for the memory of queries.
    pub async fn open_within(
        dirs: &[impl AsRef<Path>],
        memory: Option<u64>,
        definitions: Definitions<'_>,
    ) -> Result<Self, SessionError> {
        let mut session = Self::with_memory(memory)?;
        let opened = Opened::of(dirs, None, definitions.schemas)?;
        for (dir, manifest) in &opened.merged {
            session.register_merged(dir, manifest)?;
        }
        for finding in &opened.legacy {
            tracing::warn!("{finding}");
        }
        if !opened.runs.is_empty() {
            session.register_runs(&opened.runs, Precedence::Latest, definitions).await?;
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
    pub async fn register_runs(
        &self,
        runs: &[OpenRun],
        precedence: Precedence,
        definitions: Definitions<'_>,
    ) -> Result<Attempts, SessionError> {
        self.register_plan(runs)?;
        let all = all_rows(runs)?;
        self.register_files("raw", runs, &all, definitions)?;
        self.batch("raw.users", ledger_of(&all, runs, definitions)?)?;
        let same = runs
            .windows(2)
            .all(|w| w[0].run.manifest().config_fingerprint == w[1].run.manifest().config_fingerprint);
        if !same {
            return Ok(Attempts::default());
        }
        let attempts = attempts(runs, precedence)?;
        self.register_winners(runs, &attempts.winners, definitions).await?;
        Ok(attempts)
    }

    /// Registers the merged tables over the given attempts, in place of earlier ones.
    pub async fn register_winners(
        &self,
        runs: &[OpenRun],
        winners: &[(usize, LedgerRow)],
        definitions: Definitions<'_>,
    ) -> Result<(), SessionError> {
        self.batch("winners", ledger_of(winners, runs, definitions)?)?;
        self.register_files("winning", runs, winners, definitions)?;
        match runs.first() {
            Some(first) => {
                self.register_views(&first.run.manifest().config.fdr, "winning", definitions).await
            }
            None => Ok(()),
        }
    }

    /// Registers the data files of some attempts as `<space>.<table>`.
    pub fn register_files(
        &self,
        space: &str,
        runs: &[OpenRun],
        attempts: &[(usize, LedgerRow)],
        definitions: Definitions<'_>,
    ) -> Result<(), SessionError> {
        let mut tables = TableFiles::of(runs, attempts)?;
        for schema in definitions.schemas.data_tables() {
            let files = tables.remove(schema.table.as_str()).unwrap_or_default();
            let units = KnownFiles::of_units(stored_arrow_schema(schema), &files.units)?;
            let table: Arc<dyn TableProvider> = if files.groups.is_empty() {
                Arc::new(units)
            } else {
                self.with_groups(schema, Arc::new(units), &files)?.into_view()
            };
            self.table(space, &schema.table, table)?;
        }
        Ok(())
    }

    /// Rows of units' own files, and of the wanted attempts in files of groups, in the same columns.
    fn with_groups(
        &self,
        schema: &TableSchema,
        units: Arc<KnownFiles>,
        files: &TableFiles,
    ) -> Result<DataFrame, SessionError> {
        let columns: Vec<Expr> =
            units.schema().fields().iter().map(|f| Expr::from(Column::new_unqualified(f.name()))).collect();
        let mut all = (!files.units.is_empty()).then(|| self.ctx.read_table(units)).transpose()?;
        for group in files.groups.values() {
            let known = KnownFiles::of_groups(group_arrow_schema(schema), &group.files)?;
            let mut rows = self.ctx.read_table(Arc::new(known))?;
            if !group.unwanted.is_empty() {
                let unwanted = group.unwanted.iter().map(|attempt| lit(attempt.as_str())).collect();
                rows = rows.filter(col("attempt").in_list(unwanted, true))?;
            }
            let rows = rows.select(columns.clone())?;
            all = Some(match all {
                Some(all) => all.union(rows)?,
                None => rows,
            });
        }
        Ok(all.map_or_else(|| self.ctx.read_empty(), Ok)?)
    }

    /// Registers the merged tables over `winning.…` and `winners`; rows that are shown come from `rows_from`.
    pub(crate) async fn register_views(
        &self,
        fdr: &Fdr,
        rows_from: &str,
        definitions: Definitions<'_>,
    ) -> Result<(), SessionError> {
        let Definitions { schemas, queries } = definitions;
        let views = Views { queries, schemas, fdr, rows_from };
        if let Some(sql) = views.group_tests()? {
            self.view("group_tests", &sql).await?;
        } else {
            let schema = schemas.get("group_tests").map_err(StoreError::from)?;
            let none = crate::schema::record_batch(schema, &[]).map_err(StoreError::from)?;
            self.batch("group_tests", none)?;
        }
        let shown: Vec<String> = schemas
            .get("users")
            .map_err(StoreError::from)?
            .columns
            .iter()
            .filter(|c| !["id", "attempt_id"].contains(&c.name.as_str()))
            .map(|c| ident(&c.name))
            .collect();
        self.view("users", &format!("SELECT user_id, shard, attempt, {} FROM winners", shown.join(", ")))
            .await?;
        for schema in schemas.data_tables() {
            self.view(&schema.table, &views.table(schema)?).await?;
        }
        Ok(())
    }

    async fn view(&self, name: &str, sql: &str) -> Result<(), SessionError> {
        let view = self.ctx.sql(sql).await?.into_view();
        self.replace(TableReference::bare(name), view)
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

    fn register_plan(&self, runs: &[OpenRun]) -> Result<(), SessionError> {
        let mut seen = HashSet::new();
        let mut units = Vec::new();
        for run in runs {
            let own = run.run.expected()?.iter();
            units.extend(own.filter(|unit| seen.insert((&unit.user_id, &unit.feature_mode))).cloned());
        }
        units.sort_by(|a, b| (a.position, &a.feature_mode).cmp(&(b.position, &b.feature_mode)));
        self.batch("expected", expected_batch(&units)?)?;
        let planned: Vec<_> = units
            .iter()
            .flat_map(|u| u.rows.iter().map(move |(t, n)| (&u.user_id, &u.feature_mode, t, *n as i64)))
            .collect();
        self.batch("planned", planned_batch(&planned)?)?;
        self.batch("files", files_batch(&all_rows(runs)?, runs)?)
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

fn all_rows(runs: &[OpenRun]) -> Result<Vec<(usize, LedgerRow)>, StoreError> {
    let mut all = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        all.extend(run.ledger()?.rows.iter().map(|row| (index, row.clone())));
    }
    Ok(all)
}

/// Which attempt speaks for each unit.
fn attempts(runs: &[OpenRun], precedence: Precedence) -> Result<Attempts, StoreError> {
    let mut all = all_rows(runs)?;
    all.sort_by(|(_, a), (_, b)| {
        (a.position, &a.user_id, &a.feature_mode).cmp(&(b.position, &b.user_id, &b.feature_mode))
    });
    let mut found = Attempts::default();
    for unit in all.chunk_by(|(_, a), (_, b)| (&a.user_id, &a.feature_mode) == (&b.user_id, &b.feature_mode))
    {
        let candidates: Vec<_> = unit.iter().map(|(run, row)| Candidate::of(*run, row)).collect();
        let verdict = judge(&candidates, precedence);
        found.winners.push(unit[verdict.winner].clone());
        found.duplicates.extend(verdict.duplicates.iter().map(|place| unit[*place].clone()));
    }
    Ok(found)
}

/// Ledger rows with the columns `run` and `run_index`.
fn ledger_of(
    rows: &[(usize, LedgerRow)],
    runs: &[OpenRun],
    definitions: Definitions<'_>,
) -> Result<RecordBatch, SessionError> {
    let schema: &TableSchema = definitions.schemas.get("users").map_err(StoreError::from)?;
    let only: Vec<LedgerRow> = rows.iter().map(|(_, row)| row.clone()).collect();
    let batch = ledger_batch(&only, schema)?;
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("run", DataType::Utf8, false)));
    fields.push(Arc::new(Field::new("run_index", DataType::Int32, false)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(StringArray::from_iter_values(rows.iter().map(|(i, _)| &runs[*i].name))));
    columns.push(Arc::new(Int32Array::from_iter_values(rows.iter().map(|(i, _)| *i as i32))));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, false)
}

fn planned_batch(rows: &[(&String, &String, &String, i64)]) -> Result<RecordBatch, SessionError> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        text("user_id"),
        text("feature_mode"),
        text("table_name"),
        Field::new("planned", DataType::Int64, false),
    ]));
    Ok(RecordBatch::try_new(
        schema,
        vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.1))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.2))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.3))),
        ],
    )?)
}

fn files_batch(rows: &[(usize, LedgerRow)], runs: &[OpenRun]) -> Result<RecordBatch, SessionError> {
    let flat: Vec<_> =
        rows.iter().flat_map(|(i, row)| row.files.iter().map(move |file| (*i, row, file))).collect();
    let int = |name: &str| Field::new(name, DataType::Int64, false);
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        text("run"),
        Field::new("run_index", DataType::Int32, false),
        text("user_id"),
        text("feature_mode"),
        text("attempt"),
        text("table_name"),
        text("file"),
        int("row_count"),
        int("bytes"),
        text("checksum"),
    ]));
    Ok(RecordBatch::try_new(
        schema,
        vec![
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(i, ..)| &runs[*i].name))),
            Arc::new(Int32Array::from_iter_values(flat.iter().map(|(i, ..)| *i as i32))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(_, r, _)| &r.user_id))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(_, r, _)| &r.feature_mode))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(_, r, _)| &r.attempt))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(.., f)| &f.table))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(.., f)| &f.file))),
            Arc::new(Int64Array::from_iter_values(flat.iter().map(|(.., f)| f.rows as i64))),
            Arc::new(Int64Array::from_iter_values(flat.iter().map(|(.., f)| f.bytes as i64))),
            Arc::new(StringArray::from_iter_values(flat.iter().map(|(.., f)| &f.checksum))),
        ],
    )?)
}
