//! Where a shard stands, as its worker says: `_status/shard-<i>.json`, or the last beat of its lease.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::event::{Counts, Event, EventKind, now_us};
use crate::leases::{Found, newest};
use crate::store::{Assignment, Holder, Protocol, Run, Storage, StoreError, UnitState};
use crate::system::{boot_id, host, is_alive, is_ending, memory_bytes};

/// A worker that says nothing for so long is silent.
const SILENCE: Duration = Duration::from_secs(30);

/// The same of one that has a lease, and says less often what it does.
const SILENCE_OF_LEASES: Duration = Duration::from_secs(90);

/// So many units with problems a worker names; all are in the ledger.
pub(super) const KEPT: usize = 20;

/// State of a worker as it last said itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShardState {
    /// At work.
    Running,
    /// Told to stop, and stopped between units.
    Interrupted,
    /// Ended with an error.
    Stopped,
    /// Did all it had to.
    Finished,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardStatus {
    /// The worker's index.
    pub shard: u32,
    /// The number of workers the users are divided among.
    pub of: u32,
    /// What it does.
    pub state: ShardState,
    /// Its process.
    pub pid: u32,
    /// Its machine.
    pub host: String,
    /// The machine's boot, so that a process id of before a restart is not taken for a living one.
    pub boot_id: String,
    /// Start, microseconds since 1970.
    pub started_us: i64,
    /// Last sign of life, microseconds since 1970.
    pub updated_us: i64,
    /// Its units.
    pub counts: Counts,
    /// Units that were done when it started.
    pub already_done: u64,
    /// The user it came to last.
    pub current_user: Option<String>,
    /// The stage of that user.
    pub stage: Option<String>,
    /// Units a minute since it started.
    pub per_minute: Option<f64>,
    /// Seconds until it is done, at that rate.
    pub eta_seconds: Option<u64>,
    /// Its memory, bytes.
    pub memory_bytes: Option<u64>,
    /// The process that started it and looks after it, if there is one.
    #[serde(default)]
    pub supervisor: Option<u32>,
    /// Whether it was told to stop, and ends with its unit.
    #[serde(default)]
    pub stopping: bool,
    /// Units that failed since it started.
    #[serde(default)]
    pub errors: u64,
    /// The last error.
    pub last_error: Option<String>,
    /// The number of its lease, where there are no locks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<u64>,
    /// The units of the plan that it knows, of all shards, once it knows how many of its own are done; where there are no
    /// locks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_units: Option<u64>,
    /// The first of its units that did not end `ok`, where there are no locks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// The names of the groups that it committed last: a listing that lags behind does not have them yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_groups: Vec<String>,
}

impl ShardStatus {
    pub(super) fn new(share: Assignment, lease: Option<u64>, supervisor: Option<u32>) -> Self {
        Self {
            shard: share.index,
            of: share.of,
            state: ShardState::Running,
            pid: std::process::id(),
            host: host(),
            boot_id: boot_id(),
            started_us: now_us(),
            updated_us: now_us(),
            counts: Counts::default(),
            already_done: 0,
            current_user: None,
            stage: None,
            per_minute: None,
            eta_seconds: None,
            memory_bytes: None,
            supervisor,
            stopping: false,
            errors: 0,
            last_error: None,
            lease,
            of_units: None,
            problems: Vec::new(),
            last_groups: Vec::new(),
        }
    }

    /// Whether the worker has users of `shard` of `shards`.
    pub fn covers(&self, shard: u32, shards: u32) -> bool {
        Assignment { index: self.shard, of: self.of }.meets(Assignment { index: shard, of: shards })
    }

    /// What the workers of a run have left. A file that is torn or of another version is as good as none.
    pub(super) fn all(run: &Run) -> Result<Vec<Self>, StoreError> {
        match run.protocol() {
            Protocol::Locks => Self::beside_locks(run.storage()),
            Protocol::Names => {
                let said = |found: Found| Some(parse(&found.said?)?.of_ended(found.ended));
                Ok(newest(run.storage())?.into_iter().filter_map(said).collect())
            }
        }
    }

    /// The same of workers that hold locks.
    pub(super) fn beside_locks(storage: &dyn Storage) -> Result<Vec<Self>, StoreError> {
        let mut workers = Vec::new();
        for entry in storage
            .list("_status")?
            .into_iter()
            .filter(|entry| Path::new(&entry.path).extension().is_some_and(|ext| ext == "json"))
        {
            let bytes = storage.read(&entry.path)?;
            workers.extend(bytes.and_then(|bytes| parse(&bytes)));
        }
        Ok(workers)
    }

    /// The same of a worker that has ended, or has not; one that could not begin had no time to say why.
    pub(super) fn of_ended(mut self, ended: bool) -> Self {
        if ended && self.state == ShardState::Running {
            self.state = ShardState::Stopped;
        }
        self
    }

    /// Whether the process can be known to be gone: same machine, other boot or no such process.
    pub fn process_is_gone(&self) -> bool {
        self.host == host() && (self.boot_id != boot_id() || !is_alive(self.pid))
    }

    /// Whether a process left it.
    pub(super) fn is_of(&self, holder: &Holder) -> bool {
        self.pid == holder.process && (holder.host.is_empty() || holder.host == self.host)
    }

    /// Whether it ends with its unit: it was told to, or will be since its supervisor is gone.
    pub(super) fn is_ending(&self) -> bool {
        let is_orphan = || self.host == host() && self.supervisor.is_some_and(is_ending);
        self.state != ShardState::Running || self.stopping || is_orphan()
    }

    /// Whether it has not been heard of for long, as far as its clock is as this one. Only words depend on that; who wants a
    /// share watches whether the holder's beat changes.
    pub fn is_silent(&self, now_us: i64) -> bool {
        let silence = if self.lease.is_some() { SILENCE_OF_LEASES } else { SILENCE };
        now_us - self.updated_us > silence.as_micros() as i64
    }

    /// Takes in what the worker tells.
    pub(super) fn take(&mut self, event: &Event) {
        self.counts = event.counts;
        match &event.kind {
            EventKind::ShardStarted { already_done, .. } => self.already_done = *already_done,
            EventKind::UnitStarted { user_id, .. } => {
                self.current_user = Some(user_id.clone());
                self.stage = None;
            }
            EventKind::Stage { user_id, stage } => {
                self.current_user = Some(user_id.clone());
                self.stage = Some(stage.clone());
            }
            EventKind::UnitCommitted { user_id, feature_mode, state, reason, .. } => {
                if *state != UnitState::Ok && self.lease.is_some() && self.problems.len() < KEPT {
                    let (user_id, feature_mode) = (user_id.clone(), feature_mode.clone());
                    let reason = reason.clone().unwrap_or_default();
                    self.problems.push(Problem { user_id, feature_mode, state: *state, reason });
                }
                if *state == UnitState::Failed {
                    self.errors += 1;
                    self.last_error =
                        Some(format!("{user_id}: {}", reason.as_deref().unwrap_or("no reason")));
                }
            }
            EventKind::ShardFinished { interrupted, .. } => {
                self.state = if *interrupted { ShardState::Interrupted } else { ShardState::Finished };
                self.current_user = None;
                self.stage = None;
            }
            EventKind::ShardLost { cause, .. } => {
                self.state = ShardState::Stopped;
                self.last_error = Some(cause.clone());
            }
            EventKind::UnitTimedOut { user_id, limit_ms, .. } => {
                let limit = Duration::from_millis(*limit_ms);
                self.last_error = Some(format!("{user_id} ran longer than {limit:?}"));
            }
            // The last two are the supervisor's; a worker does not hear of them.
            EventKind::UnitAnalysed { .. }
            | EventKind::ShardWaiting { .. }
            | EventKind::SetAside { .. }
            | EventKind::Damaged { .. }
            | EventKind::ShardRestarting { .. }
            | EventKind::Pulse { .. } => {}
        }
    }

    /// Brings up to date what changes by itself.
    pub(super) fn beat(&mut self) {
        self.updated_us = now_us();
        self.memory_bytes = memory_bytes();
        let minutes = (self.updated_us - self.started_us) as f64 / 6e7;
        let done = self.counts.done().saturating_sub(self.already_done);
        self.per_minute = (done > 0 && minutes > 0.0).then(|| done as f64 / minutes);
        let left = self.counts.total.saturating_sub(self.counts.done());
        self.eta_seconds = self.per_minute.map(|rate| (left as f64 / rate * 60.0).ceil() as u64);
    }
}

pub(super) fn parse(bytes: &[u8]) -> Option<ShardStatus> {
    serde_json::from_slice(bytes).ok()
}
