//! What is merged.

use arrow::record_batch::RecordBatch;

use super::survey::Survey;
use crate::attempts::OpenRun;
use crate::legacy::Call;

/// What is merged, and what is known of it.
pub(super) struct About<'a> {
    pub(super) runs: &'a [OpenRun],
    pub(super) survey: &'a Survey,
    /// What the predecessor called significant, by directory.
    pub(super) calls: &'a [(String, Call)],
    /// The rows of a control.
    pub(super) control: Option<RecordBatch>,
}

impl About<'_> {
    /// Fingerprint of the settings behind every number.
    pub(super) fn fingerprint(&self) -> String {
        self.runs.first().map_or(String::new(), |r| r.run.manifest().config_fingerprint.clone())
    }

    /// Whether the units are pairs of strangers.
    pub(super) fn is_control(&self) -> bool {
        self.runs.first().is_some_and(|first| first.run.manifest().control.is_some())
    }
}
