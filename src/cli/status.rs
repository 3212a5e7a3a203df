//! `results status`

mod batch;

use std::io::IsTerminal;
use std::time::Duration;

use serde_json::Value;

use super::definitions::Folder;
use super::outcome::Outcome;
use super::place::place;
use super::speak::{Reader, offer, out};
use super::text::columns;
use crate::batch::{BatchView, Engines, Watch};
use crate::error::{Exit, Failure};
use crate::event::Counts;
use crate::printable::printable;
use crate::progress::duration;
use crate::run::{RunStatus, ShardProgress, open, status};
use crate::store::Location;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "By the ledger and the sizes of files: no data file is read. `results validate` reads them. Of a run that was submitted, the\nscheduler is asked too, once, and with --watch every ten seconds at most.\n\nExamples:\n  results status out/k6_full_20261123_143005\n  results status out/k6_full_*_shard*of4 --json\n  results status out/k6_full_20261123_143005 --watch"
)]
pub(super) struct Args {
    /// Run directories, or runs in an object store
    #[arg(required = true, value_name = "RUN_DIR", value_parser = place())]
    runs: Vec<Location>,
    /// Print JSON: an array with one object a run
    #[arg(long)]
    json: bool,
    /// Look again every so many seconds (2) until nothing runs any more
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = |text: &str| super::run::limits::whole::<u64>(text, 1..=u64::MAX))]
    watch: Option<u64>,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let folder = definitions.sub("config");
    let mut watch = Watch::new(Engines(folder.as_deref()));
    let Some(seconds) = args.watch else {
        show(&look(&args.runs, &mut watch)?, args.json)?;
        return Ok(Exit::Done);
    };
    let terminal = std::io::stdout().is_terminal();
    loop {
        let all = look(&args.runs, &mut watch)?;
        if terminal && !args.json {
            // Home, and away with what was there.
            out("\x1b[H\x1b[2J")?;
        }
        let reader = show(&all, args.json)?;
        if reader == Reader::Gone || !all.iter().any(Seen::goes_on) {
            return Ok(Exit::Done);
        }
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

/// A run as it sees itself, and as its scheduler does.
struct Seen {
    status: RunStatus,
    batch: Option<BatchView>,
}

impl Seen {
    /// Whether there will be something new to see.
    fn goes_on(&self) -> bool {
        self.status.state == "running" || self.batch.as_ref().is_some_and(BatchView::goes_on)
    }

    /// The run's own word, unless it has nothing to say and a scheduler has.
    fn state(&self) -> &str {
        let waits = self.status.state == "incomplete" && self.batch.as_ref().is_some_and(BatchView::is_live);
        if waits { "in the queue" } else { &self.status.state }
    }

    fn json(&self) -> Result<Value, Failure> {
        let mut value = serde_json::to_value(&self.status).map_err(Failure::error)?;
        if let (Some(batch), Some(object)) = (&self.batch, value.as_object_mut()) {
            object.insert("batch".into(), serde_json::to_value(batch).map_err(Failure::error)?);
        }
        Ok(value)
    }
}

fn look(places: &[Location], watch: &mut Watch<'_>) -> Result<Vec<Seen>, Failure> {
    let mut all = Vec::with_capacity(places.len());
    for place in places {
        let run = open(place).map_err(Failure::error)?;
        let status = status(&run).map_err(Failure::error)?;
        let batch = watch.look(&run, &status).map_err(Failure::error)?;
        all.push(Seen { status, batch });
    }
    Ok(all)
}

fn show(all: &[Seen], json: bool) -> Result<Reader, Failure> {
    if json {
        let values = all.iter().map(Seen::json).collect::<Result<Vec<Value>, Failure>>()?;
        offer(&(serde_json::to_string_pretty(&values).map_err(Failure::error)? + "\n"))
    } else {
        let mut text = all.iter().map(render).collect::<Vec<_>>().join("\n");
        if all.len() > 1 {
            let c: Counts = all.iter().map(|seen| seen.status.counts).sum();
            text.push_str(&format!("\nin all: {} of {} units done", c.done(), c.total));
            text.push_str(&parts(c, all.iter().map(|seen| seen.status.missing).sum()));
            text.push('\n');
        }
        offer(&printable(&text))
    }
}

fn render(seen: &Seen) -> String {
    let status = &seen.status;
    let c = status.counts;
    let mut head = format!("{}: {}, {} of {} units done", status.dir, seen.state(), c.done(), c.total);
    head.push_str(&parts(c, status.missing));
    if let Some(rate) = status.per_minute {
        head.push_str(&format!("; {rate:.1} units a minute"));
    }
    if let Some(eta) = status.eta_seconds {
        head.push_str(&format!(", {} left", duration(eta * 1000)));
    }
    let batch = seen.batch.as_ref().filter(|batch| batch.no_answer.is_none());
    let rows: Vec<Vec<String>> = status
        .shards
        .iter()
        .map(|s| {
            let mut row = vec![
                s.shard.to_string(),
                s.state.clone(),
                format!("{}/{}", s.counts.done(), s.counts.total),
                s.counts.ok.to_string(),
                s.counts.skipped.to_string(),
                s.counts.failed.to_string(),
                s.eta_seconds.map_or("-".into(), |e| duration(e * 1000)),
                whereabouts(s),
            ];
            row.extend(batch.map(|batch| batch::cells(batch, s, status.of)).into_iter().flatten());
            row
        })
        .collect();
    let mut header = vec!["shard", "state", "done", "ok", "skipped", "failed", "left", "at"];
    header.extend(batch.map(|_| batch::COLUMNS).into_iter().flatten());
    let mut out = format!("{head}\n{}", columns(&header, &rows));
    for shard in status.shards.iter().filter(|s| s.state == "lost" || s.state == "stopped") {
        let why = shard.last_error.as_deref().unwrap_or("its process is gone");
        out.push_str(&format!("shard {} is {}: {why}\n", shard.shard, shard.state));
    }
    out.push_str(&status.problems.text(""));
    for corrupt in &status.corrupt {
        out.push_str(&format!("corrupt ledger file: {corrupt}\n"));
    }
    match &seen.batch {
        Some(batch) => out.push_str(&batch::words(batch, status)),
        None if status.state == "incomplete" => {
            out.push_str(&format!("continue it with: results run --resume {}\n", status.dir));
        }
        None => {}
    }
    out
}

/// The user that a shard is at, or was at when it was last heard of.
fn whereabouts(shard: &ShardProgress) -> String {
    if let Some(user) = &shard.last_user {
        return format!("was at {user}");
    }
    [shard.current_user.clone(), shard.stage.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What is not simply done, where there is any.
fn parts(c: Counts, missing: u64) -> String {
    let mut text = String::new();
    for (n, word) in
        [(c.failed, "failed"), (c.skipped, "skipped"), (c.running, "running"), (missing, "missing")]
    {
        if n > 0 {
            text.push_str(&format!(", {n} {word}"));
        }
    }
    text
}
