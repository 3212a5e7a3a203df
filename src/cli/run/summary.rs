//! The last words of a run.

use std::time::Duration;

use crate::cli::status::problems;
use crate::cli::text::count;
use crate::error::Exit;
use crate::launch::LaunchOutcome;
use crate::report::{bytes, duration};
use crate::shard::run_status;
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
    if let Some(memory) = end.peak_memory_bytes {
        line.push_str(&format!(", peak memory {} a process", bytes(memory)));
    }
    eprintln!("{line}");
    eprint!("{}", problems(&status, "  "));
    for (shard, cause) in &end.lost {
        eprintln!("error: shard {shard}: {cause}; see {}/_logs/shard-{shard}.log", run.dir().display());
    }
    if c.done() < c.total {
        eprintln!("continue with: results run --resume {}", run.dir().display());
    }
    Ok(exit(end))
}

fn exit(end: &LaunchOutcome) -> Exit {
    if end.interrupted {
        Exit::Interrupted
    } else if !end.lost.is_empty() {
        Exit::Error
    } else if end.counts.ok < end.counts.total {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}
