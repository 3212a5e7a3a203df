//! After which times somebody acts.

use std::time::Duration;

/// Times of a lease. An owner that is not frozen has stopped before anybody takes its share as long as `ttl` is longer
/// than `stop` and the time that a request may take, at the rates of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// From one beat to the next.
    pub beat: Duration,
    /// A holder of whom no beat was answered for so long stops, counted from when that beat was sent.
    pub stop: Duration,
    /// A beat that did not change for so long is a dead one's.
    pub ttl: Duration,
    /// From one look of an observer to the next.
    pub look: Duration,
    /// A holder that was told to stop is waited for so long.
    pub patience: Duration,
    /// So many requests in a row may go without an answer; then who wants a share gives up.
    pub faults: u32,
    /// A rule that is broken, so that tests can see that they find it.
    #[cfg(test)]
    pub(super) broken: Option<Break>,
    /// How far the machine's other clock is off.
    #[cfg(test)]
    pub(super) wall_ms: i64,
}

/// Rules that a test breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "tests break these rules too"))]
pub(super) enum Break {
    /// Clocks of two machines are compared.
    WallClock,
    /// Whoever is refused takes itself for the maker.
    NoToken,
    /// What is seen for the first time may be stale already.
    FirstLook,
    /// Nobody stops by itself.
    NoStop,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            beat: Duration::from_secs(20),
            stop: Duration::from_mins(1),
            ttl: Duration::from_secs(90),
            look: Duration::from_secs(5),
            patience: Duration::from_secs(10),
            faults: 3,
            #[cfg(test)]
            broken: None,
            #[cfg(test)]
            wall_ms: 0,
        }
        .faster(crate::failpoint::hurry())
    }
}

impl Terms {
    /// The same, so many times as fast.
    #[must_use]
    pub fn faster(self, times: u32) -> Self {
        let times = times.max(1);
        Self {
            beat: self.beat / times,
            stop: self.stop / times,
            ttl: self.ttl / times,
            look: self.look / times,
            patience: self.patience / times,
            ..self
        }
    }

    /// Whether a test breaks a rule.
    #[cfg(test)]
    pub(super) fn breaks(&self, rule: Break) -> bool {
        self.broken == Some(rule)
    }

    /// Nobody breaks a rule.
    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests have something to look at")]
    pub(super) fn breaks(&self, _: Break) -> bool {
        false
    }
}
