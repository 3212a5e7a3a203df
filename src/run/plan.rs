//! Which units of a run a worker does.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::decide::{Basis, Decision, Redo, decide};
use crate::engine::Engine;
use crate::store::{Assignment, ExpectedUnit, Ledger, LedgerRow, Run, StoreError};

/// A unit with the attempt that speaks for it, and whether it is done again.
#[derive(Debug, Clone)]
pub struct Decided<'a> {
    /// The unit.
    pub unit: &'a ExpectedUnit,
    /// The attempt.
    pub row: Option<LedgerRow>,
    /// The decision.
    pub decision: Decision,
}

/// Decides about every unit of the run that belongs to a share. Inputs of units that are done are read
/// once to see whether they changed.
pub fn decisions<'a>(
    run: &'a Run,
    share: Assignment,
    engine: &dyn Engine,
    redo: Redo,
) -> Result<Vec<Decided<'a>>, StoreError> {
    let ledger = Ledger::read(run.storage())?;
    let mut rows: HashMap<(&str, &str), &LedgerRow> =
        ledger.current().map(|r| ((r.user_id.as_str(), r.feature_mode.as_str()), r)).collect();
    let mut users: BTreeMap<u64, Vec<(&ExpectedUnit, Option<&LedgerRow>)>> = BTreeMap::new();
    for unit in run.own_units()?.filter(|u| share.has(u.position)) {
        let row = rows.remove(&(unit.user_id.as_str(), unit.feature_mode.as_str()));
        users.entry(unit.position).or_default().push((unit, row));
    }
    let (config, version) = (&run.manifest().config_fingerprint, engine.version());
    let of_user = |units: Vec<(&'a ExpectedUnit, Option<&LedgerRow>)>| -> Vec<Decided<'a>> {
        let input = units
            .iter()
            .find(|(_, row)| row.is_some())
            .and_then(|(unit, _)| engine.input_fingerprint(&unit.input));
        let now = Basis { config: config.clone(), engine: version.clone(), input };
        let decided = |(unit, row): (&'a ExpectedUnit, Option<&LedgerRow>)| Decided {
            unit,
            row: row.cloned(),
            decision: decide(row, &now, redo),
        };
        units.into_iter().map(decided).collect()
    };
    let all: Vec<Vec<Decided<'a>>> =
        users.into_values().collect::<Vec<_>>().into_par_iter().map(of_user).collect();
    Ok(all.into_iter().flatten().collect())
}
