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

/// How long a child that has no environment yet is waited for: it is about to become another program.
const UNTIL_IT_RUNS: Duration = Duration::from_millis(100);

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// How often the list of children is read at most until two readings agree.
const READINGS: usize = 50;

/// What a child is to a program.
enum Kin {
    /// One that the program has started and let go.
    Stray,
    /// Another program's, or none's.
    Other,
    /// Nobody can tell yet.
    Unknown,
}

/// Ends the strays of a program, of its group or with its mark.
pub(super) fn end(group: Pid, mark: &str) {
    let start = Instant::now();
    let mut dying = BTreeSet::new();
    loop {
        let mut unknown = false;
        for child in children() {
            match kin(child, group, mark) {
                Kin::Stray => {
                    let _ = kill(child, Signal::SIGKILL);
                    dying.insert(child);
                }
                Kin::Unknown => unknown = true,
                Kin::Other => {}
            }
        }
        if dying.is_empty() && !(unknown && start.elapsed() < UNTIL_IT_RUNS) {
            return;
        }
        // What a stray leaves comes to this process before the stray itself can be waited for, so it is looked
        // for once more when the last is gone.
        dying.retain(|process| {
            matches!(waitpid(*process, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive))
        });
        if start.elapsed() > PATIENCE {
            tracing::warn!("something that the program has started does not end");
            return;
        }
        if unknown || !dying.is_empty() {
            std::thread::sleep(PAUSE);
        }
    }
}

/// Children of this process, by any of its threads. The system passes over one where another thread has waited
/// for the one before it in the middle of a reading; that one is then in this reading and not in the next, so
/// that two equal readings have them all.
fn children() -> BTreeSet<Pid> {
    let mut last = BTreeSet::new();
    for reading in 0..READINGS {
        let now = listed();
        if reading > 0 && now == last {
            break;
        }
        last = now;
    }
    last
}

fn listed() -> BTreeSet<Pid> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of_thread = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children")).ok();
    let all: String = threads.filter_map(of_thread).collect();
    all.split_whitespace().filter_map(|id| id.parse().ok()).map(Pid::from_raw).collect()
}

/// One that has ended has no environment left: it is a stray if it is of the program's group, or of a session
/// that is not ours, as no process is that this one started itself. One that is becoming another program has
/// none for a moment.
fn kin(process: Pid, group: Pid, mark: &str) -> Kin {
    let read = |name: &str| std::fs::read(format!("/proc/{process}/{name}"));
    let environment = read("environ");
    if let Ok(variables) = &environment
        && variables.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    {
        return Kin::Stray;
    }
    let stat = String::from_utf8_lossy(&read("stat").unwrap_or_default()).into_owned();
    let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let (state, its_group) = (fields.next(), fields.nth(1).and_then(|id| id.parse().ok()));
    let ours = getsid(None).map(Pid::as_raw).ok();
    let foreign = fields.next().and_then(|id| id.parse::<i32>().ok()).is_some_and(|id| Some(id) != ours);
    match state {
        Some("Z") if its_group == Some(group.as_raw()) || foreign => Kin::Stray,
        Some(state) if state != "Z" && environment.is_ok_and(|variables| variables.is_empty()) => {
            Kin::Unknown
        }
        _ => Kin::Other,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    #[test]
    fn no_child_is_passed_over_while_others_end() {
        let started = |program: &str| Command::new(program).arg("60").spawn().unwrap();
        let ended = |mut child: Child| {
            let _ = child.kill();
            child.wait().unwrap();
        };
        let first: Vec<Child> = (0..5).map(|_| started("sleep")).collect();
        for _ in 0..40 {
            let short: Vec<Child> = (0..4).map(|_| started("true")).collect();
            let last = started("sleep");
            std::thread::scope(|scope| {
                scope.spawn(|| short.into_iter().for_each(ended));
                for _ in 0..20 {
                    let found = children();
                    let is_there = |child: &Child| found.contains(&Pid::from_raw(child.id() as i32));
                    assert!(first.iter().chain([&last]).all(is_there), "{found:?}");
                }
            });
            ended(last);
        }
        first.into_iter().for_each(ended);
    }
}
