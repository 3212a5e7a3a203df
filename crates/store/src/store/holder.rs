//! Who has a lock.

use std::fmt;

use crate::system;

/// A process, as the file of a lock names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub process: u32,
    /// Its machine; empty if an older version wrote the name.
    pub host: String,
}

impl Holder {
    /// This one.
    pub fn this_process() -> Self {
        Self { process: std::process::id(), host: system::host() }
    }

    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().strip_prefix("process ")?;
        let (process, host) = text.split_once(" on ").unwrap_or((text, ""));
        Some(Self { process: process.parse().ok()?, host: host.to_owned() })
    }

    /// Whether it can be known that it is gone, or about to be: it was killed and has not given up yet what it
    /// holds.
    pub fn is_ending(&self) -> bool {
        (self.host.is_empty() || self.host == system::host()) && system::is_ending(self.process)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.process)?;
        if self.host.is_empty() { Ok(()) } else { write!(f, " on {}", self.host) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let holder = Holder::this_process();
        assert_eq!(Holder::parse(&format!("{holder}\n")), Some(holder.clone()));
        assert_eq!(Holder::parse("process 12\n"), Some(Holder { process: 12, host: String::new() }));
        assert_eq!(Holder::parse(""), None);
        assert!(!holder.is_ending());
    }

    #[test]
    fn one_that_was_killed_is_ending() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let holder = Holder { process: child.id(), ..Holder::this_process() };
        assert!(!holder.is_ending());
        child.kill().unwrap();
        // Killed, and nobody has waited for it: at once, and as long as it takes.
        for _ in 0..50 {
            assert!(holder.is_ending());
        }
        child.wait().unwrap();
        assert!(holder.is_ending());
        assert!(!Holder { host: "elsewhere".into(), ..holder }.is_ending());
    }
}
