//! What has no value, or is doubtful, and why: the table `issues`.

use crate::schema::Row;

/// Entries for the table `issues`.
#[derive(Debug)]
pub struct Issues<'a> {
    feature_mode: &'a str,
    rows: Vec<Row>,
}

impl<'a> Issues<'a> {
    /// None so far.
    pub(super) fn of(feature_mode: &'a str) -> Self {
        Self { feature_mode, rows: Vec::new() }
    }

    /// Records why something has no value, or what is doubtful about it.
    pub fn add(&mut self, severity: &'static str, method: &'static str, tau: Option<u32>, what: &str) {
        let row = Row::new()
            .with("feature_mode", self.feature_mode)
            .with("method", method)
            .with("tau", tau)
            .with("error", what)
            .with("severity", severity);
        self.rows.push(row);
    }

    /// The rows.
    pub(super) fn take(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.rows)
    }
}
