//! The worker: does the users of its assignment and commits each unit the moment it is done.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use super::assignment::Assignment;
use crate::engine::{Engine, UnitResult, UserJob, failure_issue};
use crate::event::{Counts, Event, EventKind, EventSink, now_us};
use crate::schema::Schemas;
use crate::store::{
    ExpectedUnit, Ledger, LedgerRow, Leftovers, Run, ShardLock, StoreError, UnitState, commit, new_attempt_id,
};

/// Everything a worker needs.
#[derive(Debug)]
pub struct Worker<'a> {
    /// The run.
    pub run: &'a Run,
    /// The tables.
    pub schemas: &'a Schemas,
    /// The analysis.
    pub engine: &'a dyn Engine,
    /// Which users.
    pub assignment: Assignment,
    /// Users worked on at once.
    pub threads: usize,
    /// Whether units that failed or were skipped before are done again.
    pub redo_failed: bool,
    /// Set to stop after the current units.
    pub stop: &'a AtomicBool,
}

/// How a worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ShardOutcome {
    /// Its units.
    pub counts: Counts,
    /// Whether it was told to stop with units left.
    pub interrupted: bool,
    /// What a crash had left behind.
    pub leftovers: Leftovers,
}

/// A worker that could not go on.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The run could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// How many.
        threads: usize,
        /// The cause.
        source: rayon::ThreadPoolBuildError,
    },
}

impl Worker<'_> {
    /// Does the work.
    ///
    /// # Errors
    /// The run cannot be read or written, or another process works on the same users. Units that
    /// fail are no error: they are rows of the ledger.
    pub fn work(&self, sink: &dyn EventSink) -> Result<ShardOutcome, WorkerError> {
        self.run.writable()?;
        let _lock = ShardLock::take(self.run, self.assignment)?;
        let leftovers = self.run.sweep(&self.labels_of_its_own())?;
        let (jobs, counts) = self.plan()?;
        let progress = Progress { shard: self.assignment.index, counts: Mutex::new(counts), sink };
        progress.emit(EventKind::ShardStarted { pid: std::process::id(), already_done: counts.done() });
        let result = self.drive(&jobs, &progress);
        let counts = progress.counts();
        if let Err(error) = &result {
            // The hint is for who reads the log; the event says what happened.
            let told = crate::error::chain(error);
            let cause = told.lines().next().unwrap_or_default().to_owned();
            progress.emit(EventKind::ShardLost { cause, last_user: None });
        }
        result?;
        let interrupted = counts.done() < counts.total;
        progress
            .emit(EventKind::ShardFinished { interrupted, peak_memory_bytes: super::peak_memory_bytes() });
        Ok(ShardOutcome { counts, interrupted, leftovers })
    }

    /// Plan shards whose files only this worker writes: what lies there without a ledger row is dead.
    fn labels_of_its_own(&self) -> Vec<u32> {
        let (of, shards) = (self.assignment.of, self.run.manifest().shards);
        let covers_whole_label =
            |label: &u32| of <= shards && shards % of == 0 && label % of == self.assignment.index;
        (0..shards).filter(covers_whole_label).collect()
    }

    /// The users with work left, in the order they are started, and the counts before.
    fn plan(&self) -> Result<(Vec<UserJob>, Counts), StoreError> {
        let ledger = Ledger::read(self.run.storage())?;
        let done: HashMap<(&str, &str), UnitState> =
            ledger.current().map(|r| ((r.user_id.as_str(), r.feature_mode.as_str()), r.state)).collect();
        let mut counts = Counts::default();
        let mut jobs: BTreeMap<u64, UserJob> = BTreeMap::new();
        for unit in self.run.own_units().filter(|u| self.assignment.has(u.position)) {
            counts.total += 1;
            match done.get(&(unit.user_id.as_str(), unit.feature_mode.as_str())) {
                Some(state) if *state == UnitState::Ok || !self.redo_failed => counts.add(*state),
                _ => add_unit(&mut jobs, unit),
            }
        }
        let mut jobs: Vec<UserJob> = jobs.into_values().collect();
        if self.threads > 1 {
            // Longest first, so that no long user is left for the end while other threads idle.
            jobs.sort_by_key(|job| std::cmp::Reverse(job.input_bytes));
        }
        Ok((jobs, counts))
    }

    fn drive(&self, jobs: &[UserJob], progress: &Progress<'_>) -> Result<(), WorkerError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .thread_name(|i| format!("unit-{i}"))
            .build()
            .map_err(|source| WorkerError::Threads { threads: self.threads, source })?;
        let next = AtomicUsize::new(0);
        let failure: Mutex<Option<StoreError>> = Mutex::new(None);
        let broken = AtomicBool::new(false);
        pool.scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|_| {
                    while !self.stop.load(Ordering::Relaxed) && !broken.load(Ordering::Relaxed) {
                        let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                        if let Err(error) = self.user(job, progress) {
                            broken.store(true, Ordering::Relaxed);
                            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        }
                    }
                });
            }
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    fn user(&self, job: &UserJob, progress: &Progress<'_>) -> Result<(), StoreError> {
        let stage = |stage: &str| {
            progress.emit(EventKind::Stage { user_id: job.user_id.clone(), stage: stage.to_owned() });
        };
        let mut failure = None;
        let mut started_us = 0;
        let mut modes = job.feature_modes.iter();
        let mut begin = || {
            if let Some(mode) = modes.next() {
                started_us = now_us();
                progress.start(&job.user_id, mode);
            }
            started_us
        };
        let mut started = begin();
        let commit_unit = &mut |unit: UnitResult| -> bool {
            match self.commit(job, unit, started, progress) {
                Ok(()) => {
                    started = begin();
                    !self.stop.load(Ordering::Relaxed)
                }
                Err(error) => {
                    failure = Some(error);
                    false
                }
            }
        };
        self.engine.run(job, &stage, commit_unit);
        failure.map_or(Ok(()), Err)
    }

    fn commit(
        &self,
        job: &UserJob,
        unit: UnitResult,
        started_us: i64,
        progress: &Progress<'_>,
    ) -> Result<(), StoreError> {
        let mut row = LedgerRow {
            user_id: job.user_id.clone(),
            feature_mode: unit.feature_mode,
            shard: job.shard,
            position: job.position,
            attempt: new_attempt_id(),
            state: unit.state,
            reason: unit.reason,
            n_samples: unit.n_samples,
            k: unit.k,
            started_us,
            finished_us: now_us().max(started_us),
            peak_memory_bytes: super::peak_memory_bytes(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            config_fingerprint: self.run.manifest().config_fingerprint.clone(),
            input_fingerprint: unit.input_fingerprint,
            files: Vec::new(),
        };
        match commit(self.run, self.schemas, &mut row, &unit.tables) {
            Err(StoreError::Batch(fault)) => {
                row.state = UnitState::Failed;
                row.reason = Some(format!("the analysis gave a row that breaks its schema: {fault}"));
                let issue = failure_issue(&row.feature_mode, row.reason.as_deref().unwrap_or_default());
                commit(self.run, self.schemas, &mut row, &[issue])?;
            }
            other => other?,
        }
        progress.commit(&row);
        Ok(())
    }
}

fn add_unit(jobs: &mut BTreeMap<u64, UserJob>, unit: &ExpectedUnit) {
    let job = jobs.entry(unit.position).or_insert_with(|| UserJob {
        user_id: unit.user_id.clone(),
        position: unit.position,
        shard: unit.shard,
        input: unit.input.clone(),
        input_bytes: unit.input_bytes,
        feature_modes: Vec::new(),
    });
    job.feature_modes.push(unit.feature_mode.clone());
}

/// Counts and events in one place, so that every event carries the counts right after it.
struct Progress<'a> {
    shard: u32,
    counts: Mutex<Counts>,
    sink: &'a dyn EventSink,
}

impl Progress<'_> {
    fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn emit(&self, kind: EventKind) {
        self.change(|_| {}, kind);
    }

    fn start(&self, user_id: &str, feature_mode: &str) {
        let kind =
            EventKind::UnitStarted { user_id: user_id.to_owned(), feature_mode: feature_mode.to_owned() };
        self.change(|c| c.running += 1, kind);
    }

    fn commit(&self, row: &LedgerRow) {
        let kind = EventKind::UnitCommitted {
            user_id: row.user_id.clone(),
            feature_mode: row.feature_mode.clone(),
            state: row.state,
            reason: row.reason.clone(),
            elapsed_ms: ((row.finished_us - row.started_us) / 1000) as u64,
        };
        let done = |c: &mut Counts| {
            c.running = c.running.saturating_sub(1);
            c.add(row.state);
        };
        self.change(done, kind);
    }

    fn change(&self, change: impl FnOnce(&mut Counts), kind: EventKind) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut counts);
        self.sink.emit(&Event { at_us: now_us(), shard: self.shard, counts: *counts, kind });
    }
}
