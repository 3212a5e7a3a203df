//! What a lease says of its holder.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::new_attempt_id;
use crate::system::{boot_id, host, is_ending};

/// Where the task of a scheduler's job is told its name.
pub const JOB: &str = "RESULTS_JOB";

/// Where it is told whose leases are over: their tokens, with a space between.
pub const OVER: &str = "RESULTS_OVER";

/// The file of a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// A text that nobody else has: its maker knows the file by it.
    pub token: String,
    /// The machine.
    pub host: String,
    /// The machine's boot, so that a process of before a restart is not taken for a living one.
    pub boot_id: String,
    /// The process.
    pub process: u32,
    /// The task of a scheduler's job that it is, in words.
    #[serde(default)]
    pub job: Option<String>,
    /// After so many milliseconds without a new beat somebody else may have the share.
    pub ttl_ms: u64,
}

impl Claim {
    /// One of this process.
    pub fn of_this_process(ttl: Duration) -> Self {
        let job = std::env::var(JOB).ok().filter(|job| !job.is_empty());
        let ttl_ms = ttl.as_millis() as u64;
        Self {
            token: new_attempt_id(),
            host: host(),
            boot_id: boot_id(),
            process: std::process::id(),
            job,
            ttl_ms,
        }
    }

    /// The same with another token.
    #[must_use]
    pub(super) fn anew(&self) -> Self {
        Self { token: new_attempt_id(), ..self.clone() }
    }

    /// Whether its process can be known to be gone, or about to be: of this machine and of an earlier boot, or not there.
    pub fn is_gone(&self) -> bool {
        self.host == host() && (self.boot_id != boot_id() || is_ending(self.process))
    }

    /// Whether it is known without waiting that its process is over: it is gone, or who started this process has said so.
    pub fn is_over(&self) -> bool {
        let is_said = |tokens: String| tokens.split(' ').any(|token| token == self.token);
        self.is_gone() || std::env::var(OVER).is_ok_and(is_said)
    }

    /// Whether another process of this process's job made it: a scheduler starts a job again when it is over.
    pub fn is_of_an_earlier_start_of(&self, mine: &Self) -> bool {
        let is_same_process = self.host == mine.host && self.process == mine.process;
        self.job.is_some() && self.job == mine.job && !is_same_process
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// Reads the file; none if it is torn or of another version.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// The process in words.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.process, self.host)?;
        self.job.as_ref().map_or(Ok(()), |job| write!(f, ", {job}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_gone_is_known_on_its_own_machine_only() {
        let mine = Claim::of_this_process(Duration::from_secs(90));
        assert_eq!(Claim::parse(&mine.to_json()), Some(mine.clone()));
        assert!(!mine.is_gone());
        assert!(Claim { boot_id: "an earlier one".into(), ..mine.clone() }.is_gone());
        let gone = Claim { process: u32::MAX - 1, ..mine.clone() };
        assert!(gone.is_gone());
        assert!(!Claim { host: "elsewhere".into(), ..gone.clone() }.is_gone());
        // A job that was put back is over where it was.
        let job = |claim: &Claim, job: &str| Claim { job: Some(job.into()), ..claim.clone() };
        let mine = job(&mine, "7_1");
        assert!(job(&gone, "7_1").is_of_an_earlier_start_of(&mine));
        assert!(!job(&gone, "7_2").is_of_an_earlier_start_of(&mine));
        assert!(!mine.is_of_an_earlier_start_of(&mine));
    }
}
