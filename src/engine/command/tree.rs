//! A program with all it has started: one process group, ended as a whole, and what has left it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::deadline::Deadline;
use super::fault::Fault;
use super::guard::{Guard, MARK};
use super::strays;

/// How long a program has to tidy up when it is told to end.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Longest pause between two looks at a program that is about to end.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A running process group. When dropped, whatever is left of it is killed.
#[derive(Debug)]
pub(super) struct Tree {
    child: Child,
    group: Pid,
    mark: String,
    guard: Arc<Guard>,
}

impl Tree {
    /// Starts the program as leader of a group of its own.
    pub(super) fn start(command: &mut Command, guard: &Arc<Guard>) -> io::Result<Self> {
        let mark = guard.mark();
        let mut child = command.env(MARK, &mark).process_group(0).spawn()?;
        let Ok(id) = i32::try_from(child.id()) else {
            let _ = child.kill();
            return Err(io::Error::other("the system returned an impossible process id"));
        };
        let group = Pid::from_raw(id);
        guard.add(group);
        Ok(Self { child, group, mark, guard: Arc::clone(guard) })
    }

    /// The process, for its pipes.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it did.
    pub(super) fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end.
    pub(super) fn wait(&mut self, until: &Deadline) -> Result<ExitStatus, Fault> {
        let mut pause = Duration::from_micros(100);
        loop {
            if let Some(status) = self.status() {
                return Ok(status);
            }
            std::thread::sleep(until.left(pause)?);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks all to end, then kills what is left. `speaking` says whether one of them still holds an
    /// output: the system cannot be asked for that, as it also counts those that nobody waited for.
    pub(super) fn stop(&mut self, speaking: impl Fn() -> bool) {
        let _ = killpg(self.group, Signal::SIGTERM);
        let until = Instant::now() + GRACE;
        while Instant::now() < until && (self.status().is_none() || speaking()) {
            std::thread::sleep(LONGEST_PAUSE);
        }
        let _ = killpg(self.group, Signal::SIGKILL);
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = killpg(self.group, Signal::SIGKILL);
        // It may have left the group it led.
        let _ = self.child.kill();
        let _ = self.child.wait();
        strays::end(self.group, &format!("{MARK}={}", self.mark));
        self.guard.remove(self.group);
    }
}
