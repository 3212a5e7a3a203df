//! A small shell beside us that ends the programs should we be killed.
//!
//! Programs have process groups of their own, so that one can be ended with all it has started. That
//! takes them out of ours: whoever kills us no longer reaches them. The guard holds the other end of a
//! pipe; when that closes, for whatever reason, it kills the groups it was told of.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use nix::unistd::Pid;

/// Reads `+ id` and `- id`; at the end of its input kills what is left.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
live=' '
while read -r what id; do
    if [ "$what" = + ]; then live="$live$id "; else live="${live%% $id *} ${live#* $id }"; fi
done
for id in $live; do kill -s KILL -- "-$id"; done
"#;

/// The guard of an engine.
#[derive(Debug)]
pub(super) struct Guard(Mutex<Option<(Child, ChildStdin)>>);

impl Guard {
    /// Starts it. Without it all goes well too, as long as nobody kills us.
    pub(super) fn start() -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let guard = match command.process_group(0).spawn() {
            Ok(mut child) => child.stdin.take().map(|input| (child, input)),
            Err(error) => {
                tracing::warn!("cannot start /bin/sh as guard ({error}); programs may outlive this process");
                None
            }
        };
        Self(Mutex::new(guard))
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
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        end(self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take());
    }
}

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
}
