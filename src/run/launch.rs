//! How workers are started: a trait, so that processes, threads and batch systems are supervised alike.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::before::Idle;
use super::decide::Redo;
use super::error::{LaunchError, WorkerError};
use super::orders::{GivenUp, Orders, UnitKey};
use crate::event::{Counts, Event, EventKind, EventSink};
use crate::store::{Assignment, Run};

/// What a worker is started for.
#[derive(Debug, Clone)]
pub struct Share<'a> {
    /// The run.
    pub run: &'a Run,
    /// Which of its users.
    pub assignment: Assignment,
    /// Users worked on at once.
    pub threads: usize,
    /// Which settled units are done again.
    pub redo: Redo,
    /// Memory of the worker, bytes.
    pub memory: Option<u64>,
    /// Time of a unit.
    pub timeout: Option<Duration>,
}

/// Starts workers.
pub trait Launcher: Sync {
    /// Starts the worker of a share, which begins with what its orders say.
    fn launch<'a>(&'a self, share: &'a Share<'a>, orders: &Orders)
    -> Result<Arc<dyn Live + 'a>, LaunchError>;

    /// How long a worker may say nothing until it is taken to hang; none if it may for ever.
    fn silence(&self) -> Option<Duration>;
}

/// A worker that was started.
pub trait Live: Send + Sync {
    /// Tells what it does until it ends, and how it ended.
    fn follow(&self, tell: &dyn EventSink) -> End;

    /// Has it end; may be called again and again, from any thread.
    fn stop(&self, how: Urgency);
}

/// How a worker is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// After the units in work.
    Soon,
    /// At once, with all it has started.
    Now,
}

/// How a worker ended.
#[derive(Debug, Default)]
pub struct End {
    /// Its units, as last told.
    pub counts: Counts,
    /// Units it committed.
    pub committed: u64,
    /// Units it had begun.
    pub in_flight: BTreeSet<UnitKey>,
    /// Units that took too long, with the reason.
    pub timed_out: Vec<GivenUp>,
    /// Its largest memory, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Where nothing was left to do, if it was in this process.
    pub idle: Option<Idle>,
    /// What it was.
    pub kind: EndKind,
}

/// What an end was.
#[derive(Debug, Default)]
pub enum EndKind {
    /// It did what it had to.
    #[default]
    Finished,
    /// It was told to stop, and units are left.
    Interrupted,
    /// It must not be started again: another process has its users, or the run is of another version.
    Refused(String),
    /// It ended because a unit took too long.
    TimedOut,
    /// It could not go on and said why: the disk, not a unit, is at fault.
    Stopped(String),
    /// It ended without a word, and that is why.
    Died(String),
    /// It was in this process and could not go on: whoever called is told.
    Failed(WorkerError),
}

impl End {
    /// Takes in what a worker tells.
    pub(super) fn take(&mut self, event: &Event) {
        self.counts = event.counts;
        let key =
            |user: &String, mode: &String| UnitKey { user_id: user.clone(), feature_mode: mode.clone() };
        match &event.kind {
            EventKind::UnitStarted { user_id, feature_mode } => {
                self.in_flight.insert(key(user_id, feature_mode));
            }
            // Not in doubt any more: if it is lost, it was not the unit's fault.
            EventKind::UnitAnalysed { user_id, feature_mode } => {
                self.in_flight.remove(&key(user_id, feature_mode));
            }
            EventKind::UnitCommitted { user_id, feature_mode, .. } => {
                self.in_flight.remove(&key(user_id, feature_mode));
                self.committed += 1;
            }
            EventKind::UnitTimedOut { user_id, feature_mode, limit_ms } => {
                let limit = Duration::from_millis(*limit_ms);
                let reason = format!("ran longer than {limit:?} (--timeout)");
                self.timed_out.push(GivenUp { unit: key(user_id, feature_mode), reason });
            }
            EventKind::Pulse { memory_bytes } => {
                self.peak_memory_bytes = self.peak_memory_bytes.max(Some(*memory_bytes));
            }
            EventKind::ShardFinished { peak_memory_bytes, .. } => {
                self.peak_memory_bytes = self.peak_memory_bytes.max(*peak_memory_bytes);
            }
            _ => {}
        }
    }
}
