//! The output directory: written beside its place, and put there when it is whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::gaps::Gap;
use super::{Merge, MergeError, MergeOutcome, staging_path};
use crate::check::{CheckResult, run_checks};
use crate::export::{CsvWriter, TableExport, csv_name, csv_sql, parquet_sql};
use crate::query::{MERGE_MANIFEST, MergeManifest, MergedRun, OpenRun, Session};

/// Version of the layout of an output.
const OUTPUT_FORMAT: u32 = 1;

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The directory.
    pub dir: PathBuf,
    /// Its manifest.
    pub manifest: MergeManifest,
    /// What is missing in a partial output.
    pub gaps: Vec<Gap>,
    /// Checks that were run and passed.
    pub checks: usize,
}

/// How far a staged output came.
enum Filled {
    /// It is in its place; so many checks passed.
    InPlace(Box<MergeManifest>, usize),
    /// Checks found something.
    Wrong(Vec<CheckResult>),
}

/// An output about to be written.
pub(super) struct Output<'a> {
    pub(super) merge: &'a Merge<'a>,
    pub(super) session: &'a Session,
    pub(super) runs: &'a [OpenRun],
    pub(super) gaps: Vec<Gap>,
}

impl Output<'_> {
    /// Writes the tables, checks what was written, and puts the directory into place.
    pub(super) async fn write(self, duplicates: u64) -> Result<MergeOutcome, MergeError> {
        let dir = staging_path(&self.merge.output);
        let created = fs::create_dir_all(&dir);
        created.map_err(|source| MergeError::Write { path: dir.clone(), source })?;
        let filled = self.fill(&dir, duplicates).await;
        if !matches!(filled, Ok(Filled::InPlace(..))) {
            let _ = fs::remove_dir_all(&dir);
        }
        Ok(match filled? {
            Filled::InPlace(manifest, checks) => {
                let dir = self.merge.output.clone();
                MergeOutcome::Written(Box::new(Written { dir, manifest: *manifest, gaps: self.gaps, checks }))
            }
            Filled::Wrong(checks) => MergeOutcome::Wrong(checks),
        })
    }

    async fn fill(&self, dir: &Path, duplicates: u64) -> Result<Filled, MergeError> {
        let rows = self.write_parquet(dir).await?;
        let manifest = self.manifest(duplicates, rows);
        let session = Session::empty()?;
        session.register_merged(dir, &manifest)?;
        let tables: Vec<_> = self.merge.definitions.schemas.iter().collect();
        let checks = run_checks(&session, &tables, self.merge.definitions).await?;
        if checks.iter().any(|c| !c.passed()) {
            return Ok(Filled::Wrong(checks));
        }
        for schema in &tables {
            if let Some(name) = csv_name(schema, !manifest.complete) {
                let sql = csv_sql(schema, self.merge.definitions)?;
                let path = dir.join(name);
                TableExport { session: &session, sql, path, metadata: Vec::new() }.csv().await?;
            }
        }
        if !manifest.complete {
            self.write_gaps(&dir.join("missing_units.csv"))?;
        }
        self.put_into_place(dir, &manifest)?;
        Ok(Filled::InPlace(Box::new(manifest), checks.len()))
    }

    async fn write_parquet(&self, dir: &Path) -> Result<BTreeMap<String, u64>, MergeError> {
        let partial = !self.gaps.is_empty();
        let mut rows = BTreeMap::new();
        for schema in self.merge.definitions.schemas.iter() {
            let metadata = vec![
                ("results.schema".to_owned(), schema.table.clone()),
                ("results.schema_version".to_owned(), schema.version.to_string()),
                ("results.complete".to_owned(), (!partial).to_string()),
                ("results.config_fingerprint".to_owned(), self.fingerprint()),
            ];
            let path = dir.join(format!("{}.parquet", schema.table));
            let sql = parquet_sql(schema);
            let count = TableExport { session: self.session, sql, path, metadata }.parquet().await?;
            rows.insert(schema.table.clone(), count);
        }
        Ok(rows)
    }

    fn put_into_place(&self, dir: &Path, manifest: &MergeManifest) -> Result<(), MergeError> {
        let text = serde_saphyr::to_string(manifest).unwrap_or_default();
        let path = dir.join(MERGE_MANIFEST);
        let put = || -> std::io::Result<()> {
            fs::write(&path, text)?;
            fs::File::open(&path)?.sync_all()?;
            fs::File::open(dir)?.sync_all()?;
            // An empty directory of that name may have been there.
            let _ = fs::remove_dir(&self.merge.output);
            fs::rename(dir, &self.merge.output)?;
            match self.merge.output.parent().filter(|p| !p.as_os_str().is_empty()) {
                Some(parent) => fs::File::open(parent)?.sync_all(),
                None => Ok(()),
            }
        };
        put().map_err(|source| MergeError::Write { path: self.merge.output.clone(), source })
    }

    fn fingerprint(&self) -> String {
        self.runs.first().map_or(String::new(), |r| r.run.manifest().config_fingerprint.clone())
    }

    fn manifest(&self, duplicates: u64, rows: BTreeMap<String, u64>) -> MergeManifest {
        let units: std::collections::HashSet<_> =
            self.runs.iter().flat_map(|r| r.run.expected()).map(|u| (&u.user_id, &u.feature_mode)).collect();
        let missing: std::collections::HashSet<_> = self
            .gaps
            .iter()
            .filter(|g| !g.user_id.is_empty())
            .map(|g| (&g.user_id, &g.feature_mode))
            .collect();
        let first = self.runs.first().map(|r| r.run.manifest());
        MergeManifest {
            format: OUTPUT_FORMAT,
            complete: self.gaps.is_empty(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            merged_at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            sources: self
                .runs
                .iter()
                .map(|r| MergedRun {
                    run_id: r.run.manifest().run_id.clone(),
                    dir: r.run.dir().display().to_string(),
                })
                .collect(),
            config_fingerprint: self.fingerprint(),
            seed: first.map_or(0, |m| m.seed),
            hour_bins: first.map_or(0, |m| m.config.hour_bins),
            fdr: first.map_or_else(crate::config::Fdr::default, |m| m.config.fdr.clone()),
            units: units.len() as u64,
            units_ok: (units.len() - missing.len().min(units.len())) as u64,
            duplicates,
            rows,
            tables: self.merge.definitions.schemas.own(),
        }
    }

    fn write_gaps(&self, path: &Path) -> Result<(), MergeError> {
        use arrow::array::{ArrayRef, StringArray};
        let texts = |f: &dyn Fn(&Gap) -> String| -> ArrayRef {
            std::sync::Arc::new(StringArray::from_iter_values(self.gaps.iter().map(f)))
        };
        let write = || -> std::io::Result<()> {
            let batch = arrow::record_batch::RecordBatch::try_from_iter([
                ("user_id", texts(&|g| g.user_id.clone())),
                ("feature_mode", texts(&|g| g.feature_mode.clone())),
                ("state", texts(&|g| g.kind.clone())),
                ("reason", texts(&|g| g.reason.clone())),
            ])
            .map_err(std::io::Error::other)?;
            let file = fs::File::create_new(path)?;
            let mut csv = CsvWriter::new(file, &["user_id", "feature_mode", "state", "reason"])?;
            csv.write(&batch)?;
            csv.into_inner().sync_all()
        };
        write().map_err(|source| MergeError::Write { path: path.to_owned(), source })
    }
}
