//! What a worker tells of its units.

use std::sync::{Mutex, PoisonError};

use crate::event::{Counts, Event, EventKind, EventSink, now_us};
use crate::store::LedgerRow;

/// Counts and events in one place, so that every event carries the counts right after it.
pub(super) struct Progress<'a> {
    shard: u32,
    counts: Mutex<Counts>,
    sink: &'a dyn EventSink,
}

impl<'a> Progress<'a> {
    pub(super) fn new(shard: u32, counts: Counts, sink: &'a dyn EventSink) -> Self {
        Self { shard, counts: Mutex::new(counts), sink }
    }

    pub(super) fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn emit(&self, kind: EventKind) {
        self.change(|_| {}, kind);
    }

    pub(super) fn start(&self, user_id: &str, feature_mode: &str) {
        let kind =
            EventKind::UnitStarted { user_id: user_id.to_owned(), feature_mode: feature_mode.to_owned() };
        self.change(|c| c.running += 1, kind);
    }

    /// A unit waits to be committed with others.
    pub(super) fn analysed(&self, row: &LedgerRow) {
        let kind =
            EventKind::UnitAnalysed { user_id: row.user_id.clone(), feature_mode: row.feature_mode.clone() };
        self.change(|c| c.running = c.running.saturating_sub(1), kind);
    }

    /// A unit is in the ledger; one that waited is not running any more.
    pub(super) fn committed(&self, row: &LedgerRow, waited: bool) {
        let kind = EventKind::UnitCommitted {
            user_id: row.user_id.clone(),
            feature_mode: row.feature_mode.clone(),
            state: row.state,
            reason: row.reason.clone(),
            elapsed_ms: row.elapsed_ms() as u64,
        };
        let done = |c: &mut Counts| {
            c.running = c.running.saturating_sub(u64::from(!waited));
            c.add(row.state);
        };
        self.change(done, kind);
    }

    fn change(&self, change: impl FnOnce(&mut Counts), kind: EventKind) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut counts);
        self.sink.emit(&Event { at_us: now_us(), shard: self.shard, counts: *counts, kind });
    }
}
