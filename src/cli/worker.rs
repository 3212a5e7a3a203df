//! `results worker`: a share of a run, told about in events on standard output.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Outcome;
use super::definitions::Folder;
use crate::engine::Builtin;
use crate::error::{Exit, Failure};
use crate::event::{EventSink, FanOut, JsonLines};
use crate::schema::Schemas;
use crate::shard::{Assignment, Heartbeat, ShardOutcome, Worker, WorkerError};
use crate::store::{Run, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run
    run: PathBuf,
    /// Which users
    #[arg(long)]
    shard: Assignment,
    /// Users worked on at once
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Do units that failed or were skipped again
    #[arg(long)]
    redo_failed: bool,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let schemas = definitions.load()?.schemas;
    let run = Run::open(&args.run).map_err(Failure::error)?;
    let stop = stop_flag()?;
    stop_at_end_of_input(&stop);
    let share = Share {
        run: &run,
        schemas: &schemas,
        assignment: args.shard,
        threads: args.threads,
        redo_failed: args.redo_failed,
    };
    let events = FanOut::default().with(JsonLines::new(std::io::stdout()));
    let outcome = share.work(events, &stop)?;
    Ok(exit_of(&outcome))
}

/// A worker in this process.
pub(super) struct Share<'a> {
    pub(super) run: &'a Run,
    pub(super) schemas: &'a Schemas,
    pub(super) assignment: Assignment,
    pub(super) threads: usize,
    pub(super) redo_failed: bool,
}

impl Share<'_> {
    /// Does the work, telling `readers` and the status file.
    pub(super) fn work(&self, readers: FanOut, stop: &AtomicBool) -> Result<ShardOutcome, Failure> {
        let engine = Builtin::new(&self.run.manifest().config).map_err(Failure::usage)?;
        let heartbeat = Arc::new(Heartbeat::start(self.run, self.assignment));
        let sink: Box<dyn EventSink> = Box::new(readers.with(Arc::clone(&heartbeat)));
        let worker = Worker {
            run: self.run,
            schemas: self.schemas,
            engine: &engine,
            assignment: self.assignment,
            threads: self.threads,
            redo_failed: self.redo_failed,
            stop,
        };
        let outcome = worker.work(&*sink).map_err(|error| match error {
            WorkerError::Store(StoreError::Locked { .. } | StoreError::NewerFormat { .. }) => {
                Failure::usage(error)
            }
            _ => Failure::error(error),
        })?;
        if outcome.leftovers.data_files + outcome.leftovers.staged_files > 0 {
            tracing::warn!(
                "removed what a crash had left: {} data files without a ledger row, {} half-written files",
                outcome.leftovers.data_files,
                outcome.leftovers.staged_files
            );
        }
        Ok(outcome)
    }
}

/// The exit code of a worker's outcome.
pub(super) fn exit_of(outcome: &ShardOutcome) -> Exit {
    if outcome.interrupted {
        Exit::Interrupted
    } else if outcome.counts.ok < outcome.counts.total {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}

/// Set by the first Ctrl-C or SIGTERM; the second ends the process at once.
pub(super) fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let exit = i32::from(Exit::Interrupted as u8);
        signal_hook::flag::register_conditional_shutdown(signal, exit, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(Failure::error)?;
    }
    Ok(stop)
}

/// The supervisor holds the other end of standard input; when it is gone, the worker finishes its unit
/// and stops.
fn stop_at_end_of_input(stop: &Arc<AtomicBool>) {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        stop.store(true, Ordering::Relaxed);
    });
}
