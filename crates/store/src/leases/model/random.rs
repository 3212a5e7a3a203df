//! Numbers that follow from a seed.

use crate::config::testing::splitmix;

/// Splitmix64.
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        splitmix(&mut self.0)
    }

    /// From 0 to 1.
    pub(super) fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.part() * (high - low)
    }

    pub(super) fn chance(&mut self, part: f64) -> bool {
        self.part() < part
    }
}
