//! The last words of a run.

use std::time::Duration;

use crate::cli::status::problems;
use crate::cli::text::count;
use crate::error::Exit;
use crate::progress::{bytes, duration};
use crate::run::launchers::{LaunchOutcome, Lost};
use crate::run::{QUARANTINED, RunStatus, run_status};
use crate::store::{Run, StoreError};

/// Tells how the run ended, and gives the exit code.
pub(in crate::cli) fn tell(run: &Run, end: &LaunchOutcome, took: Duration) -> Result<Exit, StoreError> {
    let status = run_status(run)?;
    let c = end.counts;
    let mut line =
        format!("{} of {} done in {}", c.ok, count(c.total, "unit"), duration(took.as_millis() as u64));
    for (n, word) in
        [(c.skipped, "skipped"), (c.failed, "failed"), (c.total - c.done().min(c.total), "not done")]
    {
        if n > 0 {
            line.push_str(&format!(", {n} {word}"));
        }
    }
    if end.restarts > 0 {
        line.push_str(&format!(", {}", count(u64::from(end.restarts), "restart")));
    }
    if let Some(memory) = end.peak_memory_bytes {
        line.push_str(&format!(", peak memory {} a process", bytes(memory)));
    }
    eprintln!("{line}");
    eprint!("{}", problems(&status, "  "));
    for Lost { shard, cause, last_user, .. } in &end.lost {
        let at = last_user.as_ref().map_or_else(String::new, |user| format!(" at user {user}"));
        eprintln!("error: shard {shard}: {cause}{at}; see {}/_logs/shard-{shard}.log", run.dir().display());
    }
    eprint!("{}", remedies(&status, end));
    if c.done() < c.total {
        eprintln!("continue with: results run --resume {}", run.dir().display());
    }
    Ok(exit(end))
}

/// What can be done about what went wrong, a line each kind.
fn remedies(status: &RunStatus, end: &LaunchOutcome) -> String {
    let reasons = || {
        let units = status.problems.iter().map(|p| p.reason.as_str());
        units.chain(end.lost.iter().map(|lost| lost.cause.as_str()))
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

/// The first line for programs.
pub(super) fn started(run: &Run) -> String {
    let manifest = run.manifest();
    let line = serde_json::json!({
        "event": "run_started", "run": run.dir(), "run_id": manifest.run_id, "shards": manifest.shards,
        "units": run.own_units().map_or(0, Iterator::count),
    });
    format!("{line}\n")
}

/// The last line for programs.
pub(super) fn finished(run: &Run, end: &LaunchOutcome, exit: Exit) -> String {
    let lost = end
        .lost
        .iter()
        .map(|l| serde_json::json!({"shard": l.shard, "cause": l.cause, "last_user": l.last_user}));
    let line = serde_json::json!({
        "event": "run_finished", "run": run.dir(), "exit": exit as u8, "counts": end.counts,
        "restarts": end.restarts, "lost": lost.collect::<Vec<_>>(), "peak_memory_bytes": end.peak_memory_bytes,
    });
    format!("{line}\n")
}

fn exit(end: &LaunchOutcome) -> Exit {
    if end.interrupted {
        Exit::Interrupted
    } else if end.lost.iter().any(|lost| lost.refused) {
        Exit::Usage
    } else if !end.lost.is_empty() {
        Exit::Error
    } else if end.counts.ok < end.counts.total {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}
