//! Counts of what was asked.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the bars of the times, in seconds.
pub(crate) const SECONDS: [f64; 9] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0];

/// Counts of queries.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) endings: Mutex<BTreeMap<(&'static str, String), u64>>,
    pub(crate) times: Mutex<Times>,
    /// Logins that were refused.
    pub(crate) refused: AtomicU64,
}

/// How long queries took.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) bars: [u64; SECONDS.len()],
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

impl Metrics {
    /// A query has ended.
    pub(crate) fn query(&self, protocol: &'static str, ending: &str, took: Duration) {
        let mut endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        *endings.entry((protocol, ending.to_owned())).or_default() += 1;
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = took.as_secs_f64();
        for (bar, end) in times.bars.iter_mut().zip(SECONDS) {
            *bar += u64::from(seconds <= end);
        }
        times.count += 1;
        times.sum += seconds;
    }
}
