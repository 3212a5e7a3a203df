//! What one line of a file says, before units are made of lines.

use crate::schema::Row;

/// Rows of one line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The file it stands in.
    pub(super) file: &'static str,
    /// The line.
    pub(super) line: u64,
    /// The table its rows go into.
    pub(super) table: &'static str,
    /// The user.
    pub(super) user_id: String,
    /// The feature mode.
    pub(super) feature_mode: String,
    /// The lag, for tables with a row a lag.
    pub(super) tau: Option<i64>,
    /// One row, or one a bin.
    pub(super) rows: Vec<Row>,
    /// Kept rows of the user, if the line tells.
    pub(super) n_samples: Option<i64>,
    /// History length, if the line tells.
    pub(super) k: Option<i64>,
}
