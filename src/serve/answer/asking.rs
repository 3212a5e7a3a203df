//! Who asks, within which limits, and what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::serve::access::{Ended, Ending};
use crate::store::StoreEnvironment;

/// What queries may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The program whose hidden command answers.
    pub program: PathBuf,
    /// Folder with schemas and queries of the user's own.
    pub definitions: Option<PathBuf>,
    /// How object stores are reached, if something that is served lies in one: a child has no other environment.
    pub environment: StoreEnvironment,
    /// Queries at a time.
    pub queries: usize,
    /// Queries that wait.
    pub queue: usize,
    /// How long one waits.
    pub wait: Duration,
    /// Bytes of memory of one.
    pub memory: u64,
    /// Bytes of disk of one.
    pub disk: u64,
    /// Time to its first row, and to the last if no rows flow.
    pub time: Duration,
    /// Time to its last row while rows flow.
    pub flow: Duration,
    /// Time without progress of either side while rows flow.
    pub stall: Duration,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// Name of the token.
    pub token: String,
    /// Becomes true when what it asked is to be ended.
    pub ended: watch::Receiver<bool>,
    /// The source, by name.
    pub source: String,
    /// What is asked, in words: the query if there is one.
    pub what: String,
}

/// What became of a question.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    /// How it ended, if not well.
    pub ended: Option<Ended>,
    /// Rows.
    pub rows: u64,
    /// Bytes of the body.
    pub bytes: u64,
    /// From the question to the end.
    pub took: Duration,
}

/// A question that is being answered.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    /// Its number.
    pub id: u64,
    /// Name of the token.
    pub token: String,
    /// The source.
    pub source: String,
    /// What is asked.
    pub what: String,
    /// When it was asked.
    pub since: Instant,
    pub(super) cancel: watch::Sender<bool>,
}

/// Counts for whoever watches the service.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Children that were started.
    pub started: AtomicU64,
    /// Rows that were sent.
    pub rows: AtomicU64,
    /// Bytes of bodies that were sent.
    pub bytes: AtomicU64,
    alive: Mutex<BTreeSet<u32>>,
    deaths: Mutex<BTreeMap<String, u64>>,
}

impl Counts {
    /// Process ids of children that are there, waiting or at work.
    pub(crate) fn alive(&self) -> Vec<u32> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Children that ended before their answer did, by cause.
    pub(crate) fn deaths(&self) -> BTreeMap<String, u64> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn died(&self, cause: Ending) {
        let mut deaths = self.deaths.lock().unwrap_or_else(PoisonError::into_inner);
        *deaths.entry(cause.name()).or_default() += 1;
    }
}

/// A child, counted as long as this is there.
#[derive(Debug)]
pub(super) struct Alive {
    pub(super) counts: Arc<Counts>,
    process: Option<u32>,
}

impl Alive {
    pub(super) fn new(counts: &Arc<Counts>, process: Option<u32>) -> Self {
        counts.alive.lock().unwrap_or_else(PoisonError::into_inner).extend(process);
        Self { counts: Arc::clone(counts), process }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            self.counts.alive.lock().unwrap_or_else(PoisonError::into_inner).remove(&process);
        }
    }
}
