//! The work on a run: which shares, by how many workers, within which limits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::before::Idle;
use super::data::{Gone, gone};
use super::decide::Redo;
use super::error::{RunError, WorkerError};
use super::events::Kept;
use super::launch::{Launcher, Share};
use super::living::Living;
use super::outcome::{RunOutcome, ShardEnd};
use super::plan::{Decided, decisions};
use super::problem::Problems;
use super::said::{close, problems_of};
use super::status::status;
use super::stop::Stop;
use super::supervise::Supervisor;
use crate::engine::engine;
use crate::event::{EventSink, now_us};
use crate::leases::Listed;
use crate::schema::Schemas;
use crate::store::{Assignment, Protocol, Run, StoreError};

/// How often a worker that dies is started again, unless it is said otherwise.
const RETRIES: u32 = 3;

/// A run, and how it is to be worked on. Made by [`Work::of`], changed by the other functions, begun by
/// [`Work::start`].
#[derive(Debug)]
#[must_use]
pub struct Work<'a> {
    run: Run,
    schemas: &'a Schemas,
    /// Some shares, or, without any, …
    chosen: Vec<Assignment>,
    /// … all of so many.
    shards: u32,
    threads: Option<u32>,
    redo: Redo,
    retries: u32,
    memory: Option<u64>,
    timeout: Option<Duration>,
}

impl<'a> Work<'a> {
    /// What is missing in a run, in one share, without limits.
    pub fn of(run: Run, schemas: &'a Schemas) -> Self {
        Self {
            run,
            schemas,
            chosen: Vec::new(),
            shards: 1,
            threads: None,
            redo: Redo::default(),
            retries: RETRIES,
            memory: None,
            timeout: None,
        }
    }

    /// The run.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Only these shares, if any are named.
    pub fn only(self, chosen: Vec<Assignment>) -> Self {
        Self { chosen, ..self }
    }

    /// Divided among so many workers.
    pub fn shards(self, shards: u32) -> Self {
        Self { shards: shards.max(1), ..self }
    }

    /// Threads of each worker; without a number, cores are divided among the workers.
    pub fn threads(self, threads: Option<u32>) -> Self {
        Self { threads, ..self }
    }

    /// Failed units too, and, if `settled`, those that were skipped or quarantined.
    pub fn again(self, settled: bool) -> Self {
        Self { redo: Redo { failed_before: Some(now_us()), settled }, ..self }
    }

    /// How often a worker that dies is started again without having committed anything in between.
    pub fn retries(self, retries: Option<u32>) -> Self {
        Self { retries: retries.unwrap_or(RETRIES), ..self }
    }

    /// Memory of each worker, bytes.
    pub fn memory(self, memory: Option<u64>) -> Self {
        Self { memory, ..self }
    }

    /// Time of a unit.
    pub fn timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// Every unit, whether it is done (again), and why.
    ///
    /// # Errors
    /// The run cannot be read; the analysis cannot be made ready.
    pub fn explain(&self) -> Result<Vec<Decided<'_>>, RunError> {
        let engine = engine(&self.run.manifest().config, self.schemas, None)?;
        let shares = if self.chosen.is_empty() { &[Assignment::ALL][..] } else { &self.chosen };
        let mut all = Vec::new();
        for &share in shares {
            all.extend(decisions(&self.run, share, &*engine, self.redo).map_err(WorkerError::from)?);
        }
        Ok(all)
    }

    /// Works on the run until its units are done, it is told to stop, or it cannot go on.
    ///
    /// # Errors
    /// Its data or its program are gone; workers cannot be started; a worker in this process could not go on. Units that
    /// fail, and worker processes that end, are outcomes.
    pub fn start(
        &self,
        by: &dyn Launcher,
        tell: &dyn EventSink,
        stop: &Stop,
    ) -> Result<RunOutcome, RunError> {
        // A program that cannot be started is one error, and not one of each worker.
        engine(&self.run.manifest().config, self.schemas, None)?;
        self.has_data()?;
        let tell = &Kept::of(&self.run, tell);
        let shares: Vec<Share<'_>> = self.shares();
        let living = Living::new(stop, by.silence());
        let ended = AtomicBool::new(false);
        let ends = std::thread::scope(|scope| {
            scope.spawn(|| living.pass_on(&ended));
            let shards: Vec<_> = shares
                .iter()
                .map(|share| {
                    let supervisor = Supervisor { by, share, retries: self.retries, tell, living: &living };
                    scope.spawn(move || {
                        let end = supervisor.run();
                        if end.is_err() {
                            supervisor.living.stop_all();
                        }
                        end
                    })
                })
                .collect();
            let ends: Vec<_> = shards.into_iter().filter_map(|shard| shard.join().ok()).collect();
            ended.store(true, Ordering::Relaxed);
            ends
        });
        let ends = ends.into_iter().collect::<Result<Vec<_>, _>>()?;
        let state = close(&self.run, idle(&ends)).map_err(WorkerError::from)?;
        let is_control = self.run.manifest().control.is_some();
        Ok(RunOutcome::of(ends, stop.is_asked(), state, is_control))
    }

    /// What went wrong, where the work has ended so: of a run with locks in all of it, else in the shares that were worked
    /// on, as their workers said.
    ///
    /// # Errors
    /// The run cannot be read.
    pub fn problems(&self, outcome: &RunOutcome) -> Result<Problems, StoreError> {
        let count = outcome.counts.failed + outcome.counts.skipped;
        match self.run.protocol() {
            Protocol::Locks => Ok(status(&self.run)?.problems),
            Protocol::Names if outcome.known.is_none() && (count > 0 || !outcome.lost.is_empty()) => {
                problems_of(&self.run, &self.chosen)
            }
            Protocol::Names => {
                let units = outcome.known.clone().unwrap_or_default();
                Ok(Problems { run: self.run.name(), units, count, damaged: Vec::new() })
            }
        }
    }

    /// Whether it is more than one worker's.
    pub fn is_divided(&self) -> bool {
        if self.chosen.is_empty() { self.shards > 1 } else { self.chosen.len() > 1 }
    }

    /// The highest index of a share, and one more: as many bars as are seen.
    pub fn bars(&self) -> u32 {
        self.chosen.iter().map(|share| share.index + 1).max().unwrap_or(self.shards)
    }

    fn shares(&self) -> Vec<Share<'_>> {
        let all = || (0..self.shards).map(|index| Assignment { index, of: self.shards }).collect();
        let assignments = if self.chosen.is_empty() { all() } else { self.chosen.clone() };
        let share = |assignment: Assignment| Share {
            run: &self.run,
            assignment,
            threads: self.threads_each(assignment.of),
            redo: self.redo,
            memory: self.memory,
            timeout: self.timeout,
        };
        assignments.into_iter().map(share).collect()
    }

    /// Cores are divided among the processes that are started together; one that is started by hand
    /// is taken to have its siblings on this machine too.
    fn threads_each(&self, processes: u32) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        match self.threads.or(self.run.manifest().config.runtime.threads) {
            Some(threads) => threads as usize,
            None => (cores / processes as usize).max(1),
        }
    }

    /// Refuses to mark every unit as failed where all data are gone.
    fn has_data(&self) -> Result<(), RunError> {
        let shares = if self.chosen.is_empty() { &[Assignment::ALL][..] } else { &self.chosen };
        let Some(gone) = gone(&self.run, shares)? else { return Ok(()) };
        let units = self.explain()?.iter().filter(|unit| unit.decision.again).count();
        if units == 0 {
            return Ok(());
        }
        let units = if units == 1 { "1 unit needs".to_owned() } else { format!("{units} units need") };
        let (folder, run) = (self.run.manifest().input.folder.clone(), self.run.name());
        Err(match gone {
            Gone::Folder => RunError::NoData { folder, run, units },
            Gone::Files(what) => RunError::NoFiles { folder, run, what, units },
        })
    }
}

/// The leases by which nothing was left to do in any share, and the units of these shares.
fn idle(ends: &[ShardEnd]) -> Option<(Vec<Listed>, u64)> {
    let idle: Vec<&Idle> = ends.iter().map(|end| end.idle.as_ref()).collect::<Option<_>>()?;
    let units = ends.iter().map(|end| end.counts.total).sum();
    Some((idle.last()?.leases.clone(), units))
}
