//! From shards to one table: same experiment? duplicates? complete? correct, check, export.

mod accepted;
mod calls;
mod finding;
mod output;
mod same;
mod survey;
mod tables;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::attempts::{OpenRun, Precedence};
use crate::check::CheckResult;
use crate::export::{ExportError, ExportFormat, is_free};
use crate::legacy::{Call, Finding};
use crate::schema::TableSchema;
use crate::sorted::{Difference, Findings, Repeated};
use crate::sql::{Definitions, Opened, QueryError, Session, SessionError, SourceError};
use crate::store::{Location, Run, StoreError};
use crate::tables::listed;
use survey::{Survey, unknown_files};
use tables::{Compare, Tables};

pub use accepted::{AcceptSkipped, NotSkipped};
pub use calls::ChangedCall;
pub use finding::{Conflict, Gap, Kept, Kind};
pub use output::Written;

/// What to do when two attempts of a unit differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Refuse, and show where they differ.
    Stop,
    /// Take the attempt that ended last.
    Latest,
    /// Take the attempt that ended first.
    First,
}

/// A merge.
#[derive(Debug)]
pub struct Merge<'a> {
    /// The runs.
    pub shards: Vec<Location>,
    /// Where the output goes; must not exist.
    pub output: PathBuf,
    /// Whether an output with gaps is written.
    pub allow_partial: bool,
    /// Skipped units that the output is complete without.
    pub accept_skipped: Option<AcceptSkipped>,
    /// What to do about differing duplicates.
    pub on_conflict: OnConflict,
    /// Formats that are written; none means all.
    pub formats: Vec<ExportFormat>,
    /// Tables that are written; none means all.
    pub only: Vec<String>,
    /// Users that must be there, besides those of the plans.
    pub expected: Option<Vec<String>>,
    /// Bytes that queries may take before they go on on the disk.
    pub memory: Option<u64>,
    /// The tables and queries.
    pub definitions: Definitions<'a>,
}

/// A merge that was carried out.
#[derive(Debug)]
#[must_use]
pub struct Merged {
    /// How it ended.
    pub outcome: MergeOutcome,
    /// Units of the plans.
    pub units: u64,
    /// Those that are ok, and whose files are whole.
    pub units_ok: u64,
    /// Attempts of units that have another one.
    pub duplicates: u64,
    /// What is worth knowing and keeps nothing from being complete.
    pub notes: Vec<String>,
    /// What was noticed while the predecessor's directories were read.
    pub legacy: Vec<Finding>,
}

/// How a merge ended.
#[derive(Debug)]
#[must_use]
pub enum MergeOutcome {
    /// The output is there.
    Written(Box<Written>),
    /// Units are missing; nothing was written.
    Incomplete(Vec<Gap>),
    /// Attempts have several rows of one key; nothing was written.
    Repeated(Kept<Gap>),
    /// Duplicates differ; nothing was written.
    Conflicting(Kept<Conflict>),
    /// Checks found something; nothing was written.
    Wrong(Vec<CheckResult>),
}

/// A merge that could not be carried out.
#[derive(Debug, Error)]
pub enum MergeError {
    /// The output is there already.
    #[error("{} exists already\n(hint: name a new directory, or remove it first)", .0.display())]
    OutputExists(PathBuf),
    /// A directory is a merged output.
    #[error("{} is itself an output of `results merge`\n(hint: name the run directories)", .0.display())]
    NotARun(PathBuf),
    /// The same directory twice.
    #[error("{} is named twice", .0.display())]
    Twice(PathBuf),
    /// The runs are of different experiments.
    #[error(
        "{one} and {other} are not of the same experiment:\n{differences}\n(hint: merge only shards that were run with one configuration and one seed)"
    )]
    Different {
        /// A run.
        one: String,
        /// Another.
        other: String,
        /// One line a difference.
        differences: String,
    },
    /// Other units are skipped than those that were accepted.
    #[error(transparent)]
    NotSkipped(#[from] NotSkipped),
    /// The output could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A directory cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A query failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A query file cannot be used.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A table could not be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl MergeError {
    /// What programs read; never changes its meaning.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutputExists(_) => "M20",
            Self::NotARun(_) => "M21",
            Self::Twice(_) => "M22",
            Self::Different { .. } => "M23",
            Self::Write { .. } | Self::Export(_) => "M24",
            Self::Source(_) | Self::Store(_) => "M25",
            Self::Session(_) | Self::Query(_) => "M26",
            Self::NotSkipped(_) => "M27",
        }
    }
}

impl Merge<'_> {
    /// Does the merge. An output directory is whole or absent.
    pub async fn run(&self) -> Result<Merged, MergeError> {
        if !is_free(&self.output) {
            return Err(MergeError::OutputExists(self.output.clone()));
        }
        let Opened { runs, legacy, calls, folder: _folder, .. } = self.open()?;
        same::same_experiment(&runs)?;
        let precedence =
            if self.on_conflict == OnConflict::First { Precedence::First } else { Precedence::Latest };
        let mut survey = Survey::of(&runs, precedence, self.definitions.schemas)?;
        if let Some(users) = &self.expected {
            survey.expect(users, &runs)?;
        }
        if let Some(accept) = &self.accept_skipped {
            survey.accepted = accept.take(&mut survey.gaps)?;
        }
        let (units, units_ok, duplicates) = (survey.units, survey.units_ok, survey.duplicates);
        let notes = std::mem::take(&mut survey.notes);
        let outcome = self.write(&runs, &mut survey, &calls).await?;
        Ok(Merged { outcome, units, units_ok, duplicates, notes, legacy })
    }

    async fn write(
        &self,
        runs: &[OpenRun],
        survey: &mut Survey,
        calls: &[(String, Call)],
    ) -> Result<MergeOutcome, MergeError> {
        if !survey.gaps.is_empty() && !self.allow_partial {
            return Ok(MergeOutcome::Incomplete(std::mem::take(&mut survey.gaps)));
        }
        let conflicts = std::mem::take(&mut survey.conflicts);
        if !conflicts.is_empty() && self.on_conflict == OnConflict::Stop {
            return Ok(MergeOutcome::Conflicting(conflicts.into_iter().collect()));
        }
        let tables = Tables::new(runs, survey, self.memory, self.definitions).await?;
        output::Output { merge: self, tables: &tables, runs, survey, calls }.write().await
    }

    /// The tables that are written: those that the runs plan or have, unless some are named.
    fn wanted(&self, runs: &[OpenRun], survey: &Survey) -> Vec<&TableSchema> {
        let schemas = self.definitions.schemas;
        let manifests: Vec<_> = runs.iter().map(|run| run.run.manifest()).collect();
        let there = listed(schemas, &manifests, |table| survey.has(table));
        let is_wanted = |s: &&TableSchema| {
            if self.only.is_empty() { there.contains(&s.table) } else { self.only.contains(&s.table) }
        };
        schemas.iter().filter(is_wanted).collect()
    }

    fn csv(&self) -> bool {
        self.formats.is_empty() || self.formats.contains(&ExportFormat::Csv)
    }

    fn parquet(&self) -> bool {
        self.formats.is_empty() || self.formats.contains(&ExportFormat::Parquet)
    }

    fn open(&self) -> Result<Opened, MergeError> {
        let mut seen = std::collections::BTreeSet::new();
        for place in &self.shards {
            let name = PathBuf::from(place.to_string());
            let full = place.folder().and_then(|dir| dir.canonicalize().ok());
            if !seen.insert(full.unwrap_or_else(|| name.clone())) {
                return Err(MergeError::Twice(name));
            }
        }
        let opened = Opened::of(&self.shards, self.expected.as_deref(), self.definitions.schemas)?;
        match opened.merged.first() {
            Some((dir, _)) => Err(MergeError::NotARun(dir.clone())),
            None => Ok(opened),
        }
    }
}

/// One run, and everything that is wrong with it.
#[derive(Debug)]
pub struct Examined {
    /// Its merged tables, in memory.
    pub session: Session,
    /// What keeps it from being complete.
    pub gaps: Vec<Gap>,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
    /// Values in which attempts of a unit differ.
    pub differing: Kept<Gap>,
    /// Keys of which an attempt has several rows.
    pub repeated: Kept<Gap>,
}

/// Looks through one run, for `validate`.
pub async fn examine(run: Run, definitions: Definitions<'_>) -> Result<Examined, MergeError> {
    let only = run.manifest().only_shards.clone();
    let runs = vec![OpenRun::new(run)];
    let mut survey = Survey::of(&runs, Precedence::Latest, definitions.schemas)?;
    let mut gaps = std::mem::take(&mut survey.gaps);
    let notes = std::mem::take(&mut survey.notes);
    // The other shards' users are not expected in the directory of one shard.
    gaps.retain(|gap| !gap.kind.is_missing() || only.is_empty() || only.contains(&gap.shard));
    gaps.extend(unknown_files(&runs, &survey)?);
    let mut conflicts: Kept<Conflict> = std::mem::take(&mut survey.conflicts).into_iter().collect();
    let mut repeated = Kept::default();
    let tables = Tables::new(&runs, &survey, None, definitions).await?;
    for schema in definitions.schemas.data_tables() {
        let Some(mut rows) = tables.rows(schema, Compare::Duplicates)? else { continue };
        while rows.next_rows()?.is_some() {}
        let findings = rows.findings();
        conflicts.extend(conflicts_of(schema, &findings));
        repeated.extend(repeated_of(schema, &findings));
    }
    tables.session.materialize(definitions).await?;
    Ok(Examined { session: tables.session, gaps, notes, differing: conflicts.map(Gap::from), repeated })
}

/// Where duplicates of a table differ.
fn conflicts_of(schema: &TableSchema, findings: &Findings) -> Kept<Conflict> {
    let conflict = |d: &Difference| Conflict { table: schema.table.clone(), difference: d.clone() };
    let kept = findings.differences.iter().map(conflict).collect();
    Kept::of(&schema.table, kept, findings.differing)
}

/// Keys of a table of which several rows count.
fn repeated_of(schema: &TableSchema, findings: &Findings) -> Kept<Gap> {
    let gap = |r: &Repeated| Gap {
        user_id: r.user_id.clone(),
        feature_mode: String::new(),
        shard: 0,
        kind: Kind::KeyTwice,
        reason: format!("table {}, {}: {}", schema.table, r.row_key, r.sources.join(" and ")),
    };
    Kept::of(&schema.table, findings.repeated.iter().map(gap).collect(), findings.repeating)
}

/// The path an output is written under until it is whole.
/// Where a process makes an output before it is put into its place.
pub(crate) fn staging_path(output: &Path, process: u32) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(format!(".staging-{process}"));
    output.with_file_name(name)
}
