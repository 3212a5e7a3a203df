//! Snapshots: states of sources that stay as they are while somebody uses them.
//!
//! ```text
//! page, ticket, cursor, transaction ── id ──▶ Catalog::snapshot_at ─▶ Snapshot ─▶ Moment ─▶ job of a child
//! ```
//!
//! Whoever asks once takes a [`Snapshot`] and lets it go with the answer. Whoever is to come back is told its id
//! ([`Catalog::keep`](super::Catalog::keep)): then it stays for a while after its last use, but only so many do. Of a run
//! it holds the lock of readers, so that a service that nobody asks holds none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Local};

use super::moment::Moment;
use super::source::{Kind, Source};
use crate::serve::access::{Ended, Ending};
use crate::store::ReadLock;

/// Snapshots at most that are kept.
const MOST: usize = 64;

/// A state of a source, in use as long as this is there.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    source: String,
    moment: Moment,
    taken: DateTime<Local>,
    /// Units that were done, and the mark of the source then.
    done: u64,
    mark: String,
    used: Mutex<Instant>,
    _reading: Option<ReadLock>,
}

impl Snapshot {
    /// The state of a source now.
    fn now(source: &Source) -> Result<Self, Ended> {
        let failed = |ended: Ended| {
            let ended = source.hide_ended(ended);
            Ended { detail: format!("{}: {}", source.name, ended.detail), ..ended }
        };
        let (moment, reading) = Moment::now(&source.dir, source.summary.kind == Kind::Run).map_err(failed)?;
        Ok(Self(Arc::new(Inner {
            id: moment.id(&source.dir),
            source: source.name.clone(),
            moment,
            taken: Local::now(),
            done: source.summary.done,
            mark: source.summary.mark.clone(),
            used: Mutex::new(Instant::now()),
            _reading: reading,
        })))
    }

    /// By which it is asked for again, once it is kept.
    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    /// What the source consists of.
    pub(crate) fn moment(&self) -> &Moment {
        &self.0.moment
    }

    /// When it was taken.
    pub(crate) fn taken(&self) -> DateTime<Local> {
        self.0.taken
    }

    /// Units that were done.
    pub(crate) fn done(&self) -> u64 {
        self.0.done
    }

    /// The mark that the source had.
    pub(crate) fn mark(&self) -> &str {
        &self.0.mark
    }

    fn used(&self) -> MutexGuard<'_, Instant> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody but the list has it.
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // The time runs from the end of a use.
        *self.used() = Instant::now();
    }
}

/// Those that are kept, in the order in which they were told.
#[derive(Debug)]
pub(super) struct Snapshots {
    keep: Duration,
    kept: Mutex<Vec<Snapshot>>,
}

impl Snapshots {
    /// None yet; each is kept so long after its last use.
    pub(super) fn new(keep: Duration) -> Self {
        Self { keep, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Snapshot>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.kept().len()
    }

    /// The state of a source now; the kept one, if that is the same.
    pub(super) fn now(&self, source: &Source) -> Result<Snapshot, Ended> {
        let now = Snapshot::now(source)?;
        let kept = self.kept();
        let same = kept.iter().find(|snapshot| snapshot.id() == now.id() && snapshot.0.source == source.name);
        Ok(same.cloned().unwrap_or(now))
    }

    /// The one that somebody was told of: kept, or still the state of the source.
    pub(super) fn at(&self, source: &Source, id: &str) -> Result<Snapshot, Ended> {
        let is_it = |snapshot: &&Snapshot| snapshot.id() == id && snapshot.0.source == source.name;
        if source.summary.kind == Kind::Run
            && let Some(kept) = self.kept().iter().find(is_it)
        {
            return Ok(kept.clone());
        }
        // Files of a merged output that was replaced are gone, whoever was told of them.
        let now = Snapshot::now(source)?;
        if now.id() == id {
            return Ok(now);
        }
        let words = format!(
            "the snapshot of {} was given up, and the source has changed since\n(hint: begin again without `snapshot`; one \
             is kept for {} min after it was last used)",
            source.name,
            self.keep.as_secs().div_ceil(60)
        );
        Err(Ended::new(Ending::SnapshotGone, words))
    }

    /// Keeps one. If there are too many, the one goes that was not used for the longest time.
    pub(super) fn keep(&self, snapshot: &Snapshot) {
        let mut kept = self.kept();
        if kept.iter().any(|other| Arc::ptr_eq(&other.0, &snapshot.0)) {
            return;
        }
        kept.push(snapshot.clone());
        while kept.len() > MOST {
            let idle = |place: &usize| (kept[*place].is_in_use(), *kept[*place].used());
            let Some(oldest) = (0..kept.len()).min_by_key(idle) else { return };
            kept.remove(oldest);
        }
    }

    /// Gives up those that nobody has used for long.
    pub(super) fn give_up(&self) {
        let mut kept = self.kept();
        let goes = |snapshot: &Snapshot| !snapshot.is_in_use() && snapshot.used().elapsed() > self.keep;
        let (gone, stay) = std::mem::take(&mut *kept).into_iter().partition::<Vec<_>, _>(goes);
        *kept = stay;
        drop(kept);
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::MERGE_MANIFEST;

    /// A merged output as far as snapshots look at it.
    fn source(dir: &Path) -> Source {
        let mut source = Source::look("out", dir, None);
        source.summary.kind = Kind::Merged;
        source
    }

    #[test]
    fn a_snapshot_of_an_output_ends_with_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(dir.path().join(MERGE_MANIFEST), text).unwrap();
        write("1");
        let (snapshots, source) = (Snapshots::new(Duration::from_mins(10)), source(dir.path()));
        let first = snapshots.now(&source).unwrap();
        snapshots.keep(&first);
        let id = first.id().to_owned();
        drop(first);
        assert_eq!(snapshots.at(&source, &id).unwrap().id(), id);
        write("another one");
        let gone = snapshots.at(&source, &id).unwrap_err();
        assert_eq!(gone.ending, Ending::SnapshotGone);
        assert!(gone.hint.unwrap().contains("begin again"));
    }

    #[test]
    fn those_that_nobody_uses_are_given_up_and_the_oldest_first() {
        let dir = tempfile::tempdir().unwrap();
        let of = |n: usize| {
            std::fs::write(dir.path().join(MERGE_MANIFEST), "x".repeat(n)).unwrap();
            Snapshot::now(&source(dir.path())).unwrap()
        };
        let snapshots = Snapshots::new(Duration::ZERO);
        let held = of(0);
        snapshots.keep(&held);
        for n in 1..=MOST {
            snapshots.keep(&of(n));
        }
        // The oldest is in use; the next one went.
        assert_eq!(snapshots.len(), MOST);
        assert!(snapshots.kept().iter().any(|kept| kept.id() == held.id()));
        snapshots.give_up();
        assert_eq!(snapshots.len(), 1);
        drop(held);
        snapshots.give_up();
        assert_eq!(snapshots.len(), 0);
    }
}
