//! `_status/shard-<i>.json`: where a shard stands, for `status` and for whoever looks.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::{Counts, Event, EventKind, EventSink, now_us};
use crate::store::{Assignment, Object, Run, UnitState};
use crate::system::{boot_id, host, memory_bytes};

/// How often the file is written at least.
pub(super) const BEAT: Duration = Duration::from_secs(2);

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
    /// Units that failed since it started.
    #[serde(default)]
    pub errors: u64,
    /// The last error.
    pub last_error: Option<String>,
}

impl ShardStatus {
    fn new(share: Assignment) -> Self {
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
            errors: 0,
            last_error: None,
        }
    }

    /// Whether the worker has users of `shard` of `shards`.
    pub fn covers(&self, shard: u32, shards: u32) -> bool {
        Assignment { index: self.shard, of: self.of }.meets(Assignment { index: shard, of: shards })
    }

    /// Whether the process can be known to be gone: same machine, other boot or no such process.
    pub fn process_is_gone(&self) -> bool {
        if self.host != host() || !std::path::Path::new("/proc/self").exists() {
            return false;
        }
        self.boot_id != boot_id() || !std::path::Path::new("/proc").join(self.pid.to_string()).exists()
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
            EventKind::UnitAnalysed { .. } | EventKind::ShardRestarting { .. } | EventKind::Pulse { .. } => {}
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
}

impl Heartbeat {
    /// Starts writing.
    pub fn start(run: &Run, share: Assignment) -> Self {
        let shared =
            Arc::new(Shared { state: Mutex::new((ShardStatus::new(share), false)), wake: Condvar::new() });
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
        let (status, last) = state.clone();
        drop(state);
        write(run, &status);
        if last {
            return;
        }
        state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.1 {
            (state, _) = shared.wake.wait_timeout(state, BEAT).unwrap_or_else(PoisonError::into_inner);
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
