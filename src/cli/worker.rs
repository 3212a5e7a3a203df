//! `results worker`: a share of a run, told about in events on standard output.

use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::bounded::limit_memory;
use super::definitions::Folder;
use super::outcome::Outcome;
use super::signals::stop_on_signals;
use crate::config::Analysis;
use crate::engine::engine;
use crate::error::{Exit, Failure};
use crate::event::{EventSink, FanOut, JsonLines};
use crate::run::{Heartbeat, Orders, Redo, ShardOutcome, Stop, Watchdog, Worker, WorkerError};
use crate::schema::Schemas;
use crate::store::Assignment;
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
    /// Do units again that failed before this, microseconds since 1970
    #[arg(long)]
    redo_before: Option<i64>,
    /// Also units that were skipped or quarantined
    #[arg(long)]
    redo_settled: bool,
    /// Memory the process may have, bytes
    #[arg(long)]
    memory: Option<u64>,
    /// Time a unit may take, ms
    #[arg(long)]
    timeout_ms: Option<u64>,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    if let Some(bytes) = args.memory {
        limit_memory(bytes)?;
    }
    let schemas = definitions.load_for(&[&args.run])?.schemas;
    let run = Run::open(&args.run).map_err(Failure::error)?;
    let stop = stop_on_signals(true)?;
    let mut input = BufReader::new(std::io::stdin());
    let orders = Orders::read(&mut input).map_err(Failure::error)?;
    stop_at_end_of_input(input, &stop);
    let share = Share {
        run: &run,
        schemas: &schemas,
        assignment: args.shard,
        threads: args.threads,
        redo: Redo { failed_before: args.redo_before, settled: args.redo_settled },
        orders: &orders,
        timeout: args.timeout_ms.map(Duration::from_millis),
    };
    let events: Arc<dyn EventSink> = Arc::new(JsonLines::new(std::io::stdout()));
    // A program can be ended by itself; a thread only with its process.
    let limit = share.timeout.filter(|_| run.manifest().config.analysis == Analysis::Builtin);
    let end = || std::process::exit(i32::from(Exit::TimedOut as u8));
    let watchdog = Watchdog::start(limit, Arc::clone(&events), end);
    let outcome = share.work(FanOut::default().with(events).with(watchdog), &stop)?;
    Ok(exit_of(&outcome))
}

/// A worker in this process.
pub(super) struct Share<'a> {
    pub(super) run: &'a Run,
    pub(super) schemas: &'a Schemas,
    pub(super) assignment: Assignment,
    pub(super) threads: usize,
    pub(super) redo: Redo,
    pub(super) orders: &'a Orders,
    /// Time a unit may take, if the analysis is a program.
    pub(super) timeout: Option<Duration>,
}

impl Share<'_> {
    /// Does the work, telling `readers` and the status file.
    pub(super) fn work(&self, readers: FanOut, stop: &Stop) -> Result<ShardOutcome, Failure> {
        let engine =
            engine(&self.run.manifest().config, self.schemas, self.timeout).map_err(Failure::usage)?;
        let heartbeat = Arc::new(Heartbeat::start(self.run, self.assignment));
        let sink: Box<dyn EventSink> = Box::new(readers.with(Arc::clone(&heartbeat)));
        let worker = Worker {
            run: self.run,
            schemas: self.schemas,
            engine: &*engine,
            assignment: self.assignment,
            threads: self.threads,
            redo: self.redo,
            orders: self.orders,
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

/// The supervisor holds the other end of standard input; when it is gone, the worker finishes its unit
/// and stops.
fn stop_at_end_of_input(mut input: impl Read + Send + 'static, stop: &Stop) {
    let stop = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut input, &mut std::io::sink());
        if !stop.is_asked() {
            stop.ask();
        }
    });
}
