//! `results logs`

use super::outcome::Outcome;
use super::place::place;
use super::speak::{Reader, offer, say_line};
use crate::error::{Exit, Failure};
use crate::printable::printable;
use crate::run::{Log, logs, open, when_there_is_one};
use crate::store::{Location, Run};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What the process of a shard said: warnings, the standard error of an analysis of your own, and why it ended. A shard that was\ndone without a process of its own (`run --shard I/N`) has said that where it was started.\n\nExamples:\n  results logs out/k6_full_20261123_143005 --shard 0\n  results logs s3://bucket/k6 --shard 3 | tail -20"
)]
pub(super) struct Args {
    /// A run
    #[arg(value_name = "RUN_DIR", value_parser = place())]
    run: Location,
    /// Only the log of this shard, counted from 0
    #[arg(long, value_name = "I")]
    shard: Option<u32>,
}

pub(super) fn exec(args: &Args) -> Outcome {
    let run = open(&args.run).map_err(Failure::error)?;
    let mut all = logs(run.storage()).map_err(Failure::error)?;
    if let Some(shard) = args.shard {
        let there: Vec<String> = all.iter().map(|log| log.shard.to_string()).collect();
        all.retain(|log| log.shard == shard);
        if all.is_empty() {
            return Err(none(&run, shard, &there));
        }
    }
    if all.is_empty() {
        say_line(format_args!("{} has no logs yet: {}", run.name(), when_there_is_one(run.location())));
    }
    let is_named = all.len() > 1;
    for (at, log) in all.iter().enumerate() {
        let head = if at > 0 { "\n" } else { "" };
        if is_named && offer(&format!("{head}==> shard {} <==\n", log.shard))? == Reader::Gone {
            break;
        }
        if print(&run, log)? == Reader::Gone {
            break;
        }
    }
    Ok(Exit::Done)
}

fn print(run: &Run, log: &Log) -> Result<Reader, Failure> {
    let mut reader = Ok(Reader::There);
    let take = |part: Vec<u8>| {
        reader = offer(&printable(&String::from_utf8_lossy(&part)));
        matches!(reader, Ok(Reader::There))
    };
    log.read(run.storage(), take).map_err(Failure::error)?;
    reader
}

fn none(run: &Run, shard: u32, there: &[String]) -> Failure {
    let hint = if there.is_empty() {
        when_there_is_one(run.location()).to_owned()
    } else {
        format!("logs there: {}", there.join(", "))
    };
    Failure::usage(format!("{} has no log of shard {shard}\n(hint: {hint})", run.name()))
}
