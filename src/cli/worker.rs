//! `results worker`: a share of a run, told about in events on standard output.

use std::io::{BufReader, Read};
use std::sync::Arc;
use std::time::Duration;

use super::bounded::limit_memory;
use super::definitions::Folder;
use super::outcome::Outcome;
use super::place::place;
use super::run::failure;
use super::signals::stop_on_signals;
use crate::config::Analysis;
use crate::error::{Exit, Failure};
use crate::event::{EventSink, FanOut, JsonLines};
use crate::run::{Here, Orders, Redo, Share, Stop, Watchdog, open};
use crate::store::{Assignment, Location};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run
    #[arg(value_parser = place())]
    run: Location,
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
    let run = open(&args.run).map_err(Failure::error)?;
    let schemas = definitions.load_for_run(&run)?.schemas;
    let stop = stop_on_signals(true)?;
    let mut input = BufReader::new(std::io::stdin());
    let orders = Orders::read(&mut input).map_err(Failure::error)?;
    stop_at_end_of_input(input, &stop);
    let share = Share {
        run: &run,
        assignment: args.shard,
        threads: args.threads,
        redo: Redo { failed_before: args.redo_before, settled: args.redo_settled },
        memory: args.memory,
        timeout: args.timeout_ms.map(Duration::from_millis),
    };
    let events: Arc<dyn EventSink> = Arc::new(JsonLines::new(std::io::stdout()));
    // A program can be ended by itself; a thread only with its process.
    let limit = share.timeout.filter(|_| run.manifest().config.analysis == Analysis::Builtin);
    let end = || std::process::exit(i32::from(Exit::TimedOut as u8));
    let watchdog = Watchdog::start(limit, Arc::clone(&events), end);
    let supervisor = Some(std::os::unix::process::parent_id());
    let here = Here { supervisor, ..Here::new(&schemas) };
    let tell = FanOut::default().with(events).with(watchdog);
    let outcome = here.work(&share, &orders, &tell, &stop).map_err(|error| failure(error.into()))?;
    Ok(outcome.exit())
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
