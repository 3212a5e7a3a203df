//! What a child may have, set before it reads a byte of what it is asked.

use std::io::Read;

use nix::sys::resource::{Resource, setrlimit};

use crate::system;

/// The variable that says how much memory queries may have, in bytes.
pub(in crate::serve::answer) const MEMORY: &str = "RESULTS_ANSWER_MEMORY";

/// What the program takes to begin with: below it the limit is that of the queries alone.
pub(in crate::serve::answer) const MEMORY_LEAST: u64 = 200_000_000;

/// Files that it may have open.
const FILES: u64 = 4096;

/// Limits this process; what queries may have of memory.
///
/// # Errors
/// Nobody said how much, or the system refuses.
pub(super) fn begin() -> Result<u64, String> {
    let memory = std::env::var(MEMORY).ok().and_then(|bytes| bytes.parse().ok());
    let memory: u64 = memory.ok_or_else(|| format!("{MEMORY} says nothing"))?;
    system::end_beyond(memory.max(MEMORY_LEAST)).map_err(|e| e.to_string())?;
    let (_, most) = nix::sys::resource::getrlimit(Resource::RLIMIT_NOFILE).map_err(|e| e.to_string())?;
    let files = FILES.min(most);
    setrlimit(Resource::RLIMIT_NOFILE, files, files).map_err(|e| e.to_string())?;
    // Where memory is short it is this one that goes, and not a worker.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    Ok(memory)
}

/// Ends this process when the one that asked has gone, or wants no more: it closes the other end of standard input.
pub(super) fn end_with_the_parent() {
    let wait = || {
        let _ = std::io::stdin().lock().read(&mut [0]);
        std::process::exit(1);
    };
    // Without a thread the system still ends it with its parent.
    let _ = std::thread::Builder::new().name("parent".into()).spawn(wait);
}
