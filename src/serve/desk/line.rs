//! The line of a question in the audit log, and its count in the metrics: each has one, however it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::caller::Caller;
use super::metrics::Metrics;
use crate::serve::access::{Access, Audit, Ending, Entry};
use crate::serve::answer::Finished;

/// Bytes of a query that are written down: none that is asked is longer, with what stands around it.
const LONGEST: usize = 280 << 10;

/// Bytes of the name of a source: it may be one that is not there.
const NAME: usize = 255;

/// Letters that are left of what is longer, so that nobody drives others' lines out of the log.
const LEFT: usize = 1000;

/// The line of a question that has not ended yet. Dropped before, the question was given up.
pub(super) struct Line {
    entry: Entry,
    audit: Audit,
    metrics: Arc<Metrics>,
    since: Instant,
    is_written: bool,
}

impl Line {
    /// Of a question that begins; without a source or a text, if it is not known which.
    pub(super) fn begin(
        access: &Access,
        metrics: &Arc<Metrics>,
        who: &Caller,
        source: &str,
        what: &str,
    ) -> Self {
        let entry = Entry {
            event: "query",
            token: Some(who.login.token.name.clone()),
            address: who.address.to_string(),
            protocol: who.protocol,
            source: (!source.is_empty()).then(|| cut(source, NAME)),
            sql: (!what.is_empty()).then(|| cut(what, LONGEST)),
            sql_hash: (!what.is_empty()).then(|| blake3::hash(what.as_bytes()).to_hex().to_string()),
            ..Entry::default()
        };
        let (audit, metrics) = (access.audit.clone(), Arc::clone(metrics));
        Self { entry, audit, metrics, since: Instant::now(), is_written: false }
    }

    /// It was asked, and has ended.
    pub(super) fn finished(mut self, finished: &Finished) {
        self.entry.rows = Some(finished.rows);
        self.entry.bytes = Some(finished.bytes);
        let ending = finished.ended.as_ref().map_or_else(|| "ok".into(), |ended| ended.ending.name());
        self.write(ending, finished.took);
    }

    /// It ended before it was asked.
    pub(super) fn refused(mut self, ending: Ending) {
        self.unasked(ending);
    }

    fn unasked(&mut self, ending: Ending) {
        (self.entry.rows, self.entry.bytes) = (Some(0), Some(0));
        self.write(ending.name(), self.since.elapsed());
    }

    fn write(&mut self, ending: String, took: Duration) {
        self.is_written = true;
        self.entry.ms = u64::try_from(took.as_millis()).ok();
        self.metrics.query(self.entry.protocol, &ending, took);
        self.entry.ending = ending;
        self.audit.note(&self.entry);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.is_written {
            self.unasked(Ending::Cancelled);
        }
    }
}

/// A text, or the beginning of one that is too long.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    text.chars().take(LEFT.min(most)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(cut("select 1", 8), "select 1");
        let long = "ä".repeat(LONGEST);
        assert_eq!(cut(&long, LONGEST), format!("{}…", "ä".repeat(LEFT)));
        assert_eq!(cut(&long, NAME).chars().count(), NAME + 1);
    }
}
