//! What plan and ledger say: what is missing, which attempts count, which files are to be read.

mod books;
mod pass;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashSet;

use super::finding::{Conflict, Gap, Kind};
use crate::attempts::{Attempts, OpenRun};
use crate::schema::{MadeOf, made_of};
use crate::sorted::SortedFile;
use crate::store::{StoreError, parse_path};
use books::KnownFile;

pub(super) use pass::survey;

/// What plan and ledger say.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// What keeps the result from being complete, by position.
    pub(super) gaps: Vec<Gap>,
    /// Skipped units that the result is complete without.
    pub(super) accepted: Vec<Gap>,
    /// What is worth knowing and keeps nothing from being complete.
    pub(super) notes: Vec<String>,
    /// Duplicates that have other numbers of rows than the attempt that counts.
    pub(super) conflicts: Vec<Conflict>,
    /// Which attempts count.
    pub(super) attempts: Attempts,
    /// The data files.
    pub(super) files: Vec<KnownFile>,
    /// Rows of small data files that are in memory, by table.
    held: Vec<(String, SortedFile)>,
    /// Files whose rows are in newer ones, by run and path.
    moved: FxHashSet<(usize, String)>,
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
    /// Adds users that somebody expects and no plan has.
    pub(super) fn expect(&mut self, users: &[String], runs: &[OpenRun]) -> Result<(), StoreError> {
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

/// Data files that no ledger row speaks of.
pub(super) fn unknown_files(runs: &[OpenRun], seen: &Survey) -> Result<Vec<Gap>, StoreError> {
    let moved = seen.moved.iter().map(|(run, path)| (*run, path.as_str()));
    let known: std::collections::HashSet<(usize, &str)> =
        seen.files.iter().map(|file| (file.run, file.path.as_str())).chain(moved).collect();
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
