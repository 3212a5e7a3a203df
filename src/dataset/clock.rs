//! Time: order of rows, gaps, hours.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::error::DatasetError;
use super::frame::UserFrame;
use super::pace::{GAP_PERIODS, period};
use super::{plausible, text_time};
use crate::config::{Config, DataConfig, GapMode, RowOrder};

/// What drops fractions of a second in an expression.
const CUTTING: [&str; 18] = [
    "to_unixtime",
    "to_timestamp_seconds",
    "to_date",
    "date_trunc",
    "date_bin",
    "timestamp(0)",
    "floor(",
    "round(",
    "trunc(",
    "ceil(",
    "as int",
    "as bigint",
    "as float",
    "as real",
    "::int",
    "::bigint",
    "::float",
    "::real",
];

/// Checks the times of the rows that are kept.
pub(super) fn check(config: &Config, frame: &UserFrame, keep: &[bool]) -> Result<(), DatasetError> {
    let Some(times) = &frame.timestamp else {
        return Ok(());
    };
    let sql = config.data.timestamp.as_deref().unwrap_or_default();
    for row in (0..times.len()).filter(|&row| keep[row]) {
        let value = times[row];
        let reason = if value.is_nan() {
            return Err(DatasetError::MissingTimestamp { place: frame.lines.at(row) });
        } else if value.is_infinite() {
            "is infinite (hint: if it stands for a time that is missing, remove the row)".to_owned()
        } else if let Some(reason) = config.data.plausibility.then(|| plausible::time(value, sql)).flatten() {
            reason
        } else {
            continue;
        };
        return Err(DatasetError::ImplausibleTimestamp { place: frame.lines.at(row), value, reason });
    }
    match config.data.plausibility.then(|| plausible::recording(times, keep, sql)).flatten() {
        Some((row, reason)) => {
            Err(DatasetError::ImplausibleTimestamp { place: frame.lines.at(row), value: times[row], reason })
        }
        None => Ok(()),
    }
}

/// The rows in the order in which they follow each other.
///
/// In time order rows without a time are left out (none of them is kept), and no time may occur
/// twice, be the rows kept or not.
#[expect(clippy::float_cmp, reason = "the same time is the same number")]
pub(super) fn order(config: &Config, frame: &UserFrame) -> Result<Vec<usize>, DatasetError> {
    let mut rows: Vec<usize> = (0..frame.rows()).collect();
    let (Some(times), RowOrder::Time) = (&frame.timestamp, config.data.order) else {
        return Ok(rows);
    };
    rows.retain(|&row| times[row].is_finite());
    // Stable, so that the rows named in an error are in file order.
    rows.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    if let Some(pair) = rows.windows(2).find(|pair| times[pair[0]] == times[pair[1]]) {
        return Err(DatasetError::DuplicateTimestamp {
            timestamp: times[pair[0]],
            first: frame.lines.at(pair[0]),
            second: frame.lines.at(pair[1]),
            hint: of_equal_times(
                config.data.timestamp.as_deref().unwrap_or_default(),
                rows.windows(2).filter(|pair| times[pair[0]] == times[pair[1]]).count(),
                rows.len(),
            ),
        });
    }
    Ok(rows)
}

/// What to do about rows of one time, of which there are `equal` among `rows`.
fn of_equal_times(sql: &str, equal: usize, rows: usize) -> String {
    let lower = sql.to_lowercase();
    match CUTTING.iter().find(|word| lower.contains(*word)) {
        Some(word) => format!(
            "`{}` in `data.timestamp` drops fractions of a second, or digits; `to_timestamp` of a text, and a number \
             as it is, keep them",
            word.trim_end_matches('(')
        ),
        None if equal > 1 && equal * 4 > rows => {
            let dates = match sql.split('\'').skip(1).step_by(2).find(|form| text_time::is_of_date(form)) {
                Some(form) => format!("the form '{form}' reads no time of day."),
                None => "are the times dates without a time of day, or numbers that were rounded (1.76757E+09, single \
                         precision)?"
                    .to_owned(),
            };
            format!(
                "{equal} of {rows} rows have the time of the row before: {dates} A time of day in another column is put \
                 behind the date, as in `to_timestamp(\"date\" || ' ' || \"time\")`; `data.order: file` takes rows as \
                 they stand, with hours of the day by these times"
            )
        }
        None => "remove one; `data.order: file` keeps both".to_owned(),
    }
}

/// Where segments start, as positions among the kept rows.
///
/// With `gaps.mode: break` a segment starts at the first kept row, behind a dropped row, and
/// behind a step that is longer than `gaps.max_seconds` or does not go forward in time. Without a
/// setting the longest step is 1.5 times the data's own period, the median of the forward steps
/// between all rows with a time, dropped ones included.
pub(super) fn segments(config: &Config, frame: &UserFrame, order: &[usize], keep: &[bool]) -> Vec<usize> {
    let times = frame.timestamp.as_deref();
    let longest = config.gaps.max_seconds.unwrap_or_else(|| {
        times.and_then(|times| period(times, order)).map_or(f64::INFINITY, |period| GAP_PERIODS * period)
    });
    let mut starts = Vec::new();
    let mut kept = 0;
    let mut before: Option<usize> = None;
    let mut dropped = false;
    for &row in order {
        if !keep[row] {
            dropped = true;
            continue;
        }
        let joined = before.is_some_and(|before| {
            config.gaps.mode == GapMode::Ignore
                || !dropped
                    && times.is_none_or(|times| {
                        let step = times[row] - times[before];
                        step > 0.0 && step <= longest
                    })
        });
        if !joined {
            starts.push(kept);
        }
        kept += 1;
        before = Some(row);
        dropped = false;
    }
    starts
}

/// The zone of the users' clock, if it is set; its name was checked with the configuration.
pub(super) fn zone(data: &DataConfig) -> Option<Tz> {
    data.time_zone.as_ref().and_then(|name| name.parse().ok())
}

/// The clock on the users' wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WallClock {
    /// So many hours ahead of UTC, always.
    Offset(f64),
    /// That of a time zone, with its changes.
    Zone(Tz),
}

impl WallClock {
    /// The clock of a configuration.
    pub fn of(data: &DataConfig) -> Self {
        zone(data).map_or(Self::Offset(data.utc_offset_hours), Self::Zone)
    }

    /// What the clock shows at a time: seconds since 1970-01-01 00:00 of the clock.
    pub fn local(self, seconds: f64) -> f64 {
        match self {
            Self::Offset(hours) => seconds + hours * 3600.0,
            Self::Zone(zone) => seconds + offset_seconds(zone, seconds),
        }
    }

    /// Hour of the day, 0..24, of a finite time.
    pub fn hour(self, seconds: f64) -> u8 {
        (self.local(seconds) / 3600.0).floor().rem_euclid(24.0) as u8
    }
}

/// Seconds that a zone is ahead of UTC; 0 for times beyond the calendar.
fn offset_seconds(zone: Tz, seconds: f64) -> f64 {
    DateTime::from_timestamp(seconds.floor() as i64, 0).map_or(0.0, |time| {
        f64::from(zone.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc())
    })
}

/// Bin of each hour: the number of inner edges `j · (24 / bins)` at or below it.
///
/// In doubles as written, rounding included: from 136 bins on it matters for the predecessor's
/// numbers.
pub(super) fn hour_bins(bins: u32) -> [i32; 24] {
    let width = 24.0 / f64::from(bins.max(1));
    let below =
        |hour: usize| (1..bins).take_while(|&edge| f64::from(edge) * width <= hour as f64).count() as i32;
    std::array::from_fn(below)
}

#[cfg(test)]
mod tests {
    use super::{WallClock, hour_bins, of_equal_times};

    #[test]
    fn hours() {
        let hour = |seconds, offset| WallClock::Offset(offset).hour(seconds);
        assert_eq!(hour(0.0, 0.0), 0);
        assert_eq!(hour(-1.0, 0.0), 23);
        assert_eq!(hour(86_399.0, 0.0), 23);
        assert_eq!(hour(3600.0 * 23.5, 1.0), 0);
        assert_eq!(hour(0.0, -7.0), 17);
        assert_eq!(hour(0.0, 5.5), 5);
    }

    #[test]
    fn a_zone_follows_its_changes_of_the_clock() {
        // 2026-03-29 and 2026-10-25, 01:00 UTC: the clocks of Berlin are set forward and back.
        let (forward, back) = (1_774_746_000.0, 1_792_890_000.0);
        let berlin = WallClock::Zone(chrono_tz::Europe::Berlin);
        let hours = |from: f64| [-1.0, 0.0, 3599.5, 3600.0].map(|step| berlin.hour(from + step));
        assert_eq!(hours(forward), [1, 3, 3, 4]);
        assert_eq!(hours(back), [2, 2, 2, 3]);
        let halves = WallClock::Zone(chrono_tz::Asia::Kolkata);
        assert_eq!(halves.hour(0.0), 5);
        assert!((halves.local(0.0) - 19_800.0).abs() < 1e-9);
        assert!((berlin.local(1e300) - 1e300).abs() < 1.0, "beyond the calendar");
    }

    #[test]
    fn what_cuts_times_is_named() {
        assert!(
            of_equal_times("to_unixtime(t)", 1, 9)
                .contains("`to_unixtime` in `data.timestamp` drops fractions")
        );
        assert!(of_equal_times("CAST(t AS BIGINT)", 1, 9).contains("`as bigint`"));
        assert!(of_equal_times("to_timestamp(t)", 1, 9).contains("remove one"));
    }

    #[test]
    fn many_equal_times_are_no_copies() {
        let told = of_equal_times("t", 5, 9);
        assert!(
            told.starts_with("5 of 9 rows have the time of the row before: are the times dates"),
            "{told}"
        );
        assert!(of_equal_times("t::real", 5, 9).contains("`::real`"));
        let told = of_equal_times("to_timestamp(t, '%Y-%m-%d')", 5, 9);
        assert!(told.contains("before: the form '%Y-%m-%d' reads no time of day. A time of day"), "{told}");
    }

    #[test]
    fn bins_of_hours() {
        assert_eq!(hour_bins(1), [0; 24]);
        let hours: [i32; 24] = std::array::from_fn(|hour| hour as i32);
        assert_eq!(hour_bins(24), hours);
        for bins in 1..=135 {
            let exact: [i32; 24] = std::array::from_fn(|hour| hour as i32 * bins / 24);
            assert_eq!(hour_bins(bins as u32), exact, "{bins}");
        }
        // The first exceptions from rounding.
        for (bins, hour) in [(136, 15), (272, 15), (374, 12)] {
            assert_ne!(hour_bins(bins)[hour], hour as i32 * bins as i32 / 24, "{bins}");
        }
    }
}
