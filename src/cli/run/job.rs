//! A run and how it is worked on.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::signals::stop_on_signals;
use crate::cli::worker::Share;
use crate::error::Failure;
use crate::event::{FanOut, JsonLines};
use crate::progress::{Verbosity, for_people};
use crate::run::launchers::{Launch, LaunchOutcome};
use crate::run::{Orders, Redo, Stop};
use crate::schema::Schemas;
use crate::store::Assignment;
use crate::store::Run;

/// How often a worker that dies is started again, unless it is told otherwise.
pub(in crate::cli) const RETRIES: u32 = 3;

/// Who is told what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Tell {
    /// People, on standard error.
    People(Verbosity),
    /// Programs, on standard output; and people what goes wrong.
    Json,
}

/// A run and how it is to be worked on.
pub(in crate::cli) struct Job {
    pub(in crate::cli) run: Run,
    /// One share, or …
    pub(in crate::cli) share: Option<Assignment>,
    /// … all of so many.
    pub(in crate::cli) shards: u32,
    /// In processes that are watched and restarted, or in this one.
    pub(in crate::cli) supervised: bool,
    pub(in crate::cli) threads: Option<u32>,
    pub(in crate::cli) redo: Redo,
    pub(in crate::cli) retries: u32,
    pub(in crate::cli) memory: Option<u64>,
    pub(in crate::cli) timeout: Option<Duration>,
    pub(in crate::cli) tell: Tell,
    pub(in crate::cli) definitions: Option<PathBuf>,
}

impl Job {
    /// Works on the run until its units are done, the user stops it, or it cannot go on.
    pub(in crate::cli) fn work(&self, schemas: &Schemas) -> Result<LaunchOutcome, Failure> {
        let stop = stop_on_signals(!self.supervised)?;
        let end = if self.supervised {
            self.in_processes(&stop)?
        } else {
            self.in_this_process(self.share.unwrap_or(Assignment::ALL), schemas, &stop)?
        };
        self.run.close_if_complete().map_err(Failure::error)?;
        Ok(end)
    }

    fn in_this_process(
        &self,
        assignment: Assignment,
        schemas: &Schemas,
        stop: &Stop,
    ) -> Result<LaunchOutcome, Failure> {
        let share = Share {
            run: &self.run,
            schemas,
            assignment,
            threads: self.threads_each(assignment.of),
            redo: self.redo,
            orders: &Orders::default(),
            timeout: self.timeout,
        };
        let outcome = share.work(self.readers(assignment.index + 1), stop)?;
        Ok(LaunchOutcome {
            counts: outcome.counts,
            interrupted: outcome.interrupted,
            peak_memory_bytes: crate::system::peak_memory_bytes(),
            total_memory_bytes: crate::system::peak_memory_bytes(),
            ..LaunchOutcome::default()
        })
    }

    fn in_processes(&self, stop: &Stop) -> Result<LaunchOutcome, Failure> {
        let shares = match self.share {
            Some(share) => vec![share],
            None => (0..self.shards).map(|index| Assignment { index, of: self.shards }).collect(),
        };
        let mut redo = Vec::new();
        if let Some(before) = self.redo.failed_before {
            redo.extend(["--redo-before".to_owned(), before.to_string()]);
        }
        redo.extend(self.redo.settled.then(|| "--redo-settled".to_owned()));
        let bars = shares.iter().map(|share| share.index + 1).max().unwrap_or(1);
        let launch = Launch {
            run: &self.run,
            threads: self.threads_each(shares[0].of),
            shares,
            redo,
            definitions: self.definitions.clone(),
            retries: self.retries,
            memory: self.memory,
            timeout: self.timeout,
        };
        let end = launch.run(&self.readers(bars), stop).map_err(Failure::error)?;
        Ok(LaunchOutcome { interrupted: end.interrupted || stop.is_asked(), ..end })
    }

    fn readers(&self, shards: u32) -> FanOut {
        match self.tell {
            Tell::People(verbosity) => FanOut::default().with(for_people(shards, verbosity)),
            Tell::Json => FanOut::default()
                .with(JsonLines::new(std::io::stdout()))
                .with(for_people(shards, Verbosity::Quiet)),
        }
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
}
