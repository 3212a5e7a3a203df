//! `results merge`

mod advice;
mod control;
mod engine;
mod expected;
mod found;
mod parts;
mod reach;
mod report;

pub(super) use control::words as control_words;
pub(super) use found::{SHOWN, checks_text};
pub(super) use parts::MOST as MOST_PARTS;

use std::path::PathBuf;

use super::bounded;
use super::choices;
use super::cluster::Cluster;
use super::definitions::Folder;
use super::outcome::Outcome;
use super::place::{beside_place, place};
use super::speak::{out, say, say_line};
use super::text::{columns, count};
use crate::beside::staging_path;
use crate::error::{Exit, Failure};
use crate::merge::{Gap, Kept, Kind, Merge, MergeError, MergeOutcome, Merged, Written};
use crate::progress::{grouped, others};
use crate::store::{AcceptedUnit, Location};
use found::{changed_text, conflicts_text, legacy_text, more_text};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results merge --shards out/k6_full_20261123_143005 --output merged
  results merge --shards out/k6_full_*_shard*of4 --output merged
  results merge --shards out/k6_full_20261123_143005 --control out/k6_full_20261123_143005_control --output merged
  results merge --shards old/full_*_shard*of3 --expect users.txt --output merged --report report.json

Directories are runs, or outputs of the predecessor (per_user_te.csv, …); q-values of the latter are made anew.
Nothing is written unless every unit of the plan is there (exit 3); --allow-partial writes what there
is, with `.partial.csv` names, `complete: false` in merge.yaml and the gaps in missing_units.csv.
Users whose input cannot be analysed are skipped, each with its reason: --accept-skipped 2, if it is right that
2 units are, or --accept-skipped u07,u12 makes an output that is complete without them and lists them.")]
pub(super) struct Args {
    /// Run directories: one that all shards wrote, or one a shard
    #[arg(long, required = true, num_args = 1.., value_name = "DIR", value_parser = place())]
    shards: Vec<Location>,
    /// Directory or URL to write; must not exist
    #[arg(long, value_name = "DIR", value_parser = place())]
    output: Location,
    /// Write an output although units are missing, marked as partial
    #[arg(long)]
    allow_partial: bool,
    /// Be complete without skipped units: how many there are, or their users with commas between (`7,` for a user 7)
    #[arg(long, value_name = "N|USERS")]
    accept_skipped: Vec<String>,
    /// What to do when two results of one user differ
    #[arg(long, value_enum, default_value = "stop")]
    on_conflict: choices::OnConflict,
    /// Write only files of this format; may be given several times
    #[arg(long, value_enum, value_name = "F")]
    format: Vec<choices::Format>,
    /// Write only this table; may be given several times
    #[arg(long, value_name = "T")]
    table: Vec<String>,
    /// Users that must be there: a file with an id a line
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    expect: Option<PathBuf>,
    /// Users that must be there: those of a data folder
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A control of the run (`results control`), or what was merged of it: its shares stand beside every q
    #[arg(long, value_name = "DIR", value_parser = place())]
    control: Option<Location>,
    /// With a control: exit 3 if a test calls a larger share of the strangers
    #[arg(long, value_name = "SHARE", value_parser = control::share)]
    fail_above: Option<f64>,
    /// Folder with checks of your own, a `.sql` file each that selects what must not be
    #[arg(long, value_name = "DIR")]
    checks: Option<PathBuf>,
    /// Write all findings as JSON; must not exist
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Memory it may take, e.g. 500MB; large sorts and aggregates go on on the disk
    #[arg(long, value_name = "SIZE", value_parser = super::run::limits::bytes)]
    memory: Option<u64>,
    #[command(flatten)]
    parts: parts::Args,
    #[command(flatten)]
    engine: engine::Args,
    /// Tell parts, bytes, requests and memory by plan and ledger, and merge nothing
    #[arg(long, conflicts_with_all = ["stage", "resume_parts", "report"])]
    explain: bool,
}

pub(super) fn exec(args: Args, definitions: &Folder, cluster: Option<&dyn Cluster>) -> Outcome {
    args.engine.check(args.parts.parts()?, cluster)?;
    let output = args.output.clone();
    let unfinished = |process| output.folder().map(|dir| staging_path(dir, process));
    bounded::within(args.memory, unfinished, |_| merge(args, definitions, cluster))
}

fn merge(args: Args, definitions: &Folder, cluster: Option<&dyn Cluster>) -> Outcome {
    beside_place("--output", &args.output)?;
    if let Some(report) = &args.report {
        report::is_free(report)?;
    }
    let mut loaded = definitions.load_for(&args.shards)?;
    for table in &args.table {
        loaded.schemas.get(table).map_err(Failure::usage)?;
    }
    if let Some(folder) = &args.checks {
        loaded.queries.add_checks(folder).map_err(Failure::usage)?;
    }
    let parts = args.parts.parts()?;
    control::check(args.control.as_ref(), args.fail_above, &args.shards)?;
    if args.control.is_some() {
        loaded.schemas.stand_beside_a_control();
    }
    let fail_above = args.fail_above;
    let expected = expected::users(args.expect.as_deref(), args.data.as_deref(), &args.shards)?;
    let mut merge = Merge {
        shards: args.shards,
        output: args.output,
        allow_partial: args.allow_partial,
        accept_skipped: choices::accept_skipped(args.accept_skipped),
        on_conflict: args.on_conflict.into(),
        formats: args.format.into_iter().map(Into::into).collect(),
        only: args.table,
        control: args.control,
        expected,
        memory: args.memory,
        parts,
        runner: None,
        told: if args.parts.is_chosen() { |_| () } else { advice::choice },
        definitions: loaded.as_ref(),
    };
    if args.explain {
        out(&advice::words(&merge.explain().map_err(failure)?))?;
        return Ok(Exit::Done);
    }
    let runner = args.engine.runner(cluster, &merge, definitions.path())?;
    merge.runner = runner.as_deref();
    let merged = super::outcome::block_on(merge.run())?;
    if let Some(path) = &args.report {
        report::write(path, &merged)?;
    }
    let merged = merged.map_err(failure)?;
    let exit = tell(&merged);
    Ok(control::tell(&merged.outcome, fail_above).unwrap_or(exit))
}

pub(super) fn failure(error: MergeError) -> Failure {
    match error {
        MergeError::OutputExists(_)
        | MergeError::Unfinished { .. }
        | MergeError::PartsThere { .. }
        | MergeError::AtWork { .. }
        | MergeError::OtherParts { .. }
        | MergeError::PartsMissing { .. }
        | MergeError::TooManyParts { .. }
        | MergeError::PartOfPredecessor(_)
        | MergeError::NotARun(_)
        | MergeError::Twice(_)
        | MergeError::NotSkipped(_)
        | MergeError::NotItsControl { .. }
        | MergeError::Mixed { .. }
        | MergeError::Different { .. } => Failure::usage(error),
        _ => Failure::error(error),
    }
}

/// Words the outcome and gives the exit code.
pub(super) fn tell(merged: &Merged) -> Exit {
    say(format_args!("{}{}", legacy_text(&merged.legacy), notes_text(&merged.notes)));
    let remedy = |kind| merged.remedy(kind);
    match &merged.outcome {
        MergeOutcome::Written(written) => {
            say(format_args!(
                "{}{}",
                written_text(written, &remedy),
                changed_text(&written.changed, written.manifest.fdr.alpha)
            ));
            if written.manifest.complete { Exit::Done } else { Exit::Incomplete }
        }
        MergeOutcome::PartDone => Exit::Done,
        MergeOutcome::Incomplete(gaps) => {
            say(gaps_text(gaps, &remedy));
            say_line(format_args!(
                "error: the result is incomplete ({}); nothing was written
(hint: {})",
                count(gaps.len() as u64, "gap"),
                way_on(gaps, merged.all_legacy)
            ));
            Exit::Incomplete
        }
        MergeOutcome::Repeated(repeated) => {
            say(kept_text(Kind::KeyTwice, repeated));
            say_line(format_args!(
                "error: {} with several rows; nothing was written",
                count(repeated.count(), "key")
            ));
            Exit::Incomplete
        }
        MergeOutcome::Conflicting(conflicts) => {
            say(conflicts_text(conflicts));
            say_line(format_args!(
                "error: {} of the same user differ; nothing was written\n\
                 (hint: find out which is right; --on-conflict latest or first chooses by time)",
                count(conflicts.count(), "value")
            ));
            Exit::Incomplete
        }
        MergeOutcome::Wrong(checks) => {
            say(checks_text(checks));
            say_line("error: a check failed; nothing was written");
            Exit::Incomplete
        }
    }
}

/// What can be done about gaps.
fn way_on(gaps: &[Gap], all_legacy: bool) -> String {
    let skipped = gaps.iter().filter(|gap| gap.kind == Kind::Skipped).count();
    let finish = if all_legacy {
        "name what is missing beside these directories, or take what there is with --allow-partial"
    } else {
        "finish the run with `results run --resume RUN_DIR`, or take what there is with --allow-partial"
    };
    match skipped {
        0 => finish.to_owned(),
        n if n == gaps.len() => format!(
            "if the reasons are right, `--accept-skipped {n}` makes an output that is complete without {}",
            if n == 1 { "this unit" } else { "these units" }
        ),
        n => format!("{finish}; `--accept-skipped {n}` does without the skipped units"),
    }
}

fn written_text(written: &Written, remedy: Remedy<'_>) -> String {
    let m = &written.manifest;
    let mut out = gaps_text(&written.gaps, remedy) + &accepted_text(&m.accepted_skipped);
    let rows: Vec<Vec<String>> = m.rows.iter().map(|(t, n)| vec![t.clone(), n.to_string()]).collect();
    out.push_str(&columns(&["table", "rows"], &rows));
    if m.duplicates > 0 {
        out.push_str(&format!("{} left out\n", count(m.duplicates, "equal duplicate")));
    }
    out.push_str(&format!(
        "{} of {} units{}, {} checks passed: {}{}\n",
        m.units_ok,
        m.units,
        match (m.accepted_skipped.len(), m.complete) {
            (0, _) => String::new(),
            (n, true) => format!(", complete without {n} accepted as skipped"),
            (n, false) => format!(", {n} accepted as skipped"),
        },
        written.checks,
        written.place,
        if m.complete { "" } else { " (PARTIAL)" }
    ));
    out + &reach::words(&written.reach, m.fdr.alpha)
}

/// Skipped units that the output is complete without.
pub(super) fn accepted_text(units: &[AcceptedUnit]) -> String {
    let mut out = String::new();
    if !units.is_empty() {
        out.push_str(&format!("accepted as skipped: {}\n", units.len()));
    }
    for AcceptedUnit { user_id, feature_mode, reason } in units.iter().take(SHOWN) {
        out.push_str(&format!("  {user_id} {feature_mode}: {reason}\n"));
    }
    if units.len() > SHOWN {
        out.push_str(&format!("  … and {} more; merge.yaml lists them\n", units.len() - SHOWN));
    }
    out
}

/// What is to be done about a kind of gap.
pub(super) type Remedy<'a> = &'a dyn Fn(Kind) -> &'static str;

/// Gaps by kind, the first few of each.
pub(super) fn gaps_text(gaps: &[Gap], remedy: Remedy<'_>) -> String {
    let mut kinds: std::collections::BTreeMap<Kind, Vec<&Gap>> = std::collections::BTreeMap::new();
    for gap in gaps {
        kinds.entry(gap.kind).or_default().push(gap);
    }
    kinds.into_iter().map(|(kind, gaps)| kind_text((kind, remedy(kind)), &gaps, gaps.len() as u64)).collect()
}

/// The first few of findings that are counted but not all kept.
pub(super) fn kept_text(kind: Kind, found: &Kept<Gap>) -> String {
    if found.is_empty() {
        return String::new();
    }
    kind_text((kind, kind.remedy()), &found.items.iter().collect::<Vec<_>>(), found.count())
}

fn kind_text((kind, remedy): (Kind, &str), gaps: &[&Gap], all: u64) -> String {
    let mut out = format!("{kind}: {all}\n");
    let groups = if [Kind::Failed, Kind::Skipped].contains(&kind) {
        grouped(gaps, |gap| (&gap.reason, &gap.user_id))
    } else {
        gaps.iter().map(|gap| vec![gap]).collect()
    };
    for group in groups.iter().take(SHOWN) {
        let gap = group[0];
        let unit = [gap.user_id.as_str(), gap.feature_mode.as_str()];
        let unit = unit.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ");
        let parts = [format!("shard {}", gap.shard), unit, gap.reason.clone()];
        let parts: Vec<_> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        out.push_str(&format!("  {}\n", parts.join(": ")));
        out.push_str(&others("  ", group[1..].iter().map(|gap| gap.user_id.as_str())));
    }
    let shown: usize = groups.iter().take(SHOWN).map(Vec::len).sum();
    out.push_str(&more_text("  ", all, shown));
    out.push_str(&format!("  (hint: {remedy})\n"));
    out
}

/// What is worth knowing and kept nothing from being complete.
pub(super) fn notes_text(notes: &[String]) -> String {
    let mut text = String::new();
    for note in notes.iter().take(SHOWN) {
        text.push_str(&format!("note: {note}\n"));
    }
    if notes.len() > SHOWN {
        text.push_str(&format!("… and {} more notes\n", notes.len() - SHOWN));
    }
    text
}
