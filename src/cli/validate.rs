//! `results validate`

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::definitions::{Folder, Loaded};
use super::merge::{accepted_text, checks_text, failure, gaps_text, kept_text, notes_text};
use super::outcome::Outcome;
use super::place::place;
use super::speak::{out, say, say_line};
use super::text::count;
use crate::beside::Scratch;
use crate::check::{CheckResult, Known, run_checks};
use crate::config::Settings;
use crate::error::{Exit, Failure};
use crate::export::{TableExport, csv_name, csv_sql};
use crate::merge::{Examined, Kind, examine};
use crate::printable::printable;
use crate::sources::Source;
use crate::sql::Session;
use crate::store::{Location, MergeManifest, ReadAt, StoreError};

/// Bytes of a CSV file that are compared at a time.
const COMPARED: u64 = 8 << 20;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  results validate out/k6_full_20261123_143005\n  results validate merged\n\nA line a check on standard output; exit 3 if any fails."
)]
pub(super) struct Args {
    /// A run directory or an output of `results merge`, or its URL
    #[arg(value_name = "DIR", value_parser = place())]
    dir: Location,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let loaded = definitions.load_for(std::slice::from_ref(&args.dir))?;
    let lines = check(&args.dir, &loaded)?;
    for line in &lines {
        out(&printable(&format!("{}  {}\n", if line.failed { "FAIL" } else { "ok  " }, line.what)))?;
    }
    Ok(verdict(&args.dir, &lines))
}

/// Checks a directory and tells only what failed.
pub(super) fn validate(place: &Location, loaded: &Loaded) -> Outcome {
    let lines = check(place, loaded)?;
    for line in lines.iter().filter(|l| l.failed) {
        say_line(format_args!("FAIL  {}", line.what));
    }
    Ok(verdict(place, &lines))
}

fn verdict(place: &Location, lines: &[Line]) -> Exit {
    let failures = lines.iter().filter(|l| l.failed).count() as u64;
    if failures == 0 {
        return Exit::Done;
    }
    say_line(format_args!("error: {} of {place} failed", count(failures, "check")));
    Exit::Incomplete
}

/// One check and how it went.
struct Line {
    what: String,
    failed: bool,
}

fn line(what: impl Into<String>, failed: bool) -> Line {
    Line { what: what.into(), failed }
}

fn check(place: &Location, loaded: &Loaded) -> Result<Vec<Line>, Failure> {
    match Source::open(place).map_err(Failure::error)? {
        Source::Run(run) => super::outcome::block_on(validate_run(run.run, loaded))?,
        Source::Merged(place, manifest) => {
            super::outcome::block_on(validate_merged(&place, &manifest, loaded))?
        }
    }
}

async fn validate_run(run: crate::store::Run, loaded: &Loaded) -> Result<Vec<Line>, Failure> {
    let definitions = loaded.as_ref();
    let known = Known::of(Settings::of(&run.manifest().config));
    let Examined { session, gaps, notes, differing, repeated, .. } =
        examine(run, definitions).await.map_err(failure)?;
    // The checks ask many questions of the same tables.
    session.materialize(definitions).await.map_err(Failure::error)?;
    let kinds: std::collections::BTreeSet<Kind> = gaps.iter().map(|g| g.kind).collect();
    let mut lines = vec![line("complete", kinds.iter().any(|kind| kind.is_missing()))];
    for kind in [
        Kind::BrokenFile,
        Kind::WrongRowCount,
        Kind::CorruptLedger,
        Kind::NotInLedger,
        Kind::NotInPlan,
        Kind::WrongShard,
        Kind::MixedEstimators,
    ] {
        lines.push(line(format!("no {kind}"), kinds.contains(&kind)));
    }
    say(format_args!("{}{}", gaps_text(&gaps, &Kind::remedy), notes_text(&notes)));
    for (kind, found) in [(Kind::UnequalDuplicate, differing), (Kind::KeyTwice, repeated)] {
        lines.push(line(format!("no {kind}"), !found.is_empty()));
        say(kept_text(kind, &found));
    }
    let tables: Vec<_> = loaded.schemas.iter().collect();
    let checks = run_checks(&session, &tables, definitions, &known).await.map_err(Failure::error)?;
    lines.extend(told(&checks));
    Ok(lines)
}

async fn validate_merged(
    place: &Location,
    manifest: &MergeManifest,
    loaded: &Loaded,
) -> Result<Vec<Line>, Failure> {
    let definitions = loaded.as_ref();
    let mut lines = vec![line("complete", !manifest.complete)];
    if !manifest.complete {
        say_line(format_args!(
            "{} of {} units; missing_units.csv names the others",
            manifest.units_ok, manifest.units
        ));
    }
    say(accepted_text(&manifest.accepted_skipped));
    let session = Session::open(std::slice::from_ref(place), definitions).map_err(Failure::error)?;
    let tables: Vec<_> = loaded.schemas.iter().filter(|s| manifest.rows.contains_key(&s.table)).collect();
    for schema in &tables {
        let rows = session.collect(&format!("SELECT count(*) FROM \"{}\"", schema.table)).await;
        let rows = rows.map_err(Failure::error)?;
        let found = rows.first().map_or(0, |b| {
            arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(b.column(0)).value(0)
        });
        let listed = manifest.rows.get(&schema.table).copied();
        lines.push(line(format!("row count {}", schema.table), listed != u64::try_from(found).ok()));
        if manifest.csv
            && let Some(name) = csv_name(schema, !manifest.complete)
        {
            let sql = csv_sql(schema, definitions).map_err(Failure::error)?;
            let same = same_csv(&session, sql, (place, &name)).await?;
            lines.push(line(format!("{name} agrees with {}.parquet", schema.table), !same));
        }
    }
    let known = Known::of(manifest.settings());
    let checks = run_checks(&session, &tables, definitions, &known).await.map_err(Failure::error)?;
    lines.extend(told(&checks));
    Ok(lines)
}

/// Whether a CSV file is what its Parquet file gives.
async fn same_csv(session: &Session, sql: String, (place, name): (&Location, &str)) -> Result<bool, Failure> {
    let folder = Scratch::new("validate").map_err(Failure::error)?;
    let copy = folder.path().join("copy.csv");
    TableExport { session, sql, path: copy.clone(), metadata: Vec::new() }
        .csv()
        .await
        .map_err(Failure::error)?;
    let storage = place.storage().map_err(Failure::error)?;
    match storage.open(name) {
        Ok(Some(file)) => Ok(is_same(&*file, &copy).unwrap_or(false)),
        Ok(None) => Ok(false),
        Err(_) if place.folder().is_some() => Ok(false),
        Err(error) => Err(Failure::error(StoreError::from(error))),
    }
}

/// Whether a file has the bytes of a copy.
fn is_same(file: &dyn ReadAt, copy: &Path) -> std::io::Result<bool> {
    let mut copy = File::open(copy)?;
    if copy.metadata()?.len() != file.length() {
        return Ok(false);
    }
    let mut at = 0;
    while at < file.length() {
        let length = (file.length() - at).min(COMPARED);
        let mut ours = vec![0; length as usize];
        copy.read_exact(&mut ours)?;
        if file.read_at(at, ours.len())? != ours {
            return Ok(false);
        }
        at += length;
    }
    Ok(true)
}

fn told(checks: &[CheckResult]) -> Vec<Line> {
    say(checks_text(checks));
    checks.iter().map(|c| line(c.name.as_str(), !c.passed())).collect()
}
