//! The one error type of the commands, and how errors are told to people.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

/// Exit codes of the program; part of its interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// Something went wrong.
    Error = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Results are incomplete, or a check failed.
    Incomplete = 3,
    /// A worker ended itself because a unit took too long; its supervisor starts another.
    TimedOut = 75,
    /// Stopped by a signal.
    Interrupted = 130,
}

impl Exit {
    /// The exit of another process of this program.
    pub fn of(code: i32) -> Self {
        let all = [Self::Done, Self::Usage, Self::Incomplete, Self::TimedOut, Self::Interrupted];
        all.into_iter().find(|exit| i32::from(*exit as u8) == code).unwrap_or(Self::Error)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that could not do what it was asked to.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    source: Box<dyn StdError + Send + Sync>,
}

impl Failure {
    /// A mistake of the command line or configuration.
    pub fn usage(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { exit: Exit::Usage, source: error.into() }
    }

    /// Anything else.
    pub fn error(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { exit: Exit::Error, source: error.into() }
    }

    /// Results are missing or a check failed.
    pub fn incomplete(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { exit: Exit::Incomplete, source: error.into() }
    }
}

impl Failure {
    /// Whether the reader of standard output went away, as `head` does; nothing to complain about.
    pub fn is_broken_pipe(&self) -> bool {
        let mut next: Option<&(dyn StdError + 'static)> = Some(&*self.source);
        while let Some(error) = next {
            let io = error.downcast_ref::<std::io::Error>();
            if io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) {
                return true;
            }
            next = error.source();
        }
        false
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&*self.source))
    }
}

/// An error with its causes, each message once; hints, which stand on lines of their own, last.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut told = String::new();
    let mut hints = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let message = error.to_string();
        let (what, hint) = match message.split_once("\n(hint:") {
            Some((what, hint)) => (what.to_owned(), format!("\n(hint:{hint}")),
            None => (message, String::new()),
        };
        if told.is_empty() {
            told.push_str(&what);
        } else if !told.contains(&what) {
            told.push_str(": ");
            told.push_str(&what);
        }
        if !hints.contains(&hint) {
            hints.push_str(&hint);
        }
        next = error.source();
    }
    told + &hints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StorageError;

    #[test]
    fn causes_stand_once_and_hints_last() {
        let source = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let error = StorageError { action: "write", path: "/x".into(), source };
        assert_eq!(
            chain(&error),
            "cannot write /x: permission denied\n(hint: check the owner and the write permission of the folder)"
        );
    }
}
