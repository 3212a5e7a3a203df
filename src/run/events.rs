//! What befell the workers of a run, kept in the run: people look for it the next morning.

use std::sync::{Mutex, PoisonError};

use super::orders::QUARANTINED;
use crate::event::{Event, EventKind, EventSink};
use crate::store::{EVENTS, Object, Run};

/// Passes events on, and writes down those that say when there was work, and why time was lost.
pub(super) struct Kept<'a> {
    run: &'a Run,
    tell: &'a dyn EventSink,
    writing: Mutex<()>,
}

impl<'a> Kept<'a> {
    /// Of the events of a run.
    pub(super) fn of(run: &'a Run, tell: &'a dyn EventSink) -> Self {
        Self { run, tell, writing: Mutex::new(()) }
    }

    /// Puts a line to those there are. What cannot be written is lost: no run ends for it.
    fn keep(&self, event: &Event) {
        let Ok(line) = serde_json::to_string(event) else { return };
        let _guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let storage = self.run.storage();
        let mut bytes = storage.read(EVENTS).ok().flatten().unwrap_or_default();
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        if let Err(error) = storage.note(&Object { path: EVENTS.to_owned(), bytes }) {
            tracing::warn!("{error}");
        }
    }
}

impl EventSink for Kept<'_> {
    fn emit(&self, event: &Event) {
        if is_kept(&event.kind) {
            self.keep(event);
        }
        self.tell.emit(event);
    }
}

fn is_kept(kind: &EventKind) -> bool {
    match kind {
        EventKind::ShardStarted { .. }
        | EventKind::UnitTimedOut { .. }
        | EventKind::SetAside { .. }
        | EventKind::ShardRestarting { .. }
        | EventKind::ShardLost { .. } => true,
        EventKind::UnitCommitted { reason: Some(reason), .. } => reason.starts_with(QUARANTINED),
        _ => false,
    }
}
