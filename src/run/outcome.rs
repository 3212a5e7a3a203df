//! How the work on a run ended: exit code, words and recorded state come from here.

use std::time::Duration;

use super::before::Idle;
use super::orders::QUARANTINED;
use super::problem::{Problem, Problems};
use crate::error::Exit;
use crate::event::Counts;
use crate::progress::{bytes, duration};
use crate::store::RunState;

/// How the work on a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct RunOutcome {
    /// Units of all shards, as last told.
    pub counts: Counts,
    /// Shards that were given up.
    pub lost: Vec<Lost>,
    /// Workers that were started again.
    pub restarts: u32,
    /// Whether it was told to stop.
    pub interrupted: bool,
    /// Largest peak memory of a worker, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Sum of the workers' peak memory, bytes.
    pub total_memory_bytes: Option<u64>,
    /// What the run was recorded as.
    pub state: RunState,
    /// Whether it is a control: a pair that is skipped, having too little in common, leaves nothing to do.
    pub is_control: bool,
    /// The first units that did not end `ok`, if nothing was left to do.
    pub(super) known: Option<Vec<Problem>>,
}

/// A shard that was given up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lost {
    /// The shard.
    pub shard: u32,
    /// Why.
    pub cause: String,
    /// The users it was on.
    pub last_user: Option<String>,
    /// Whether it may not be worked on, rather than could not.
    pub refused: bool,
}

/// How a shard ended.
#[derive(Debug, Default)]
pub(super) struct ShardEnd {
    pub(super) counts: Counts,
    pub(super) interrupted: bool,
    pub(super) restarts: u32,
    pub(super) peak_memory_bytes: Option<u64>,
    pub(super) lost: Option<Lost>,
    /// Where nothing was left to do, if that is known.
    pub(super) idle: Option<Idle>,
}

impl RunOutcome {
    pub(super) fn of(ends: Vec<ShardEnd>, stopped: bool, state: RunState, is_control: bool) -> Self {
        let known = ends.iter().map(|end| Some(end.idle.as_ref()?.problems.clone()));
        let known: Option<Vec<Vec<Problem>>> = known.collect();
        let mut outcome = Self {
            counts: Counts::default(),
            lost: Vec::new(),
            restarts: 0,
            interrupted: false,
            peak_memory_bytes: None,
            total_memory_bytes: None,
            state,
            is_control,
            known: known.map(|known| known.concat()),
        };
        for shard in ends {
            outcome.counts = [outcome.counts, shard.counts].into_iter().sum();
            outcome.interrupted |= shard.interrupted;
            outcome.restarts += shard.restarts;
            outcome.lost.extend(shard.lost);
            if let Some(bytes) = shard.peak_memory_bytes {
                outcome.peak_memory_bytes = outcome.peak_memory_bytes.max(Some(bytes));
                outcome.total_memory_bytes = Some(outcome.total_memory_bytes.unwrap_or(0) + bytes);
            }
        }
        // Told to stop when nothing was left to do: that is no interruption.
        outcome.interrupted |= stopped && outcome.counts.done() < outcome.counts.total;
        outcome.lost.sort();
        outcome
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        if self.interrupted {
            Exit::Interrupted
        } else if self.lost.iter().any(|lost| lost.refused) {
            Exit::Usage
        } else if !self.lost.is_empty() {
            Exit::Error
        } else if self.counts.ok + self.accepted() < self.counts.total {
            Exit::Incomplete
        } else {
            Exit::Done
        }
    }

    /// Skipped units that nobody misses.
    fn accepted(&self) -> u64 {
        if self.is_control { self.counts.skipped } else { 0 }
    }

    /// How it ended, for people: counts, what went wrong, and what can be done.
    pub fn words(&self, problems: &Problems, took: Duration) -> String {
        let (c, run) = (self.counts, &problems.run);
        let mut text =
            format!("{} of {} done in {}", c.ok, count(c.total, "unit"), duration(took.as_millis() as u64));
        for (n, word) in
            [(c.skipped, "skipped"), (c.failed, "failed"), (c.total - c.done().min(c.total), "not done")]
        {
            if n > 0 {
                text.push_str(&format!(", {n} {word}"));
            }
        }
        if self.restarts > 0 {
            text.push_str(&format!(", {}", count(u64::from(self.restarts), "restart")));
        }
        if let Some(memory) = self.peak_memory_bytes {
            text.push_str(&format!(", peak memory {} a process", bytes(memory)));
        }
        text.push('\n');
        text.push_str(&problems.text("  "));
        for Lost { shard, cause, last_user, .. } in &self.lost {
            let at = last_user.as_ref().map_or_else(String::new, |user| format!(" at user {user}"));
            let log = if run.contains("://") {
                format!("`results logs {run} --shard {shard}` says more")
            } else {
                format!("see {run}/_logs/shard-{shard}.log")
            };
            text.push_str(&format!("error: shard {shard}: {cause}{at}; {log}\n"));
        }
        text.push_str(&remedies(problems, &self.lost));
        if !self.is_control && self.exit() == Exit::Incomplete {
            text.push_str(&unwell(c, run));
        }
        if c.done() < c.total {
            text.push_str(&format!("continue with: results run --resume {run}\n"));
        }
        text
    }
}

/// A number of things.
fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Why a run of which nothing is left to do has not ended well, and how to go on from there.
fn unwell(c: Counts, run: &str) -> String {
    if c.done() < c.total || c.skipped + c.failed == 0 {
        return String::new();
    }
    let (units, them, inputs) = if c.skipped == 1 {
        ("1 unit".to_owned(), "it", "input")
    } else {
        (count(c.skipped, "unit"), "them", "inputs")
    };
    let skipped = format!("the {inputs} of {units} cannot be analysed");
    let accept = format!("`--accept-skipped {}` makes an output that is complete without {them}", c.skipped);
    let failed = format!("{} failed", count(c.failed, "unit"));
    let again =
        format!("mend what the reasons name, and `results run --resume {run}` does what failed again");
    let (why, hint) = match (c.failed, c.skipped) {
        (0, _) => (skipped, format!("if they are right, `results merge` with {accept}")),
        (_, 0) => (failed, again),
        _ => (
            format!("{failed} and {skipped}"),
            format!("{again}; of what is skipped, if its reasons are right, {accept}"),
        ),
    };
    format!("exit code 3, since {why}, for the reasons above\n(hint: {hint})\n")
}

/// What can be done about what went wrong, a line each kind.
fn remedies(problems: &Problems, lost: &[Lost]) -> String {
    let reasons = || {
        let units = problems.units.iter().map(|p| p.reason.as_str());
        units.chain(lost.iter().map(|lost| lost.cause.as_str()))
    };
    let any = |word: &str| reasons().any(|reason| reason.contains(word));
    let quarantined = reasons().any(|reason| reason.starts_with(QUARANTINED));
    let kinds = [
        (any("out of memory"), "more memory: --memory with a larger size, or fewer --shards at once"),
        (any("(--timeout)"), "more time: --timeout with a longer time"),
        (any("storage full") || any("No space left"), "free some space; what is done stays"),
        (quarantined, "quarantined units are tried again by --resume with --retry-failed"),
    ];
    let mut text = String::new();
    for (_, remedy) in kinds.iter().filter(|(applies, _)| *applies) {
        text.push_str(&format!("(hint: {remedy})\n"));
    }
    text
}
