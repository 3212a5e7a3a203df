//! One pass over plan and ledger, unit by unit.

use std::collections::BTreeMap;

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
use crate::store::{StoreError, UnitState, parse_path};

/// Goes through plan and ledger, and reads every data file once to see whether it is whole.
pub(in crate::merge) fn survey(
    runs: &[OpenRun],
    precedence: Precedence,
    schemas: &Schemas,
) -> Result<Survey, MergeError> {
    let users: &TableSchema = schemas.ledger().map_err(StoreError::from)?;
    let mut ledgers = Ledgers::open(runs, users)?;
    let none = Damage::default();
    let mut first = readable_pass(runs, precedence, &mut ledgers, &none)?;
    let damage = first.found.files.verify(runs, schemas);
    if damage.is_empty() {
        return first.finish(runs, ledgers);
    }
    // Which units the damaged files belong to is asked only when there are any. It finds the same files.
    let mut second = readable_pass(runs, precedence, &mut ledgers, &damage)?;
    second.found.files = first.found.files;
    second.finish(runs, ledgers)
}

/// A pass over all ledger files that can be read; one that cannot is taken out and told.
fn readable_pass<'a>(
    runs: &'a [OpenRun],
    precedence: Precedence,
    ledgers: &mut Ledgers,
    damage: &'a Damage,
) -> Result<Pass<'a>, MergeError> {
    loop {
        match Pass::run(runs, precedence, ledgers, damage) {
            Err(StoreError::Damaged { file, what }) if ledgers.without(&file, &what) => {}
            done => return Ok(done?),
        }
    }
}

/// One pass over plan and ledger.
struct Pass<'a> {
    runs: &'a [OpenRun],
    damage: &'a Damage,
    found: Survey,
    /// Position of the unit of each gap.
    positions: Vec<u64>,
    /// Units by what their numbers are made of.
    bases: Vec<([String; 2], u64)>,
}

impl<'a> Pass<'a> {
    fn run(
        runs: &'a [OpenRun],
        precedence: Precedence,
        ledgers: &Ledgers,
        damage: &'a Damage,
    ) -> Result<Self, StoreError> {
        let mut pass =
            Self { runs, damage, found: Survey::default(), positions: Vec::new(), bases: Vec::new() };
        each_unit(runs, ledgers, (precedence, damage), |unit| pass.unit(&unit))?;
        Ok(pass)
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
        self.found.units += 1;
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
        for (place, role) in roles.all().iter().enumerate() {
            let (other, others) = (&unit.attempts[place], unit.holdings[place]);
            if *role == Role::Duplicate {
                self.found.duplicates += 1;
                self.same_counts((attempt, holding), (other, others));
            } else if *role == Role::Damaged
                && let Some(fault) = self.fault(other, others)
            {
                let (user, run) = (planned.user_id, other.run_name);
                self.found
                    .notes
                    .push(format!("{fault} ({run}); another attempt of user {user} is whole and counts"));
            }
        }
        let gaps_before = self.found.gaps.len();
        self.counting(planned, attempt, holding)?;
        self.found.units_ok += u64::from(self.found.gaps.len() == gaps_before);
        Ok(())
    }

    /// Writes down what the attempts are, and their files.
    fn write_down(&mut self, unit: &LedgerUnit<'_>, roles: &Roles) {
        for ((attempt, holding), role) in unit.attempts.iter().zip(unit.holdings).zip(roles.all()) {
            self.found.attempts.set(attempt.run, attempt.name, *role);
            if *role == Role::Moved {
                self.found.files.add_moved(attempt, holding);
            } else {
                self.found.files.add(attempt, holding);
            }
        }
        // Should a name be there twice, its rows are seen rather than lost.
        if let Some(counts) = roles.counting().map(|place| &unit.attempts[place]) {
            self.found.attempts.set(counts.run, counts.name, Role::Counts);
        }
    }

    fn not_in_plan(&mut self, unit: &LedgerUnit<'_>) {
        for attempt in unit.attempts {
            if self.found.attempts.role(attempt.run, attempt.name) == Role::Moved {
                continue;
            }
            self.found.attempts.set(attempt.run, attempt.name, Role::Superseded);
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
        match self.bases.iter_mut().find(|(basis, _)| basis[0] == config && basis[1] == engine) {
            Some((_, units)) => *units += 1,
            None => self.bases.push(([config.to_owned(), engine.to_owned()], 1)),
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
                self.found.conflicts.push(Conflict { table: table.clone(), difference });
            }
        }
    }

    /// Why the files of an attempt cannot be used.
    fn fault(&self, attempt: &StreamedAttempt<'_>, holding: &Holding) -> Option<String> {
        self.damage.of_files(attempt.run, holding.files())
    }

    fn missing(&mut self, planned: Planned<'_>, kind: Kind, reason: String) {
        self.positions.push(planned.position);
        self.found.gaps.push(Gap {
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
        self.positions.push(planned.map_or(u64::MAX, |p| p.position));
        self.found.gaps.push(Gap {
            user_id: attempt.user_id.to_owned(),
            feature_mode: attempt.feature_mode.to_owned(),
            shard: attempt.shard,
            kind,
            reason,
        });
    }

    fn finish(self, runs: &[OpenRun], ledgers: Ledgers) -> Result<Survey, MergeError> {
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
            reason: format!("{}/{path} {cause}", runs[*run].dir.display()),
        }));
        found.damage = self.damage.clone();
        found.files = found.files.with(ledgers, self.damage);
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
        for shard in status(&run.run)?.shards {
            let kind = Kind::of_worker(&shard.state);
            if ![Kind::NeverStarted, Kind::Incomplete].contains(&kind) {
                states.insert(shard.shard, (kind, shard.last_error.unwrap_or_default()));
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
