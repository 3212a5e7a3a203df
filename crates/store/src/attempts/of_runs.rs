//! The attempts of several runs together.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::damage::Damage;
use super::ledger::attempt;
use super::open::OpenRun;
use super::repeated::repeated;
use super::rule::{Attempt, Precedence, Role, roles};
use crate::sorted::{Choice, Choose};
use crate::store::{LedgerRow, StoreError};

/// What the attempts of several runs are to their units. Only those that do not count are kept: of millions, they
/// are few.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Attempts {
    others: Vec<FxHashMap<Box<str>, Role>>,
}

impl Attempts {
    /// Asks the rule about every unit. Of the ledgers, only rows of units that have several attempts are read,
    /// unless something is damaged.
    pub fn of(runs: &[OpenRun], by: Precedence, damage: &Damage) -> Result<Self, StoreError> {
        let mut found = Self::default();
        if !damage.is_empty() {
            let mut rows = Vec::new();
            for (run, open) in runs.iter().enumerate() {
                rows.extend(open.ledger()?.rows.iter().map(|row| (run, row)));
            }
            found.judge(rows, unit_of, |(run, row)| attempt(*run, row, damage), by);
        } else if let [only] = runs {
            let several: Vec<_> = only.index()?.several.iter().collect();
            found.judge(several, |one| one.unit(), |one| one.attempt(0), by);
        } else {
            let mut units = Vec::new();
            for run in runs {
                units.extend(run.index()?.units());
            }
            let twice = repeated(&units);
            let of_run = |open: &OpenRun| open.index()?.attempts_of(open.run.storage(), &twice);
            let several = runs.iter().map(of_run).collect::<Result<Vec<_>, _>>()?;
            let mut all = Vec::new();
            for (run, of_run) in several.iter().enumerate() {
                all.extend(of_run.iter().map(|one| (run, one)));
            }
            found.judge(all, |(_, one)| one.unit(), |(run, one)| one.attempt(*run), by);
        }
        Ok(found)
    }

    /// Units without rows, since what would count is damaged and nothing takes its place: run, row of the ledger, and
    /// which file is why.
    pub fn lost<'a>(
        runs: &'a [OpenRun],
        damage: &Damage,
    ) -> Result<Vec<(usize, &'a LedgerRow, String)>, StoreError> {
        let mut rows: Vec<(usize, &LedgerRow)> = Vec::new();
        for (run, open) in runs.iter().enumerate() {
            rows.extend(open.ledger()?.rows.iter().map(|row| (run, row)));
        }
        rows.sort_by_key(unit_of);
        let mut lost = Vec::new();
        for unit in rows.chunk_by(|a, b| unit_of(a) == unit_of(b)) {
            let attempts: Vec<Attempt<'_>> =
                unit.iter().map(|(run, row)| attempt(*run, row, damage)).collect();
            let roles = roles(&attempts, Precedence::Latest);
            if roles.counting().is_none()
                && let Some((run, row)) = unit.get(roles.first())
                && let Some(what) = damage.of_files(*run, &row.files)
            {
                lost.push((*run, *row, what));
            }
        }
        Ok(lost)
    }

    fn judge<'a, T: Send>(
        &mut self,
        mut rows: Vec<T>,
        unit: impl Fn(&T) -> (&'a str, &'a str) + Sync,
        attempt: impl Fn(&T) -> Attempt<'a>,
        by: Precedence,
    ) {
        rows.par_sort_by(|a, b| unit(a).cmp(&unit(b)));
        for unit in rows.chunk_by(|a, b| unit(a) == unit(b)) {
            let attempts: Vec<Attempt<'_>> = unit.iter().map(&attempt).collect();
            let roles = roles(&attempts, by);
            for (attempt, role) in attempts.iter().zip(roles.all()) {
                self.set(attempt.run, attempt.name, *role);
            }
            // Should a name be there twice, its rows are seen rather than lost.
            if let Some(counts) = roles.counting() {
                self.set(attempts[counts].run, attempts[counts].name, Role::Counts);
            }
        }
    }

    /// Writes down the role of an attempt.
    pub fn set(&mut self, run: usize, name: &str, role: Role) {
        if role == Role::Counts && self.all_count(run) {
            return;
        }
        if self.others.len() <= run {
            self.others.resize_with(run + 1, FxHashMap::default);
        }
        match role {
            Role::Counts => self.others[run].remove(name),
            role => self.others[run].insert(name.into(), role),
        };
    }

    /// The role of an attempt.
    pub fn role(&self, run: usize, name: &str) -> Role {
        self.others.get(run).and_then(|run| run.get(name)).copied().unwrap_or(Role::Counts)
    }

    /// Whether an attempt counts.
    pub fn counts(&self, run: usize, name: &str) -> bool {
        self.role(run, name) == Role::Counts
    }

    /// Whether every attempt of a run counts.
    pub fn all_count(&self, run: usize) -> bool {
        self.others.get(run).is_none_or(FxHashMap::is_empty)
    }

    /// The ledger rows of the attempts that count, by position, with the index of their run.
    pub fn counting(&self, runs: &[OpenRun]) -> Result<Vec<(usize, LedgerRow)>, StoreError> {
        let mut found = Vec::new();
        for (run, open) in runs.iter().enumerate() {
            let rows = open.ledger()?.rows.iter().filter(|row| self.counts(run, &row.attempt));
            found.extend(rows.map(|row| (run, row.clone())));
        }
        found.sort_by(|(_, a), (_, b)| {
            (a.position, &a.user_id, &a.feature_mode).cmp(&(b.position, &b.user_id, &b.feature_mode))
        });
        Ok(found)
    }

    /// As what a merge of sorted rows asks.
    pub fn choice(self) -> Arc<dyn Choice> {
        Arc::new(self)
    }
}

/// User and feature mode.
fn unit_of<'a>((_, row): &(usize, &'a LedgerRow)) -> (&'a str, &'a str) {
    (&row.user_id, &row.feature_mode)
}

impl Choice for Attempts {
    fn of(&self, run: usize, attempt: &str) -> Choose {
        match self.role(run, attempt) {
            Role::Counts => Choose::Take,
            Role::Duplicate => Choose::Compare,
            Role::Superseded | Role::Moved | Role::Damaged => Choose::Leave,
        }
    }

    fn takes_all(&self, run: usize) -> bool {
        self.all_count(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_forgotten_but_those_that_count() {
        let mut attempts = Attempts::default();
        let all =
            [("a", Role::Superseded), ("b", Role::Duplicate), ("c", Role::Counts), ("d", Role::Damaged)];
        for (name, role) in all {
            attempts.set(2, name, role);
        }
        assert!(all.iter().all(|(name, role)| attempts.role(2, name) == *role));
        assert!(attempts.all_count(0) && !attempts.all_count(2) && attempts.all_count(7));
        attempts.set(2, "a", Role::Counts);
        assert!(attempts.counts(2, "a"));
    }
}
