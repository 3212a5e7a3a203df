//! What a program has started and let go: in a session of its own, by a double fork, with `nohup`.
//!
//! This process adopts it (see the guard), so it is among its children, and it still has the mark of the
//! program in its environment. Its own children come to this process when it ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getsid};

/// How long strays are looked for; each look takes the ones that the last one's end has set free.
const PATIENCE: Duration = Duration::from_secs(2);

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// Ends the strays of a program, of its group or with its mark.
pub(super) fn end(group: Pid, mark: &str) {
    let until = Instant::now() + PATIENCE;
    let mut dying = BTreeSet::new();
    loop {
        let found: BTreeSet<Pid> =
            children().into_iter().filter(|child| is_stray(*child, group, mark)).collect();
        for process in &found {
            let _ = kill(*process, Signal::SIGKILL);
        }
        dying.extend(found);
        if dying.is_empty() {
            return;
        }
        // What a stray leaves comes to this process before the stray itself can be waited for, so it is looked
        // for once more when the last is gone.
        dying.retain(|process| {
            matches!(waitpid(*process, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive))
        });
        if Instant::now() > until {
            tracing::warn!("something that the program has started does not end");
            return;
        }
        if !dying.is_empty() {
            std::thread::sleep(PAUSE);
        }
    }
}

/// Children of this process, by any of its threads.
fn children() -> Vec<Pid> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of_thread = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children")).ok();
    let all: String = threads.filter_map(of_thread).collect();
    all.split_whitespace().filter_map(|id| id.parse().ok()).map(Pid::from_raw).collect()
}

/// Whether a child is a stray of the program. One that has ended has no environment left: it is of the
/// program's group, or of a session that is not ours, as no process is that this one started itself.
fn is_stray(process: Pid, group: Pid, mark: &str) -> bool {
    let read = |name: &str| std::fs::read(format!("/proc/{process}/{name}")).unwrap_or_default();
    if read("environ").split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
        return true;
    }
    let stat = String::from_utf8_lossy(&read("stat")).into_owned();
    let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let (state, its_group) = (fields.next(), fields.nth(1).and_then(|id| id.parse().ok()));
    let ours = getsid(None).map(Pid::as_raw).ok();
    let foreign = fields.next().and_then(|id| id.parse::<i32>().ok()).is_some_and(|id| Some(id) != ours);
    state == Some("Z") && (its_group == Some(group.as_raw()) || foreign)
}
