//! What a worker has to do: the users of its share with work left.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::decide::Redo;
use super::orders::{Orders, UnitKey};
use super::plan::{Decided, decisions_by};
use super::problem::{Problem, problem};
use super::progress::Progress;
use super::shard_status::KEPT;
use crate::attempts::Ledger;
use crate::engine::{Engine, UserJob};
use crate::event::{Counts, EventKind};
use crate::store::{Assignment, ExpectedUnit, Run, StoreError, bucket_of};

/// Of whom.
pub(super) struct Wanted<'a> {
    pub(super) run: &'a Run,
    pub(super) share: Assignment,
    pub(super) redo: Redo,
    pub(super) engine: &'a dyn Engine,
    pub(super) orders: &'a Orders,
    /// Users worked on at once.
    pub(super) threads: usize,
}

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// Users to be done one at a time, before the others.
    pub(super) alone: Vec<UserJob>,
    pub(super) users: Vec<UserJob>,
    /// Units to be committed as failed.
    pub(super) given_up: Vec<(UserJob, UnitKey)>,
    /// End of each unit's last attempt, microseconds since 1970.
    pub(super) earlier: HashMap<UnitKey, i64>,
    pub(super) counts: Counts,
    /// The first units that are done and did not end `ok`.
    pub(super) problems: Vec<Problem>,
    /// Data files that are not what was written, with why; their units are among the users.
    pub(super) damaged: BTreeSet<String>,
}

impl Jobs {
    /// Whether nothing is left to do.
    pub(super) fn is_empty(&self) -> bool {
        self.alone.is_empty() && self.users.is_empty() && self.given_up.is_empty()
    }

    /// Says which data files are not what was written.
    pub(super) fn tell_damaged(&self, progress: &Progress<'_>) {
        let told = self.damaged.iter().take(KEPT).cloned();
        let more = self.damaged.len().saturating_sub(KEPT);
        let more = (more > 0).then(|| format!("{more} more data files are not what was written"));
        for what in told.chain(more) {
            progress.emit(EventKind::Damaged { what });
        }
    }
}

impl Wanted<'_> {
    /// The users with work left, in the order they are started, and the counts before. By the ledger of the share, if it
    /// was read already.
    pub(super) fn jobs(&self, ledger: Option<Ledger>) -> Result<Jobs, StoreError> {
        let mut found = Jobs::default();
        let mut jobs: BTreeMap<u64, UserJob> = BTreeMap::new();
        for Decided { unit, row, last_end_us, decision } in
            decisions_by(ledger, self.run, (self.share, self.redo), self.engine)?
        {
            found.counts.total += 1;
            let key = UnitKey { user_id: unit.user_id.clone(), feature_mode: unit.feature_mode.clone() };
            if let Some(end) = last_end_us {
                found.earlier.insert(key.clone(), end);
            }
            if decision.damaged {
                found.damaged.insert(decision.why);
            }
            match row {
                Some(row) if !decision.again => {
                    found.counts.add(row.state);
                    if found.problems.len() < KEPT {
                        found.problems.extend(problem(&row));
                    }
                }
                _ if self.orders.gives_up(&unit.user_id, &unit.feature_mode) => {
                    found.given_up.push((job_of(unit), key));
                }
                _ => {
                    let job = jobs.entry(unit.position).or_insert_with(|| job_of(unit));
                    job.feature_modes.push(unit.feature_mode.clone());
                }
            }
        }
        let is_alone = |job: &UserJob| self.orders.alone.iter().any(|unit| unit.user_id == job.user_id);
        (found.alone, found.users) = jobs.into_values().partition(is_alone);
        if let Some(buckets) = self.run.manifest().buckets {
            // Units that are committed together should go into one file.
            found.users.sort_by_key(|job| (job.shard, bucket_of(&job.user_id, buckets)));
        } else if self.threads > 1 {
            // Longest first, so that no long user is left for the end while other threads idle.
            found.users.sort_by_key(|job| std::cmp::Reverse(job.input_bytes));
        }
        Ok(found)
    }
}

/// A user's job, without feature modes yet.
fn job_of(unit: &ExpectedUnit) -> UserJob {
    UserJob {
        user_id: unit.user_id.clone(),
        position: unit.position,
        shard: unit.shard,
        input: unit.input.clone(),
        input_bytes: unit.input_bytes,
        feature_modes: Vec::new(),
    }
}
