//! How many rows each hour of each day has, and what they hold.

use std::collections::BTreeMap;

use super::clock::WallClock;

/// An hour of a day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayHour {
    /// Local days since 1970-01-01.
    pub day: i64,
    /// Local hour, 0..24.
    pub hour: u8,
    /// Rows with a time in it.
    pub rows: u64,
    /// Those that are kept.
    pub kept: u64,
    /// Those without a target value.
    pub missing_target: u64,
    /// Mean of the source over kept rows.
    pub source_mean: Option<f64>,
    /// Mean of the target over kept rows that have one.
    pub target_mean: Option<f64>,
}

/// Values of an hour so far.
#[derive(Debug, Default)]
struct Hour {
    rows: u64,
    kept: u64,
    missing_target: u64,
    source: Sum,
    target: Sum,
}

#[derive(Debug, Default)]
struct Sum {
    sum: f64,
    count: u64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.sum += value;
            self.count += 1;
        }
    }

    fn mean(&self) -> Option<f64> {
        let mean = self.sum / self.count as f64;
        (self.count > 0 && mean.is_finite()).then_some(mean)
    }
}

/// Values of rows that are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) times: &'a [f64],
    pub(super) source: &'a [f64],
    pub(super) target: &'a [f64],
    pub(super) keep: &'a [bool],
}

/// The hours that have rows, in the order of time.
pub(super) fn day_hours(read: Read<'_>, clock: WallClock) -> Vec<DayHour> {
    let mut hours: BTreeMap<(i64, u8), Hour> = BTreeMap::new();
    for (row, time) in read.times.iter().enumerate() {
        if !time.is_finite() {
            continue;
        }
        let local = clock.local(*time);
        let day = (local / 86_400.0).floor();
        let of_day = ((local - day * 86_400.0) / 3600.0).floor().clamp(0.0, 23.0);
        let hour = hours.entry((day as i64, of_day as u8)).or_default();
        hour.rows += 1;
        hour.missing_target += u64::from(read.target[row].is_nan());
        if read.keep[row] {
            hour.kept += 1;
            hour.source.add(read.source[row]);
            hour.target.add(read.target[row]);
        }
    }
    let hour = |((day, hour), own): ((i64, u8), Hour)| DayHour {
        day,
        hour,
        rows: own.rows,
        kept: own.kept,
        missing_target: own.missing_target,
        source_mean: own.source.mean(),
        target_mean: own.target.mean(),
    };
    hours.into_iter().map(hour).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_in_the_hours_of_the_wall() {
        let nan = f64::NAN;
        // 2026-03-28 23:30 and 2026-03-29 01:30, 03:30 in Berlin, where the clock leaves out an hour.
        let times = [1_774_737_000.0, 1_774_744_200.0, 1_774_747_800.0, 1_774_747_860.0, nan];
        let read = Read {
            times: &times,
            source: &[1.0, 2.0, 3.0, 5.0, 9.0],
            target: &[1.0, nan, 0.0, 1.0, 1.0],
            keep: &[true, false, true, true, false],
        };
        let found = day_hours(read, WallClock::Zone(chrono_tz::Europe::Berlin));
        let short: Vec<_> =
            found.iter().map(|h| (h.day - 20_540, h.hour, h.rows, h.kept, h.missing_target)).collect();
        assert_eq!(short, [(0, 23, 1, 1, 0), (1, 1, 1, 0, 1), (1, 3, 2, 2, 0)]);
        assert_eq!(
            (found[1].source_mean, found[2].source_mean, found[2].target_mean),
            (None, Some(4.0), Some(0.5))
        );
        assert_eq!(day_hours(read, WallClock::Offset(0.0))[0].hour, 22);
    }
}
