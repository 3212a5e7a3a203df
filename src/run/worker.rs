//! The worker: does the users of its assignment and commits each unit the moment it is done.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::before::{Before, Idle, Seen, look};
use super::committer::Committer;
use super::decide::Redo;
use super::error::WorkerError;
use super::heartbeat::Heartbeat;
use super::holding::Holding;
use super::jobs::{Jobs, Wanted};
use super::orders::{GivenUp, Orders, UnitKey};
use super::progress::Progress;
use super::stop::Stop;
use crate::attempts::{Leftovers, Swept, sweep};
use crate::engine::{Engine, UnitResult, UserJob, failure_issue};
use crate::error::Exit;
use crate::event::{Counts, Event, EventKind, EventSink, now_us};
use crate::leases::Terms;
use crate::schema::Schemas;
use crate::store::{Assignment, LedgerRow, Prepared, Run, StoreError, UnitState, attempt_id_of};
use crate::system::peak_memory_bytes;

/// Stages of a user are told this far apart.
const STAGE_PAUSE: Duration = Duration::from_millis(50);

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
    /// Which settled units are done again.
    pub redo: Redo,
    /// What an earlier worker's end asks for.
    pub orders: &'a Orders,
    /// Asked to stop after the current units.
    pub stop: &'a Stop,
    /// The process that looks after this one.
    pub supervisor: Option<u32>,
    /// The times of its lease, where there are no locks.
    pub terms: Terms,
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
    /// Where nothing was left to do, so that it did not take the share.
    pub idle: Option<Idle>,
}

impl ShardOutcome {
    /// The exit code of a worker process.
    pub fn exit(&self) -> Exit {
        if self.interrupted {
            Exit::Interrupted
        } else if self.counts.ok < self.counts.total {
            Exit::Incomplete
        } else {
            Exit::Done
        }
    }
}

impl Worker<'_> {
    /// Does the work.
    ///
    /// # Errors
    /// The run cannot be read or written, or another process works on the same users. Units that
    /// fail are no error: they are rows of the ledger.
    pub fn work(&self, sink: &dyn EventSink) -> Result<ShardOutcome, WorkerError> {
        self.run.writable()?;
        let seen = match look(&self.wanted())? {
            Before::Idle(counts, idle) => return Ok(self.has_nothing_to_do(counts, idle, sink)),
            Before::Work(seen) => Some(seen),
            Before::Nothing => None,
        };
        let nothing_yet = Progress::new(self.assignment.index, Counts::default(), sink);
        let waiting = |holder: &str, most: Option<Duration>| {
            let seconds = most.map(|most| most.as_secs());
            nothing_yet.emit(EventKind::ShardWaiting { holder: holder.to_owned(), seconds });
        };
        let want = (self.terms, self.stop);
        let Some(holding) = Holding::take(self.run, self.assignment, want, waiting)? else {
            return Ok(never_began(&nothing_yet));
        };
        self.work_on(&Arc::new(holding), seen, sink)
    }

    /// What it wants to do.
    fn wanted(&self) -> Wanted<'_> {
        let (run, share, redo, orders) = (self.run, self.assignment, self.redo, self.orders);
        Wanted { run, share, redo, engine: self.engine, orders, threads: self.threads }
    }

    /// Tells of a share that it has not taken.
    fn has_nothing_to_do(&self, counts: Counts, idle: Idle, sink: &dyn EventSink) -> ShardOutcome {
        let progress = Progress::new(self.assignment.index, counts, sink);
        let (pid, already_done) = (std::process::id(), counts.done());
        progress.emit(EventKind::ShardStarted { pid, already_done });
        let peak_memory_bytes = peak_memory_bytes();
        progress.emit(EventKind::ShardFinished { interrupted: false, peak_memory_bytes });
        ShardOutcome { counts, interrupted: false, leftovers: Leftovers::default(), idle: Some(idle) }
    }

    /// Does the work on a share that it has.
    fn work_on(
        &self,
        holding: &Arc<Holding>,
        seen: Option<Seen>,
        sink: &dyn EventSink,
    ) -> Result<ShardOutcome, WorkerError> {
        // Not before: what is told of a share is told by who has it.
        let heartbeat = Heartbeat::start(self.run, holding, self.supervisor, self.stop);
        let sink = &Both(sink, &heartbeat);
        let files = seen.as_ref().map(|seen| seen.files.as_slice());
        let Swept { leftovers, ledger, is_as_seen } =
            sweep(self.run, holding.writer(), holding.after(), files)?;
        if leftovers.data_files + leftovers.staged_files > 0 {
            tracing::warn!("removed what a crash had left: {leftovers}");
        }
        let plan = match seen {
            Some(seen) if is_as_seen => seen.jobs(&self.wanted())?,
            _ => self.wanted().jobs(ledger)?,
        };
        let progress = Progress::new(self.assignment.index, plan.counts, sink);
        for (file, cause) in &leftovers.set_aside {
            progress.emit(EventKind::SetAside { file: file.clone(), cause: cause.clone() });
        }
        plan.tell_damaged(&progress);
        let committer =
            Committer::new(self.run, self.schemas, &progress, (&**holding, &heartbeat, self.stop));
        let already_done = plan.counts.done();
        heartbeat.planned(self.run.manifest().input.units, plan.problems.clone());
        progress.emit(EventKind::ShardStarted { pid: std::process::id(), already_done });
        let mut result = self
            .give_up(&plan, &committer)
            .map_err(WorkerError::from)
            .and_then(|()| self.drive(&plan, &committer));
        let counts = progress.counts();
        // What is left is somebody else's.
        if counts.done() < counts.total
            && let Some(lost) = holding.lost()
        {
            result = result.and(Err(lost.into()));
        }
        if let Err(error) = &result {
            // The hint is for who reads the log; the event says what happened.
            let told = crate::error::chain(error);
            let cause = told.lines().next().unwrap_or_default().to_owned();
            progress.emit(EventKind::ShardLost { cause, last_user: None });
        }
        result?;
        let interrupted = counts.done() < counts.total;
        progress.emit(EventKind::ShardFinished { interrupted, peak_memory_bytes: peak_memory_bytes() });
        Ok(ShardOutcome { counts, interrupted, leftovers, idle: None })
    }

    /// Commits as failed what killed earlier workers.
    fn give_up(&self, plan: &Jobs, committer: &Committer<'_>) -> Result<(), StoreError> {
        for (job, unit) in &plan.given_up {
            let reason = |g: &&GivenUp| g.unit == *unit;
            let Some(given_up) = self.orders.give_up.iter().find(reason) else { continue };
            committer.progress.start(&unit.user_id, &unit.feature_mode);
            let mut result =
                UnitResult::without_rows(&unit.feature_mode, UnitState::Failed, given_up.reason.clone());
            result.input_fingerprint = self.engine.input_fingerprint(&job.input);
            self.commit(job, result, now_us(), plan, committer)?;
        }
        committer.flush()
    }

    /// Does the users that are to be alone one after another, and then all others at once.
    fn drive(&self, plan: &Jobs, committer: &Committer<'_>) -> Result<(), WorkerError> {
        let threads = self.threads;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("unit-{i}"))
            .build()
            .map_err(|source| WorkerError::Threads { threads, source })?;
        for (jobs, threads) in [(&plan.alone, 1), (&plan.users, threads)] {
            let next = AtomicUsize::new(0);
            let work = || {
                while !self.stop.is_asked() && !committer.is_broken() {
                    let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                    if let Err(error) = self.user(job, plan, committer) {
                        committer.fail(error);
                    }
                }
            };
            committer.while_committing(|| {
                pool.scope(|scope| (0..threads).for_each(|_| scope.spawn(|_| work())));
            })?;
        }
        Ok(())
    }

    fn user(&self, job: &UserJob, plan: &Jobs, committer: &Committer<'_>) -> Result<(), StoreError> {
        let progress = committer.progress;
        let told = Cell::new(Instant::now());
        let stage = |stage: &str| {
            // Nobody sees more, and with thousands of small users the telling would be most of the work.
            if told.get().elapsed() < STAGE_PAUSE {
                return;
            }
            told.set(Instant::now());
            progress.emit(EventKind::Stage { user_id: job.user_id.clone(), stage: stage.to_owned() });
        };
        let mut failure = None;
        let mut started_us = 0;
        let mut modes = job.feature_modes.iter();
        let mut begin = || {
            if let Some(mode) = modes.next() {
                started_us = now_us();
                progress.start(&job.user_id, mode);
                crate::failpoint::hit("unit", &job.user_id);
            }
            started_us
        };
        let mut started = begin();
        let commit_unit = &mut |unit: UnitResult| -> bool {
            match self.commit(job, unit, started, plan, committer) {
                Ok(()) => {
                    started = begin();
                    !self.stop.is_asked()
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
        plan: &Jobs,
        committer: &Committer<'_>,
    ) -> Result<(), StoreError> {
        let key = UnitKey { user_id: job.user_id.clone(), feature_mode: unit.feature_mode.clone() };
        // A clock that was set back must not put an attempt before the one it replaces.
        let earliest = plan.earlier.get(&key).map_or(started_us, |end| (end + 1).max(started_us));
        let mut row = LedgerRow {
            user_id: job.user_id.clone(),
            feature_mode: unit.feature_mode,
            shard: job.shard,
            position: job.position,
            attempt: attempt_id_of(committer.writer()),
            state: unit.state,
            reason: unit.reason,
            n_samples: unit.n_samples,
            k: unit.k,
            started_us,
            finished_us: now_us().max(earliest),
            peak_memory_bytes: peak_memory_bytes(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: self.engine.version(),
            config_fingerprint: self.run.manifest().config_fingerprint.clone(),
            input_fingerprint: unit.input_fingerprint,
            files: Vec::new(),
        };
        let unit = match Prepared::new(self.schemas, row.clone(), &unit.tables) {
            Err(StoreError::Batch(fault)) => {
                row.state = UnitState::Failed;
                row.reason = Some(format!("a row of the analysis doesn't fit its schema: {fault}"));
                let issue = failure_issue(&row.feature_mode, row.reason.as_deref().unwrap_or_default());
                Prepared::new(self.schemas, row, &[issue])?
            }
            other => other?,
        };
        committer.take(unit)
    }
}

/// A worker was told to stop while it waited for its share.
fn never_began(progress: &Progress<'_>) -> ShardOutcome {
    progress.emit(EventKind::ShardFinished { interrupted: true, peak_memory_bytes: peak_memory_bytes() });
    ShardOutcome { counts: Counts::default(), interrupted: true, leftovers: Leftovers::default(), idle: None }
}

/// Two readers.
struct Both<'a>(&'a dyn EventSink, &'a Heartbeat);

impl EventSink for Both<'_> {
    fn emit(&self, event: &Event) {
        self.1.emit(event);
        self.0.emit(event);
    }
}
