//! A small shell beside us that ends the programs should we be killed.
//!
//! Programs have process groups of their own, so that one can be ended with all it has started. That
//! takes them out of ours: whoever kills us no longer reaches them. The guard holds the other end of a
//! pipe; when that closes, for whatever reason, it kills the groups it was told of, and what has left them:
//! every process that still has the mark of this guard in its environment.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use nix::unistd::Pid;

/// Reads `+ id`, `- id` and, if all went well, `. 0`; at the end of its input kills what is left. `$0` is the mark.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
live=' '
while read -r what id; do
    case "$what" in
    +) live="$live$id " ;;
    -) live="${live%% $id *} ${live#* $id }" ;;
    *) well=yes ;;
    esac
done
for id in $live; do kill -s KILL -- "-$id"; done
[ -n "$well" ] && exit
for file in $(grep -l -a -F -e "$0" /proc/[0-9]*/environ 2>/dev/null); do
    id=${file#/proc/}
    kill -s KILL "${id%/environ}"
done
"#;

/// The name under which programs have their mark in their environment.
pub(super) const MARK: &str = "RESULTS_TREE";

/// The guard of an engine.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Mutex<Option<(Child, ChildStdin)>>,
    /// What all marks of its programs begin with.
    mark: String,
    marks: AtomicU64,
}

impl Guard {
    /// Starts it. Without it all goes well too, as long as nobody kills us.
    pub(super) fn start() -> Self {
        static GUARDS: AtomicU64 = AtomicU64::new(0);
        let n = GUARDS.fetch_add(1, Ordering::Relaxed);
        let started = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let mark = format!("{}-{n}-{started:x}.", std::process::id());
        adopt();
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, &format!("{MARK}={mark}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let guard = match command.process_group(0).spawn() {
            Ok(mut child) => child.stdin.take().map(|input| (child, input)),
            Err(error) => {
                tracing::warn!("cannot start /bin/sh as guard ({error}); programs may outlive this process");
                None
            }
        };
        Self { shell: Mutex::new(guard), mark, marks: AtomicU64::new(0) }
    }

    /// The mark of another program.
    pub(super) fn mark(&self) -> String {
        format!("{}{}", self.mark, self.marks.fetch_add(1, Ordering::Relaxed))
    }

    /// A group lives.
    pub(super) fn add(&self, group: Pid) {
        self.tell('+', group);
    }

    /// A group is gone.
    pub(super) fn remove(&self, group: Pid) {
        self.tell('-', group);
    }

    fn tell(&self, what: char, group: Pid) {
        let mut guard = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, input)) = &mut *guard
            && let Err(error) = input.write_all(format!("{what} {group}\n").as_bytes())
        {
            tracing::warn!("the guard is gone ({error}); programs may outlive this process");
            end(guard.take());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut shell = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((_, input)) = &mut shell {
            // Every program has ended with all it has started.
            let _ = input.write_all(b". 0\n");
        }
        end(shell);
    }
}

/// What programs leave behind becomes a child of this process, and not of one that knows nothing of it.
#[cfg(target_os = "linux")]
fn adopt() {
    if let Err(error) = nix::sys::prctl::set_child_subreaper(true) {
        tracing::warn!("what programs start in sessions of their own may outlive their units: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn adopt() {}

fn end(guard: Option<(Child, ChildStdin)>) {
    if let Some((mut child, input)) = guard {
        drop(input);
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_dies_with_us() {
        let sleep = || Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let (mut first, mut second, mut third) = (sleep(), sleep(), sleep());
        let id = |child: &Child| Pid::from_raw(child.id() as i32);
        let guard = Guard::start();
        guard.add(id(&first));
        guard.add(id(&second));
        guard.add(id(&third));
        guard.remove(id(&second));
        drop(guard);
        assert!(!first.wait().unwrap().success());
        assert!(!third.wait().unwrap().success());
        assert!(second.try_wait().unwrap().is_none(), "it was taken off the list");
        second.kill().unwrap();
        second.wait().unwrap();
    }

    #[test]
    fn so_does_what_has_left_its_group() {
        let guard = Guard::start();
        let sleep =
            |mark: String| Command::new("sleep").arg("60").env(MARK, mark).process_group(0).spawn().unwrap();
        let (mut ours, mut other) = (sleep(guard.mark()), sleep("other".into()));
        // As if this process were killed: the guard is not told that all is well.
        end(guard.shell.lock().unwrap().take());
        assert!(!ours.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
