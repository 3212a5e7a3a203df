//! `results run`

pub(super) mod asked;
pub(super) mod limits;
mod shares;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::definitions::Folder;
use super::families;
use super::outcome::Outcome;
use super::place::{beside_place, may_hold_data, place};
use super::signals::stop_on_signals;
use super::speak::{out, say, say_line};
use super::text::{columns, count};
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::event::{FanOut, JsonLines};
use crate::printable::printable;
use crate::progress::{Verbosity, for_people};
use crate::run::{
    Here, Launcher, MovedData, Planned, Processes, RunError, RunOutcome, Work, create, move_data, newcomers,
    open,
};
use crate::schema::Schemas;
use crate::store::{Assignment, Location, Protocol, Run};
use asked::{Asked, configuration, new_dir};
use limits::ShardCount;
use shares::Shares;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results run smoke --data DATA                    two users, to see that everything works
  results run k6_full --data DATA --shards 4       four processes, one run directory
  results run k6_full --data DATA --shard 0/4      the first of four shards, in a directory of its own
  results run k6_full --data DATA --shard 0/4 --out out/mine   … in a directory shared by all four
  results run k6_full --data DATA --shards 4 --out s3://bucket/k6   … in an object store, for any number of machines
  results run --resume out/k6_full_20261123_143005   do what is missing or failed
  results run --resume out/k6_full_20261123_143005 --dry-run --explain   what that would be, and why
  results run k6_full --data DATA --shards auto --memory 2GB --timeout 15min
  results run --config mine.yaml

The run directory is printed on standard output. `results config show` lists the presets.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Args {
    #[command(flatten)]
    asked: Asked,
    /// Do one shard in this process, counted from 0; several of them, as in 0,4-7/16, in a process each
    #[arg(long, value_name = "I/N", conflicts_with = "shards")]
    shard: Option<Shares>,
    /// Start this many shard processes; `auto` for one a core
    #[arg(long, value_name = "N|auto", value_parser = ShardCount::parse)]
    shards: Option<ShardCount>,
    /// Continue a run: its missing and failed units, and those whose input changed, in any number of shards
    #[arg(long, value_name = "RUN_DIR", value_parser = place())]
    resume: Option<Location>,
    /// With --resume: also units that were skipped or quarantined
    #[arg(long, requires = "resume")]
    retry_failed: bool,
    /// With --resume: list every unit, whether it is done again, and why
    #[arg(long, requires = "resume")]
    explain: bool,
    /// With --resume: say what would be done, and do nothing
    #[arg(long, requires = "resume")]
    dry_run: bool,
    /// With --resume: also do users that came into the data folder since
    #[arg(long, requires = "resume")]
    extend: bool,
    /// Threads of each process (default: all cores, divided among the shards)
    #[arg(long, value_name = "N", value_parser = |text: &str| limits::whole::<u32>(text, 1..=1024))]
    threads: Option<u32>,
    /// Memory of each shard process, as in 2GB; a process that needs more is ended and told about
    #[arg(long, value_name = "SIZE", value_parser = limits::bytes)]
    memory: Option<u64>,
    /// Time a unit may take, as in 90s, 15min or 2h; one that takes longer fails
    #[arg(long, value_name = "TIME", value_parser = limits::time)]
    timeout: Option<Duration>,
    /// How often a shard process that dies is started again without having done a unit (default: 3)
    #[arg(long, value_name = "N", value_parser = limits::number)]
    retries: Option<u32>,
    /// Show only what goes wrong
    #[arg(long, short)]
    quiet: bool,
    /// Print what happens as lines of JSON on standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let started = Instant::now();
    let resumed = args.resume.as_ref().map(open).transpose().map_err(|error| failure(error.into()))?;
    let mut loaded = match &resumed {
        Some(run) => definitions.load_for_run(run)?,
        None => definitions.load()?,
    };
    let work = if let Some(run) = resumed {
        resume(args, run, definitions, &loaded.schemas)?
    } else {
        let config = configuration(&args.asked, definitions)?;
        loaded.fit(&config);
        new_run(args, &config, &loaded.schemas)?
    };
    let work = work.threads(args.threads).memory(args.memory).timeout(args.timeout).retries(args.retries);
    // What cannot be written ends no run; it is told afterwards.
    let mut told = Ok(());
    if args.explain || args.dry_run {
        told = out(&printable(&explain(&work, args.explain)?));
    }
    if args.dry_run {
        return told.map(|()| Exit::Done);
    }
    if args.json {
        told = told.and(out(&first_line(work.run())?));
    }
    let tell = args.readers(&work);
    let outcome = if args.in_processes(&work) {
        in_processes(&work, definitions, &tell)?
    } else {
        here(&work, &loaded.schemas, &tell)?
    };
    say(last_words(&work, &outcome, started)?);
    told?;
    if args.json {
        out(&last_line(work.run(), &outcome))?;
    } else {
        out(&format!("{}\n", work.run().name()))?;
    }
    Ok(outcome.exit())
}

/// Works on a run in processes that are watched and restarted.
pub(super) fn in_processes(
    work: &Work<'_>,
    definitions: &Folder,
    tell: &FanOut,
) -> Result<RunOutcome, Failure> {
    let by = Processes::new(definitions.path().map(Path::to_owned)).map_err(Failure::error)?;
    start(work, &by, tell)
}

/// Works on a run in this process.
pub(super) fn here(work: &Work<'_>, schemas: &Schemas, tell: &FanOut) -> Result<RunOutcome, Failure> {
    start(work, &Here::new(schemas), tell)
}

/// What people see of a run at work.
pub(super) fn for_terminal(work: &Work<'_>, verbosity: Verbosity) -> FanOut {
    FanOut::default().with(for_people(work.bars(), verbosity))
}

/// Works on a run until it ends or a signal has it stop.
fn start(work: &Work<'_>, by: &dyn Launcher, tell: &FanOut) -> Result<RunOutcome, Failure> {
    if let Some(words) = work.run().shared_disk() {
        say_line(format_args!("{words}"));
    }
    // At the second signal whoever has started processes ends them first.
    let stop = stop_on_signals(by.silence().is_none())?;
    work.start(by, tell, &stop).map_err(failure)
}

pub(super) fn failure(error: RunError) -> Failure {
    if error.exit() == Exit::Usage { Failure::usage(error) } else { Failure::error(error) }
}

pub(super) fn last_words(work: &Work<'_>, outcome: &RunOutcome, started: Instant) -> Result<String, Failure> {
    Ok(outcome.words(&work.problems(outcome).map_err(Failure::error)?, started.elapsed()))
}

impl Args {
    /// The shards that were named.
    fn chosen(&self) -> Vec<Assignment> {
        self.shard.as_ref().map_or_else(Vec::new, Shares::all)
    }

    /// In processes that are watched and restarted, or in this one.
    fn in_processes(&self, work: &Work<'_>) -> bool {
        let limited = self.memory.is_some() || self.timeout.is_some() || self.retries.is_some();
        limited || work.is_divided() || (self.shards.is_some() && self.shard.is_none())
    }

    fn readers(&self, work: &Work<'_>) -> FanOut {
        let verbosity = if self.quiet || self.json { Verbosity::Quiet } else { Verbosity::Normal };
        let people = for_terminal(work, verbosity);
        if self.json { people.with(JsonLines::new(std::io::stdout())) } else { people }
    }
}

fn new_run<'a>(args: &Args, config: &Config, schemas: &'a Schemas) -> Result<Work<'a>, Failure> {
    families::check(config, schemas)?;
    let chosen = args.chosen();
    let asked = args.shards.map_or(config.runtime.concurrency, |shards| shards.number(args.memory));
    let shards = chosen.first().map_or(asked, |share| share.of);
    let at = args.asked.out.clone().unwrap_or_else(|| new_dir(config, &chosen).into());
    beside_place("--out", &at)?;
    let only_shards = match &args.asked.out {
        None => chosen.iter().map(|share| share.index).collect(),
        Some(_) => Vec::new(),
    };
    let planned = Planned { config, shards, only_shards, schemas };
    let run = create(at, planned, &|words| say_line(format_args!("note: {words}"))).map_err(failure)?;
    Ok(Work::of(run, schemas).only(chosen).shards(shards))
}

fn resume<'a>(
    args: &Args,
    mut run: Run,
    definitions: &Folder,
    schemas: &'a Schemas,
) -> Result<Work<'a>, Failure> {
    let refused = |error: crate::store::StoreError| failure(error.into());
    run.writable().map_err(refused)?;
    if args.asked.preset.is_some() || args.asked.config.is_some() || args.asked.seed.is_some() {
        let mut config = match (&args.asked.preset, &args.asked.config) {
            (None, None) => run.manifest().config.clone(),
            _ => configuration(&args.asked, definitions)?,
        };
        config.seed = args.asked.seed.unwrap_or(config.seed);
        run.same_config(&config).map_err(refused)?;
    }
    args.asked.without_users()?;
    if let Some(folder) = &args.asked.data {
        data_in(&mut run, folder, schemas)?;
    }
    // Of many that are started on shares of a run without locks, none lists all data and reads the plan of the others.
    if args.extend || args.shard.is_none() || run.protocol() == Protocol::Locks {
        extend(&mut run, args.extend)?;
    }
    let only = &run.manifest().only_shards;
    let of = run.manifest().shards;
    let chosen = match (&args.shard, args.shards) {
        (None, None) => only.iter().map(|&index| Assignment { index, of }).collect(),
        _ => args.chosen(),
    };
    let shards = args.shards.map_or(run.manifest().shards, |shards| shards.number(args.memory));
    Ok(Work::of(run, schemas).only(chosen).shards(shards).again(args.retry_failed))
}

fn data_in(run: &mut Run, folder: &Path, schemas: &Schemas) -> Result<(), Failure> {
    if !may_hold_data(folder)? {
        return Err(Failure::usage(format!("--data: folder {} not found", folder.display())));
    }
    let MovedData { missing, same, changed } = move_data(run, folder, schemas).map_err(failure)?;
    if !missing.is_empty() {
        let files = count(missing.len() as u64, "file");
        say_line(format_args!(
            "note: {files} of the plan not in {}: {}",
            folder.display(),
            some(missing.iter())
        ));
    }
    if same > 0 || !changed.is_empty() {
        let others = if changed.is_empty() { String::new() } else { format!(": {}", some(changed.iter())) };
        say_line(format_args!(
            "note: of users that are done, {same} have the input that they had, {} another one{others}",
            changed.len()
        ));
    }
    Ok(())
}

/// Users that came into the data folder since the run was planned: taken into the plan, or told about.
fn extend(run: &mut Run, extend: bool) -> Result<(), Failure> {
    let note = |words: &str| say_line(format_args!("note: {words}"));
    let new = newcomers(run, extend, &note).map_err(failure)?;
    let users: BTreeSet<&String> = new.iter().map(|unit| &unit.user_id).collect();
    if users.is_empty() {
        return Ok(());
    }
    let told =
        format!("{} in the data folder: {}", count(users.len() as u64, "new user"), some(users.iter()));
    if !extend {
        say_line(format_args!("note: {told}; --extend takes them into the run"));
        return Ok(());
    }
    say_line(format_args!("note: {told}"));
    run.extend(new).map_err(Failure::error)
}

/// The first three.
fn some<T: AsRef<str>>(all: impl ExactSizeIterator<Item = T>) -> String {
    let more = if all.len() > 3 { ", …" } else { "" };
    let first: Vec<String> = all.take(3).map(|one| one.as_ref().to_owned()).collect();
    first.join(", ") + more
}

/// What a resume would do, unit by unit if `each`, and how many there are of each kind.
fn explain(work: &Work<'_>, each: bool) -> Result<String, Failure> {
    let decided = work.explain().map_err(failure)?;
    let again = decided.iter().filter(|d| d.decision.again).count();
    let mut text = String::new();
    if each {
        let row = |d: &crate::run::Decided<'_>| {
            let word = if d.decision.again { "rerun" } else { "reuse" };
            vec![d.unit.user_id.clone(), d.unit.feature_mode.clone(), word.into(), d.decision.why.clone()]
        };
        let rows: Vec<Vec<String>> = decided.iter().map(row).collect();
        text = columns(&["user", "mode", "", "why"], &rows);
    }
    let kept = decided.len() - again;
    text.push_str(&format!("{} to do, {} kept\n", count(again as u64, "unit"), kept));
    Ok(text)
}

/// The first line for programs.
fn first_line(run: &Run) -> Result<String, Failure> {
    let manifest = run.manifest();
    let line = serde_json::json!({
        "event": "run_started", "run": run.name(), "run_id": manifest.run_id, "shards": manifest.shards,
        "units": run.own_units().map_err(Failure::error)?.count(),
    });
    Ok(format!("{line}\n"))
}

/// The last line for programs.
fn last_line(run: &Run, outcome: &RunOutcome) -> String {
    let lost = outcome
        .lost
        .iter()
        .map(|l| serde_json::json!({"shard": l.shard, "cause": l.cause, "last_user": l.last_user}));
    let line = serde_json::json!({
        "event": "run_finished", "run": run.name(), "exit": outcome.exit() as u8, "counts": outcome.counts,
        "restarts": outcome.restarts, "lost": lost.collect::<Vec<_>>(),
        "peak_memory_bytes": outcome.peak_memory_bytes,
    });
    format!("{line}\n")
}
