//! The output directory: written beside its place, and put there when it is whole.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use super::calls::{self, ChangedCall};
use super::error::MergeError;
use super::finding::{Gap, Kept, conflicts_of, repeated_of};
use super::outcome::{MergeOutcome, Reach, Written};
use super::place::Staged;
use super::request::{Merge, OnConflict};
use super::survey::Survey;
use super::table::{InParts, TableFiles, WrittenTable};
use super::tables::Tables;
use crate::attempts::OpenRun;
use crate::check::{Known, run_checks};
use crate::config::Settings;
use crate::export::{CsvWriter, ExportError, TableExport, csv_sql};
use crate::legacy::Call;
use crate::schema::{CONTROL, TableSchema};
use crate::sql::{ControlRow, Session};
use crate::store::{AcceptedUnit, MERGE_MANIFEST, MergeManifest, MergedRun, Missing};
use crate::yaml::to_yaml;

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
    /// What parts have written; none if nothing was divided.
    pub(super) parts: Option<&'a dyn InParts>,
}

impl Output<'_> {
    /// Writes the tables, checks what was written, and puts the directory into place.
    pub(super) async fn write(self) -> Result<MergeOutcome, MergeError> {
        let staged = Staged::of(&self.merge.output)?;
        Ok(match self.fill(&staged).await? {
            Filled::Whole(manifest, checks, Seen { changed, control, reach }) => {
                let text = to_yaml(&manifest).unwrap_or_default();
                staged.file(MERGE_MANIFEST, |file| file.write_all(text.as_bytes()))?;
                staged.put(&self.merge.output, self.parts.is_some()).await?;
                self.parts.map_or(Ok(()), InParts::clear)?;
                let place = self.merge.output.clone();
                let gaps = self.survey.gaps.clone();
                let manifest = *manifest;
                let written = Written { place, manifest, gaps, checks, changed, control, reach };
                MergeOutcome::Written(Box::new(written))
            }
            Filled::Refused(outcome) => outcome,
        })
    }

    async fn fill(&self, staged: &Staged) -> Result<Filled, MergeError> {
        let dir = staged.dir();
        let fingerprint = self.fingerprint();
        let files = self.files(dir, &fingerprint);
        let tables: Vec<&TableSchema> = self.merge.wanted(self.runs, self.survey);
        let mut known = Known::of(Settings::of_all(self.runs.iter().map(|r| &r.run.manifest().config)));
        let mut rows = BTreeMap::new();
        let (mut conflicts, mut repeated) = (Kept::default(), Kept::default());
        for schema in &tables {
            let (count, facts, findings) = self.table(files, schema).await?;
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
            if let Some(path) = files.csv_path(schema) {
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
        session.register_merged(&dir.into(), manifest)?;
        Ok(Some(session))
    }

    /// The files of a table: written, or put together of those of parts.
    async fn table(&self, files: TableFiles<'_>, schema: &TableSchema) -> Result<WrittenTable, MergeError> {
        match self.parts {
            Some(parts) if schema.user().is_some() => parts.table(files, schema),
            _ => files.write(schema).await,
        }
    }

    fn files<'d>(&'d self, dir: &'d Path, fingerprint: &'d str) -> TableFiles<'d> {
        TableFiles {
            merge: self.merge,
            tables: self.tables,
            dir,
            is_complete: self.survey.gaps.is_empty(),
            fingerprint,
            part: None,
            parquet: self.merge.parquet(),
        }
    }

    fn fingerprint(&self) -> String {
        self.runs.first().map_or(String::new(), |r| r.run.manifest().config_fingerprint.clone())
    }

    fn schema_versions(&self) -> BTreeMap<String, u32> {
        let own =
            self.runs.iter().filter(|run| !run.is_imported).map(|run| &run.run.manifest().schema_versions);
        own.flatten().map(|(table, version)| (table.clone(), *version)).collect()
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
            sources: self.runs.iter().map(source).collect(),
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
            schema_versions: self.schema_versions(),
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

/// What is kept of a run.
fn source(run: &OpenRun) -> MergedRun {
    let manifest = run.run.manifest();
    let input = (!run.is_imported).then(|| manifest.input.clone());
    MergedRun { run_id: manifest.run_id.clone(), dir: run.place.to_string(), input }
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
