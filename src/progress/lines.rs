//! Plain lines, for pipes, logs and terminals that are none.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::alike::Told;
use super::words::{damaged, duration, restarting, set_aside, waiting};
use crate::event::{Counts, Event, EventKind, EventSink};
use crate::printable::printable;
use crate::store::UnitState;

/// Above this many units in a shard, units that went well are told once a second at most.
const FEW: u64 = 100;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Only what goes wrong.
    Quiet,
    /// Progress too.
    Normal,
}

/// Lines on a writer.
#[derive(Debug)]
pub(crate) struct Lines<W: Write + Send> {
    state: Mutex<State<W>>,
    verbosity: Verbosity,
}

#[derive(Debug)]
struct State<W> {
    out: W,
    counts: std::collections::BTreeMap<u32, Counts>,
    last: Option<Instant>,
    waiting: Option<String>,
    told: Told,
}

impl<W: Write + Send> Lines<W> {
    /// Lines to `out`.
    pub(crate) fn new(out: W, verbosity: Verbosity) -> Self {
        let state = State {
            out,
            counts: std::collections::BTreeMap::new(),
            last: None,
            waiting: None,
            told: Told::default(),
        };
        Self { state: Mutex::new(state), verbosity }
    }

    fn line(&self, event: &Event, all: Counts, due: bool, told: &mut Told) -> Option<String> {
        let shard = event.shard;
        let normal = self.verbosity == Verbosity::Normal;
        match &event.kind {
            EventKind::UnitCommitted { user_id, feature_mode, state, reason, elapsed_ms } => {
                let before = reason.as_ref().and_then(|reason| told.before(user_id, reason));
                let is_news = *state != UnitState::Ok && before.is_none();
                if !is_news && !(normal && (due || event.counts.total <= FEW)) {
                    return None;
                }
                let reason = match (reason, before) {
                    (_, Some((first, times))) => format!(", as user {first} ({times} times by now)"),
                    (Some(reason), None) => format!(": {reason}"),
                    (None, None) => String::new(),
                };
                Some(format!(
                    "{}/{} shard {shard} {user_id} {feature_mode} {} in {}{reason}",
                    all.done(),
                    all.total,
                    state.as_str(),
                    duration(*elapsed_ms),
                ))
            }
            EventKind::ShardStarted { already_done, .. } if normal && *already_done > 0 => Some(format!(
                "shard {shard}: {already_done} of {} units were done before",
                event.counts.total
            )),
            EventKind::ShardFinished { interrupted: true, .. } => Some(format!(
                "shard {shard}: interrupted after {} of {} units",
                event.counts.done(),
                event.counts.total
            )),
            EventKind::ShardRestarting { .. } => restarting(event),
            EventKind::ShardWaiting { .. } => waiting(event),
            EventKind::SetAside { .. } => set_aside(event),
            EventKind::Damaged { .. } => damaged(event),
            EventKind::ShardLost { cause, last_user } => {
                let user = last_user.as_ref().map_or_else(String::new, |u| format!(" at user {u}"));
                Some(format!("shard {shard}: {cause}{user}"))
            }
            _ => None,
        }
    }
}

impl<W: Write + Send> EventSink for Lines<W> {
    fn emit(&self, event: &Event) {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *guard;
        state.counts.insert(event.shard, event.counts);
        let all: Counts = state.counts.values().copied().sum();
        let due = state.last.is_none_or(|last| last.elapsed() > Duration::from_secs(1));
        let line = self.line(event, all, due, &mut state.told);
        // Several workers may wait for one.
        let again = line.is_some() && matches!(event.kind, EventKind::ShardWaiting { .. }) && {
            let again = state.waiting == line;
            state.waiting.clone_from(&line);
            again
        };
        if let Some(line) = line.filter(|_| !again) {
            state.last = Some(Instant::now());
            let _ = writeln!(state.out, "{}", printable(&line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_in_one_line_each() {
        let mut out = Vec::new();
        let lines = Lines::new(&mut out, Verbosity::Normal);
        let mut counts = Counts { total: 3, ..Counts::default() };
        let mut emit = |kind, add: Option<UnitState>| {
            if let Some(state) = add {
                counts.add(state);
            }
            lines.emit(&Event { at_us: 0, shard: 1, counts, kind });
        };
        emit(EventKind::ShardStarted { pid: 1, already_done: 0 }, None);
        let unit = |user: &str, state, reason: Option<&str>| EventKind::UnitCommitted {
            user_id: user.into(),
            feature_mode: "composite".into(),
            state,
            reason: reason.map(Into::into),
            elapsed_ms: 1200,
        };
        emit(unit("u1", UnitState::Ok, None), Some(UnitState::Ok));
        emit(unit("u2", UnitState::Failed, Some("no such column")), Some(UnitState::Failed));
        emit(unit("u3", UnitState::Failed, Some("no such column")), Some(UnitState::Failed));
        emit(EventKind::ShardLost { cause: "killed".into(), last_user: Some("u2".into()) }, None);
        drop(lines);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "1/3 shard 1 u1 composite ok in 1.2 s\n\
             2/3 shard 1 u2 composite failed in 1.2 s: no such column\n\
             3/3 shard 1 u3 composite failed in 1.2 s, as user u2 (2 times by now)\n\
             shard 1: killed at user u2\n"
        );
    }
}
