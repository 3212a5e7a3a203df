//! One unit's data as symbols: what every measure starts from.

use super::day_hours::DayHour;
use super::pace::LongSteps;

/// The discretised series of one (user, feature mode).
///
/// All vectors have the same length `n`. Symbols are whole numbers from 0; under
/// `compat: predecessor` a target can be negative, which the measures must refuse.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Source symbols (activity, A).
    pub source: Vec<i32>,
    /// Target symbols (sitting, S).
    pub target: Vec<i32>,
    /// Condition symbols (hour bin, G), `0..condition_levels`.
    pub condition: Vec<i32>,
    /// Number of levels the condition can take (the configured hour bins, or max + 1).
    pub condition_levels: u32,
    /// Hour of the day, 0..24; empty if there is no timestamp.
    pub hour: Vec<u8>,
    /// What the clock on the wall shows: seconds since 1970-01-01 00:00 of the clock; empty if there is no timestamp.
    pub local: Vec<f64>,
    /// What the hours of the days have; empty unless that is asked for.
    pub day_hours: Vec<DayHour>,
    /// Usual seconds from a row to the next, if there are times.
    pub period: Option<f64>,
    /// Starts of segments: ascending, first is 0 (if `n > 0`). No tuple of a measure may cross
    /// from one segment to the next. A series without gaps has one segment.
    pub segment_starts: Vec<usize>,
    /// Steps that count as gaps and are so many that they may be none.
    pub long_steps: Option<LongSteps>,
    /// Rows read from the file for this user.
    pub rows_read: usize,
    /// Rows dropped because the source value was missing.
    pub rows_without_source: usize,
    /// Rows whose target value was missing (dropped or counted as 0).
    pub rows_without_target: usize,
    /// Rows dropped because the condition expression had no value.
    pub rows_without_condition: usize,
    /// What is doubtful about the values, in words.
    pub doubts: Vec<String>,
}

impl Series {
    /// Number of kept rows.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// Whether no row was kept.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }
}
