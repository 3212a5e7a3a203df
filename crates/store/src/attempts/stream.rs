//! Plan and ledger of several runs side by side, unit by unit.
//!
//! Both are read in parts, so that millions of units are not held in memory.

use std::cmp::Ordering;
use std::rc::Rc;

use super::columns::{
    Holding, LedgerColumns, PlanColumns, Planned, StreamedAttempt, ledger_order, plan_order,
};
use super::damage::Damage;
use super::open::OpenRun;
use super::rule::{Attempt, Precedence, Roles, roles};
use crate::schema::{LEDGER, TableSchema};
use crate::sorted::{Cursor, Owner, SortedFile};
use crate::store::{StoreError, expected_batch, is_group, parse_path, table_files, unit_ledgers};

/// Units of a plan that are read at once; larger plans are read in parts.
const SMALL: u64 = 50_000;

/// The plans of runs. Runs of one plan have it in equal bytes; it is read once.
fn plans(runs: &[OpenRun]) -> Result<Vec<SortedFile>, StoreError> {
    let mut seen = std::collections::BTreeSet::new();
    let mut files = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let input = &run.run.manifest().input;
        if !seen.insert(input.plan_fingerprint.as_str()) {
            continue;
        }
        if input.units > SMALL {
            let storage = run.run.shared_storage();
            let parts = run.run.plan_files().into_iter();
            files.extend(parts.map(|(shard, path)| {
                SortedFile::stored(index, &run.name, shard, Owner::Group, &storage, &path)
            }));
        } else {
            // A plan that an older version wrote is in the order of positions.
            let mut units = run.run.expected()?.to_vec();
            units.sort_by(|a, b| (&a.user_id, &a.feature_mode).cmp(&(&b.user_id, &b.feature_mode)));
            files.push(SortedFile::rows(index, &run.name, expected_batch(&units)?));
        }
    }
    Ok(files)
}

/// Goes through the users of the plans, in their order; a user may come several times in a row.
pub fn each_planned_user(runs: &[OpenRun], mut see: impl FnMut(&str)) -> Result<(), StoreError> {
    let mut plan = Cursor::open(plans(runs)?, plan_order()?, PlanColumns::read)?;
    while plan.key().is_some() {
        if let Some((columns, row, _)) = plan.rows().next() {
            see(columns.row(row).user_id);
        }
        plan.advance()?;
    }
    Ok(())
}

/// The ledgers of runs.
#[derive(Debug, Default)]
pub struct Ledgers {
    /// Their rows.
    pub files: Vec<SortedFile>,
    /// Files that cannot be read: index of the run, path and cause.
    pub corrupt: Vec<(usize, String, String)>,
}

impl Ledgers {
    /// Lists the ledgers; those of single units are read.
    pub fn open(runs: &[OpenRun], schema: &TableSchema) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for (index, run) in runs.iter().enumerate() {
            let all = table_files(run.run.storage(), LEDGER)?;
            let (groups, units): (Vec<_>, Vec<_>) = all.into_iter().partition(|entry| is_group(&entry.path));
            let (rows, corrupt) = unit_ledgers(run.run.storage(), &units, schema)?;
            found.corrupt.extend(corrupt.into_iter().map(|(path, cause)| (index, path, cause)));
            if rows.num_rows() > 0 {
                found.files.push(SortedFile::rows(index, &run.name, rows));
            }
            let storage = run.run.shared_storage();
            for group in groups {
                match parse_path(&group.path) {
                    Some((_, shard, _)) if group.bytes > 0 => found.files.push(SortedFile::stored(
                        index,
                        &run.name,
                        shard,
                        Owner::Group,
                        &storage,
                        &group.path,
                    )),
                    Some(_) => found.corrupt.push((index, group.path, "has 0 bytes".into())),
                    None => found.corrupt.push((index, group.path, "is not at a place of the ledger".into())),
                }
            }
        }
        Ok(found)
    }

    /// Takes out files that are known not to be readable: index of the run, path and cause.
    pub fn without_all(&mut self, corrupt: Vec<(usize, String, String)>) {
        self.files.retain(|file| {
            !corrupt.iter().any(|(run, path, _)| (*run, path.as_str()) == (file.run, file.path()))
        });
        self.corrupt = corrupt;
    }

    /// Takes a damaged file out; whether it is one of the ledger's.
    pub fn without(&mut self, file: &str, cause: &str) -> bool {
        let Some(place) = self.files.iter().position(|f| f.name() == file) else { return false };
        let damaged = self.files.remove(place);
        self.corrupt.push((damaged.run, damaged.path().to_owned(), cause.to_owned()));
        true
    }
}

/// A unit of the plan, of the ledger, or of both.
#[derive(Debug)]
pub struct LedgerUnit<'a> {
    /// As it is planned.
    pub planned: Option<Planned<'a>>,
    /// Its attempts.
    pub attempts: &'a [StreamedAttempt<'a>],
    /// What each of them has.
    pub holdings: &'a [&'a Rc<Holding>],
    /// What each of them is; none if there are none.
    pub roles: Option<Roles>,
}

/// Goes through plans and ledgers, in the order of users and feature modes.
///
/// # Errors
/// A file of the ledger is damaged, which [`Ledgers::without`] takes out; or `see` does not go on.
pub fn each_unit(
    runs: &[OpenRun],
    ledgers: &Ledgers,
    (by, damage): (Precedence, &Damage),
    mut see: impl FnMut(LedgerUnit<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut plan = Cursor::open(plans(runs)?, plan_order()?, PlanColumns::read)?;
    let mut ledger = Cursor::open(ledgers.files.clone(), ledger_order()?, LedgerColumns::read)?;
    loop {
        let order = match (plan.key(), ledger.key()) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(planned), Some(done)) => planned.cmp(done),
        };
        let attempts = if order.is_ge() { attempts(&ledger)? } else { Vec::new() };
        let holdings = attempts.iter().map(StreamedAttempt::holding).collect::<Result<Vec<_>, _>>()?;
        let planned = if order.is_le() { plan.rows().next() } else { None };
        let known: Vec<Attempt<'_>> = attempts
            .iter()
            .zip(&holdings)
            .map(|(attempt, holding)| {
                let is_damaged =
                    !damage.is_empty() && holding.paths().any(|path| damage.has(attempt.run, path));
                attempt.attempt(is_damaged)
            })
            .collect();
        see(LedgerUnit {
            planned: planned.map(|(columns, row, _)| columns.row(row)),
            attempts: &attempts,
            holdings: &holdings,
            roles: (!known.is_empty()).then(|| roles(&known, by)),
        })?;
        if order.is_le() {
            plan.advance()?;
        }
        if order.is_ge() {
            ledger.advance()?;
        }
    }
}

fn attempts(ledger: &Cursor<LedgerColumns>) -> Result<Vec<StreamedAttempt<'_>>, StoreError> {
    ledger
        .rows()
        .map(|(columns, row, file)| {
            let attempt = columns.row(row, file);
            attempt.ok_or_else(|| file.damaged("a row has a state this version does not know"))
        })
        .collect()
}
