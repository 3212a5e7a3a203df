//! What befell the workers of a run, kept in the run: people look for it the next morning.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::logs::own_name;
use super::orders::QUARANTINED;
use crate::event::{EVENT_PIECES, Event, EventKind, EventSink};
use crate::store::{EVENTS, Object, Protocol, Run};

/// A piece that is as long gets no more lines: every line has it written again.
const LONGEST: usize = 64 << 10;

/// Beginnings of workers that come as close are written down together, where that is a request each time.
const CLOSE: Duration = Duration::from_secs(2);

/// Passes events on, and writes down those that say when there was work, and why time was lost.
pub(super) struct Kept<'a> {
    run: &'a Run,
    tell: &'a dyn EventSink,
    writing: Mutex<Piece>,
}

/// What this process has written down itself, where a file is one writer's.
#[derive(Default)]
struct Piece {
    name: Option<String>,
    number: u32,
    lines: Vec<u8>,
    /// When it was last written, and whether there are lines since.
    written: Option<Instant>,
    waits: bool,
}

impl Piece {
    /// The file that has its lines.
    fn object(&mut self) -> Object {
        let name = self.name.get_or_insert_with(own_name);
        Object { path: format!("{EVENT_PIECES}/{name}.{:04}.ndjson", self.number), bytes: self.lines.clone() }
    }

    fn is_due(&self) -> bool {
        self.waits && self.written.is_none_or(|written| written.elapsed() >= CLOSE)
    }
}

impl<'a> Kept<'a> {
    /// Of the events of a run.
    pub(super) fn of(run: &'a Run, tell: &'a dyn EventSink) -> Self {
        Self { run, tell, writing: Mutex::default() }
    }

    /// Puts a line to those there are. What cannot be written is lost: no run ends for it.
    fn keep(&self, event: &Event) {
        let Ok(line) = serde_json::to_string(event) else { return };
        let line = line + "\n";
        let mut piece = self.piece();
        if self.run.protocol() == Protocol::Locks {
            let mut bytes = self.run.storage().read(EVENTS).ok().flatten().unwrap_or_default();
            bytes.extend_from_slice(line.as_bytes());
            self.note(&Object { path: EVENTS.to_owned(), bytes });
            return;
        }
        if piece.lines.len() >= LONGEST {
            self.write(&mut piece);
            piece.lines.clear();
            piece.number += 1;
        }
        piece.lines.extend_from_slice(line.as_bytes());
        piece.waits = true;
        if piece.is_due() || !matches!(event.kind, EventKind::ShardStarted { .. }) {
            self.write(&mut piece);
        }
    }

    fn piece(&self) -> MutexGuard<'_, Piece> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the lines that wait.
    fn write(&self, piece: &mut Piece) {
        if std::mem::take(&mut piece.waits) {
            self.note(&piece.object());
            piece.written = Some(Instant::now());
        }
    }

    fn note(&self, object: &Object) {
        if let Err(error) = self.run.storage().note(object) {
            tracing::warn!("{error}");
        }
    }
}

impl EventSink for Kept<'_> {
    fn emit(&self, event: &Event) {
        if is_kept(event) {
            self.keep(event);
        } else {
            let mut piece = self.piece();
            if piece.is_due() {
                self.write(&mut piece);
            }
        }
        self.tell.emit(event);
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        let mut piece = self.piece();
        self.write(&mut piece);
    }
}

fn is_kept(event: &Event) -> bool {
    match &event.kind {
        // One that finds nothing to do is no work.
        EventKind::ShardStarted { already_done, .. } => *already_done < event.counts.total,
        EventKind::UnitTimedOut { .. }
        | EventKind::SetAside { .. }
        | EventKind::Damaged { .. }
        | EventKind::ShardRestarting { .. }
        | EventKind::ShardLost { .. } => true,
        EventKind::UnitCommitted { reason: Some(reason), .. } => reason.starts_with(QUARANTINED),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::{Counts, FanOut, kept_events};
    use crate::run::testing::run_in;
    use crate::store::MemoryStorage;

    #[test]
    fn workers_that_begin_together_are_written_down_together() {
        let run = run_in(Arc::new(MemoryStorage::without_locks()));
        let told = FanOut::default();
        let kept = Kept::of(&run, &told);
        let emit = |shard: u32, kind: EventKind| {
            let counts = Counts { total: 4, ..Counts::default() };
            kept.emit(&Event { at_us: i64::from(shard), shard, counts, kind });
        };
        let begins = |shard| emit(shard, EventKind::ShardStarted { pid: 1, already_done: 0 });
        let shards =
            || -> Vec<u32> { kept_events(run.storage()).unwrap().iter().map(|event| event.shard).collect() };
        begins(0);
        assert_eq!(shards(), [0], "the first is there at once");
        (1..4).for_each(begins);
        assert_eq!(shards(), [0]);
        // One that has nothing to do is no beginning; why time was lost is there at once.
        emit(7, EventKind::ShardStarted { pid: 1, already_done: 4 });
        emit(4, EventKind::ShardLost { cause: "x".into(), last_user: None });
        assert_eq!(shards(), [0, 1, 2, 3, 4]);
        begins(5);
        kept.piece().written = Instant::now().checked_sub(CLOSE);
        emit(5, EventKind::Pulse { memory_bytes: 1 });
        assert_eq!(shards().last(), Some(&5), "not later than the next event after a while");
        (8..3000).for_each(begins);
        drop(kept);
        let all = kept_events(run.storage()).unwrap();
        assert_eq!(all.len(), 6 + 2992, "none is lost where a piece is full");
        assert!(run.storage().list("_logs/events").unwrap().len() > 1);
    }
}
