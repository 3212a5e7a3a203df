//! Attempts of units that have more than one: the columns that the rule asks about.

use arrow::array::{Array, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::columns::Repeated;
use super::rule::{Attempt, Basis};
use crate::schema::LEDGER_ATTEMPT;
use crate::store::UnitState;

/// Numbers that are compared with each other at once.
const AT_ONCE: usize = 1 << 20;

/// Columns of the ledger that are read of such attempts.
pub(super) const ASKED: [&str; 8] = [
    "id",
    "feature_mode",
    LEDGER_ATTEMPT,
    "state",
    "finished_at",
    "input_fingerprint",
    "config_fingerprint",
    "engine",
];

/// Attempts, in the columns of the ledger: of millions, a text of its own for each would be most of the memory.
#[derive(Debug, Default)]
pub(super) struct IndexedAttempts {
    batches: Vec<Columns>,
    rows: Vec<Place>,
}

#[derive(Debug)]
struct Columns {
    users: StringArray,
    names: StringArray,
    inputs: StringArray,
    modes: Repeated,
    configs: Repeated,
    engines: Repeated,
    ends: TimestampMicrosecondArray,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    batch: u32,
    row: u32,
    state: UnitState,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct IndexedAttempt<'a> {
    of: &'a Columns,
    row: u32,
    state: UnitState,
}

impl<'a> IndexedAttempt<'a> {
    /// The unit: user and feature mode.
    pub(super) fn unit(self) -> (&'a str, &'a str) {
        let row = self.row as usize;
        (self.of.users.value(row), self.of.modes.value(row))
    }

    /// Its name.
    pub(super) fn name(self) -> &'a str {
        self.of.names.value(self.row as usize)
    }

    /// As the rule sees it.
    pub(super) fn attempt(self, run: usize) -> Attempt<'a> {
        let (of, row) = (self.of, self.row as usize);
        let input = of.inputs.is_valid(row).then(|| of.inputs.value(row));
        let basis = Basis { input, config: of.configs.value(row), engine: of.engines.value(row) };
        let finished_us = of.ends.value(row);
        Attempt { run, name: self.name(), state: self.state, finished_us, basis, is_damaged: false }
    }
}

impl IndexedAttempts {
    /// Those in rows of the ledger, but for those in a state that this version does not know; none if the rows lack a
    /// column.
    pub(super) fn read(rows: &RecordBatch) -> Option<Self> {
        let text = |name: &str| rows.column_by_name(name)?.as_string_opt::<i32>().cloned();
        let repeated = |name: &str| Repeated::read(rows.column_by_name(name)?);
        let states = repeated("state")?;
        let columns = Columns {
            users: text("id")?,
            names: text(LEDGER_ATTEMPT)?,
            inputs: text("input_fingerprint")?,
            modes: repeated("feature_mode")?,
            configs: repeated("config_fingerprint")?,
            engines: repeated("engine")?,
            ends: rows.column_by_name("finished_at")?.as_primitive_opt::<TimestampMicrosecondType>()?.clone(),
        };
        let state = |row: usize| UnitState::parse(states.value(row));
        let place = |row: usize| Some(Place { batch: 0, row: row as u32, state: state(row)? });
        let rows = (0..rows.num_rows()).filter_map(place).collect();
        Some(Self { batches: vec![columns], rows })
    }

    /// Puts others behind them.
    pub(super) fn append(&mut self, others: Self) {
        let before = self.batches.len() as u32;
        self.batches.extend(others.batches);
        self.rows.extend(others.rows.into_iter().map(|place| Place { batch: place.batch + before, ..place }));
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = IndexedAttempt<'_>> {
        self.rows.iter().map(|place| of(&self.batches, *place))
    }

    /// Leaves out some.
    pub(super) fn retain(&mut self, is_kept: impl Fn(IndexedAttempt<'_>) -> bool) {
        let Self { batches, rows } = self;
        rows.retain(|place| is_kept(of(batches, *place)));
    }
}

fn of(batches: &[Columns], Place { batch, row, state }: Place) -> IndexedAttempt<'_> {
    IndexedAttempt { of: &batches[batch as usize], row, state }
}

/// Numbers that are there more than once. Of many, some are looked at at a time, so that they are not in memory twice.
pub(super) fn repeated(lists: &[&[u64]]) -> FxHashSet<u64> {
    let all: usize = lists.iter().map(|list| list.len()).sum();
    let times = all.div_ceil(AT_ONCE).next_power_of_two() as u64;
    let found = (0..times).into_par_iter().flat_map_iter(|time| {
        let own = lists.iter().flat_map(|list| list.iter().copied()).filter(|number| number % times == time);
        let mut own: Vec<u64> = own.collect();
        own.sort_unstable();
        own.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect::<Vec<_>>()
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn numbers_that_are_there_twice_are_found_among_many() {
        let mut random = 7u64;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            random >> 41
        };
        let lists: Vec<Vec<u64>> = (0..5).map(|_| (0..700_000).map(|_| next()).collect()).collect();
        let mut times: HashMap<u64, u32> = HashMap::new();
        for number in lists.iter().flatten() {
            *times.entry(*number).or_default() += 1;
        }
        let expected: FxHashSet<u64> =
            times.iter().filter(|(_, times)| **times > 1).map(|(n, _)| *n).collect();
        let lists: Vec<&[u64]> = lists.iter().map(Vec::as_slice).collect();
        assert!(expected.len() > 100_000);
        assert_eq!(repeated(&lists), expected);
        assert!(repeated(&[]).is_empty());
    }
}
