//! What plan and ledger say: what is missing, which attempts count, which files are to be read.

mod pass;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::finding::{Conflict, Gap, Kind};
use crate::attempts::{Attempts, Damage, OpenRun};
use crate::dataset::{id_key, id_of_file};
use crate::schema::{MadeOf, made_of};
use crate::store::{StoreError, parse_path};
use crate::tables::RunFiles;

pub(super) use pass::{Seen, survey, survey_with};

/// What plan and ledger say.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Survey {
    /// What keeps the result from being complete, by position.
    pub(super) gaps: Vec<Gap>,
    /// Skipped units that the result is complete without.
    #[serde(skip)]
    pub(super) accepted: Vec<Gap>,
    /// What is worth knowing and keeps nothing from being complete.
    pub(super) notes: Vec<String>,
    /// Duplicates that have other numbers of rows than the attempt that counts.
    pub(super) conflicts: Vec<Conflict>,
    /// Which attempts count.
    pub(super) attempts: Attempts,
    /// The files of plan and ledger, as far as they can be used.
    pub(super) files: RunFiles,
    /// Data files that cannot be used, by place of the run.
    #[serde(skip)]
    pub(super) damage: Damage,
    /// Units of the plan.
    pub(super) units: u64,
    /// Those that are ok, and whose files are whole.
    pub(super) units_ok: u64,
    /// Attempts that must equal another.
    pub(super) duplicates: u64,
    /// Rows of the attempts that count, by table.
    pub(super) rows: Vec<(String, u64)>,
}

impl Survey {
    /// Counts the rows of an attempt that counts.
    fn add_rows<'a>(&mut self, rows: impl Iterator<Item = (&'a str, u64)>) {
        for (table, rows) in rows {
            match self.rows.iter_mut().find(|(name, _)| name == table) {
                Some((_, all)) => *all += rows,
                None => self.rows.push((table.to_owned(), rows)),
            }
        }
    }

    /// Adds users that somebody expects and no plan has.
    pub(super) fn expect(&mut self, users: &[String], runs: &[OpenRun]) -> Result<(), StoreError> {
        let wanted: BTreeSet<&str> = users.iter().map(String::as_str).collect();
        let mut planned = BTreeSet::new();
        for run in runs {
            planned.extend(run.run.expected()?.iter().map(|unit| unit.user_id.as_str()));
        }
        let unnamed = planned.difference(&wanted);
        let alike: HashMap<String, &str> = unnamed.map(|user| (id_key(user), *user)).collect();
        self.gaps.extend(wanted.difference(&planned).map(|user| {
            let near = alike.get(&id_key(user)).or_else(|| alike.get(&id_key(id_of_file(user))));
            Gap {
                user_id: (*user).to_owned(),
                feature_mode: String::new(),
                shard: 0,
                kind: Kind::NeverStarted,
                reason: near.map_or_else(
                    || "expected, and in no plan".to_owned(),
                    |near| {
                        format!(
                            "expected, and in no plan, which has `{near}`: write the id as it stands there"
                        )
                    },
                ),
            }
        }));
        Ok(())
    }
}

/// Data files that no ledger row speaks of.
pub(super) fn unknown_files(runs: &[OpenRun], seen: &Survey) -> Result<Vec<Gap>, StoreError> {
    let known: std::collections::HashSet<(usize, &str)> = seen.files.paths().collect();
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
