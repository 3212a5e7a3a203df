//! Where a run stands: plan, ledger and status files put together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::problem::{Problem, Problems, problem};
use super::said::{Shares, Word};
use super::shard_status::{ShardState, ShardStatus};
use crate::attempts::{Damage, Ledger, Standing};
use crate::event::{Counts, now_us};
use crate::store::{LedgerRow, Protocol, ReadLock, Run, StoreError};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunStatus {
    /// Its id.
    pub run_id: String,
    /// Its directory.
    pub dir: String,
    /// `complete`, `running`, or `incomplete`.
    pub state: String,
    /// Units of all shards.
    pub counts: Counts,
    /// Units not in the ledger and not being worked on.
    pub missing: u64,
    /// Units per minute of the workers that run.
    pub per_minute: Option<f64>,
    /// Seconds until the last running worker is done.
    pub eta_seconds: Option<u64>,
    /// How many shards the users are divided into below: those of the plan, or of the last who worked on a run without locks.
    pub of: u32,
    /// Each shard.
    pub shards: Vec<ShardProgress>,
    /// What went wrong.
    #[serde(flatten)]
    pub problems: Problems,
    /// Ledger files that cannot be read.
    pub corrupt: Vec<String>,
}

/// Where a shard stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShardProgress {
    /// The shard.
    pub shard: u32,
    /// `not started`, `running`, `silent`, `lost`, `interrupted`, `stopped` or `finished`.
    pub state: String,
    /// Its units, by the ledger.
    pub counts: Counts,
    /// The user it is on.
    pub current_user: Option<String>,
    /// The stage of that user.
    pub stage: Option<String>,
    /// The user that it was on when it was last heard of, if it has not ended by itself and is not known to be at work.
    pub last_user: Option<String>,
    /// Who is at work on it, in words.
    #[serde(skip)]
    pub worker: Option<String>,
    /// Units per minute since the worker started.
    pub per_minute: Option<f64>,
    /// Seconds until it is done.
    pub eta_seconds: Option<u64>,
    /// The last error.
    pub last_error: Option<String>,
    /// When its worker was last heard of, microseconds since 1970 by the worker's clock.
    pub heard_us: Option<i64>,
}

/// Where the run stands now: of a run with locks by its ledger, else by what its workers have said.
///
/// # Errors
/// The run cannot be read.
pub fn status(run: &Run) -> Result<RunStatus, StoreError> {
    match run.protocol() {
        Protocol::Locks => by_ledger(run),
        Protocol::Names => by_words(run),
    }
}

/// By what the workers said; by the ledger of those shares only of which nobody has said it all.
fn by_words(run: &Run) -> Result<RunStatus, StoreError> {
    let shares = Shares::of(run)?;
    let unheard = shares.each().filter(|(_, word)| matches!(word, Word::Nobody));
    let unheard: Vec<u32> = unheard.map(|(share, _)| share.index).collect();
    let mut planned = run.planned_in(&unheard, shares.of)?.into_iter();
    let (mut all, mut problems, mut corrupt) = (Vec::new(), Vec::new(), Vec::new());
    for (share, word) in shares.each() {
        let (counts, told) = match word {
            Word::Nobody => (Counts { total: planned.next().unwrap_or(0), ..Counts::default() }, None),
            Word::Said(told) => {
                problems.extend(told.problems.iter().cloned());
                (Counts { running: 0, ..told.counts }, Some(&**told))
            }
            Word::Ledger(told) => {
                let ledger = Ledger::of_share(run, share)?;
                let undamaged = Damage::default();
                let rows = ledger.standings(&undamaged).map(|unit| unit.row);
                let rows: Vec<&LedgerRow> = rows.filter(|row| share.has(row.position)).collect();
                let mut counts = Counts { total: run.expected_of(share)?.len() as u64, ..Counts::default() };
                for row in &rows {
                    counts.add(row.state);
                }
                problems.extend(rows.into_iter().filter_map(problem));
                corrupt.extend(ledger.corrupt);
                (counts, told.as_deref())
            }
        };
        if counts.total > 0 {
            all.push(progress(share.index, counts, told));
        }
    }
    Ok(RunStatus::of(run, (shares.of, all), problems, (Vec::new(), corrupt)))
}

fn by_ledger(run: &Run) -> Result<RunStatus, StoreError> {
    let _reading = ReadLock::take(run.storage());
    let ledger = Ledger::read(run.storage())?;
    // By the ledger and the sizes of files: no data file is read.
    let files = ledger.rows.iter().flat_map(|row| &row.files);
    let damage = Damage::by_sizes(run.storage(), files.map(|file| (file.file.as_str(), file.bytes)));
    let (damaged, whole): (Vec<Standing<'_>>, Vec<_>) =
        ledger.standings(&damage).partition(|unit| unit.damage.is_some());
    let counting: Vec<&LedgerRow> = whole.iter().map(|unit| unit.row).collect();
    let mut counts: BTreeMap<u32, Counts> = BTreeMap::new();
    for unit in run.own_units()? {
        counts.entry(unit.shard).or_default().total += 1;
    }
    for row in &counting {
        counts.entry(row.shard).or_default().add(row.state);
    }
    let workers = ShardStatus::all(run)?;
    let mut shards = Vec::new();
    for (shard, counts) in counts {
        let worker = workers
            .iter()
            .filter(|w| w.covers(shard, run.manifest().shards))
            .max_by_key(|w| (w.state == ShardState::Running, w.updated_us));
        shards.push(progress(shard, counts, worker));
    }
    let problems = counting.into_iter().filter_map(problem).collect();
    let damaged = damaged.iter().filter_map(words_of_damage).collect();
    Ok(RunStatus::of(run, (run.manifest().shards, shards), problems, (damaged, ledger.corrupt)))
}

impl RunStatus {
    fn of(
        run: &Run,
        (of, shards): (u32, Vec<ShardProgress>),
        units: Vec<Problem>,
        (damaged, corrupt): (Vec<String>, Vec<(String, String)>),
    ) -> Self {
        let counts: Counts = shards.iter().map(|s| s.counts).sum();
        Self {
            run_id: run.manifest().run_id.clone(),
            dir: run.name(),
            state: overall(shards.iter().map(|s| s.state.as_str()), counts),
            missing: missing(counts),
            counts,
            per_minute: sum(shards.iter().map(|s| s.per_minute)),
            eta_seconds: shards.iter().filter_map(|s| s.eta_seconds).max(),
            of,
            shards,
            problems: Problems { run: run.name(), units, count: counts.failed + counts.skipped, damaged },
            corrupt: corrupt.into_iter().map(|(path, cause)| format!("{path} {cause}")).collect(),
        }
    }
}

fn words_of_damage(unit: &Standing<'_>) -> Option<String> {
    Some(format!("{} {}: {}", unit.row.user_id, unit.row.feature_mode, unit.damage.as_ref()?))
}

pub(super) fn overall<'a>(mut shards: impl Iterator<Item = &'a str>, counts: Counts) -> String {
    let state = if counts.done() >= counts.total {
        "complete"
    } else if shards.any(|state| state == "running") {
        "running"
    } else {
        "incomplete"
    };
    state.to_owned()
}

pub(super) fn sum(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    values.flatten().fold(None, |sum, v| Some(sum.unwrap_or(0.0) + v))
}

/// Units neither done nor being worked on.
pub(super) fn missing(counts: Counts) -> u64 {
    counts.total.saturating_sub(counts.done() + counts.running)
}

/// Seconds until a worker is done, at its rate.
pub(super) fn eta(per_minute: Option<f64>, counts: Counts) -> Option<u64> {
    let left = counts.total.saturating_sub(counts.done());
    per_minute.filter(|r| *r > 0.0).map(|r| (left as f64 / r * 60.0).ceil() as u64)
}

fn progress(shard: u32, mut counts: Counts, status: Option<&ShardStatus>) -> ShardProgress {
    let state = state_word(status, counts);
    let live = status.filter(|_| state == "running");
    counts.running = live.map_or(0, |s| s.counts.running.min(counts.total - counts.done()));
    let per_minute = live.and_then(|s| rate(s, counts));
    ShardProgress {
        shard,
        state: state.to_owned(),
        counts,
        current_user: live.and_then(|s| s.current_user.clone()),
        stage: live.and_then(|s| s.stage.clone()),
        last_user: status
            .filter(|_| ["lost", "silent", "stopped"].contains(&state))
            .and_then(|s| s.current_user.clone()),
        worker: live.map(|s| format!("process {} on {}", s.pid, s.host)),
        per_minute,
        eta_seconds: eta(per_minute, counts),
        last_error: status.and_then(|s| s.last_error.clone()),
        heard_us: status.map(|s| s.updated_us),
    }
}

pub(super) fn state_word(status: Option<&ShardStatus>, counts: Counts) -> &'static str {
    let done = counts.done() >= counts.total;
    match status {
        _ if done => "finished",
        None => "not started",
        Some(s) => match s.state {
            ShardState::Running if s.process_is_gone() => "lost",
            ShardState::Running if s.is_silent(now_us()) => "silent",
            ShardState::Running => "running",
            ShardState::Interrupted => "interrupted",
            ShardState::Stopped => "stopped",
            // It did its part; what is missing came into the plan later or was lost.
            ShardState::Finished => "incomplete",
        },
    }
}

pub(super) fn rate(status: &ShardStatus, counts: Counts) -> Option<f64> {
    let minutes = (now_us() - status.started_us) as f64 / 60e6;
    let done = counts.done().saturating_sub(status.already_done);
    (done > 0 && minutes > 0.0).then(|| done as f64 / minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(state: ShardState) -> ShardStatus {
        let json = serde_json::json!({
            "shard": 0, "of": 1, "state": state, "pid": std::process::id(), "host": "elsewhere", "boot_id": "",
            "started_us": now_us() - 60_000_000, "updated_us": now_us(),
            "counts": {"total": 4, "ok": 2, "skipped": 0, "failed": 0, "running": 1},
            "already_done": 0, "current_user": "u", "stage": "te", "last_error": null
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn rate_and_eta_follow_the_ledger() {
        let counts = Counts { total: 4, ok: 2, ..Counts::default() };
        let running = progress(0, counts, Some(&worker(ShardState::Running)));
        assert_eq!((running.state.as_str(), running.counts.running), ("running", 1));
        assert!((running.per_minute.unwrap() - 2.0).abs() < 0.1);
        assert!((58..=62).contains(&running.eta_seconds.unwrap()));
    }

    #[test]
    fn a_worker_of_another_division_covers_the_shards_it_shares_users_with() {
        let mut worker = worker(ShardState::Running);
        assert!((0..4).all(|shard| worker.covers(shard, 4)));
        (worker.shard, worker.of) = (1, 2);
        assert_eq!((0..4).filter(|s| worker.covers(*s, 4)).collect::<Vec<_>>(), [1, 3]);
        (worker.shard, worker.of) = (6, 7);
        assert!((0..4).all(|shard| worker.covers(shard, 4)));
    }

    #[test]
    fn a_silent_worker_is_not_running() {
        let mut old = worker(ShardState::Running);
        old.updated_us -= 3_600_000_000;
        let counts = Counts { total: 4, ..Counts::default() };
        assert_eq!(progress(0, counts, Some(&old)).state, "silent");
        assert_eq!(progress(0, counts, None).state, "not started");
        let done = Counts { total: 1, ok: 1, ..Counts::default() };
        assert_eq!(progress(0, done, Some(&old)).state, "finished");
    }
}
