//! Which units of a run a worker does.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::decide::{Basis, Decision, Redo, decide};
use crate::attempts::{Damage, Ledger, Standing};
use crate::engine::Engine;
use crate::store::{Assignment, ExpectedUnit, LedgerRow, Run, StoreError};

/// A unit with the attempt that counts, and whether it is done again.
#[derive(Debug, Clone)]
pub struct Decided<'a> {
    /// The unit.
    pub unit: &'a ExpectedUnit,
    /// The attempt that counts, or would, were it whole.
    pub row: Option<LedgerRow>,
    /// The latest end of an attempt, microseconds since 1970.
    pub last_end_us: Option<i64>,
    /// The decision.
    pub decision: Decision,
}

/// Decides about every unit of the run that belongs to a share. Inputs and files of units that are
/// done are read once to see whether they changed.
pub fn decisions<'a>(
    run: &'a Run,
    share: Assignment,
    engine: &dyn Engine,
    redo: Redo,
) -> Result<Vec<Decided<'a>>, StoreError> {
    decisions_by(None, run, (share, redo), engine)
}

/// The same by a ledger of the share that was read already, if it was.
pub(super) fn decisions_by<'a>(
    ledger: Option<Ledger>,
    run: &'a Run,
    (share, redo): (Assignment, Redo),
    engine: &dyn Engine,
) -> Result<Vec<Decided<'a>>, StoreError> {
    let ledger = ledger.map_or_else(|| Ledger::of_share(run, share), Ok)?;
    let mut done: HashMap<(&str, &str), &[LedgerRow]> = ledger
        .units()
        .filter_map(|rows| rows.first().map(|row| ((row.user_id.as_str(), row.feature_mode.as_str()), rows)))
        .collect();
    let mut users: BTreeMap<u64, Vec<(&ExpectedUnit, &[LedgerRow])>> = BTreeMap::new();
    for unit in run.expected_of(share)? {
        let rows = done.remove(&(unit.user_id.as_str(), unit.feature_mode.as_str())).unwrap_or_default();
        users.entry(unit.position).or_default().push((unit, rows));
    }
    let damage = Damage::by_checksums(run.storage(), users.values().flatten().map(|(_, rows)| *rows))?;
    let (config, version) = (&run.manifest().config_fingerprint, engine.version());
    let of_user = |units: Vec<(&'a ExpectedUnit, &[LedgerRow])>| -> Vec<Decided<'a>> {
        let input = units
            .iter()
            .find(|(_, rows)| !rows.is_empty())
            .and_then(|(unit, _)| engine.input_fingerprint(&unit.input));
        let now = Basis { config: config.clone(), engine: version.clone(), input };
        let decided = |(unit, rows): (&'a ExpectedUnit, &[LedgerRow])| {
            let standing = Standing::of(rows, &damage);
            Decided {
                unit,
                decision: decide(standing.as_ref(), &now, redo),
                last_end_us: standing.as_ref().map(|standing| standing.last_end_us),
                row: standing.map(|standing| standing.row.clone()),
            }
        };
        units.into_iter().map(decided).collect()
    };
    let all: Vec<Vec<Decided<'a>>> =
        users.into_values().collect::<Vec<_>>().into_par_iter().map(of_user).collect();
    Ok(all.into_iter().flatten().collect())
}
