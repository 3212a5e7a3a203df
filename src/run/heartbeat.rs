//! `_status/shard-<i>.json`: where a shard stands, for `status` and for whoever looks.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::stop::Stop;
use crate::event::{Counts, Event, EventKind, EventSink, now_us};

use crate::store::{Assignment, Holder, Object, Run, Storage, StoreError, UnitState};
use crate::system::{boot_id, host, is_alive, is_ending, memory_bytes};

/// How often the file is written at least.
pub(super) const BEAT: Duration = Duration::from_secs(2);

/// How often is looked whether it was told to stop.
const LOOK: Duration = Duration::from_millis(50);

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
}

impl ShardStatus {
    fn new(share: Assignment, supervisor: Option<u32>) -> Self {
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
        }
    }

    /// Whether the worker has users of `shard` of `shards`.
    pub fn covers(&self, shard: u32, shards: u32) -> bool {
        Assignment { index: self.shard, of: self.of }.meets(Assignment { index: shard, of: shards })
    }

    /// What the workers of a run have left. A file that is torn or of another version is as good as none.
    pub(super) fn all(storage: &dyn Storage) -> Result<Vec<Self>, StoreError> {
        let mut workers = Vec::new();
        for entry in storage
            .list("_status")?
            .into_iter()
            .filter(|entry| Path::new(&entry.path).extension().is_some_and(|ext| ext == "json"))
        {
            let bytes = storage.read(&entry.path)?;
            workers.extend(bytes.and_then(|b| serde_json::from_slice::<Self>(&b).ok()));
        }
        Ok(workers)
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

    /// Whether it has not been heard of for long.
    pub fn is_silent(&self, now_us: i64) -> bool {
        now_us - self.updated_us > BEAT.as_micros() as i64 * 15
    }

    fn take(&mut self, event: &Event) {
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
            EventKind::UnitCommitted { user_id, state, reason, .. } => {
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
            | EventKind::ShardRestarting { .. }
            | EventKind::Pulse { .. } => {}
        }
    }

    /// Brings up to date what changes by itself.
    fn beat(&mut self) {
        self.updated_us = now_us();
        self.memory_bytes = memory_bytes();
        let minutes = (self.updated_us - self.started_us) as f64 / 6e7;
        let done = self.counts.done().saturating_sub(self.already_done);
        self.per_minute = (done > 0 && minutes > 0.0).then(|| done as f64 / minutes);
        let left = self.counts.total.saturating_sub(self.counts.done());
        self.eta_seconds = self.per_minute.map(|rate| (left as f64 / rate * 60.0).ceil() as u64);
    }
}

/// Keeps the status file of a shard fresh, also while one unit takes hours.
#[derive(Debug)]
pub struct Heartbeat {
    shared: Arc<Shared>,
    writer: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<(ShardStatus, bool)>,
    wake: Condvar,
    stop: Stop,
}

impl Heartbeat {
    /// Starts writing.
    pub fn start(run: &Run, share: Assignment, supervisor: Option<u32>, stop: &Stop) -> Self {
        let state = Mutex::new((ShardStatus::new(share, supervisor), false));
        let shared = Arc::new(Shared { state, wake: Condvar::new(), stop: stop.clone() });
        let (run, thread) = (run.clone(), Arc::clone(&shared));
        let writer =
            std::thread::Builder::new().name("heartbeat".into()).spawn(move || beat(&run, &thread)).ok();
        Self { shared, writer }
    }
}

impl EventSink for Heartbeat {
    fn emit(&self, event: &Event) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.take(event);
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.shared.wake.notify_all();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn beat(run: &Run, shared: &Shared) {
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        state.0.beat();
        state.0.stopping = shared.stop.is_asked();
        let (status, last) = state.clone();
        drop(state);
        write(run, &status);
        if last {
            return;
        }
        state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + BEAT;
        // That it was told to stop is written at once: the next one may wait for that.
        while !state.1 && Instant::now() < until && shared.stop.is_asked() == status.stopping {
            (state, _) = shared.wake.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn write(run: &Run, status: &ShardStatus) {
    let Ok(bytes) = serde_json::to_vec_pretty(status) else { return };
    let path = format!("_status/shard-{}.json", status.shard);
    // A status that cannot be written is a pity, not a failure of the run.
    if let Err(error) = run.storage().note(&Object { path, bytes }) {
        tracing::warn!("the status file could not be written: {error}");
    }
}
