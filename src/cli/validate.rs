//! `results validate`

use std::path::{Path, PathBuf};

use super::Outcome;
use super::definitions::{Folder, Loaded};
use super::merge::{checks_text, failure, gaps_text};
use super::text::{count, out};
use crate::check::{CheckResult, run_checks};
use crate::error::{Exit, Failure};
use crate::export::{TableExport, csv_name, csv_sql};
use crate::merge::gaps_of_run;
use crate::query::{MergeManifest, Session, Source};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  results validate out/k6_full_20261123_143005\n  results validate merged\n\nA line a check on standard output; exit 3 if any fails.")]
pub(super) struct Args {
    /// A run directory or an output of `results merge`
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let loaded = definitions.load()?;
    let failures = match Source::open(&args.dir).map_err(Failure::error)? {
        Source::Run(run) => super::block_on(validate_run(run.run, &loaded))??,
        Source::Merged(dir, manifest) => super::block_on(validate_merged(&dir, &manifest, &loaded))??,
    };
    if failures == 0 {
        return Ok(Exit::Done);
    }
    eprintln!("error: {} of {} failed", count(failures, "check"), args.dir.display());
    Ok(Exit::Incomplete)
}

async fn validate_run(run: crate::store::Run, loaded: &Loaded) -> Result<u64, Failure> {
    let definitions = loaded.as_ref();
    let (session, gaps) = gaps_of_run(run, definitions).await.map_err(failure)?;
    let kinds: std::collections::BTreeSet<&str> = gaps.iter().map(|g| g.kind.as_str()).collect();
    let complete = ["never started", "running", "silent", "lost", "interrupted", "stopped", "failed", "skipped"];
    let mut failures = line("complete", kinds.iter().any(|k| complete.contains(k)));
    for kind in ["broken file", "wrong row count", "corrupt ledger file", "not in the ledger", "unequal duplicate"] {
        failures += line(&format!("no {kind}"), kinds.contains(kind));
    }
    eprint!("{}", gaps_text(&gaps));
    let tables: Vec<_> = loaded.schemas.iter().collect();
    let checks = run_checks(&session, &tables, definitions).await.map_err(Failure::error)?;
    Ok(failures + tell(&checks))
}

async fn validate_merged(dir: &Path, manifest: &MergeManifest, loaded: &Loaded) -> Result<u64, Failure> {
    let definitions = loaded.as_ref();
    let mut failures = line("complete", !manifest.complete);
    if !manifest.complete {
        eprintln!("{} of {} units; missing_units.csv names the others", manifest.units_ok, manifest.units);
    }
    let session = Session::open(&[dir], definitions).await.map_err(Failure::error)?;
    let tables: Vec<_> =
        loaded.schemas.iter().filter(|s| manifest.rows.contains_key(&s.table)).collect();
    for schema in &tables {
        let rows = session.collect(&format!("SELECT count(*) FROM \"{}\"", schema.table)).await;
        let rows = rows.map_err(Failure::error)?;
        let found = rows.first().map_or(0, |b| {
            arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(b.column(0)).value(0)
        });
        failures += line(
            &format!("row count {}", schema.table),
            manifest.rows.get(&schema.table).copied() != u64::try_from(found).ok(),
        );
        if let Some(name) = csv_name(schema, !manifest.complete) {
            let sql = csv_sql(schema, definitions).map_err(Failure::error)?;
            let same = same_csv(&session, sql, &dir.join(&name)).await?;
            failures += line(&format!("{name} agrees with {}.parquet", schema.table), !same);
        }
    }
    let checks = run_checks(&session, &tables, definitions).await.map_err(Failure::error)?;
    Ok(failures + tell(&checks))
}

/// Whether a CSV file is what its Parquet file gives.
async fn same_csv(session: &Session, sql: String, path: &Path) -> Result<bool, Failure> {
    let folder = std::env::temp_dir().join(format!("results-validate-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(Failure::error)?;
    let copy = folder.join("copy.csv");
    let export = TableExport { session, sql, path: copy.clone(), metadata: Vec::new() };
    let written = export.csv().await;
    let same = written.is_ok()
        && matches!((std::fs::read(path), std::fs::read(&copy)), (Ok(a), Ok(b)) if a == b);
    let _ = std::fs::remove_dir_all(&folder);
    written.map_err(Failure::error)?;
    Ok(same)
}

fn line(what: &str, failed: bool) -> u64 {
    // A reader that went away changes nothing about the outcome, which the exit code tells.
    let _ = out(&format!("{}  {what}\n", if failed { "FAIL" } else { "ok  " }));
    u64::from(failed)
}

fn tell(checks: &[CheckResult]) -> u64 {
    for check in checks {
        line(&check.name, !check.passed());
    }
    eprint!("{}", checks_text(checks));
    checks.iter().filter(|c| !c.passed()).count() as u64
}
