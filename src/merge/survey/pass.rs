//! One pass over plan and ledger, unit by unit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Survey;
use crate::attempts::{
    Damage, Holding, LedgerUnit, Ledgers, OpenRun, Planned, Precedence, Role, Roles, StreamedAttempt,
    each_unit,
};
use crate::merge::error::MergeError;
use crate::merge::finding::{Conflict, Gap, Kind};
use crate::run::status;
use crate::schema::{Schemas, TableSchema};
use crate::sorted::Difference;
use crate::store::{Assignment, StoreError, UnitState, parse_path};

/// Goes through plan and ledger, and reads every data file once to see whether it is whole.
pub(in crate::merge) fn survey(
    runs: &[OpenRun],
    precedence: Precedence,
    schemas: &Schemas,
) -> Result<Survey, MergeError> {
    survey_with(runs, precedence, schemas, None, |first| Ok(first.found.files.verify(runs, schemas)))
}

/// The same, where somebody else looks at the data files: after a first pass over plan and ledger, of which it is given what
/// was seen; or after none, if another process has seen the same.
pub(in crate::merge) fn survey_with(
    runs: &[OpenRun],
    precedence: Precedence,
    schemas: &Schemas,
    seen: Option<Seen>,
    verify: impl FnOnce(&mut Seen) -> Result<Damage, MergeError>,
) -> Result<Survey, MergeError> {
    let users: &TableSchema = schemas.ledger().map_err(StoreError::from)?;
    let mut ledgers = Ledgers::open(runs, users)?;
    let none = Damage::default();
    let mut first = match seen {
        Some(seen) => {
            ledgers.without_all(seen.corrupt.clone());
            seen
        }
        None => readable_pass(runs, precedence, &mut ledgers, &none)?,
    };
    let damage = verify(&mut first)?;
    if damage.is_empty() {
        return first.finish(runs, ledgers, none);
    }
    // Which units the damaged files belong to is asked only when there are any. It finds the same files.
    let mut second = readable_pass(runs, precedence, &mut ledgers, &damage)?;
    second.found.files = first.found.files;
    second.finish(runs, ledgers, damage)
}

/// A pass over all ledger files that can be read; one that cannot is taken out and told.
fn readable_pass(
    runs: &[OpenRun],
    precedence: Precedence,
    ledgers: &mut Ledgers,
    damage: &Damage,
) -> Result<Seen, MergeError> {
    loop {
        match Pass::run(runs, precedence, ledgers, damage) {
            Err(StoreError::Damaged { file, what }) if ledgers.without(&file, &what) => {}
            seen => return Ok(Seen { corrupt: ledgers.corrupt.clone(), ..seen? }),
        }
    }
}

/// What a pass over plan and ledger has seen. Processes that share a merge hand it on to each other.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::merge) struct Seen {
    pub(in crate::merge) found: Survey,
    /// Position of the unit of each gap.
    positions: Vec<u64>,
    /// Units by what their numbers are made of.
    bases: Vec<([String; 2], u64)>,
    /// Files of the ledger that cannot be read: index of the run, path and cause.
    corrupt: Vec<(usize, String, String)>,
}

/// One pass over plan and ledger.
struct Pass<'a> {
    runs: &'a [OpenRun],
    damage: &'a Damage,
    seen: Seen,
}

impl<'a> Pass<'a> {
    fn run(
        runs: &'a [OpenRun],
        precedence: Precedence,
        ledgers: &Ledgers,
        damage: &'a Damage,
    ) -> Result<Seen, StoreError> {
        let mut pass = Self { runs, damage, seen: Seen::default() };
        each_unit(runs, ledgers, (precedence, damage), |unit| pass.unit(&unit))?;
        Ok(pass.seen)
    }

    /// A unit of the plan, of the ledger, or of both.
    fn unit(&mut self, unit: &LedgerUnit<'_>) -> Result<(), StoreError> {
        if let Some(roles) = &unit.roles {
            self.write_down(unit, roles);
        }
        let Some(planned) = unit.planned else {
            self.not_in_plan(unit);
            return Ok(());
        };
        self.seen.found.units += 1;
        let Some(roles) = &unit.roles else {
            self.missing(planned, Kind::NeverStarted, String::new());
            return Ok(());
        };
        let Some(counting) = roles.counting() else {
            let (attempt, holding) = (&unit.attempts[roles.first()], unit.holdings[roles.first()]);
            let fault = self.fault(attempt, holding).unwrap_or_default();
            self.gap(Some(planned), attempt, Kind::BrokenFile, fault);
            return Ok(());
        };
        let (attempt, holding) = (&unit.attempts[counting], unit.holdings[counting]);
        self.seen.found.add_rows(holding.rows.iter().map(|(table, rows)| (table.as_str(), *rows)));
        for (place, role) in roles.all().iter().enumerate() {
            let (other, others) = (&unit.attempts[place], unit.holdings[place]);
            if *role == Role::Duplicate {
                self.seen.found.duplicates += 1;
                self.same_counts((attempt, holding), (other, others));
            } else if *role == Role::Damaged
                && let Some(fault) = self.fault(other, others)
            {
                let (user, run) = (planned.user_id, other.run_name);
                self.seen
                    .found
                    .notes
                    .push(format!("{fault} ({run}); another attempt of user {user} is whole and counts"));
            }
        }
        let gaps_before = self.seen.found.gaps.len();
        self.counting(planned, attempt, holding)?;
        self.seen.found.units_ok += u64::from(self.seen.found.gaps.len() == gaps_before);
        Ok(())
    }

    /// Writes down what the attempts are, and their files.
    fn write_down(&mut self, unit: &LedgerUnit<'_>, roles: &Roles) {
        for ((attempt, holding), role) in unit.attempts.iter().zip(unit.holdings).zip(roles.all()) {
            self.seen.found.attempts.set(attempt.run, attempt.name, *role);
            if *role == Role::Moved {
                self.seen.found.files.add_moved(attempt, holding);
            } else {
                self.seen.found.files.add(attempt, holding);
            }
        }
        // Should a name be there twice, its rows are seen rather than lost.
        if let Some(counts) = roles.counting().map(|place| &unit.attempts[place]) {
            self.seen.found.attempts.set(counts.run, counts.name, Role::Counts);
        }
    }

    fn not_in_plan(&mut self, unit: &LedgerUnit<'_>) {
        for attempt in unit.attempts {
            if self.seen.found.attempts.role(attempt.run, attempt.name) == Role::Moved {
                continue;
            }
            self.seen.found.attempts.set(attempt.run, attempt.name, Role::Superseded);
            let place = format!("attempt {} of {}", attempt.name, attempt.run_name);
            self.gap(None, attempt, Kind::NotInPlan, place);
        }
    }

    /// The attempt that counts: did it end well, where it belongs, with all its rows?
    fn counting(
        &mut self,
        planned: Planned<'_>,
        attempt: &StreamedAttempt<'_>,
        holding: &Holding,
    ) -> Result<(), StoreError> {
        match attempt.state {
            UnitState::Failed => self.missing(planned, Kind::Failed, attempt.reason.to_owned()),
            UnitState::Skipped => self.missing(planned, Kind::Skipped, attempt.reason.to_owned()),
            UnitState::Ok => {
                let rows = planned.rows()?;
                for (table, expected) in rows.iter() {
                    let found = holding.rows_of(table);
                    if found != *expected {
                        let reason = format!("table {table}: {found} rows, {expected} were planned");
                        self.missing(planned, Kind::WrongRowCount, reason);
                    }
                }
                if !self.runs[attempt.run].is_imported {
                    self.note_basis(attempt);
                }
            }
        }
        // Runs may have planned their shards differently; each keeps to its own plan.
        let shards = self.runs[attempt.run].run.manifest().shards.max(1);
        if u64::from(attempt.shard) != attempt.position % u64::from(shards) {
            let reason = format!(
                "its files are in shard {} of {}; position {} of {shards} shards belongs into shard {}",
                attempt.shard,
                attempt.run_name,
                attempt.position,
                attempt.position % u64::from(shards)
            );
            self.missing(planned, Kind::WrongShard, reason);
        }
        Ok(())
    }

    fn note_basis(&mut self, attempt: &StreamedAttempt<'_>) {
        let [config, engine] = attempt.made_by();
        match self.seen.bases.iter_mut().find(|(basis, _)| basis[0] == config && basis[1] == engine) {
            Some((_, units)) => *units += 1,
            None => self.seen.bases.push(([config.to_owned(), engine.to_owned()], 1)),
        }
    }

    fn same_counts(
        &mut self,
        one: (&StreamedAttempt<'_>, &Holding),
        other: (&StreamedAttempt<'_>, &Holding),
    ) {
        let planned = &self.runs[other.0.run].run.manifest().schema_versions;
        // A run of before a table was thought of has none of its rows.
        for (table, rows) in one.1.rows.iter().filter(|(table, _)| planned.contains_key(table.as_str())) {
            let others = other.1.rows_of(table);
            if one.1.rows_of(table) != others {
                let difference = Difference {
                    user_id: one.0.user_id.to_owned(),
                    row_key: format!("feature_mode {}", one.0.feature_mode),
                    column: "(number of rows)".into(),
                    one: rows.to_string(),
                    other: others.to_string(),
                    one_source: format!("{} {}", one.0.run_name, one.0.name),
                    other_source: format!("{} {}", other.0.run_name, other.0.name),
                };
                self.seen.found.conflicts.push(Conflict { table: table.clone(), difference });
            }
        }
    }

    /// Why the files of an attempt cannot be used.
    fn fault(&self, attempt: &StreamedAttempt<'_>, holding: &Holding) -> Option<String> {
        self.damage.of_files(attempt.run, holding.files())
    }

    fn missing(&mut self, planned: Planned<'_>, kind: Kind, reason: String) {
        self.seen.positions.push(planned.position);
        self.seen.found.gaps.push(Gap {
            user_id: planned.user_id.to_owned(),
            feature_mode: planned.feature_mode.to_owned(),
            shard: planned.shard,
            kind,
            reason,
        });
    }

    fn gap(
        &mut self,
        planned: Option<Planned<'_>>,
        attempt: &StreamedAttempt<'_>,
        kind: Kind,
        reason: String,
    ) {
        self.seen.positions.push(planned.map_or(u64::MAX, |p| p.position));
        self.seen.found.gaps.push(Gap {
            user_id: attempt.user_id.to_owned(),
            feature_mode: attempt.feature_mode.to_owned(),
            shard: attempt.shard,
            kind,
            reason,
        });
    }
}

impl Seen {
    fn finish(self, runs: &[OpenRun], ledgers: Ledgers, damage: Damage) -> Result<Survey, MergeError> {
        let mut found = self.found;
        let mut gaps: Vec<(u64, Gap)> = self.positions.into_iter().zip(found.gaps).collect();
        gaps.sort_by(|a, b| (a.0, &a.1.feature_mode).cmp(&(b.0, &b.1.feature_mode)));
        found.gaps = gaps.into_iter().map(|(_, gap)| gap).collect();
        say_why_not_started(&mut found.gaps, runs)?;
        found.gaps.extend(mixed_estimators(&self.bases));
        found.gaps.extend(ledgers.corrupt.iter().map(|(run, path, cause)| Gap {
            user_id: String::new(),
            feature_mode: String::new(),
            shard: parse_path(path).map_or(0, |(_, shard, _)| shard),
            kind: Kind::CorruptLedger,
            reason: format!("{}/{path} {cause}", runs[*run].place),
        }));
        found.files = found.files.with(ledgers, &damage);
        found.damage = damage;
        Ok(found)
    }
}

/// What the workers of the shards do, as far as the status files tell.
fn say_why_not_started(gaps: &mut [Gap], runs: &[OpenRun]) -> Result<(), MergeError> {
    if gaps.iter().all(|gap| gap.kind != Kind::NeverStarted) {
        return Ok(());
    }
    let mut states = BTreeMap::new();
    for run in runs {
        let now = status(&run.run)?;
        for shard in now.shards {
            let kind = Kind::of_worker(&shard.state);
            if ![Kind::NeverStarted, Kind::Incomplete].contains(&kind) {
                let reason = shard.last_error.unwrap_or_default();
                let share = Assignment { index: shard.shard, of: now.of };
                states.extend(run.run.shards_of(share).into_iter().map(|of| (of, (kind, reason.clone()))));
            }
        }
    }
    for gap in gaps.iter_mut().filter(|gap| gap.kind == Kind::NeverStarted) {
        if let Some((kind, reason)) = states.get(&gap.shard) {
            (gap.kind, gap.reason) = (*kind, reason.clone());
        }
    }
    Ok(())
}

/// Numbers of different estimators do not belong into one table.
fn mixed_estimators(bases: &[([String; 2], u64)]) -> Option<Gap> {
    if bases.len() < 2 {
        return None;
    }
    let told = |([config, engine], units): &([String; 2], u64)| {
        format!("{units} units by {engine} with configuration {}", &config[..config.len().min(12)])
    };
    Some(Gap {
        user_id: String::new(),
        feature_mode: String::new(),
        shard: 0,
        kind: Kind::MixedEstimators,
        reason: bases.iter().map(told).collect::<Vec<_>>().join("; "),
    })
}
