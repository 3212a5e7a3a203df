//! What happens in a run, as one typed stream.
//!
//! Workers emit [`Event`]s; everything a person or program sees of a running run (bars, lines,
//! status files, logs, the summary, the exit code) is a reader of this stream. Nothing else prints.

mod kept;
mod mishap;

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::store::UnitState;

pub use kept::{EVENT_PIECES, keeps_events, kept_events};
pub use mishap::Mishap;

/// Something that happened, with the counts of its shard right after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When, microseconds since 1970.
    pub at_us: i64,
    /// The worker's shard.
    pub shard: u32,
    /// Units of the shard.
    pub counts: Counts,
    /// What.
    pub kind: EventKind,
}

/// Units of a shard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All units of the shard.
    pub total: u64,
    /// Committed `ok`, before and now.
    pub ok: u64,
    /// Committed `skipped`.
    pub skipped: u64,
    /// Committed `failed`.
    pub failed: u64,
    /// Being worked on.
    pub running: u64,
}

impl Counts {
    /// Units with a ledger row.
    pub fn done(&self) -> u64 {
        self.ok + self.skipped + self.failed
    }

    /// Counts one more committed unit.
    pub fn add(&mut self, state: UnitState) {
        match state {
            UnitState::Ok => self.ok += 1,
            UnitState::Skipped => self.skipped += 1,
            UnitState::Failed => self.failed += 1,
        }
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |a, b| Self {
            total: a.total + b.total,
            ok: a.ok + b.ok,
            skipped: a.skipped + b.skipped,
            failed: a.failed + b.failed,
            running: a.running + b.running,
        })
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A worker began.
    ShardStarted {
        /// Its process.
        pid: u32,
        /// Units that were done before.
        already_done: u64,
    },
    /// A worker waits for another process that has its users and is about to end, or may have died.
    ShardWaiting {
        /// The process, in words.
        holder: String,
        /// For how long at most, seconds, if that is long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
    },
    /// A unit began.
    UnitStarted {
        /// The user.
        user_id: String,
        /// The feature mode.
        feature_mode: String,
    },
    /// A unit came to another stage.
    Stage {
        /// The user.
        user_id: String,
        /// The stage.
        stage: String,
    },
    /// A unit is finished and waits to be committed with others.
    UnitAnalysed {
        /// The user.
        user_id: String,
        /// The feature mode.
        feature_mode: String,
    },
    /// A unit is in the ledger.
    UnitCommitted {
        /// The user.
        user_id: String,
        /// The feature mode.
        feature_mode: String,
        /// What became of it.
        state: UnitState,
        /// Why, unless it is ok.
        reason: Option<String>,
        /// Wall time.
        elapsed_ms: u64,
    },
    /// A worker is alive.
    Pulse {
        /// Its memory now, bytes.
        memory_bytes: u64,
    },
    /// A unit took longer than it may. The worker ends itself after this.
    UnitTimedOut {
        /// The user.
        user_id: String,
        /// The feature mode.
        feature_mode: String,
        /// What it may take.
        limit_ms: u64,
    },
    /// A file of the ledger could not be read and was moved away; its units are done again.
    SetAside {
        /// Where it was.
        file: String,
        /// Why it could not be read.
        cause: String,
    },
    /// A data file is not what was written; its units are done again.
    Damaged {
        /// The file, and why it cannot be used.
        what: String,
    },
    /// A worker that ended will be started again.
    ShardRestarting {
        /// Why it ended.
        cause: String,
        /// The users it was on.
        users: Vec<String>,
        /// How many times it was started again without having committed anything.
        restart: u32,
        /// How many times that may be.
        of: u32,
        /// Pause before, ms.
        wait_ms: u64,
    },
    /// A worker did all it had to, or was told to stop.
    ShardFinished {
        /// Whether it was told to stop.
        interrupted: bool,
        /// Peak memory of the process, bytes.
        peak_memory_bytes: Option<u64>,
    },
    /// A worker ended without saying so, or with an error.
    ShardLost {
        /// Why.
        cause: String,
        /// The unit it was on.
        last_user: Option<String>,
    },
}

/// A reader of the stream.
pub trait EventSink: Sync + Send {
    /// Takes an event. Slow readers slow the run down; they never stop it.
    fn emit(&self, event: &Event);
}

/// Several readers of one stream.
#[derive(Default)]
pub struct FanOut(Vec<Box<dyn EventSink>>);

impl std::fmt::Debug for FanOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FanOut").field(&self.0.len()).finish()
    }
}

impl FanOut {
    /// Adds a reader.
    #[must_use]
    pub fn with(mut self, sink: impl EventSink + 'static) -> Self {
        self.0.push(Box::new(sink));
        self
    }
}

impl EventSink for FanOut {
    fn emit(&self, event: &Event) {
        for sink in &self.0 {
            sink.emit(event);
        }
    }
}

impl<T: EventSink + ?Sized> EventSink for std::sync::Arc<T> {
    fn emit(&self, event: &Event) {
        (**self).emit(event);
    }
}

/// Writes each event as a line of JSON.
#[derive(Debug)]
pub struct JsonLines<W: std::io::Write + Send>(Mutex<W>);

impl<W: std::io::Write + Send> JsonLines<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self(Mutex::new(out))
    }
}

impl<W: std::io::Write + Send> EventSink for JsonLines<W> {
    fn emit(&self, event: &Event) {
        let Ok(line) = serde_json::to_string(event) else { return };
        if let Ok(mut out) = self.0.lock() {
            // A reader that went away must not stop the run.
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        }
    }
}

/// Now, in microseconds since 1970.
pub fn now_us() -> i64 {
    chrono::Utc::now().timestamp_micros() + crate::failpoint::clock_us()
}
