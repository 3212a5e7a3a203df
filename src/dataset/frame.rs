//! One user's values, before they become symbols.

use std::collections::BTreeMap;

use super::error::DatasetError;
use super::place::Lines;

/// One user's rows as the expressions of the configuration give them; NaN where a value is missing.
#[derive(Debug, Clone)]
pub struct UserFrame {
    /// The user id.
    pub id: String,
    /// Where each row stands: its line, the header being line 1 (Parquet: row number from 1).
    pub lines: Lines,
    /// Epoch seconds; `None` without a timestamp expression.
    pub timestamp: Option<Vec<f64>>,
    /// Target values.
    pub target: Vec<f64>,
    /// Condition values; `None` if the hour bin is the condition.
    pub condition: Option<Vec<f64>>,
    /// Source values per feature mode, or why there are none: a column that only one mode needs
    /// fails only that mode.
    pub sources: BTreeMap<String, Result<Vec<f64>, DatasetError>>,
    /// Hash (hex) of the bytes of the user's files.
    pub fingerprint: String,
}

impl UserFrame {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }
}
