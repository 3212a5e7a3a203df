//! Shards: who does which users, the worker that does them, and the status it leaves behind.

mod assignment;
mod committer;
mod decide;
mod heartbeat;
pub mod launchers;
mod orders;
mod plan;
mod progress;
mod status;
mod stop;
mod watchdog;
mod worker;

pub use assignment::{Assignment, AssignmentError};
pub use decide::{Basis, Decision, Redo, decide};
pub use heartbeat::{Heartbeat, ShardState, ShardStatus};
pub use orders::{GivenUp, Orders, QUARANTINED, UnitKey};
pub use plan::{Decided, decisions};
pub use status::{RunStatus, ShardProgress, run_status};
pub use stop::Stop;
pub use watchdog::Watchdog;
pub use worker::{ShardOutcome, Worker, WorkerError};

/// Resident memory of this process in bytes now, where the system tells.
pub fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Peak resident memory of this process in bytes, where the system tells.
pub fn peak_memory_bytes() -> Option<u64> {
    peak_memory(nix::sys::resource::UsageWho::RUSAGE_SELF)
}

/// Largest peak resident memory among the processes this one started and waited for, in bytes.
pub fn peak_memory_of_children_bytes() -> Option<u64> {
    peak_memory(nix::sys::resource::UsageWho::RUSAGE_CHILDREN)
}

fn peak_memory(who: nix::sys::resource::UsageWho) -> Option<u64> {
    let usage = nix::sys::resource::getrusage(who).ok()?;
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    u64::try_from(usage.max_rss()).ok().map(|rss| rss * unit)
}
