//! When the rows of a unit are, by the clock on the wall.

use results_numerics::nulls::Clock;

use crate::config::Config;
use crate::dataset::Series;

const DAY: i64 = 86_400_000_000;

/// When the rows of a unit are, by the clock on the wall.
#[derive(Debug)]
pub(super) struct Times {
    day: Vec<i64>,
    /// Microseconds.
    time: Vec<u64>,
    tolerance: u64,
}

impl Times {
    /// Nothing where values are compared with shuffled observations only.
    pub(super) fn of(series: &Series, config: &Config) -> Option<Self> {
        if config.statistical.nulls.is_permute() {
            return None;
        }
        let period = series.period.filter(|_| series.local.len() == series.len())?;
        let micros = series.local.iter().map(|local| (local * 1e6).round() as i64);
        let (day, time) = micros.map(|at| (at.div_euclid(DAY), at.rem_euclid(DAY).unsigned_abs())).unzip();
        Some(Self { day, time, tolerance: (period / 2.0 * 1e6).floor() as u64 })
    }

    /// In the words of the numerics.
    pub(super) fn clock(&self) -> Clock<'_> {
        Clock { day: &self.day, time: &self.time, tolerance: self.tolerance }
    }
}
