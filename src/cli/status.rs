//! `results status`

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use super::outcome::Outcome;
use super::speak::{Reader, offer, out};
use super::text::columns;
use crate::error::{Exit, Failure};
use crate::event::Counts;
use crate::printable::printable;
use crate::progress::duration;
use crate::run::{RunStatus, open, status};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "By the ledger and the sizes of files: no data file is read. `results validate` reads them.\n\nExamples:\n  results status out/k6_full_20261123_143005\n  results status out/k6_full_*_shard*of4 --json\n  results status out/k6_full_20261123_143005 --watch"
)]
pub(super) struct Args {
    /// Run directories
    #[arg(required = true, value_name = "RUN_DIR")]
    runs: Vec<PathBuf>,
    /// Print JSON: an array with one object a run
    #[arg(long)]
    json: bool,
    /// Look again every so many seconds (2) until nothing runs any more
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = |text: &str| super::run::limits::whole::<u64>(text, 1..=u64::MAX))]
    watch: Option<u64>,
}

pub(super) fn exec(args: &Args) -> Outcome {
    let Some(seconds) = args.watch else {
        show(&look(&args.runs)?, args.json)?;
        return Ok(Exit::Done);
    };
    let terminal = std::io::stdout().is_terminal();
    loop {
        let all = look(&args.runs)?;
        if terminal && !args.json {
            // Home, and away with what was there.
            out("\x1b[H\x1b[2J")?;
        }
        let reader = show(&all, args.json)?;
        if reader == Reader::Gone || all.iter().all(|status| status.state != "running") {
            return Ok(Exit::Done);
        }
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

fn look(dirs: &[PathBuf]) -> Result<Vec<RunStatus>, Failure> {
    let look = |dir: &PathBuf| status(&open(dir)?);
    dirs.iter().map(|dir| look(dir).map_err(Failure::error)).collect()
}

fn show(all: &[RunStatus], json: bool) -> Result<Reader, Failure> {
    if json {
        offer(&(serde_json::to_string_pretty(all).map_err(Failure::error)? + "\n"))
    } else {
        let mut text = all.iter().map(render).collect::<Vec<_>>().join("\n");
        if all.len() > 1 {
            let c: Counts = all.iter().map(|status| status.counts).sum();
            text.push_str(&format!("\nin all: {} of {} units done", c.done(), c.total));
            text.push_str(&parts(c, all.iter().map(|status| status.missing).sum()));
            text.push('\n');
        }
        offer(&printable(&text))
    }
}

fn render(status: &RunStatus) -> String {
    let c = status.counts;
    let mut head = format!("{}: {}, {} of {} units done", status.dir, status.state, c.done(), c.total);
    head.push_str(&parts(c, status.missing));
    if let Some(rate) = status.per_minute {
        head.push_str(&format!("; {rate:.1} units a minute"));
    }
    if let Some(eta) = status.eta_seconds {
        head.push_str(&format!(", {} left", duration(eta * 1000)));
    }
    let rows: Vec<Vec<String>> = status
        .shards
        .iter()
        .map(|s| {
            vec![
                s.shard.to_string(),
                s.state.clone(),
                format!("{}/{}", s.counts.done(), s.counts.total),
                s.counts.ok.to_string(),
                s.counts.skipped.to_string(),
                s.counts.failed.to_string(),
                s.eta_seconds.map_or("-".into(), |e| duration(e * 1000)),
                [s.current_user.clone(), s.stage.clone()].into_iter().flatten().collect::<Vec<_>>().join(" "),
            ]
        })
        .collect();
    let mut out = format!(
        "{head}\n{}",
        columns(&["shard", "state", "done", "ok", "skipped", "failed", "left", "at"], &rows)
    );
    for shard in status.shards.iter().filter(|s| s.state == "lost" || s.state == "stopped") {
        let why = shard.last_error.as_deref().unwrap_or("its process is gone");
        out.push_str(&format!("shard {} is {}: {why}\n", shard.shard, shard.state));
    }
    out.push_str(&status.problems_text(""));
    for corrupt in &status.corrupt {
        out.push_str(&format!("corrupt ledger file: {corrupt}\n"));
    }
    if status.state == "incomplete" {
        out.push_str(&format!("continue it with: results run --resume {}\n", status.dir));
    }
    out
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
