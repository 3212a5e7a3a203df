//! Directories of the predecessor as runs of this program.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::LegacyError;
use super::finding::{Finding, Findings, Kind};
use super::plan::{ALL, Plan};
use super::shard::LegacyShard;
use super::unit::LegacyUnit;
use crate::config::Config;
use crate::schema::Schemas;
use crate::store::{LedgerRow, NewRun, Prepared, Run, UnitState, commit_group};

/// What the ledger says of who made the numbers.
const ENGINE: &str = "predecessor";

/// Imported directories.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Imported {
    /// A run directory for each, in their order.
    pub runs: Vec<PathBuf>,
    /// What is wrong with the directories together; what is wrong with each is in its
    /// [`LegacyShard::findings`].
    pub findings: Vec<Finding>,
}

/// Writes each directory as a run below `into`, all with one plan: the users that any of them names and those
/// of `expected`, in every feature mode. What is missing is then missing for `merge`.
///
/// Without `expected`, a shard that the names speak of and that no directory has stands in the plan as one
/// unknown user.
///
/// # Errors
/// The runs cannot be written.
pub(crate) fn import(
    dirs: &[LegacyShard],
    into: &Path,
    expected: Option<&[String]>,
    schemas: &Schemas,
) -> Result<Imported, LegacyError> {
    let mut findings = Findings::default();
    let plan = Plan::of(dirs, expected, &mut findings)?;
    if plan.units.is_empty() {
        return Err(nothing(dirs));
    }
    let complete = complete_units(dirs, &plan);
    let mut runs = Vec::new();
    for (place, dir) in dirs.iter().enumerate() {
        let path = free(into, &dir.name, &runs);
        let one = Import { plan: &plan, complete: &complete, schemas, dir, place };
        one.write(&path, &mut findings)?;
        runs.push(path);
    }
    Ok(Imported { runs, findings: findings.into_vec() })
}

/// Of directories without a single result it is told what is wrong with their files.
fn nothing(dirs: &[LegacyShard]) -> LegacyError {
    let names: Vec<String> = dirs.iter().map(|dir| dir.dir.display().to_string()).collect();
    let is_cause = |finding: &&Finding| finding.kind.loses_rows() || finding.kind == Kind::Header;
    let causes = dirs.iter().flat_map(|dir| &dir.findings).filter(is_cause);
    let causes: Vec<String> =
        causes.take(5).map(|finding| format!("\n  {}: {}", finding.file, finding.what)).collect();
    LegacyError::Nothing { dirs: names.join(", "), causes: causes.concat() }
}

/// Directories may have one name in different folders.
fn free(into: &Path, name: &str, taken: &[PathBuf]) -> PathBuf {
    let numbered = (2..).map(|n| into.join(format!("{name}_{n}")));
    let mut names = std::iter::once(into.join(name)).chain(numbered);
    names.find(|path| !taken.contains(path)).unwrap_or_else(|| into.join(name))
}

/// A directory that has each unit whole.
type Complete<'a> = BTreeMap<(&'a str, &'a str), &'a str>;

fn complete_units<'a>(dirs: &'a [LegacyShard], plan: &Plan) -> Complete<'a> {
    let mut complete = Complete::new();
    for dir in dirs {
        for unit in dir.units.iter().filter(|u| u.state == UnitState::Ok && plan.is_complete(u)) {
            complete.entry((&unit.user_id, &unit.feature_mode)).or_insert(&dir.name);
        }
    }
    complete
}

/// One directory on its way into a run.
struct Import<'a> {
    plan: &'a Plan,
    complete: &'a Complete<'a>,
    schemas: &'a Schemas,
    dir: &'a LegacyShard,
    place: usize,
}

impl Import<'_> {
    fn write(&self, path: &Path, findings: &mut Findings) -> Result<(), LegacyError> {
        let config = self.config();
        let new = NewRun {
            config: &config,
            units: self.plan.units.clone(),
            shards: self.plan.shards,
            only_shards: if self.plan.shards > 1 { vec![self.plan.own[self.place]] } else { Vec::new() },
            schemas: self.schemas,
            data_folder: self.dir.dir.display().to_string(),
            control: None,
        };
        let run = Run::create_or_join(path, &new)?;
        let places: BTreeMap<&str, (u64, u32)> =
            self.plan.units.iter().map(|u| (u.user_id.as_str(), (u.position, u.shard))).collect();
        let mut units = Vec::new();
        for unit in &self.dir.units {
            let place = places.get(unit.user_id.as_str()).copied().unwrap_or_default();
            let row = self.ledger_row(&run, unit, place, findings);
            units.push(Prepared::new(self.schemas, row, &unit.tables)?);
        }
        commit_group(&run, self.schemas, units, run.manifest().buckets.unwrap_or(1))?;
        run.close_if_complete()?;
        Ok(())
    }

    fn config(&self) -> Config {
        let mut config = self.plan.configs[self.place].clone();
        config.name.clone_from(&self.dir.name);
        // Units are written together, which is much faster and reads the same.
        config.runtime.user_folders = Some(0);
        config
    }

    fn ledger_row(
        &self,
        run: &Run,
        unit: &LegacyUnit,
        (position, shard): (u64, u32),
        findings: &mut Findings,
    ) -> LedgerRow {
        let (state, reason) = self.state(unit, findings);
        // Only the order matters: of two rows of one directory, the one further down is the later one.
        let ended_us = self.dir.ended_us.unwrap_or(0) + i64::from(unit.attempt);
        LedgerRow {
            user_id: unit.user_id.clone(),
            feature_mode: unit.feature_mode.clone(),
            shard,
            position,
            attempt: attempt(&self.dir.name, unit),
            state,
            reason,
            n_samples: unit.n_samples,
            k: unit.k,
            started_us: ended_us,
            finished_us: ended_us,
            peak_memory_bytes: None,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: ENGINE.to_owned(),
            config_fingerprint: run.manifest().config_fingerprint.clone(),
            input_fingerprint: None,
            files: Vec::new(),
        }
    }

    /// An incomplete unit stays `ok`, and `merge` counts its rows, unless it is known what ended it, or
    /// another directory has it whole: then it is no second result that could contradict the first.
    fn state(&self, unit: &LegacyUnit, findings: &mut Findings) -> (UnitState, Option<String>) {
        if unit.state != UnitState::Ok || self.plan.is_complete(unit) {
            return (unit.state, unit.reason.clone());
        }
        let (user, mode) = (unit.user_id.as_str(), unit.feature_mode.as_str());
        if let Some(other) = self.complete.get(&(user, mode)) {
            let what = format!(
                "{user} in {mode} is incomplete in {} and does not count: {other} has it whole",
                self.dir.name
            );
            findings.add(ALL, 0, Kind::Superseded, what, "");
            return (UnitState::Failed, Some(format!("incomplete here, whole in {other}")));
        }
        match &unit.ended_by {
            Some(error) => (UnitState::Failed, Some(error.clone())),
            None => (UnitState::Ok, None),
        }
    }
}

/// The same for the same directory, whenever it is imported.
fn attempt(dir: &str, unit: &LegacyUnit) -> String {
    let parts = (dir, &unit.user_id, &unit.feature_mode);
    let hash = blake3::hash(format!("{parts:?}").as_bytes()).to_hex();
    format!("legacy-{}-{}", &hash[..12], unit.attempt)
}
