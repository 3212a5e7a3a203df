//! The work on a run: which shares, by how many workers, within which limits.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::decide::Redo;
use super::error::{RunError, WorkerError};
use super::events::Kept;
use super::launch::{Launcher, Share};
use super::living::Living;
use super::outcome::RunOutcome;
use super::plan::{Decided, decisions};
use super::stop::Stop;
use super::supervise::Supervisor;
use crate::engine::engine;
use crate::event::{EventSink, now_us};
use crate::schema::Schemas;
use crate::store::{Assignment, Run};

/// How often a worker that dies is started again, unless it is said otherwise.
const RETRIES: u32 = 3;

/// A run, and how it is to be worked on. Made by [`Work::of`], changed by the other functions, begun by
/// [`Work::start`].
#[derive(Debug)]
#[must_use]
pub struct Work<'a> {
    run: Run,
    schemas: &'a Schemas,
    /// One share, or …
    share: Option<Assignment>,
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
            share: None,
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

    /// Only one share, if one is named.
    pub fn share(self, share: Option<Assignment>) -> Self {
        Self { share, ..self }
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
        let share = self.share.unwrap_or(Assignment::ALL);
        Ok(decisions(&self.run, share, &*engine, self.redo).map_err(WorkerError::from)?)
    }

    /// Works on the run until its units are done, it is told to stop, or it cannot go on.
    ///
    /// # Errors
    /// Its data are gone; workers cannot be started; a worker in this process could not go on. Units that
    /// fail, and worker processes that end, are outcomes.
    pub fn start(
        &self,
        by: &dyn Launcher,
        tell: &dyn EventSink,
        stop: &Stop,
    ) -> Result<RunOutcome, RunError> {
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
        let state = self.run.close_if_complete().map_err(WorkerError::from)?;
        let is_control = self.run.manifest().control.is_some();
        Ok(RunOutcome::of(ends, stop.is_asked(), state, is_control))
    }

    /// Whether it is more than one worker's.
    pub fn is_divided(&self) -> bool {
        self.share.is_none() && self.shards > 1
    }

    /// The highest index of a share, and one more: as many bars as are seen.
    pub fn bars(&self) -> u32 {
        self.share.map_or(self.shards, |share| share.index + 1)
    }

    fn shares(&self) -> Vec<Share<'_>> {
        let assignments = match self.share {
            Some(share) => vec![share],
            None => (0..self.shards).map(|index| Assignment { index, of: self.shards }).collect(),
        };
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

    /// Refuses to mark every unit as failed where a whole folder is gone.
    fn has_data(&self) -> Result<(), RunError> {
        let folder = &self.run.manifest().input.folder;
        if Path::new(folder).exists() {
            return Ok(());
        }
        let units = self.explain()?.iter().filter(|unit| unit.decision.again).count();
        if units == 0 {
            return Ok(());
        }
        let units = if units == 1 { "1 unit needs".to_owned() } else { format!("{units} units need") };
        Err(RunError::NoData { folder: folder.clone(), run: self.run.name(), units })
    }
}
