//! Plan and ledger side by side, sorted by unit: what is missing, who speaks, which files are to be read.
//!
//! Both are read in parts, so that a merge of millions of users does not hold them in memory.

mod books;
mod ledger;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::MergeError;
use super::finding::{Conflict, Gap, Kind};
use crate::run::status;
use crate::schema::{MadeOf, Schemas, TableSchema, made_of};
use crate::sorted::{Cursor, Difference, Role, Roles, SortedFile};
use crate::sql::{Candidate, OpenRun, Precedence, judge};
use crate::store::{Replaced, StoreError, UnitState, parse_path};
use books::{Books, Holding};
use ledger::{Attempt, LedgerColumns, Ledgers, Plan, PlanColumns, Planned, Said};

pub(super) use books::KnownFile;

/// Files that cannot be used, by run and path, with the cause.
type Broken = FxHashMap<(usize, String), String>;

/// What plan and ledger say.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// What keeps the result from being complete, by position.
    pub(super) gaps: Vec<Gap>,
    /// Duplicates that have other numbers of rows than the attempt that speaks.
    pub(super) conflicts: Vec<Conflict>,
    /// Who speaks.
    pub(super) roles: Roles,
    /// The data files.
    pub(super) files: Vec<KnownFile>,
    /// Rows of small data files that are in memory, by table.
    held: Vec<(String, SortedFile)>,
    /// Files whose rows are in newer ones, by run and path.
    replaced: FxHashSet<(usize, String)>,
    /// The ledger, as files to be merged.
    pub(super) ledger: Vec<SortedFile>,
    /// Units of the plan.
    pub(super) units: u64,
    /// Those that are ok, and whose files are whole.
    pub(super) units_ok: u64,
    /// Attempts that must equal another.
    pub(super) duplicates: u64,
}

impl Survey {
    /// Goes through plan and ledger, and reads every data file once to see whether it is whole.
    pub(super) fn of(
        runs: &[OpenRun],
        precedence: Precedence,
        schemas: &Schemas,
    ) -> Result<Self, MergeError> {
        let users: &TableSchema = schemas.ledger().map_err(StoreError::from)?;
        let mut ledgers = Ledgers::open(runs, users)?;
        let none = Broken::default();
        let mut first = readable_pass(runs, precedence, &mut ledgers, &none)?;
        let broken = first.books.verify(runs, schemas);
        if broken.is_empty() {
            return first.finish(runs, ledgers);
        }
        // Which units the broken files belong to is asked only when there are any. It finds the same files.
        let mut second = readable_pass(runs, precedence, &mut ledgers, &broken)?;
        second.books = first.books;
        second.finish(runs, ledgers)
    }

    /// Adds users that somebody expects and no plan has.
    pub(super) fn expect(&mut self, users: &[String], runs: &[OpenRun]) -> Result<(), MergeError> {
        let wanted: std::collections::BTreeSet<&str> = users.iter().map(String::as_str).collect();
        let mut planned = std::collections::BTreeSet::new();
        for run in runs {
            planned.extend(run.run.expected()?.iter().map(|unit| unit.user_id.as_str()));
        }
        self.gaps.extend(wanted.difference(&planned).map(|user| Gap {
            user_id: (*user).to_owned(),
            feature_mode: String::new(),
            shard: 0,
            kind: Kind::NeverStarted,
            reason: "expected, and in no plan".into(),
        }));
        Ok(())
    }

    /// Whether a table has files.
    pub(super) fn has(&self, table: &str) -> bool {
        self.files.iter().any(|file| file.table == table) || self.held.iter().any(|(of, _)| of == table)
    }

    /// Files of a table that can be used, and the bytes of those that are not in memory.
    pub(super) fn files_of(&self, table: &str, runs: &[OpenRun]) -> (Vec<SortedFile>, u64) {
        let is_usable = |file: &&KnownFile| file.table == table && file.fault.is_none() && !file.is_held;
        let usable = || self.files.iter().filter(is_usable);
        let held = self.held.iter().filter(|(of, _)| of == table).map(|(_, rows)| rows.clone());
        (usable().map(|file| file.sorted(runs)).chain(held).collect(), usable().map(|file| file.bytes).sum())
    }
}

/// A pass over all ledger files that can be read; one that cannot is taken out and told.
fn readable_pass<'a>(
    runs: &'a [OpenRun],
    precedence: Precedence,
    ledgers: &mut Ledgers,
    broken: &'a Broken,
) -> Result<Pass<'a>, MergeError> {
    loop {
        match Pass::run(runs, precedence, ledgers, broken) {
            Err(StoreError::Damaged { file, what }) if ledgers.without(&file, &what) => {}
            done => return Ok(done?),
        }
    }
}

/// One pass over plan and ledger.
struct Pass<'a> {
    runs: &'a [OpenRun],
    precedence: Precedence,
    broken: &'a Broken,
    books: Books,
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
        broken: &'a Broken,
    ) -> Result<Self, StoreError> {
        let mut pass = Self {
            runs,
            precedence,
            broken,
            books: Books::default(),
            found: Survey::default(),
            positions: Vec::new(),
            bases: Vec::new(),
        };
        let mut plan = Cursor::open(ledger::plans(runs)?, ledger::plan_order()?, PlanColumns::read)?;
        let mut ledger = Cursor::open(ledgers.files.clone(), ledger::ledger_order()?, LedgerColumns::read)?;
        loop {
            let order = match (plan.key(), ledger.key()) {
                (None, None) => return Ok(pass),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(planned), Some(done)) => planned.cmp(done),
            };
            let attempts = if order.is_ge() { pass.current(attempts(&ledger)?)? } else { Vec::new() };
            let planned = if order.is_le() { plan.rows().next() } else { None };
            pass.unit(planned.map(|(columns, row, _)| columns.row(row)), &attempts)?;
            if order.is_le() {
                plan.advance()?;
            }
            if order.is_ge() {
                ledger.advance()?;
            }
        }
    }

    /// The attempts of a unit without those that a compaction has put into other files.
    fn current<'r>(&mut self, attempts: Vec<Attempt<'r>>) -> Result<Vec<Attempt<'r>>, StoreError> {
        if attempts.len() < 2 {
            return Ok(attempts);
        }
        let of_run = |run| attempts.iter().filter(move |a| a.run == run).map(|a| a.name);
        let replaced: Vec<bool> =
            attempts.iter().map(|a| Replaced::among(of_run(a.run)).has(a.name)).collect();
        let mut current = Vec::with_capacity(attempts.len());
        for (attempt, replaced) in attempts.into_iter().zip(replaced) {
            if !replaced {
                current.push(attempt);
                continue;
            }
            self.found.roles.set(attempt.run, attempt.name, Role::Out);
            let holding = read(attempt.files, Holding::parse).ok_or_else(|| not_understood(&attempt))?;
            self.found.replaced.extend(holding.paths().map(|path| (attempt.run, path.to_owned())));
        }
        Ok(current)
    }

    /// A unit of the plan, of the ledger, or of both.
    fn unit(&mut self, planned: Option<Planned<'_>>, attempts: &[Attempt<'_>]) -> Result<(), StoreError> {
        let holdings = attempts
            .iter()
            .map(|a| read(a.files, Holding::parse).ok_or_else(|| not_understood(a)))
            .collect::<Result<Vec<_>, _>>()?;
        let gaps_before = self.found.gaps.len();
        if let (Some(planned), [only], [holding]) = (planned, attempts, holdings.as_slice())
            && self.broken.is_empty()
        {
            // What nearly every unit is: planned, and done once.
            self.books.add(only.run, only.shard, only.user_id, only.name, holding);
            self.found.units += 1;
            self.winner(planned, only, holding)?;
            self.found.units_ok += u64::from(self.found.gaps.len() == gaps_before);
            return Ok(());
        }
        let mut usable = Vec::with_capacity(attempts.len());
        for (place, (attempt, holding)) in attempts.iter().zip(&holdings).enumerate() {
            self.books.add(attempt.run, attempt.shard, attempt.user_id, attempt.name, holding);
            match self.fault(attempt, holding) {
                None => usable.push(place),
                Some(fault) => {
                    self.found.roles.set(attempt.run, attempt.name, Role::Out);
                    if is_history(attempts, place, self.precedence) {
                        continue;
                    }
                    self.gap(planned, attempt, Kind::BrokenFile, fault);
                }
            }
        }
        let candidates: Vec<Candidate<'_>> =
            usable.iter().map(|place| candidate(&attempts[*place])).collect();
        let Some(planned) = planned else {
            for attempt in attempts {
                self.found.roles.set(attempt.run, attempt.name, Role::Out);
                self.gap(
                    None,
                    attempt,
                    Kind::NotInPlan,
                    format!("attempt {} of {}", attempt.name, attempt.run_name),
                );
            }
            return Ok(());
        };
        self.found.units += 1;
        if candidates.is_empty() {
            if attempts.is_empty() {
                self.missing(planned, Kind::NeverStarted, String::new());
            }
            return Ok(());
        }
        let verdict = judge(&candidates, self.precedence);
        let place = |candidate: usize| usable[candidate];
        let (winner, holding) = (&attempts[place(verdict.winner)], &holdings[place(verdict.winner)]);
        for other in &verdict.out {
            self.found.roles.set(attempts[place(*other)].run, attempts[place(*other)].name, Role::Out);
        }
        for other in &verdict.duplicates {
            let other = place(*other);
            self.found.roles.set(attempts[other].run, attempts[other].name, Role::Duplicate);
            self.found.duplicates += 1;
            self.same_counts((winner, holding), (&attempts[other], holdings[other]));
        }
        self.winner(planned, winner, holding)?;
        self.found.units_ok += u64::from(self.found.gaps.len() == gaps_before);
        Ok(())
    }

    /// The attempt that speaks: did it end well, where it belongs, with all its rows?
    fn winner(
        &mut self,
        planned: Planned<'_>,
        winner: &Attempt<'_>,
        holding: &Holding,
    ) -> Result<(), StoreError> {
        match winner.state {
            UnitState::Failed => self.missing(planned, Kind::Failed, winner.reason.to_owned()),
            UnitState::Skipped => self.missing(planned, Kind::Skipped, winner.reason.to_owned()),
            UnitState::Ok => {
                let rows = read(planned.rows, parse_plan).ok_or_else(|| StoreError::Damaged {
                    file: crate::store::EXPECTED.into(),
                    what: format!("the rows of {} cannot be understood", planned.user_id),
                })?;
                for (table, expected) in rows.iter() {
                    let found = holding.rows_of(table);
                    if found != *expected {
                        let reason = format!("table {table}: {found} rows, {expected} were planned");
                        self.missing(planned, Kind::WrongRowCount, reason);
                    }
                }
                if !self.runs[winner.run].is_imported {
                    self.note_basis(winner);
                }
            }
        }
        // Runs may have planned their shards differently; each keeps to its own plan.
        let shards = self.runs[winner.run].run.manifest().shards.max(1);
        if u64::from(winner.shard) != winner.position % u64::from(shards) {
            let reason = format!(
                "its files are in shard {} of {}; position {} of {shards} shards belongs into shard {}",
                winner.shard,
                winner.run_name,
                winner.position,
                winner.position % u64::from(shards)
            );
            self.missing(planned, Kind::WrongShard, reason);
        }
        Ok(())
    }

    fn note_basis(&mut self, winner: &Attempt<'_>) {
        let [_, config, engine] = winner.basis;
        match self.bases.iter_mut().find(|(basis, _)| basis[0] == config && basis[1] == engine) {
            Some((_, units)) => *units += 1,
            None => self.bases.push(([config.to_owned(), engine.to_owned()], 1)),
        }
    }

    fn same_counts(&mut self, one: (&Attempt<'_>, &Holding), other: (&Attempt<'_>, &Holding)) {
        for (table, rows) in &one.1.rows {
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
    fn fault(&self, attempt: &Attempt<'_>, holding: &Holding) -> Option<String> {
        if self.broken.is_empty() {
            return None;
        }
        holding.paths().find_map(|path| {
            let what = self.broken.get(&(attempt.run, path.to_owned()))?;
            Some(format!("{path}: {what}"))
        })
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

    fn gap(&mut self, planned: Option<Planned<'_>>, attempt: &Attempt<'_>, kind: Kind, reason: String) {
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
            reason: format!(
                "{}/{path} {cause}; remove it and continue the run with --resume",
                runs[*run].dir.display()
            ),
        }));
        (found.files, found.held) = (self.books.files, self.books.held);
        if !self.broken.is_empty() {
            for file in &mut found.files {
                file.fault = self.broken.get(&(file.run, file.path.clone())).cloned();
            }
        }
        found.ledger = ledgers.files;
        Ok(found)
    }
}

fn attempts(ledger: &Cursor<LedgerColumns>) -> Result<Vec<Attempt<'_>>, StoreError> {
    ledger
        .rows()
        .map(|(columns, row, file)| {
            let attempt = columns.row(row, file);
            attempt.ok_or_else(|| file.damaged("a row has a state this version does not know"))
        })
        .collect()
}

/// Whether an attempt would have no say even if its files were whole.
fn is_history(attempts: &[Attempt<'_>], place: usize, precedence: Precedence) -> bool {
    let candidates: Vec<_> = attempts.iter().map(candidate).collect();
    judge(&candidates, precedence).out.contains(&place)
}

/// What a text says; it is read once for all rows that have it.
fn read<T>(said: Said<'_, T>, parse: fn(&str) -> Option<T>) -> Option<&Rc<T>> {
    if said.read.get().is_none() {
        let _ = said.read.set(Rc::new(parse(said.text)?));
    }
    said.read.get()
}

fn parse_plan(text: &str) -> Option<Plan> {
    let rows: BTreeMap<String, u64> = serde_json::from_str(text).ok()?;
    Some(rows.into_iter().collect())
}

fn candidate<'a>(attempt: &Attempt<'a>) -> Candidate<'a> {
    Candidate {
        run: attempt.run,
        attempt: attempt.name,
        state: attempt.state,
        finished_us: attempt.finished_us,
        basis: attempt.basis,
    }
}

fn not_understood(attempt: &Attempt<'_>) -> StoreError {
    StoreError::Damaged {
        file: format!("the ledger of {}", attempt.run_name),
        what: format!("the files of attempt {} cannot be understood", attempt.name),
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

/// Data files that no ledger row speaks of.
pub(super) fn unknown_files(runs: &[OpenRun], survey: &Survey) -> Result<Vec<Gap>, StoreError> {
    let replaced = survey.replaced.iter().map(|(run, path)| (*run, path.as_str()));
    let known: std::collections::HashSet<(usize, &str)> =
        survey.files.iter().map(|file| (file.run, file.path.as_str())).chain(replaced).collect();
    let mut found = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        for table in run.run.manifest().schema_versions.keys().filter(|t| made_of(t) == MadeOf::Units) {
            for entry in run.run.storage().list(table)? {
                if !known.contains(&(index, entry.path.as_str())) {
                    found.push(Gap {
                        user_id: String::new(),
                        feature_mode: String::new(),
                        shard: parse_path(&entry.path).map_or(0, |(_, shard, _)| shard),
                        kind: Kind::NotInLedger,
                        reason: entry.path.clone(),
                    });
                }
            }
        }
    }
    Ok(found)
}
