//! Settings of the input: which files, which columns, how they become symbols.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// Input format and its columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataConfig {
    /// `extrasensory` (built-in columns) or `columns` (the expressions below).
    pub format: DataFormat,
    /// Glob of file names below `data_root`, e.g. `*.features_labels.csv*`.
    pub files: String,
    /// Suffixes taken off a file name to get the user id; the first that fits.
    pub id_suffixes: Vec<String>,
    /// Name of a column with the user id; `None` means one file a user.
    pub user: Option<String>,
    /// SQL expression of the time in epoch seconds; `None` makes rows consecutive steps.
    pub timestamp: Option<String>,
    /// SQL expression of the source per feature mode.
    pub sources: BTreeMap<String, String>,
    /// SQL expression of the target.
    pub target: String,
    /// SQL expression of the condition; `None` is the hour bin of the timestamp.
    pub condition: Option<String>,
    /// Input columns that hold text; every other column is read as a number.
    pub text_columns: Vec<String>,
    /// How source values become symbols.
    pub discretize_source: Discretize,
    /// How target values become symbols.
    pub discretize_target: Discretize,
    /// What a missing target value means.
    pub missing_target: MissingTarget,
    /// Offset of the users' clock from UTC in hours, for the hour of the day.
    pub utc_offset_hours: f64,
    /// IANA name of the users' time zone, in place of the offset. Not written if absent, so that the fingerprint of a
    /// configuration without it stays what it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Fewest kept rows of a unit; fewer and the unit fails.
    pub min_rows: u32,
    /// Whether rows are put in time order and duplicate timestamps rejected.
    pub order: RowOrder,
    /// Whether implausible values (millisecond timestamps, fractional, negative or infinite
    /// targets) fail the unit instead of being coerced.
    pub plausibility: bool,
    /// How the text of input files is read, where it is not the usual.
    #[serde(flatten)]
    pub reading: Reading,
}

/// Built-in input profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataFormat {
    /// `timestamp`, `raw_acc:*`, `label:SITTING` of the `ExtraSensory` data set.
    Extrasensory,
    /// SQL expressions given in the configuration.
    Columns,
}

/// How numbers become symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discretize {
    /// Equal-frequency bins.
    Quantiles {
        /// Number of bins.
        bins: u32,
        /// How the edges are found.
        rule: QuantileRule,
    },
    /// Values are symbols already: whole numbers from 0.
    None,
}

/// How quantile edges are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantileRule {
    /// Ranks decide, equal values share a bin, empty bins are closed up; needs no edges and no z-score.
    Ranked,
    /// Averaged inverted CDF edges on z-scores, narrow edges removed (scikit-learn 1.9 and later).
    AveragedInvertedCdf,
    /// Linearly interpolated edges on z-scores, narrow edges removed (scikit-learn up to 1.8).
    Linear,
}

/// What a row without a target value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingTarget {
    /// The row is dropped and breaks histories.
    Break,
    /// The row counts as symbol 0.
    Zero,
}

/// Order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOrder {
    /// Sorted by time; a duplicate timestamp fails the unit.
    Time,
    /// As in the file.
    File,
}

/// Breaks in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gaps {
    /// Whether gaps and dropped rows break histories.
    pub mode: GapMode,
    /// Longest step that is no gap, in seconds; `None` takes 1.5 times the data's own period.
    pub max_seconds: Option<f64>,
}

/// What a gap does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapMode {
    /// No tuple crosses it.
    Break,
    /// Kept rows are consecutive steps.
    Ignore,
}
