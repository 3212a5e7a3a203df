//! `results run`

mod explain;
mod job;
pub(super) mod limits;
mod plan;
mod summary;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::config::config_failure;
use super::definitions::Folder;
use super::outcome::Outcome;
use super::text::out;
use crate::config::{Config, ConfigSource, Overrides, load};
use crate::engine::engine;
use crate::error::{Exit, Failure};
use crate::event::now_us;
use crate::measures;
use crate::progress::Verbosity;
use crate::run::Redo;
use crate::schema::Schemas;
use crate::store::Assignment;
use crate::store::{NewRun, Run, StoreError};
pub(super) use job::{Job, RETRIES, Tell};
use limits::ShardCount;
pub(super) use summary::tell;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results run smoke --data DATA                    two users, to see that everything works
  results run k6_full --data DATA --shards 4       four processes, one run directory
  results run k6_full --data DATA --shard 0/4      the first of four shards, in a directory of its own
  results run k6_full --data DATA --shard 0/4 --out out/mine   … in a directory shared by all four
  results run --resume out/k6_full_20261123_143005 do what is missing or failed
  results run --resume out/k6_full_20261123_143005 --dry-run --explain   what that would be, and why
  results run k6_full --data DATA --shards auto --memory 2GB --timeout 15min
  results run --config mine.yaml

The run directory is printed on standard output. `results config show` lists the presets.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Args {
    /// A preset, as listed by `results config show`
    preset: Option<String>,
    /// A configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    config: Option<PathBuf>,
    /// Folder with the users' files (instead of the configuration's `data_root`)
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Run directory: a new one, or a run of the same configuration to work on
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Only the first N users of the sorted list; 0 for all
    #[arg(long, value_name = "N")]
    users: Option<u32>,
    /// Seed of every random stream
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Do one shard in this process, counted from 0
    #[arg(long, value_name = "I/N", conflicts_with = "shards")]
    shard: Option<Assignment>,
    /// Start this many shard processes; `auto` for one a core
    #[arg(long, value_name = "N|auto", value_parser = ShardCount::parse)]
    shards: Option<ShardCount>,
    /// Continue a run: its missing and failed units, and those whose input changed, in any number of shards
    #[arg(long, value_name = "RUN_DIR")]
    resume: Option<PathBuf>,
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
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Memory of each shard process, as in 2GB; a process that needs more is ended and told about
    #[arg(long, value_name = "SIZE", value_parser = limits::bytes)]
    memory: Option<u64>,
    /// Time a unit may take, as in 90s, 15min or 2h; one that takes longer fails
    #[arg(long, value_name = "TIME", value_parser = limits::time)]
    timeout: Option<Duration>,
    /// How often a shard process that dies is started again without having done a unit (default: 3)
    #[arg(long, value_name = "N")]
    retries: Option<u32>,
    /// Show only what goes wrong
    #[arg(long, short)]
    quiet: bool,
    /// Print what happens as lines of JSON on standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let started = std::time::Instant::now();
    let schemas = definitions.load_for(args.resume.as_slice())?.schemas;
    let mut job = match &args.resume {
        Some(dir) => resume(args, dir, definitions)?,
        None => new_run(args, definitions, &schemas)?,
    };
    job.definitions = definitions.path().map(Path::to_owned);
    if args.explain || args.dry_run {
        out(&explain::text(&job, &schemas, args.explain)?)?;
    }
    if args.dry_run {
        return Ok(Exit::Done);
    }
    if args.json {
        out(&summary::started(&job.run))?;
    }
    let end = job.work(&schemas)?;
    let exit = summary::tell(&job.run, &end, started.elapsed()).map_err(Failure::error)?;
    if args.json {
        out(&summary::finished(&job.run, &end, exit))?;
    } else {
        out(&format!("{}\n", job.run.dir().display()))?;
    }
    Ok(exit)
}

fn configuration(args: &Args, definitions: &Folder) -> Result<Config, Failure> {
    let source = match (&args.preset, &args.config) {
        (Some(preset), _) => ConfigSource::Preset(preset.clone()),
        (None, Some(file)) => ConfigSource::File(file.clone()),
        (None, None) => ConfigSource::Defaults,
    };
    let overrides = Overrides {
        data: args.data.as_ref().map(|d| d.display().to_string()),
        users: args.users,
        seed: args.seed,
    };
    let loaded = load(&source, &overrides, definitions.sub("config").as_deref(), &measures::settings())
        .map_err(config_failure)?;
    for notice in &loaded.notices {
        eprintln!("note: {notice}");
    }
    let mut config = loaded.config;
    if args.users == Some(0) {
        config.n_users = None;
    }
    Ok(config)
}

fn new_run(args: &Args, definitions: &Folder, schemas: &Schemas) -> Result<Job, Failure> {
    let config = configuration(args, definitions)?;
    let share = args.shard;
    let asked = args.shards.map_or(config.runtime.concurrency, |shards| shards.number(args.memory));
    let shards = share.map_or(asked, |share| share.of);
    let dir = args.out.clone().unwrap_or_else(|| plan::new_dir(&config, share));
    let only_shards = match (&args.out, share) {
        (None, Some(share)) => vec![share.index],
        _ => Vec::new(),
    };
    let run = create(&config, shards, only_shards, &dir, schemas)?;
    Ok(job(args, run, share, shards, Redo::default()))
}

fn job(args: &Args, run: Run, share: Option<Assignment>, shards: u32, redo: Redo) -> Job {
    let limited = args.memory.is_some() || args.timeout.is_some() || args.retries.is_some();
    Job {
        run,
        share,
        shards,
        supervised: limited || (share.is_none() && (shards > 1 || args.shards.is_some())),
        threads: args.threads,
        redo,
        retries: args.retries.unwrap_or(RETRIES),
        memory: args.memory,
        timeout: args.timeout,
        tell: match (args.json, args.quiet) {
            (true, _) => Tell::Json,
            (false, true) => Tell::People(Verbosity::Quiet),
            (false, false) => Tell::People(Verbosity::Normal),
        },
        definitions: None,
    }
}

/// Plans a run and registers it, or joins one that is there.
pub(super) fn create(
    config: &Config,
    shards: u32,
    only_shards: Vec<u32>,
    dir: &Path,
    schemas: &Schemas,
) -> Result<Run, Failure> {
    // Mistakes in expressions or the command show before any work.
    engine(config, schemas, None).map_err(Failure::usage)?;
    let units = plan::units(config, shards)?;
    let folder =
        std::fs::canonicalize(&config.data_root).unwrap_or_else(|_| PathBuf::from(&config.data_root));
    let new =
        NewRun { config, units, shards, only_shards, schemas, data_folder: folder.display().to_string() };
    Run::create_or_join(dir, &new).map_err(run_failure)
}

fn resume(args: &Args, dir: &Path, definitions: &Folder) -> Result<Job, Failure> {
    let mut run = Run::open(dir).map_err(run_failure)?;
    run.writable().map_err(run_failure)?;
    if args.preset.is_some() || args.config.is_some() || args.seed.is_some() {
        let mut config = match (&args.preset, &args.config) {
            (None, None) => run.manifest().config.clone(),
            _ => configuration(args, definitions)?,
        };
        config.seed = args.seed.unwrap_or(config.seed);
        run.same_config(&config).map_err(run_failure)?;
    }
    if args.users.is_some() || args.data.is_some() {
        return Err(Failure::usage(
            "--resume takes users and data folder from the run; leave --users and --data away",
        ));
    }
    plan::newcomers(&mut run, args.extend)?;
    let only = &run.manifest().only_shards;
    let share = match (args.shard, args.shards, &only[..]) {
        (None, None, [index]) => Some(Assignment { index: *index, of: run.manifest().shards }),
        (share, ..) => share,
    };
    let shards = args.shards.map_or(run.manifest().shards, |shards| shards.number(args.memory));
    let redo = Redo { failed_before: Some(now_us()), settled: args.retry_failed };
    Ok(job(args, run, share, shards, redo))
}

/// Refusals are usage errors; what the system does not let us do is an error.
fn run_failure(error: StoreError) -> Failure {
    match error {
        StoreError::Storage(_) | StoreError::Parquet(_) | StoreError::Arrow(_) => Failure::error(error),
        _ => Failure::usage(error),
    }
}
