//! Why a worker ended, in words.

use std::process::ExitStatus;

use crate::progress::bytes;

/// What is known of a worker's end besides its exit status.
pub(super) struct Circumstances<'a> {
    /// The end of what it wrote into its log.
    pub(super) words: &'a str,
    /// Memory it was allowed, bytes.
    pub(super) memory: Option<u64>,
}

impl Circumstances<'_> {
    /// The cause, for a person.
    pub(super) fn describe(&self, status: ExitStatus) -> String {
        let words = self.words;
        if words.contains("memory allocation of") {
            return match self.memory {
                Some(limit) => format!("out of memory: needs more than {}", bytes(limit)),
                None => "out of memory: the system refused to give more".to_owned(),
            };
        }
        if let Some(panic) = panic_message(words) {
            return format!("internal error, please report it with the input: {panic}");
        }
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return of_signal(signal);
        }
        match status.code() {
            Some(code) => said(words).unwrap_or_else(|| format!("ended with exit code {code}")),
            None => "ended".to_owned(),
        }
    }
}

/// The message of the last panic, without the place.
fn panic_message(words: &str) -> Option<&str> {
    let (_, after) = words.rsplit_once("panicked at ")?;
    after.lines().nth(1).map(str::trim).filter(|line| !line.is_empty())
}

/// What the program itself said last was wrong; hints are for who reads the log.
fn said(words: &str) -> Option<String> {
    let error = words.lines().rev().find_map(|line| line.strip_prefix("error: "))?;
    Some(error.to_owned())
}

#[cfg(unix)]
fn of_signal(signal: i32) -> String {
    match signal {
        9 => "killed (signal 9; if nobody did that, the machine ran out of memory)".to_owned(),
        6 => "aborted (signal 6)".to_owned(),
        11 => "crashed (signal 11)".to_owned(),
        n => format!("ended by signal {n}"),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn ends_are_told_in_words() {
        let told =
            |words: &str, memory, raw| Circumstances { words, memory }.describe(ExitStatus::from_raw(raw));
        let lost = "memory allocation of 196608 bytes failed\n";
        assert_eq!(told(lost, Some(2_000_000_000), 6), "out of memory: needs more than 2.0 GB");
        assert!(told(lost, None, 6).starts_with("out of memory"));
        assert_eq!(told("", Some(1), 6), "aborted (signal 6)");
        assert!(told("", None, 9).contains("signal 9"));
        assert_eq!(told("", None, 3 << 8), "ended with exit code 3");
        assert_eq!(told("error: disk full\n(hint: no)\n", None, 1 << 8), "disk full");
        let panic = "thread 'unit-0' panicked at src/x.rs:1:2:\nno such thing\nnote: run with\n";
        assert!(told(panic, None, 101 << 8).ends_with("no such thing"));
    }
}
