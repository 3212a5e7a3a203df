//! A thread that looks at a worker from beside it: how much memory it holds, and whether a unit takes
//! longer than it may.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::orders::UnitKey;
use crate::event::{Counts, Event, EventKind, EventSink, now_us};

/// How often it looks.
const LOOK: Duration = Duration::from_millis(100);

/// How often it tells of the memory.
const PULSE: Duration = Duration::from_secs(1);

/// Reads the worker's events; tells its own to another reader.
#[derive(Debug)]
pub struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Seen>,
    ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Seen {
    shard: u32,
    counts: Counts,
    started: HashMap<UnitKey, Instant>,
}

impl Watchdog {
    /// Starts looking. A unit that exceeds `limit` is told to `sink`; then `end` is called, which is to
    /// end the process: a thread cannot be ended from outside.
    pub fn start(limit: Option<Duration>, sink: Arc<dyn EventSink>, end: fn()) -> Self {
        let shared = Arc::new(Shared::default());
        let thread = Arc::clone(&shared);
        let look = move || {
            let mut told = Instant::now();
            while !thread.ended.load(Ordering::Relaxed) {
                std::thread::sleep(LOOK);
                if let Some(event) = limit.and_then(|limit| thread.overdue(limit)) {
                    sink.emit(&event);
                    end();
                }
                if told.elapsed() >= PULSE {
                    told = Instant::now();
                    if let Some(memory_bytes) = crate::system::memory_bytes() {
                        sink.emit(&thread.event(EventKind::Pulse { memory_bytes }));
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("watchdog".into()).spawn(look).ok();
        Self { shared, thread }
    }
}

impl Shared {
    fn overdue(&self, limit: Duration) -> Option<Event> {
        let unit = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.started.iter().find(|(_, since)| since.elapsed() > limit).map(|(unit, _)| unit.clone())
        }?;
        Some(self.event(EventKind::UnitTimedOut {
            user_id: unit.user_id,
            feature_mode: unit.feature_mode,
            limit_ms: limit.as_millis() as u64,
        }))
    }

    fn event(&self, kind: EventKind) -> Event {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Event { at_us: now_us(), shard: seen.shard, counts: seen.counts, kind }
    }
}

impl EventSink for Watchdog {
    fn emit(&self, event: &Event) {
        let mut seen = self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.shard = event.shard;
        seen.counts = event.counts;
        let key = |user: &str, mode: &str| UnitKey { user_id: user.into(), feature_mode: mode.into() };
        match &event.kind {
            EventKind::UnitStarted { user_id, feature_mode } => {
                seen.started.insert(key(user_id, feature_mode), Instant::now());
            }
            EventKind::UnitAnalysed { user_id, feature_mode }
            | EventKind::UnitCommitted { user_id, feature_mode, .. } => {
                seen.started.remove(&key(user_id, feature_mode));
            }
            _ => {}
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
