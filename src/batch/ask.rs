//! A command of a scheduler is run, no longer than it may take.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How often is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// What is waited for the last words of one that had to be ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// More than any scheduler says of a run: what comes behind it is not kept.
const MOST: u64 = 256 << 20;

/// What a command said.
#[derive(Debug)]
pub(super) struct Answer {
    /// Whether it ended with 0.
    pub(super) good: bool,
    /// Its standard output.
    pub(super) out: String,
    /// Its standard error.
    pub(super) err: String,
}

impl Answer {
    /// Why it did not do what it should, in its own words.
    pub(super) fn complaint(&self) -> String {
        let said = if self.err.trim().is_empty() { &self.out } else { &self.err };
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() { "it ended with an exit code and said nothing".into() } else { lines.join("; ") }
    }
}

/// Runs a command in a folder. No answer is told in words.
pub(super) fn ask(
    words: &[String],
    folder: &Path,
    input: Option<&[u8]>,
    within: Duration,
) -> Result<Answer, String> {
    let Some((program, arguments)) = words.split_first() else {
        return Err("a command without words".into());
    };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).process_group(0);
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
    if let (Some(mut to), Some(bytes)) = (child.stdin.take(), input.map(<[u8]>::to_vec)) {
        // A program that does not read to the end says so itself.
        std::thread::spawn(move || drop(to.write_all(&bytes)));
    }
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let text = |reader: &Receiver<String>| reader.recv().unwrap_or_default();
    if let Some(good) = wait(&mut child, within) {
        return Ok(Answer { good, out: text(&out), err: text(&err) });
    }
    // A child of it that left its group may still hold the pipe.
    let said = err.recv_timeout(LAST_WORDS).unwrap_or_default();
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said = if said.is_empty() { String::new() } else { format!("; it said: {}", said.join("; ")) };
    Err(format!("{} had no answer within {} s{said}", named(words), within.as_secs()))
}

/// The program of a command, which may stand behind `env` and what that sets.
fn named(words: &[String]) -> &str {
    let mut words = words.iter().map(String::as_str);
    let first = words.next().unwrap_or_default();
    let behind = if first == "env" { words.find(|word| !word.contains('=')) } else { None };
    behind.unwrap_or(first)
}

/// Whether it ended well; none if it had to be killed.
fn wait(child: &mut Child, within: Duration) -> Option<bool> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if start.elapsed() < within => std::thread::sleep(LOOK),
            _ => {
                // It leads a group of its own.
                if let Ok(id) = i32::try_from(child.id()) {
                    let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
                }
                let _ = child.wait();
                return None;
            }
        }
    }
}

fn reader(from: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(from) = from {
            let _ = from.take(MOST).read_to_end(&mut bytes);
        }
        // Nobody may want it any more.
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}

/// Whether a program is on the path.
pub(super) fn is_there(program: &str) -> bool {
    let is_program = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return is_program(Path::new(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_program(&folder.join(program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, input: Option<&[u8]>, ms: u64) -> Result<Answer, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        ask(&words, Path::new("/"), input, Duration::from_millis(ms))
    }

    #[test]
    fn answers_are_read_and_those_that_take_too_long_are_not_waited_for() {
        let said = sh("cat; echo bad >&2; exit 3", Some(b"text"), 20_000).unwrap();
        assert_eq!((said.good, said.out.as_str(), said.complaint().as_str()), (false, "text", "bad"));
        let start = Instant::now();
        // Children of the command are ended too.
        assert!(sh("sleep 60 & sleep 60", None, 50).unwrap_err().contains("sh had no answer"));
        let said = sh("echo 'busy, trying again' >&2; sleep 60", None, 2000).unwrap_err();
        assert!(said.ends_with("; it said: busy, trying again"), "{said}");
        let squeue = ["env", "A=b", "squeue", "-h"].map(str::to_owned);
        assert_eq!((named(&squeue), named(&squeue[2..])), ("squeue", "squeue"));
        assert!(start.elapsed() < Duration::from_secs(20));
        let none = ask(&["no-such-program".to_owned()], Path::new("/"), None, Duration::from_secs(1));
        assert!(none.unwrap_err().contains("cannot be started"));
        assert!(is_there("sh") && !is_there("no-such-program") && !is_there("/etc"));
    }
}
