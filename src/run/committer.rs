//! From finished units to the ledger: one by one, or in groups where there are many users.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::heartbeat::Heartbeat;
use super::holding::Holding;
use super::progress::Progress;
use super::stop::Stop;
use crate::schema::Schemas;
use crate::store::{Folders, LedgerRow, Prepared, Protocol, Run, StoreError, Writer, commit, commit_group};

/// Units that wait at most, and their memory in bytes.
const MOST: (usize, usize) = (4096, 32 << 20);

/// The same where every file is a request that is paid for.
const MOST_IN_REQUESTS: (usize, usize) = (5000, 64 << 20);

/// How often is looked whether units have waited long enough.
const LOOK: Duration = Duration::from_millis(50);

/// Ends the thread beside the work however that ends.
struct End<'a> {
    ended: &'a AtomicBool,
    beside: &'a std::thread::Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        self.beside.unpark();
    }
}

/// Commits the units of a worker.
pub(super) struct Committer<'a> {
    run: &'a Run,
    schemas: &'a Schemas,
    pub(super) progress: &'a Progress<'a>,
    holding: &'a Holding,
    heartbeat: &'a Heartbeat,
    stop: &'a Stop,
    /// Longest time that a unit waits.
    patience: Duration,
    /// Units that wait at most, and their memory.
    most: (usize, usize),
    waiting: Mutex<Waiting>,
    /// How many there are, once the run has them: it may be compacted in the meantime.
    buckets: OnceLock<u32>,
    broken: AtomicBool,
    failure: Mutex<Option<StoreError>>,
}

#[derive(Default)]
struct Waiting {
    units: Vec<Prepared>,
    bytes: usize,
    since: Option<Instant>,
}

impl<'a> Committer<'a> {
    pub(super) fn new(
        run: &'a Run,
        schemas: &'a Schemas,
        progress: &'a Progress<'a>,
        (holding, heartbeat, stop): (&'a Holding, &'a Heartbeat, &'a Stop),
    ) -> Self {
        let seconds = run.manifest().config.runtime.commit_seconds;
        Self {
            run,
            schemas,
            progress,
            holding,
            heartbeat,
            stop,
            patience: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
            most: if run.protocol() == Protocol::Names { MOST_IN_REQUESTS } else { MOST },
            waiting: Mutex::default(),
            buckets: OnceLock::new(),
            broken: AtomicBool::new(false),
            failure: Mutex::default(),
        }
    }

    /// Whose files these are.
    pub(super) fn writer(&self) -> Writer {
        self.holding.writer()
    }

    /// Refuses to write for somebody else.
    fn is_ours(&self) -> Result<(), StoreError> {
        self.holding.lost().map_or(Ok(()), Err)
    }

    /// Commits a unit, now or with others.
    pub(super) fn take(&self, unit: Prepared) -> Result<(), StoreError> {
        self.is_ours()?;
        if self.buckets.get().is_none() {
            match self.run.folders()? {
                Folders::OfUsers(_held) => {
                    let row = commit(self.run, self.schemas, unit)?;
                    self.progress.committed(&row, false);
                    return Ok(());
                }
                Folders::Buckets(buckets) => _ = self.buckets.set(buckets),
            }
        }
        self.progress.analysed(&unit.row);
        let full = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.since.get_or_insert_with(Instant::now);
            waiting.bytes += unit.bytes();
            waiting.units.push(unit);
            waiting.units.len() >= self.most.0 || waiting.bytes >= self.most.1
        };
        if full { self.flush() } else { Ok(()) }
    }

    /// Commits what waits.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        let units = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)).units;
        if units.is_empty() {
            return Ok(());
        }
        self.is_ours()?;
        let buckets = self.buckets.get().copied().unwrap_or(1);
        let rows = commit_group(self.run, self.schemas, units, buckets)?;
        for row in &rows {
            self.progress.committed(row, true);
        }
        self.heartbeat.committed(groups(&rows));
        Ok(())
    }

    fn is_due(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Who is told to stop may be killed before the unit in work is done.
        waiting.since.is_some_and(|since| since.elapsed() >= self.patience || self.stop.is_asked())
    }

    /// Does `work` while units that have waited long enough are committed beside it, and then commits
    /// the rest.
    pub(super) fn while_committing(&self, work: impl FnOnce()) -> Result<(), StoreError> {
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    std::thread::park_timeout(LOOK);
                    if self.is_due()
                        && let Err(error) = self.flush()
                    {
                        self.fail(error);
                    }
                }
            });
            let _end = End { ended: &ended, beside: beside.thread() };
            work();
        });
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => self.flush(),
        }
    }

    /// Whether the run cannot be written; the first error is told by [`Self::while_committing`].
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    pub(super) fn fail(&self, error: StoreError) {
        self.broken.store(true, Ordering::Relaxed);
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// The names of the groups that rows were committed in.
fn groups(rows: &[LedgerRow]) -> Vec<String> {
    let group = |row: &LedgerRow| row.attempt.rsplit_once('.').map(|(group, _)| group.to_owned());
    let mut groups: Vec<String> = rows.iter().filter_map(group).collect();
    groups.dedup();
    groups
}
