//! Commands that may take so much memory and no more.
//!
//! A program whose memory is refused can only end at once. So this one starts itself again under the limit of the
//! system, and words how that one ended.

use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::outcome::Outcome;
use super::speak;
use crate::beside::Scratch;
use crate::error::{Exit, Failure};
use crate::progress::bytes;
use crate::sql::Bounds;
use crate::system;

/// Says to the program that it is the one under the limit, and what that is.
const BOUNDED: &str = "RESULTS_BOUNDED";

/// What the language and its libraries say when they end the program.
const LAST_WORDS: &str = "last_words";

/// What the program takes to begin with. Below it the limit is that of the queries alone.
const LEAST: u64 = 200_000_000;

/// Does a command with so much memory at most, which it is told. `unfinished` is where a process of an id leaves what
/// it has not finished, so that it can be removed.
pub(super) fn within(
    memory: Option<u64>,
    unfinished: impl Fn(u32) -> Option<PathBuf>,
    command: impl FnOnce(Option<u64>) -> Outcome,
) -> Outcome {
    let Some(memory) = memory else { return command(None) };
    let Some(bounded) = std::env::var_os(BOUNDED) else { return start_under(memory, unfinished) };
    // What is free has changed since.
    let memory = bounded.to_str().and_then(|bytes| bytes.parse().ok()).unwrap_or(memory);
    system::end_beyond(limit(memory)?).map_err(Failure::error)?;
    command(Some(memory))
}

/// Does a command that asks, within what its arguments allow: half of the free memory where they name none.
pub(super) fn asking(
    memory: Option<u64>,
    time: Option<Duration>,
    command: impl FnOnce(Bounds) -> Outcome,
) -> Outcome {
    let memory = memory.or_else(Bounds::usual_memory);
    within(memory, |_| None, |memory| command(Bounds { time, ..Bounds::of_memory(memory) }))
}

/// What the process may have, where queries may have so much: it cannot begin with less, and whoever started it may
/// have less.
fn limit(memory: u64) -> Result<u64, Failure> {
    let (_, most) = getrlimit(Resource::RLIMIT_DATA).map_err(Failure::error)?;
    Ok(memory.max(LEAST).min(most))
}

/// Has what the language and its libraries say of their own ends kept for the one that started this process, which
/// words it. What this program says goes where it went.
pub(super) fn hush() -> Result<(), Failure> {
    if std::env::var_os(BOUNDED).is_some() {
        speak::keep_place().map_err(Failure::error)?;
        let last = File::create(std::env::temp_dir().join(LAST_WORDS)).map_err(Failure::error)?;
        nix::unistd::dup2_stderr(last).map_err(Failure::error)?;
    }
    Ok(())
}

/// Limits what this process, and any program it starts, may have of memory it can write to.
///
/// The allocator has taken address space already, so the program begins anew under the limit.
pub(super) fn limit_memory(bytes: u64) -> Result<(), Failure> {
    if getrlimit(Resource::RLIMIT_DATA).map_err(Failure::error)?.0 == bytes {
        return Ok(());
    }
    setrlimit(Resource::RLIMIT_DATA, bytes, bytes).map_err(Failure::error)?;
    let program = std::env::current_exe().map_err(Failure::error)?;
    Err(Failure::error(Command::new(program).args(std::env::args_os().skip(1)).exec()))
}

fn start_under(memory: u64, unfinished: impl Fn(u32) -> Option<PathBuf>) -> Outcome {
    // Ctrl-C is for the one that works; this one waits for it.
    let ignored = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGINT, ignored).map_err(Failure::error)?;
    // For what goes to the disk: removed whatever becomes of the one that writes to it.
    let folder = Scratch::new("queries").map_err(Failure::error)?;
    let mut child = Command::new(std::env::current_exe().map_err(Failure::error)?)
        .args(std::env::args_os().skip(1))
        .env(BOUNDED, memory.to_string())
        .env("TMPDIR", folder.path())
        .envs(system::LITTLE_RESERVE)
        .spawn()
        .map_err(Failure::error)?;
    let id = child.id();
    let status = child.wait().map_err(Failure::error)?;
    if let Some(code) = status.code() {
        return Ok(Exit::of(code));
    }
    if let Some(left) = unfinished(id) {
        let _ = std::fs::remove_dir_all(left);
    }
    let last_words = std::fs::read_to_string(folder.path().join(LAST_WORDS)).unwrap_or_default();
    match status.signal().and_then(|signal| Signal::try_from(signal).ok()) {
        Some(Signal::SIGABRT) if last_words.contains(system::STACK_IS_OVER) => Err(Failure::error(
            "the query is nested too deeply\n(hint: write it in smaller steps, each a name of WITH)",
        )),
        // What the allocator does when it is refused.
        Some(Signal::SIGABRT) => Err(Failure::error(format!(
            "this needs more memory than it may have ({})\n(hint: give more with --memory, or ask for less at once)",
            bytes(limit(memory)?)
        ))),
        Some(Signal::SIGKILL) => Err(Failure::error(
            "ended by the system, which may have had no more memory\n(hint: --memory takes less of it)",
        )),
        Some(signal) => Err(Failure::error(format!("ended by {signal}"))),
        None => Ok(Exit::Error),
    }
}
