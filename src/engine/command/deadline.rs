//! How long a unit may take.

use std::time::{Duration, Instant};

use super::fault::Fault;

/// A unit's start and limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    start: Instant,
    limit: Option<Duration>,
}

impl Deadline {
    /// Starts now.
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self { start: Instant::now(), limit }
    }

    /// Time left, at most `longest`.
    pub(super) fn left(&self, longest: Duration) -> Result<Duration, Fault> {
        let Some(limit) = self.limit else { return Ok(longest) };
        match limit.checked_sub(self.start.elapsed()) {
            Some(left) if !left.is_zero() => Ok(left.min(longest)),
            _ => Err(Fault::Timeout(limit)),
        }
    }
}
