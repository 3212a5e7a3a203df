//! Who asks, within which limits, and what became of it.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::serve::access::Ended;

/// What queries may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The program whose hidden command answers.
    pub program: PathBuf,
    /// Folder with schemas and queries of the user's own.
    pub definitions: Option<PathBuf>,
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
}
