//! The output directory: written beside its place, and put there when it is whole.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef};

use super::calls::{self, ChangedCall};
use super::error::MergeError;
use super::finding::{Gap, Kept, conflicts_of, repeated_of};
use super::outcome::{MergeOutcome, Reach, Written};
use super::place::Staged;
use super::request::{Merge, OnConflict};
use super::survey::Survey;
use super::tables::Tables;
use crate::attempts::OpenRun;
use crate::check::{Known, run_checks};
use crate::config::Settings;
use crate::export::{CsvWriter, ExportError, TableExport, TableWriter, csv_name, csv_sql, parquet_sql};
use crate::legacy::Call;
use crate::schema::columns::merged;
use crate::schema::{CONTROL, Facts, MadeOf, TableSchema};
use crate::sorted::{Findings, SortedRows};
use crate::sql::{ControlRow, Session};
use crate::store::{AcceptedUnit, MERGE_MANIFEST, MergeManifest, MergedRun, Missing};
use crate::tables::Compare;

/// Version of the layout of an output.
const OUTPUT_FORMAT: u32 = 1;

/// How far a staged output came.
enum Filled {
    /// It is whole; so many checks passed.
    Whole(Box<MergeManifest>, usize, Seen),
    /// Something must not be.
    Refused(MergeOutcome),
}

/// What is told of an output besides.
struct Seen {
    changed: Vec<ChangedCall>,
    control: Vec<ControlRow>,
    reach: Reach,
}

/// An output about to be written.
pub(super) struct Output<'a> {
    pub(super) merge: &'a Merge<'a>,
    pub(super) tables: &'a Tables,
    pub(super) runs: &'a [OpenRun],
    pub(super) survey: &'a Survey,
    /// What the predecessor called significant, by directory.
    pub(super) calls: &'a [(String, Call)],
}

impl Output<'_> {
    /// Writes the tables, checks what was written, and puts the directory into place.
    pub(super) async fn write(self) -> Result<MergeOutcome, MergeError> {
        let staged = Staged::beside(&self.merge.output)?;
        Ok(match self.fill(&staged).await? {
            Filled::Whole(manifest, checks, Seen { changed, control, reach }) => {
                let text = serde_saphyr::to_string(&manifest).unwrap_or_default();
                staged.file(MERGE_MANIFEST, |file| file.write_all(text.as_bytes()))?;
                staged.put(&self.merge.output)?;
                let dir = self.merge.output.clone();
                let gaps = self.survey.gaps.clone();
                let manifest = *manifest;
                let written = Written { dir, manifest, gaps, checks, changed, control, reach };
                MergeOutcome::Written(Box::new(written))
            }
            Filled::Refused(outcome) => outcome,
        })
    }

    async fn fill(&self, staged: &Staged) -> Result<Filled, MergeError> {
        let dir = staged.dir();
        let tables: Vec<&TableSchema> = self.merge.wanted(self.runs, self.survey);
        let mut known = Known::of(Settings::of_all(self.runs.iter().map(|r| &r.run.manifest().config)));
        let mut rows = BTreeMap::new();
        let (mut conflicts, mut repeated) = (Kept::default(), Kept::default());
        for schema in &tables {
            let (count, facts, findings) = self.table(dir, schema).await?;
            conflicts.extend(conflicts_of(schema, &findings));
            repeated.extend(repeated_of(schema, &findings));
            rows.insert(schema.table.clone(), count);
            known.add(&schema.table, count, facts);
        }
        if !conflicts.is_empty() && self.merge.on_conflict == OnConflict::Stop {
            return Ok(Filled::Refused(MergeOutcome::Conflicting(conflicts)));
        }
        if !repeated.is_empty() {
            return Ok(Filled::Refused(MergeOutcome::Repeated(repeated)));
        }
        let manifest = self.manifest(rows);
        let session = self.written(dir, &manifest)?;
        let session = session.as_ref().unwrap_or(&self.tables.session);
        let checks = run_checks(session, &tables, self.merge.definitions, &known).await?;
        if checks.iter().any(|c| !c.passed()) {
            return Ok(Filled::Refused(MergeOutcome::Wrong(checks)));
        }
        for schema in tables.iter().filter(|schema| schema.csv_query.is_some()) {
            if let Some(path) = self.csv_path(dir, schema) {
                let sql = csv_sql(schema, self.merge.definitions)?;
                TableExport { session, sql, path, metadata: Vec::new() }.csv().await?;
            }
        }
        let changed = calls::changed(session, self.calls, manifest.fdr.alpha, self.merge.definitions).await?;
        let has_control = manifest.rows.contains_key(CONTROL);
        let control = if has_control { session.control().await? } else { Vec::new() };
        let reach = self.reach(session, &manifest).await?;
        if !manifest.complete {
            staged.file("missing_units.csv", |file| write_gaps(file, &self.survey.gaps))?;
        }
        Ok(Filled::Whole(Box::new(manifest), checks.len(), Seen { changed, control, reach }))
    }

    /// How many tests could have been called, where that is known of them.
    async fn reach(&self, session: &Session, manifest: &MergeManifest) -> Result<Reach, MergeError> {
        let mut reach = Reach::default();
        if manifest.nulls && manifest.rows.contains_key("families") {
            let sql = self.merge.definitions.queries.get("merge/out_of_reach")?.fill(&[])?;
            for batch in session.collect(&sql).await? {
                let of = |column: usize| {
                    batch.column(column).as_primitive::<Int64Type>().values().iter().sum::<i64>()
                };
                reach.out_of_reach += of(0).unsigned_abs();
                reach.tests += of(1).unsigned_abs();
            }
        }
        if manifest.nulls && manifest.rows.contains_key("nulls") {
            let sql = self.merge.definitions.queries.get("merge/without_p")?.fill(&[])?;
            for batch in session.collect(&sql).await? {
                let reasons = cast(batch.column(0), &DataType::Utf8).map_err(ExportError::Arrow)?;
                let tests = batch.column(1).as_primitive::<Int64Type>().values();
                let named = reasons.as_string::<i32>().iter().flatten().zip(tests);
                reach.without_p.extend(named.map(|(why, tests)| (why.to_owned(), tests.unsigned_abs())));
            }
        }
        Ok(reach)
    }

    /// The Parquet files as tables; none if none were asked for.
    fn written(&self, dir: &Path, manifest: &MergeManifest) -> Result<Option<Session>, MergeError> {
        if !self.merge.parquet() {
            return Ok(None);
        }
        let session = Session::empty()?;
        session.register_merged(dir, manifest)?;
        Ok(Some(session))
    }

    /// Writes the files of a table; its rows, and what was seen of them in passing.
    async fn table(&self, dir: &Path, schema: &TableSchema) -> Result<(u64, Facts, Findings), MergeError> {
        let is_derived = schema.derived().next().is_some();
        if !is_derived && let Some(rows) = self.tables.sorted.rows(schema, self.compare(schema))? {
            return self.stored_table(dir, schema, rows);
        }
        let rows = self.tables.session.query(&parquet_sql(schema)).await?.execute_stream().await;
        let rows = rows.map_err(ExportError::from)?;
        let mut writer = self.writer(dir, schema, &rows.schema())?;
        writer.push_all(rows).await?;
        let (count, facts) = writer.finish()?;
        Ok((count, facts, self.tables.sorted.findings(schema)))
    }

    /// A table without derived columns: its sorted rows as they are.
    fn stored_table(
        &self,
        dir: &Path,
        schema: &TableSchema,
        mut rows: SortedRows,
    ) -> Result<(u64, Facts, Findings), MergeError> {
        let columns = merged(schema);
        let mut writer = self.writer(dir, schema, &columns)?;
        while let Some(picked) = rows.next_rows()? {
            let columns = Arc::clone(&columns);
            writer.push(Box::new(move || Ok(picked.batch(&columns)?)))?;
        }
        let (count, facts) = writer.finish()?;
        Ok((count, facts, rows.findings()))
    }

    /// Attempts of a unit differ in their times; their rows must not.
    fn compare(&self, schema: &TableSchema) -> Compare {
        if schema.made_of() == MadeOf::Ledger || self.merge.on_conflict != OnConflict::Stop {
            Compare::Nothing
        } else {
            Compare::Duplicates
        }
    }

    fn writer(
        &self,
        dir: &Path,
        schema: &TableSchema,
        columns: &SchemaRef,
    ) -> Result<TableWriter, MergeError> {
        let mut writer = TableWriter::new(columns).looking_at(schema, columns);
        if schema.csv_query.is_none()
            && let Some(path) = self.csv_path(dir, schema)
        {
            let names: Vec<&str> =
                schema.user().into_iter().chain(schema.exported().map(|c| c.name.as_str())).collect();
            writer = writer.csv(&path, columns, &names)?;
        }
        if self.merge.parquet() {
            let path = dir.join(format!("{}.parquet", schema.table));
            let metadata = vec![
                ("results.schema".to_owned(), schema.table.clone()),
                ("results.schema_version".to_owned(), schema.version.to_string()),
                ("results.complete".to_owned(), self.survey.gaps.is_empty().to_string()),
                ("results.config_fingerprint".to_owned(), self.fingerprint()),
            ];
            writer = writer.parquet(&path, columns, metadata)?;
        }
        Ok(writer)
    }

    fn csv_path(&self, dir: &Path, schema: &TableSchema) -> Option<PathBuf> {
        let name = csv_name(schema, !self.survey.gaps.is_empty())?;
        self.merge.csv().then(|| dir.join(name))
    }

    fn fingerprint(&self) -> String {
        self.runs.first().map_or(String::new(), |r| r.run.manifest().config_fingerprint.clone())
    }

    fn manifest(&self, rows: BTreeMap<String, u64>) -> MergeManifest {
        let first = self.runs.first().map(|r| r.run.manifest());
        // The predecessor wrote a seed down and never used it.
        let seeded = self.runs.iter().find(|r| !r.is_imported).map(|r| r.run.manifest()).or(first);
        MergeManifest {
            format: OUTPUT_FORMAT,
            complete: self.survey.gaps.is_empty(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            merged_at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            sources: self
                .runs
                .iter()
                .map(|r| MergedRun {
                    run_id: r.run.manifest().run_id.clone(),
                    dir: r.dir.display().to_string(),
                })
                .collect(),
            config_fingerprint: self.fingerprint(),
            seed: seeded.map_or(0, |m| m.seed),
            hour_bins: first.map_or(0, |m| m.config.hour_bins),
            fdr: first.map_or_else(
                || crate::config::Fdr::of(&crate::measures::settings()),
                |m| m.config.fdr.clone(),
            ),
            control: first.and_then(|m| m.control.clone()),
            nulls: first.is_some_and(|m| !m.config.statistical.nulls.is_permute()),
            units: self.survey.units,
            units_ok: self.survey.units_ok,
            duplicates: self.survey.duplicates,
            csv: self.merge.csv(),
            parquet: self.merge.parquet(),
            accepted_skipped: self.survey.accepted.iter().map(accepted).collect(),
            missing: missing(&self.survey.gaps),
            rows,
            tables: self.merge.definitions.schemas.own(),
            config: self
                .runs
                .iter()
                .find(|r| !r.is_imported)
                .map(|r| Box::new(r.run.manifest().config.clone())),
        }
    }
}

/// What is missing in a partial output, as CSV.
fn write_gaps(file: impl Write, gaps: &[Gap]) -> std::io::Result<()> {
    let texts = |f: &dyn Fn(&Gap) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(gaps.iter().map(f)))
    };
    let batch = RecordBatch::try_from_iter([
        ("user_id", texts(&|g| g.user_id.clone())),
        ("feature_mode", texts(&|g| g.feature_mode.clone())),
        ("state", texts(&|g| g.kind.to_string())),
        ("reason", texts(&|g| g.reason.clone())),
    ])
    .map_err(std::io::Error::other)?;
    let mut csv = CsvWriter::new(file, &["user_id", "feature_mode", "state", "reason"])?;
    csv.write(&batch)?;
    csv.into_inner().flush()
}

/// What is missing, by kind.
fn missing(gaps: &[Gap]) -> Vec<Missing> {
    let mut counts = BTreeMap::new();
    for gap in gaps {
        *counts.entry(gap.kind).or_default() += 1;
    }
    let counted = counts.into_iter();
    counted
        .map(|(kind, count)| Missing { code: kind.code().to_owned(), state: kind.name().to_owned(), count })
        .collect()
}

fn accepted(gap: &Gap) -> AcceptedUnit {
    let Gap { user_id, feature_mode, reason, .. } = gap.clone();
    AcceptedUnit { user_id, feature_mode, reason }
}
