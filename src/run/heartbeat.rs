//! Has a worker say that it lives, and where its shard stands, also while one unit takes hours.
//!
//! Under a lock that is `_status/shard-<i>.json`. Under a lease it is the lease's beat; whoever loses the lease meanwhile, or
//! is not heard for too long, is told to stop.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::holding::Holding;
use super::problem::Problem;
use super::shard_status::{KEPT, ShardStatus};
use super::stop::Stop;
use crate::event::{Event, EventSink};
use crate::store::{Object, Run};

/// How often the file is written at least, where that costs nothing.
const BEAT: Duration = Duration::from_secs(2);

/// How often is looked whether it was told to stop, and whether it has its share still.
const LOOK: Duration = Duration::from_millis(50);

/// Says that a worker lives until it is dropped, and then that it ends.
#[derive(Debug)]
pub(super) struct Heartbeat {
    shared: Arc<Shared>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<(ShardStatus, bool)>,
    wake: Condvar,
    stop: Stop,
    holding: Arc<Holding>,
}

impl Heartbeat {
    /// Starts with it.
    pub(super) fn start(run: &Run, holding: &Arc<Holding>, supervisor: Option<u32>, stop: &Stop) -> Self {
        let writer = holding.writer();
        let state = Mutex::new((ShardStatus::new(writer.share, writer.lease, supervisor), false));
        let (stop, holding) = (stop.clone(), Arc::clone(holding));
        let shared = Arc::new(Shared { state, wake: Condvar::new(), stop, holding });
        let thread = |name: &str, does: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.into()).spawn(does).ok()
        };
        let (run, beats, minds) = (run.clone(), Arc::clone(&shared), Arc::clone(&shared));
        let beats = thread("heartbeat", Box::new(move || beat(&run, &beats)));
        // Not in the same thread: the store may take its time.
        let minds = writer.lease.and_then(|_| thread("lease", Box::new(move || mind(&minds))));
        Self { shared, threads: beats.into_iter().chain(minds).collect() }
    }

    /// The units of the whole plan, and of its own those that are done and did not end `ok`.
    pub(super) fn planned(&self, units: u64, mut problems: Vec<Problem>) {
        problems.truncate(KEPT);
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0.lease.is_some() {
            (state.0.of_units, state.0.problems) = (Some(units), problems);
        }
    }

    /// The groups that were committed last.
    pub(super) fn committed(&self, groups: Vec<String>) {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).0.last_groups = groups;
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
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn beat(run: &Run, shared: &Shared) {
    let every = shared.holding.beat_every().unwrap_or(BEAT);
    let mut is_first = true;
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let begun = Instant::now();
        state.0.beat();
        state.0.stopping = shared.stop.is_asked();
        let (status, last) = state.clone();
        drop(state);
        write(run, &shared.holding, &status, (is_first, last));
        if last {
            return;
        }
        is_first = false;
        state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = begun + every;
        // That it was told to stop is written at once: the next one may wait for that.
        while !state.1 && Instant::now() < until && shared.stop.is_asked() == status.stopping {
            (state, _) = shared.wake.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Has a worker stop that has lost its share.
fn mind(shared: &Shared) {
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    while !state.1 {
        (state, _) = shared.wake.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner);
        if shared.holding.lost().is_some() {
            shared.stop.ask();
            return;
        }
    }
}

fn write(run: &Run, holding: &Holding, status: &ShardStatus, (first, last): (bool, bool)) {
    let Ok(bytes) = serde_json::to_vec_pretty(status) else { return };
    let written = match holding {
        Holding::Lock(..) => {
            run.storage().note(&Object { path: format!("_status/shard-{}.json", status.shard), bytes })
        }
        Holding::Lease(_) if last => {
            holding.end(run.storage(), bytes);
            return;
        }
        Holding::Lease(_) => holding.beat(run.storage(), bytes, first),
    };
    // A status that cannot be written is a pity, not a failure of the run.
    if let Err(error) = written {
        tracing::warn!("the status file could not be written: {error}");
    }
}
