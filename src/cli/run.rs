//! `results run`

mod plan;
mod summary;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Outcome;
use super::config::config_failure;
use super::definitions::Folder;
use super::text::out;
use super::worker::{Share, stop_flag};
use crate::config::{Config, ConfigSource, Overrides, load};
use crate::error::Failure;
use crate::event::FanOut;
use crate::launch::{Launch, LaunchOutcome};
use crate::report::{Verbosity, for_people};
use crate::schema::Schemas;
use crate::shard::Assignment;
use crate::store::{NewRun, Run, StoreError};
pub(super) use summary::tell;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results run smoke --data DATA                    two users, to see that everything works
  results run k6_full --data DATA --shards 4       four processes, one run directory
  results run k6_full --data DATA --shard 0/4      the first of four shards, in a directory of its own
  results run k6_full --data DATA --shard 0/4 --out out/mine   … in a directory shared by all four
  results run --resume out/k6_full_20261123_143005 do what is missing or failed
  results run --config mine.yaml

The run directory is printed on standard output. `results config show` lists the presets.")]
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
    /// Start this many shard processes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    shards: Option<u32>,
    /// Continue a run: its missing and failed users, in any number of shards
    #[arg(long, value_name = "RUN_DIR")]
    resume: Option<PathBuf>,
    /// Threads of each process (default: all cores, divided among the shards)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Show only what goes wrong
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let started = std::time::Instant::now();
    let schemas = definitions.load()?.schemas;
    let mut job = match &args.resume {
        Some(dir) => resume(args, dir, definitions)?,
        None => new_run(args, definitions, &schemas)?,
    };
    job.definitions = definitions.path().map(Path::to_owned);
    let end = job.work(&schemas)?;
    let exit = summary::tell(&job.run, &end, started.elapsed()).map_err(Failure::error)?;
    out(&format!("{}\n", job.run.dir().display()))?;
    Ok(exit)
}

/// A run and how it is to be worked on.
pub(super) struct Job {
    pub(super) run: Run,
    /// One share in this process, or …
    pub(super) share: Option<Assignment>,
    /// … this many processes.
    pub(super) shards: u32,
    pub(super) threads: Option<u32>,
    pub(super) redo_failed: bool,
    pub(super) verbosity: Verbosity,
    pub(super) definitions: Option<PathBuf>,
}

impl Job {
    /// Works on the run until its units are done, the user stops it, or it cannot go on.
    pub(super) fn work(&self, schemas: &Schemas) -> Result<LaunchOutcome, Failure> {
        let stop = stop_flag()?;
        let end = match self.share {
            Some(share) => self.in_this_process(share, schemas, &stop)?,
            None if self.shards == 1 => self.in_this_process(Assignment::ALL, schemas, &stop)?,
            None => self.in_processes(&stop)?,
        };
        self.run.close_if_complete().map_err(Failure::error)?;
        Ok(end)
    }

    fn in_this_process(
        &self,
        assignment: Assignment,
        schemas: &Schemas,
        stop: &AtomicBool,
    ) -> Result<LaunchOutcome, Failure> {
        let threads = self.threads_each(if self.share.is_some() { assignment.of } else { 1 });
        let share = Share { run: &self.run, schemas, assignment, threads, redo_failed: self.redo_failed };
        let shards = assignment.index + 1;
        let readers = FanOut::default().with(for_people(shards, self.verbosity));
        let outcome = share.work(readers, stop)?;
        Ok(LaunchOutcome {
            counts: outcome.counts,
            lost: Vec::new(),
            interrupted: outcome.interrupted,
            peak_memory_bytes: crate::shard::peak_memory_bytes(),
            total_memory_bytes: crate::shard::peak_memory_bytes(),
        })
    }

    fn in_processes(&self, stop: &AtomicBool) -> Result<LaunchOutcome, Failure> {
        let launch = Launch {
            run: &self.run,
            shards: self.shards,
            threads: self.threads_each(self.shards),
            redo_failed: self.redo_failed,
            definitions: self.definitions.clone(),
        };
        let end = launch.run(&for_people(self.shards, self.verbosity), stop).map_err(Failure::error)?;
        Ok(LaunchOutcome { interrupted: end.interrupted || stop.load(Ordering::Relaxed), ..end })
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
    let loaded = load(&source, &overrides, definitions.sub("config").as_deref()).map_err(config_failure)?;
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
    let shards = share.map_or_else(|| args.shards.unwrap_or(config.runtime.concurrency), |s| s.of);
    let dir = args.out.clone().unwrap_or_else(|| plan::new_dir(&config, share));
    let only_shards = match (&args.out, share) {
        (None, Some(share)) => vec![share.index],
        _ => Vec::new(),
    };
    let run = create(&config, shards, only_shards, &dir, schemas)?;
    Ok(Job {
        run,
        share,
        shards,
        threads: args.threads,
        redo_failed: false,
        verbosity: verbosity(args),
        definitions: None,
    })
}

/// Plans a run and registers it, or joins one that is there.
pub(super) fn create(
    config: &Config,
    shards: u32,
    only_shards: Vec<u32>,
    dir: &Path,
    schemas: &Schemas,
) -> Result<Run, Failure> {
    let units = plan::units(config, shards)?;
    let folder =
        std::fs::canonicalize(&config.data_root).unwrap_or_else(|_| PathBuf::from(&config.data_root));
    let new =
        NewRun { config, units, shards, only_shards, schemas, data_folder: folder.display().to_string() };
    Run::create_or_join(dir, &new).map_err(run_failure)
}

fn resume(args: &Args, dir: &Path, definitions: &Folder) -> Result<Job, Failure> {
    let run = Run::open(dir).map_err(run_failure)?;
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
    let only = &run.manifest().only_shards;
    let share = match (args.shard, args.shards, &only[..]) {
        (None, None, [index]) => Some(Assignment { index: *index, of: run.manifest().shards }),
        (share, ..) => share,
    };
    let shards = args.shards.unwrap_or(run.manifest().shards);
    Ok(Job {
        run,
        share,
        shards,
        threads: args.threads,
        redo_failed: true,
        verbosity: verbosity(args),
        definitions: None,
    })
}

fn verbosity(args: &Args) -> Verbosity {
    if args.quiet { Verbosity::Quiet } else { Verbosity::Normal }
}

/// Refusals are usage errors; what the system does not let us do is an error.
fn run_failure(error: StoreError) -> Failure {
    match error {
        StoreError::Storage(_) | StoreError::Parquet(_) | StoreError::Arrow(_) => Failure::error(error),
        _ => Failure::usage(error),
    }
}
