//! `results cancel`

use std::time::{Duration, Instant};

use super::definitions::Folder;
use super::outcome::Outcome;
use super::place::place;
use super::speak::{out, say_line};
use super::submit::batch_failure;
use crate::batch::{Engines, cancel};
use crate::error::{Exit, Failure};
use crate::run::{open, status};
use crate::store::Location;

/// How long workers are waited for that finish their unit. Schedulers kill them earlier.
const PATIENCE: Duration = Duration::from_mins(1);

const LOOK: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Tasks that run finish the unit in work, as far as the scheduler lets them, and commit; what is done stays.\n\nExamples:\n  results cancel runs/k6\n  results submit --resume runs/k6 --engine slurm     go on with it later"
)]
pub(super) struct Args {
    /// A run that was submitted
    #[arg(value_name = "RUN_DIR", value_parser = place())]
    run: Location,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let run = open(&args.run).map_err(Failure::error)?;
    let folder = definitions.sub("config");
    let cancelled = cancel(&run, Engines(folder.as_deref())).map_err(batch_failure)?;
    if cancelled.jobs.is_empty() {
        say_line(format_args!("nothing to cancel: no job of {} is left", run.name()));
        return Ok(Exit::Done);
    }
    let start = Instant::now();
    let now = loop {
        let now = status(&run).map_err(Failure::error)?;
        if now.state != "running" || start.elapsed() >= PATIENCE {
            break now;
        }
        std::thread::sleep(LOOK);
    };
    let rest = if now.state == "running" { "; workers are still at their last unit" } else { "" };
    say_line(format_args!(
        "cancelled {}; {} of {} units are done{rest}",
        cancelled.jobs.join(", "),
        now.counts.done(),
        now.counts.total
    ));
    out(&format!("{}\n", run.name()))?;
    Ok(Exit::Done)
}
