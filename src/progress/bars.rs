//! A bar a shard.

use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::alike::Told;
use super::words::{bytes, damaged, restarting, set_aside, waiting};
use crate::event::{Event, EventKind, EventSink};
use crate::printable::printable;
use crate::store::UnitState;

/// Bars on standard error.
#[derive(Debug)]
pub(crate) struct Bars {
    all: MultiProgress,
    shards: Vec<ProgressBar>,
    told: Mutex<Told>,
}

impl Bars {
    /// One bar for each of `shards`.
    pub(crate) fn new(shards: u32) -> Self {
        let all = MultiProgress::new();
        let style = ProgressStyle::with_template(
            "{prefix:<16} [{bar:24}] {pos:>4}/{len:<4} {elapsed_precise} ETA {eta_precise} {wide_msg}",
        )
        .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "));
        let bars = (0..shards)
            .map(|shard| {
                let bar = all.add(ProgressBar::new(0).with_style(style.clone()));
                bar.set_prefix(format!("shard {shard}"));
                bar
            })
            .collect();
        Self { all, shards: bars, told: Mutex::default() }
    }
}

impl EventSink for Bars {
    fn emit(&self, event: &Event) {
        let Some(bar) = self.shards.get(event.shard as usize) else { return };
        bar.set_length(event.counts.total);
        match &event.kind {
            EventKind::ShardStarted { already_done, .. } => {
                bar.reset_eta();
                bar.set_position(*already_done);
            }
            EventKind::UnitStarted { user_id, .. } => bar.set_message(printable(user_id).into_owned()),
            EventKind::Stage { user_id, stage } => {
                bar.set_message(printable(&format!("{user_id} {stage}")).into_owned());
            }
            EventKind::UnitCommitted { user_id, state, reason, .. } => {
                bar.set_position(event.counts.done());
                if *state != UnitState::Ok {
                    let reason = reason.as_deref().unwrap_or("no reason given");
                    let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                    if told.before(user_id, reason).is_none() {
                        let _ =
                            self.all.println(printable(&format!("{user_id} {}: {reason}", state.as_str())));
                    }
                }
            }
            EventKind::ShardFinished { interrupted, .. } => {
                bar.finish_with_message(if *interrupted { "interrupted" } else { "done" });
            }
            EventKind::ShardLost { cause, .. } => bar.abandon_with_message(cause.clone()),
            EventKind::Pulse { memory_bytes } => {
                bar.set_prefix(format!("shard {} {:>7}", event.shard, bytes(*memory_bytes)));
            }
            EventKind::UnitAnalysed { .. } | EventKind::UnitTimedOut { .. } => {}
            EventKind::ShardWaiting { .. } | EventKind::SetAside { .. } | EventKind::Damaged { .. } => {
                if let Some(line) = waiting(event).or_else(|| set_aside(event)).or_else(|| damaged(event)) {
                    let _ = self.all.println(line);
                }
            }
            EventKind::ShardRestarting { .. } => {
                if let Some(line) = restarting(event) {
                    let _ = self.all.println(line);
                }
                bar.set_message("starting again");
            }
        }
    }
}
