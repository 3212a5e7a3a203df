//! `results control`

use std::time::{Duration, Instant};

use super::definitions::Folder;
use super::merge::control_words;
use super::outcome::{Outcome, block_on};
use super::place;
use super::run::limits::{self, ShardCount};
use super::run::{for_terminal, here, in_processes, last_words};
use super::speak::{out, say, say_line};
use crate::control::{ControlError, Request, create};
use crate::error::{Exit, Failure};
use crate::progress::Verbosity;
use crate::run::{RunOutcome, Work};
use crate::schema::Schemas;
use crate::sql::Session;
use crate::store::{Location, RunState};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results control out/k6_full_20261123_143005                      240 pairs, beside the run
  results control out/k6_full_20261123_143005 --pairs 60 --shards 4
  results merge --shards out/k6_full_20261123_143005 --control out/k6_full_20261123_143005_control --output merged

The source of one user stands beside the target and condition of another, by the time of day; nothing can be coupled
there, so a test at 5 % should call about 5 % of the pairs. What it calls beyond that, it calls of one person too.
The control is a run: `status`, `run --resume`, `merge`, `validate` and `sql` take it; a unit is called SOURCE~TARGET.
The same command again goes on with it.")]
pub(super) struct Args {
    /// The run whose users are put beside each other
    #[arg(value_name = "RUN_DIR", value_parser = place::place())]
    run: Location,
    /// Number of pairs; all there are if there are fewer
    #[arg(long, value_name = "N", default_value_t = 240, value_parser = |text: &str| limits::whole::<u32>(text, 1..=1_000_000))]
    pairs: u32,
    /// Start this many shard processes; `auto` for one a core
    #[arg(long, value_name = "N|auto", value_parser = ShardCount::parse)]
    shards: Option<ShardCount>,
    /// Directory of the control: a new one, or one to go on with (default: beside the run, with `_control` behind its name)
    #[arg(long, value_name = "DIR", value_parser = place::place())]
    out: Option<Location>,
    /// Threads of each process (default: all cores, divided among the shards)
    #[arg(long, value_name = "N", value_parser = |text: &str| limits::whole::<u32>(text, 1..=1024))]
    threads: Option<u32>,
    /// Memory of each shard process, as in 2GB; a process that needs more is ended and told about
    #[arg(long, value_name = "SIZE", value_parser = limits::bytes)]
    memory: Option<u64>,
    /// Time a pair may take, as in 90s, 15min or 2h; one that takes longer fails
    #[arg(long, value_name = "TIME", value_parser = limits::time)]
    timeout: Option<Duration>,
    /// Show only what goes wrong
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let started = Instant::now();
    let at = at(args)?;
    let loaded = definitions.load_for(std::slice::from_ref(&args.run))?;
    let work = plan(args, at, &loaded.schemas)?;
    let is_limited = args.memory.is_some() || args.timeout.is_some();
    let verbosity = if args.quiet { Verbosity::Quiet } else { Verbosity::Normal };
    let tell = for_terminal(&work, verbosity);
    let end = if is_limited || args.shards.is_some() || work.is_divided() {
        in_processes(&work, definitions, &tell)?
    } else {
        here(&work, &loaded.schemas, &tell)?
    };
    say(last_words(&work, &end, started)?);
    if end.state == RunState::Complete {
        let session = Session::open(std::slice::from_ref(work.run().location()), loaded.as_ref())
            .map_err(Failure::error)?;
        let rows = block_on(session.control())?.map_err(Failure::error)?;
        let config = &work.run().manifest().config;
        say(control_words(&rows, config.fdr.alpha, Some(config)));
    }
    say(next(args, &work, &end));
    out(&format!("{}\n", work.run().name()))?;
    Ok(end.exit())
}

/// Makes the control, or opens it.
fn plan<'a>(args: &Args, at: Location, schemas: &'a Schemas) -> Result<Work<'a>, Failure> {
    let shards = args.shards.map_or(1, |shards| shards.number(args.memory));
    let request = Request { of: args.run.clone(), at, pairs: args.pairs as usize, shards, schemas };
    let run = create(request, &|words| say_line(format_args!("note: {words}"))).map_err(failure)?;
    let work = Work::of(run, schemas).shards(shards).threads(args.threads);
    Ok(work.memory(args.memory).timeout(args.timeout))
}

/// Where the control is to be.
fn at(args: &Args) -> Result<Location, Failure> {
    let run = &args.run;
    let at = args.out.clone().or_else(|| run.beside("_control")).ok_or_else(|| {
        Failure::usage(format!(
            "{run} is a whole bucket, with nothing beside it\n(hint: name the control with --out)"
        ))
    })?;
    place::beside_place("--out", &at)?;
    Ok(at)
}

pub(super) fn failure(error: ControlError) -> Failure {
    if error.exit() == Exit::Usage { Failure::usage(error) } else { Failure::error(error) }
}

/// How its result gets beside that of the run.
fn next(args: &Args, work: &Work<'_>, end: &RunOutcome) -> String {
    if end.exit() != Exit::Done {
        return String::new();
    }
    format!(
        "beside the run's own: results merge --shards {} --control {} --output DIR\n",
        args.run,
        work.run().name()
    )
}
