//! Where a run stands by what its workers last said of themselves: no ledger is read, so that it costs little however
//! many units there are.

use std::cmp::Reverse;

use serde::Serialize;

use super::shard_status::{ShardState, ShardStatus};
use super::status::{eta, missing, overall, rate, state_word, sum};
use crate::event::Counts;
use crate::store::{Run, RunState, StoreError};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pulse {
    /// `complete`, `running`, or `incomplete`.
    pub state: String,
    /// Units of all workers.
    pub counts: Counts,
    /// Units not done and not being worked on.
    pub missing: u64,
    /// Units per minute of the workers that run.
    pub per_minute: Option<f64>,
    /// Seconds until the last running worker is done.
    pub eta_seconds: Option<u64>,
    /// Each worker.
    pub shards: Vec<ShardPulse>,
}

/// Where a worker stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShardPulse {
    /// Its number.
    pub shard: u32,
    /// `running`, `silent`, `lost`, `interrupted`, `stopped`, `incomplete` or `finished`.
    pub state: String,
    /// Its units.
    pub counts: Counts,
    /// The user it is on.
    pub current_user: Option<String>,
    /// The stage of that user.
    pub stage: Option<String>,
    /// Units per minute since it started.
    pub per_minute: Option<f64>,
    /// Seconds until it is done.
    pub eta_seconds: Option<u64>,
    /// Its memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Units that failed since it started.
    pub errors: u64,
    /// The last error.
    pub last_error: Option<String>,
    /// When it started, microseconds since 1970.
    pub started_us: i64,
}

/// Where a run stands now.
///
/// # Errors
/// The folder of its status cannot be read.
pub fn pulse(run: &Run) -> Result<Pulse, StoreError> {
    let manifest = run.manifest();
    let workers = counting(ShardStatus::all(run)?);
    let shards: Vec<ShardPulse> = workers.iter().map(of_worker).collect();
    let mut counts: Counts = shards.iter().map(|shard| shard.counts).sum();
    let is_whole = manifest.only_shards.is_empty();
    if is_whole || counts.total == 0 {
        counts.total = manifest.input.units;
    }
    let is_complete = manifest.state == RunState::Complete;
    if is_complete && shards.is_empty() {
        counts.ok = counts.total;
    }
    let states = shards.iter().map(|shard| shard.state.as_str());
    let state = if is_complete { "complete".to_owned() } else { overall(states, counts) };
    Ok(Pulse {
        state,
        missing: missing(counts),
        counts,
        per_minute: sum(shards.iter().map(|shard| shard.per_minute)),
        eta_seconds: shards.iter().filter_map(|shard| shard.eta_seconds).max(),
        shards,
    })
}

/// Workers whose counts are of users that no newer one has: an earlier division has left files that say nothing any more.
fn counting(mut workers: Vec<ShardStatus>) -> Vec<ShardStatus> {
    workers.sort_by_key(|worker| Reverse(worker.updated_us));
    let mut kept: Vec<ShardStatus> = Vec::new();
    for worker in workers {
        if !kept.iter().any(|newer| newer.covers(worker.shard, worker.of)) {
            kept.push(worker);
        }
    }
    kept.sort_by_key(|worker| worker.shard);
    kept
}

fn of_worker(worker: &ShardStatus) -> ShardPulse {
    let mut counts = worker.counts;
    let state = state_word(Some(worker), counts);
    let is_live = state == "running";
    if !is_live || worker.state != ShardState::Running {
        counts.running = 0;
    }
    let per_minute = if is_live { rate(worker, counts) } else { None };
    ShardPulse {
        shard: worker.shard,
        state: state.to_owned(),
        counts,
        current_user: worker.current_user.clone().filter(|_| is_live),
        stage: worker.stage.clone().filter(|_| is_live),
        per_minute,
        eta_seconds: eta(per_minute, counts),
        memory_bytes: worker.memory_bytes.filter(|_| is_live),
        errors: worker.errors,
        last_error: worker.last_error.clone(),
        started_us: worker.started_us,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(shard: u32, of: u32, updated_us: i64) -> ShardStatus {
        let json = serde_json::json!({
            "shard": shard, "of": of, "state": "finished", "pid": 1, "host": "", "boot_id": "", "started_us": 0,
            "updated_us": updated_us, "counts": Counts::default(), "already_done": 0, "current_user": null,
            "stage": null, "last_error": null
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn no_user_is_counted_twice_and_none_is_forgotten() {
        let of = |workers: &[(u32, u32, i64)]| {
            let all = workers.iter().map(|(shard, of, at)| worker(*shard, *of, *at)).collect();
            counting(all).iter().map(|worker| (worker.shard, worker.of)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[(1, 2, 5), (0, 2, 9)]), [(0, 2), (1, 2)]);
        // The only worker of the new division has all users.
        assert_eq!(of(&[(0, 1, 9), (1, 4, 5), (2, 4, 5), (3, 4, 6)]), [(0, 1)]);
        // One of two has those of shards 0 and 2 of four; the others are as they were.
        assert_eq!(of(&[(0, 2, 9), (1, 4, 5), (2, 4, 5), (3, 4, 6)]), [(0, 2), (1, 4), (3, 4)]);
    }
}
