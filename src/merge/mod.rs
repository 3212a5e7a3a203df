//! From shards to one table: same experiment? duplicates? complete? correct, check, export.

mod conflicts;
mod gaps;
mod output;
mod same;
mod verify;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::check::CheckResult;
use crate::export::{ExportError, is_free};
use crate::query::{
    Definitions, OpenRun, Precedence, QueryError, Session, SessionError, Source, SourceError,
};
use crate::store::{Run, StoreError};

pub use conflicts::Conflict;
pub use gaps::Gap;
pub use output::Written;

/// What to do when two attempts of a unit differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
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
    /// The run directories.
    pub shards: Vec<PathBuf>,
    /// Where the output goes; must not exist.
    pub output: PathBuf,
    /// Whether an output with gaps is written.
    pub allow_partial: bool,
    /// What to do about differing duplicates.
    pub on_conflict: OnConflict,
    /// The tables and queries.
    pub definitions: Definitions<'a>,
}

/// How a merge ended.
#[derive(Debug)]
#[must_use]
pub enum MergeOutcome {
    /// The output is there.
    Written(Box<Written>),
    /// Units are missing; nothing was written.
    Incomplete(Vec<Gap>),
    /// Duplicates differ; nothing was written.
    Conflicting(Vec<Conflict>),
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

impl Merge<'_> {
    /// Does the merge. An output directory is whole or absent.
    pub async fn run(&self) -> Result<MergeOutcome, MergeError> {
        if !is_free(&self.output) {
            return Err(MergeError::OutputExists(self.output.clone()));
        }
        let runs = self.open()?;
        same::same_experiment(&runs)?;
        let session = Session::empty()?;
        let precedence =
            if self.on_conflict == OnConflict::First { Precedence::First } else { Precedence::Latest };
        let attempts = session.register_runs(&runs, precedence, self.definitions).await?;

        let mut found = gaps::missing_units(&session, &runs, self.definitions).await?;
        let broken = verify::broken_files(&runs, &attempts);
        found.extend(gaps::broken_units(&broken));
        found.extend(gaps::wrong_counts(&session, self.definitions).await?);
        found.extend(gaps::corrupt_ledger(&runs));
        if !found.is_empty() && !self.allow_partial {
            return Ok(MergeOutcome::Incomplete(found));
        }
        if !broken.is_empty() {
            // What is broken cannot be read; the rest is the partial result.
            let whole = gaps::without(&attempts, &broken);
            session.register_winners(&runs, &whole, self.definitions).await?;
        }
        if !attempts.duplicates.is_empty() && self.on_conflict == OnConflict::Stop {
            let conflicts = conflicts::find(&session, &runs, &attempts, &broken, self.definitions).await?;
            if !conflicts.is_empty() {
                return Ok(MergeOutcome::Conflicting(conflicts));
            }
        }
        let output = output::Output { merge: self, session: &session, runs: &runs, gaps: found };
        output.write(attempts.duplicates.len() as u64).await
    }

    fn open(&self) -> Result<Vec<OpenRun>, MergeError> {
        let mut seen = std::collections::BTreeSet::new();
        let mut runs = Vec::new();
        for dir in &self.shards {
            if !seen.insert(dir.canonicalize().unwrap_or_else(|_| dir.clone())) {
                return Err(MergeError::Twice(dir.clone()));
            }
            match Source::open(dir)? {
                Source::Run(run) => runs.push(*run),
                Source::Merged(dir, _) => return Err(MergeError::NotARun(dir)),
            }
        }
        Ok(runs)
    }
}

/// Gaps and broken files of one run, for `validate`.
pub async fn gaps_of_run(run: Run, definitions: Definitions<'_>) -> Result<(Session, Vec<Gap>), MergeError> {
    let only = run.manifest().only_shards.clone();
    let runs = vec![OpenRun::new(run)?];
    let session = Session::empty()?;
    let attempts = session.register_runs(&runs, Precedence::Latest, definitions).await?;
    let mut found = gaps::missing_units(&session, &runs, definitions).await?;
    // The other shards' users are not expected in the directory of one shard.
    found.retain(|gap| only.is_empty() || only.contains(&gap.shard));
    let broken = verify::broken_files(&runs, &attempts);
    found.extend(gaps::broken_units(&broken));
    found.extend(gaps::wrong_counts(&session, definitions).await?);
    found.extend(gaps::corrupt_ledger(&runs));
    found.extend(verify::unknown_files(&runs)?);
    if !broken.is_empty() {
        let whole = gaps::without(&attempts, &broken);
        session.register_winners(&runs, &whole, definitions).await?;
    }
    let conflicts = conflicts::find(&session, &runs, &attempts, &broken, definitions).await?;
    found.extend(conflicts.into_iter().map(Gap::from));
    session.materialize(definitions).await?;
    Ok((session, found))
}

/// The path an output is written under until it is whole.
fn staging_path(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(format!(".staging-{}", std::process::id()));
    output.with_file_name(name)
}
