//! From lines to units: what belongs together, what stands twice, what became of it.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;
use super::error_log::Logged;
use super::finding::{Findings, Kind};
use super::layout::{self, ERROR_LOG};
use super::unit::LegacyUnit;
use crate::schema::Row;
use crate::store::UnitState;

/// Tables of a unit in the order in which they are written.
type Tables = Vec<(String, Vec<Row>)>;

/// Everything that is said of a unit.
#[derive(Debug, Default)]
struct Said {
    /// Different entries of one table and tau, in the order of the file.
    entries: BTreeMap<(&'static str, Option<i64>), Vec<Entry>>,
    logged: Vec<Logged>,
}

/// The units; one with rows that contradict each other comes as several attempts.
pub(super) fn assemble(
    entries: Vec<Entry>,
    logged: Vec<Logged>,
    modes: &[String],
    findings: &mut Findings,
) -> Vec<LegacyUnit> {
    let mut units: BTreeMap<(String, String), Said> = BTreeMap::new();
    for entry in entries {
        let unit = units.entry((entry.user_id.clone(), entry.feature_mode.clone())).or_default();
        take(unit.entries.entry((entry.table, entry.tau)).or_default(), entry, findings);
    }
    for entry in logged {
        for mode in modes_of(&entry, modes, findings) {
            let unit = units.entry((entry.user_id.clone(), mode)).or_default();
            let same = |other: &Logged| {
                (&other.method, other.tau, &other.error) == (&entry.method, entry.tau, &entry.error)
            };
            if unit.logged.iter().any(same) {
                let what = "the same error of the same unit again; one is kept";
                findings.add(ERROR_LOG.file, entry.line, Kind::RepeatedRow, what, "");
            } else {
                unit.logged.push(entry.clone());
            }
        }
    }
    units.into_iter().flat_map(|((user_id, mode), said)| said.units(&user_id, &mode, findings)).collect()
}

fn take(there: &mut Vec<Entry>, entry: Entry, findings: &mut Findings) {
    if there.iter().any(|other| other.rows == entry.rows) {
        let what = "the row appears more than once; one is kept";
        findings.add(entry.file, entry.line, Kind::RepeatedRow, what, "");
        return;
    }
    if let Some(first) = there.first() {
        let tau = entry.tau.map_or(String::new(), |tau| format!(", tau {tau}"));
        let what = format!(
            "another row of {} in {}{tau} than line {} has; both are kept",
            entry.user_id, entry.feature_mode, first.line
        );
        let remedy = "a merge stops and shows where they differ; --on-conflict first or latest chooses";
        findings.add(entry.file, entry.line, Kind::UnequalRows, what, remedy);
    }
    there.push(entry);
}

/// The modes an entry of the log is about: all of the user's if it does not say.
fn modes_of(entry: &Logged, modes: &[String], findings: &mut Findings) -> Vec<String> {
    if let Some(mode) = &entry.feature_mode {
        return vec![mode.clone()];
    }
    if modes.is_empty() {
        let what = "does not say which feature mode it is about, and no other file does; it is left out";
        findings.add(ERROR_LOG.file, entry.line, Kind::ModeUnknown, what, "");
    }
    modes.to_vec()
}

impl Said {
    fn units(self, user_id: &str, mode: &str, findings: &mut Findings) -> Vec<LegacyUnit> {
        let (state, reason) = self.end();
        if state == UnitState::Failed && self.logged.is_empty() {
            for entry in self.entries.values().flatten() {
                let what = format!("{user_id} in {mode} was begun and has no result");
                let remedy = "make its result again; the predecessor's resume would skip it";
                findings.add(entry.file, entry.line, Kind::Interrupted, what, remedy);
            }
        }
        let each = || self.entries.values().flatten();
        let n_samples = each().find_map(|e| e.n_samples).and_then(|n| n.try_into().ok());
        let k = each().find_map(|e| e.k).and_then(|k| k.try_into().ok());
        let attempts = self.entries.values().map(Vec::len).max().unwrap_or(1);
        (0..attempts)
            .map(|attempt| LegacyUnit {
                user_id: user_id.to_owned(),
                feature_mode: mode.to_owned(),
                attempt: attempt as u32,
                state,
                reason: reason.clone(),
                ended_by: self.logged.iter().rev().find(|e| e.ends_unit()).map(|e| e.error.clone()),
                n_samples,
                k,
                tables: self.tables(attempt, mode),
            })
            .collect()
    }

    /// What became of the unit. The log's word counts only where there is no result.
    fn end(&self) -> (UnitState, Option<String>) {
        let is_measure = |table: &str| layout::measures().any(|measure| measure.table == table);
        if self.entries.keys().any(|(table, _)| is_measure(table)) {
            return (UnitState::Ok, None);
        }
        if let Some(entry) = self.logged.iter().rev().find(|entry| entry.ends_unit()) {
            return (UnitState::Failed, Some(entry.error.clone()));
        }
        if let Some(entry) = self.logged.iter().find(|entry| entry.method.is_none()) {
            return (UnitState::Skipped, Some(entry.error.clone()));
        }
        if let Some(entry) = self.logged.first() {
            return (UnitState::Failed, Some(entry.error.clone()));
        }
        let tables: BTreeSet<&str> = self.entries.keys().map(|(table, _)| *table).collect();
        let tables: Vec<&str> = tables.into_iter().collect();
        (UnitState::Failed, Some(format!("interrupted: there is only {}", tables.join(" and "))))
    }

    /// The rows of an attempt: where there are fewer different rows than attempts, the last one.
    fn tables(&self, attempt: usize, mode: &str) -> Tables {
        let mut tables = Tables::new();
        for ((table, _), entries) in &self.entries {
            let Some(entry) = entries.get(attempt).or(entries.last()) else { continue };
            match tables.last_mut() {
                Some((last, rows)) if last == table => rows.extend(entry.rows.clone()),
                _ => tables.push(((*table).to_owned(), entry.rows.clone())),
            }
        }
        if !self.logged.is_empty() {
            tables.push((ERROR_LOG.table.to_owned(), self.logged.iter().map(|e| issue(e, mode)).collect()));
        }
        tables
    }
}

/// A unit that a quality rule leaves out has no method in the log, and is no error.
fn issue(entry: &Logged, mode: &str) -> Row {
    Row::new()
        .with("feature_mode", mode)
        .with("method", entry.method.as_deref().unwrap_or("GLOBAL"))
        .with("tau", entry.tau)
        .with("error", entry.error.as_str())
        .with("severity", if entry.method.is_some() { "error" } else { "warning" })
}
