//! `results submit`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::definitions::Folder;
use super::families;
use super::merge::{MOST_PARTS, failure as merge_failure};
use super::outcome::Outcome;
use super::place::{beside_place, place};
use super::run::asked::{Asked, configuration, new_dir};
use super::run::{failure, limits};
use super::speak::{out, say_line};
use super::text::count;
use crate::batch::{
    BatchError, Engine, Engines, MergeParts, MergeStages, Preview, StageJob, Submit, Submitted, Wish, engine,
    quoted,
};
use crate::config::{Config, Locks};
use crate::error::{Exit, Failure};
use crate::merge::{Merge, MergeError, Parts, Stage, is_free_for};
use crate::printable::printable;
use crate::run::{Planned, create, open, shares_with_work};
use crate::schema::Schemas;
use crate::sql::Definitions;
use crate::store::{Location, MANIFEST, MemoryStorage, Run};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results submit smoke --data DATA --engine slurm --shards 4 --out runs/first --dry-run   script and commands, nothing else
  results submit k6_full --data DATA --engine slurm --shards 64 --out runs/k6 --memory 2GB --threads 2 --time 2h --merge merged
  results submit --resume runs/k6 --engine slurm --merge merged     the shards that have work left
  results submit --resume runs/k6 --engine slurm --merge merged --parts 8   and a merge in parts, or the rest of one
  results submit k6_full --data DATA --engine local --shards 4 --out runs/k6
  results submit k6_full --data s3://bucket/data --engine slurm --shards 64 --out s3://bucket/k6   scripts and logs in this folder

The run is planned here, so a mistake shows before anything queues; each task of the array is then
`results run --resume RUN --shard I/N`. Program, data and run have to lie where every node sees them. What the states
mean and what to do: `results status RUN`, docs/slurm.md. Engines are files in config/engines/: slurm; pbs, sge and lsf,
which nobody has tried yet; local, for this machine.")]
pub(super) struct Args {
    #[command(flatten)]
    asked: Asked,
    /// Submit the shards of a run that have work left
    #[arg(
        long,
        value_name = "RUN_DIR",
        conflicts_with_all = ["preset", "config", "data", "seed"],
        value_parser = place()
    )]
    resume: Option<Location>,
    /// How the scheduler is spoken to: slurm, pbs, sge, lsf, local, or an engine of your own (with --definitions)
    #[arg(long, value_name = "NAME")]
    engine: String,
    /// Number of shards (default: those of the run, or the configuration's)
    #[arg(long, value_name = "N", value_parser = |text: &str| limits::whole::<u32>(text, 1..=100_000))]
    shards: Option<u32>,
    /// Shards a task does side by side
    #[arg(long, value_name = "K", default_value = "1", value_parser = |text: &str| limits::whole::<u32>(text, 1..=4096))]
    pack: u32,
    /// Memory of each shard's process, as in 2GB; asked for with what the program takes besides
    #[arg(long, value_name = "SIZE", value_parser = limits::bytes)]
    memory: Option<u64>,
    /// Threads of each shard's process, for which as many cores are asked for (default: the configuration's, or 1)
    #[arg(long, value_name = "N", value_parser = |text: &str| limits::whole::<u32>(text, 1..=1024))]
    threads: Option<u32>,
    /// Time of a task, as in 90min or 2h
    #[arg(long, value_name = "TIME", value_parser = limits::time)]
    time: Option<Duration>,
    /// Partition or queue
    #[arg(long, value_name = "NAME", value_parser = text)]
    partition: Option<String>,
    /// Account or project
    #[arg(long, value_name = "NAME", value_parser = text)]
    account: Option<String>,
    /// Merge into this directory when all tasks are over; refused by that job itself while units are missing
    #[arg(long, value_name = "DIR", value_parser = place())]
    merge: Option<Location>,
    /// Merge in so many parts: an array of the scheduler for each stage (docs/merge.md)
    #[arg(long, value_name = "K", requires = "merge", value_parser = |text: &str| limits::whole::<u32>(text, 1..=u64::from(MOST_PARTS)))]
    parts: Option<u32>,
    /// Image of a container that has the program
    #[arg(long, value_name = "IMAGE")]
    container: Option<PathBuf>,
    /// Print scripts and commands, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the run and the ids of its jobs as JSON
    #[arg(long)]
    json: bool,
}

/// A text for the scheduler.
fn text(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(char::is_control) {
        return Err("a name, without control characters".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    if args.resume.is_some() {
        args.asked.without_users()?;
    }
    let mut loaded = definitions.load_for(args.resume.as_slice())?;
    let folder = definitions.sub("config");
    let engine = engine(&args.engine, folder.as_deref()).map_err(batch_failure)?;
    if !args.dry_run {
        engine.is_installed().map_err(batch_failure)?;
    }
    args.has_places()?;
    let Chosen { run, dir, shards, of } = if let Some(dir) = &args.resume {
        let run = open(dir).map_err(|error| failure(error.into()))?;
        run.writable().map_err(|error| failure(error.into()))?;
        let of = args.shards.unwrap_or(run.manifest().shards);
        let shards = shares_with_work(&run, &loaded.schemas, of).map_err(failure)?;
        Chosen { run, dir: dir.clone(), shards, of }
    } else {
        let config = configuration(&args.asked, definitions)?;
        loaded.fit(&config);
        new_run(args, &engine, config, &loaded.schemas)?
    };
    if shards.is_empty() && args.merge.is_none() {
        say_line(format_args!("nothing to submit: every unit of {} is done", run.name()));
        say_line(format_args!(
            "(hint: results merge --shards {} --output DIR; `results run --resume {0} --dry-run` also looks at the inputs)",
            run.name()
        ));
        return Ok(Exit::Done);
    }
    args.merge_fits(&run, &dir, &shards, loaded.as_ref()).inspect_err(|_| stays(args, &dir))?;
    let wish = args.wish(&run);
    let submit =
        Submit::new(&engine, &run, &dir, definitions.path(), wish, (&shards, of)).map_err(batch_failure)?;
    if args.dry_run {
        return shown(&submit.preview());
    }
    let sent = submit.send(Engines(folder.as_deref()), &|words| say_line(format_args!("note: {words}")));
    let sent = sent.inspect_err(|_| stays(args, &dir)).map_err(batch_failure)?;
    told(args, &engine, &run, &sent, shards.len())
}

/// Refusals are errors of usage.
pub(super) fn batch_failure(error: BatchError) -> Failure {
    if error.exit() == Exit::Usage { Failure::usage(error) } else { Failure::error(error) }
}

/// What is submitted.
struct Chosen {
    run: Run,
    dir: Location,
    /// The shards that have work, …
    shards: Vec<u32>,
    /// … of so many.
    of: u32,
}

/// A new run and all of its shards; for a preview, one that is nowhere.
fn new_run(args: &Args, engine: &Engine, mut config: Config, schemas: &Schemas) -> Result<Chosen, Failure> {
    families::check(&config, schemas)?;
    let of = args.shards.unwrap_or(config.runtime.concurrency).max(1);
    let dir = args.asked.out.clone().unwrap_or_else(|| new_dir(&config, &[]).into());
    beside_place("--out", &dir)?;
    // Whether a lock holds between nodes, nobody can tell from one of them. A run that is there keeps its own.
    let is_new = dir.folder().is_some_and(|dir| !dir.join(MANIFEST).exists());
    if is_new && config.runtime.locks == Locks::Auto && !engine.is_of_one_machine() {
        config.runtime.locks = Locks::Lease;
    }
    let is_there = || dir.folder().map_or_else(|| open(&dir).is_ok(), Path::exists);
    let at = if args.dry_run && !is_there() {
        Location::Storage(Arc::new(MemoryStorage::new()))
    } else {
        dir.clone()
    };
    let planned = Planned { config: &config, shards: of, only_shards: Vec::new(), schemas };
    let run = create(at, planned, &|words| say_line(format_args!("note: {words}"))).map_err(failure)?;
    let shards = shares_with_work(&run, schemas, of).map_err(failure)?;
    Ok(Chosen { run, dir, shards, of })
}

/// The run of a submission that failed is there, and can be submitted again.
fn stays(args: &Args, dir: &Location) {
    if args.resume.is_none() {
        say_line(format_args!("note: the run {dir} is planned; submit it with --resume {dir}"));
    }
}

fn shown(preview: &Preview) -> Outcome {
    let mut text = String::new();
    for (path, script, command) in &preview.jobs {
        text.push_str(&format!("# {path}\n{script}\n$ {command}\n\n"));
    }
    out(&printable(&text)).map(|()| Exit::Done)
}

fn told(args: &Args, engine: &Engine, run: &Run, sent: &Submitted, shards: usize) -> Outcome {
    let Submitted { submission, title } = sent;
    let ids: Vec<&str> = submission.jobs.iter().map(|job| job.id.as_str()).collect();
    let merge = submission.merge.as_ref().map(|merge| merge.id.as_str());
    let name = run.name();
    let tasks = count(submission.tasks.len() as u64, "task");
    let behind = if shards == 0 {
        say_line(format_args!("submitted the merge of {name} to {title}; every unit of it is done"));
        ""
    } else {
        let jobs = if ids.len() == 1 { "job" } else { "jobs" };
        let shards = count(shards as u64, "shard");
        say_line(format_args!(
            "submitted {shards} of {name} to {title} as {tasks}: {jobs} {}",
            ids.join(", ")
        ));
        " behind them"
    };
    if let Some(merge) = &submission.merge {
        say_line(format_args!("merged into {}{behind}: job {}", merge.output, merge.id));
    }
    if let Some(MergeStages { output, parts, jobs, .. }) = &submission.stages {
        let ids: Vec<&str> = jobs.iter().map(|stage| stage.job.id.as_str()).collect();
        say_line(format_args!("merged in {parts} parts into {output}{behind}: jobs {}", ids.join(", ")));
    }
    let shown = quoted(&name);
    say_line(format_args!(
        "see where it is:   results status {shown}\nend it:            results cancel {shown}\nafter something went wrong: results submit --resume {shown} --engine {}",
        engine.name
    ));
    if args.json {
        let mut line = serde_json::json!({
            "run": name, "submission": submission.number, "jobs": ids, "merge": merge,
            "tasks": submission.tasks.len(), "shards": shards,
        });
        if let Some(stages) = &submission.stages {
            let job = |of: &StageJob| serde_json::json!({"stage": of.stage, "job": of.job.id, "tasks": of.job.tasks});
            line["stages"] = stages.jobs.iter().map(job).collect();
        }
        out(&format!("{line}\n"))?;
    } else {
        out(&format!("{name}\n"))?;
    }
    Ok(Exit::Done)
}

impl Args {
    fn wish(&self, run: &Run) -> Wish {
        Wish {
            pack: self.pack,
            threads: self.threads.or(run.manifest().config.runtime.threads).unwrap_or(1),
            memory: self.memory,
            time: self.time,
            partition: self.partition.clone(),
            account: self.account.clone(),
            merge: self
                .merge
                .as_ref()
                .map(|output| output.folder().map_or_else(|| output.to_string().into(), Path::to_owned)),
            parts: self.several().map(|count| MergeParts {
                count,
                stages: Stage::ALL.map(|stage| (stage.name(), stage.has_parts())).to_vec(),
            }),
            container: self.container.clone(),
        }
    }

    /// Parts of the merge, if one process does not do it.
    fn several(&self) -> Option<u32> {
        self.parts.filter(|parts| *parts > 1)
    }

    /// Refuses a merge that its jobs would refuse: with more parts than users, or with parts that are of another one.
    fn merge_fits(
        &self,
        run: &Run,
        dir: &Location,
        shards: &[u32],
        definitions: Definitions<'_>,
    ) -> Result<(), Failure> {
        let (Some(output), Some(parts)) = (&self.merge, self.several()) else { return Ok(()) };
        let users = run.manifest().input.users;
        if u64::from(parts) > users {
            return Err(merge_failure(MergeError::TooManyParts { parts, users }));
        }
        if !shards.is_empty() {
            let words = "while the run has work left, of which they know nothing";
            return is_free_for(output, 1).map_err(|error| match error {
                MergeError::PartsThere { .. } => Failure::usage(format!(
                    "--merge {output} has parts of a merge, {words}\n(hint: remove {output}, or name another place)"
                )),
                other => merge_failure(other),
            });
        }
        let only = Some((Stage::Survey, None));
        let parts = Parts { count: parts, only, ..Parts::default() };
        let merge = Merge { parts, ..Merge::new(vec![dir.clone()], output.clone(), definitions) };
        merge.is_possible().map_err(merge_failure)
    }

    /// Refuses what the merge or the container would fail of hours later.
    fn has_places(&self) -> Result<(), Failure> {
        if let Some(output) = &self.merge {
            beside_place("--merge", output)?;
            // What is in a store, the merge looks at itself.
            let may_go_on = self.several().is_some() && self.resume.is_some();
            if !may_go_on && output.folder().is_some_and(Path::exists) {
                return Err(Failure::usage(format!(
                    "--merge {output} is there already\n(hint: name a new directory, or remove it)"
                )));
            }
        }
        match &self.container {
            Some(image) if !image.exists() => {
                Err(Failure::usage(format!("--container: image {} not found", image.display())))
            }
            _ => Ok(()),
        }
    }
}
