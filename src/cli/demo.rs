//! `results demo`

mod data;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::definitions::{Folder, Loaded};
use super::outcome::Outcome;
use super::place::{outside, place};
use super::report::{Of, to_file};
use super::run::limits;
use super::run::{failure, for_terminal, in_processes, last_words};
use super::speak::{out, say, say_line};
use super::text::{columns, count, shell_word};
use crate::config::{Config, ConfigSource, Overrides, load};
use crate::control::{Request, create as create_control};
use crate::demo::DemoSpec;
use crate::error::{Exit, Failure};
use crate::measures;
use crate::merge::{Merge, MergeOutcome, Merged};
use crate::progress::{Verbosity, bytes, duration};
use crate::report::Wanted;
use crate::run::{Planned, RunOutcome, Work, create};
use crate::schema::Derived;
use crate::sql::{Bounds, ControlRow, Definitions, Session, ident};
use crate::store::{Location, StoreError};

/// The analysis of the demonstration.
const PRESET: &str = "recommended";

/// Pairs of its control.
const PAIRS: usize = 24;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results demo
  results demo --users 60 --out big --shards 2
  results demo --report
  results demo --users 60 --wide --data-only --out big

The made-up users have a day rhythm and, most of them, a coupling from activity to sitting.")]
pub(super) struct Args {
    /// Number of users
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = |text: &str| limits::whole::<u32>(text, 1..=1_000_000))]
    users: u32,
    /// Folder or URL for data, run and result (default: a new one below out/)
    #[arg(long, value_name = "DIR", value_parser = place())]
    out: Option<Location>,
    /// Seed of the data and of the analysis
    #[arg(long, value_name = "S", default_value_t = 42, value_parser = limits::large_number)]
    seed: u64,
    /// Write the real width: 225 feature and 51 label columns, compressed
    #[arg(long)]
    wide: bool,
    /// Stop after the data are written
    #[arg(long)]
    data_only: bool,
    /// Make the report of the merged results too: report.html in the folder
    #[arg(long, conflicts_with = "data_only")]
    report: bool,
    /// Number of shard processes
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = |text: &str| limits::whole::<u32>(text, 1..=64))]
    shards: u32,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let started = Instant::now();
    let mut loaded = definitions.load()?;
    let folder = args.out.clone().unwrap_or_else(new_folder);
    is_free(args, &folder)?;
    let data = folder.join("data");
    let spec = DemoSpec { users: args.users, out: PathBuf::new(), seed: args.seed, wide: args.wide };
    let report = data::write(&data, &spec)?;
    say_line(format_args!(
        "{} with {} rows ({}) in {}",
        count(u64::from(report.users), "user"),
        report.rows,
        bytes(report.bytes),
        data
    ));
    if args.data_only {
        out(&format!("{data}\n"))?;
        return Ok(Exit::Done);
    }
    let config = configuration(args, definitions, &data)?;
    loaded.fit(&config);
    let (work, end) = analyse(args, definitions, &loaded, &folder, &config)?;
    say(last_words(&work, &end, started)?);
    if end.exit() != Exit::Done {
        return Ok(end.exit());
    }
    let control = if args.users > 1 { Some(control(args, definitions, &loaded, &folder)?) } else { None };
    let merged = merge(&loaded, &folder, control)?;
    let MergeOutcome::Written(written) = &merged.outcome else { return Ok(super::merge::tell(&merged)) };
    let merged = std::slice::from_ref(&written.place);
    let loaded = definitions.load_for(merged)?;
    let exit = super::validate::validate(&written.place, &loaded)?;
    let session = Session::open(merged, loaded.as_ref()).map_err(Failure::error)?;
    let tests = super::outcome::block_on(significant(&session, &loaded, written.manifest.fdr.alpha))??;
    let rows: Vec<Vec<String>> = written
        .manifest
        .rows
        .iter()
        .map(|(table, n)| {
            vec![table.clone(), n.to_string(), tests.get(table.as_str()).cloned().unwrap_or_default()]
        })
        .collect();
    let header = format!("significant at q < {}", written.manifest.fdr.alpha);
    out(&columns(&["table", "rows", &header], &rows))?;
    out(&places(&end, started.elapsed(), &data, &work, &written.place))?;
    out(&strangers(&written.control, written.manifest.fdr.alpha))?;
    let of_report = offer_report(args, definitions, &folder, &written.place)?;
    Ok(if exit == Exit::Done { of_report } else { exit })
}

/// Refuses a place that is taken, or where a report cannot be written.
fn is_free(args: &Args, folder: &Location) -> Result<(), Failure> {
    if folder.folder().is_none() && args.report {
        return Err(Failure::usage(format!(
            "a report is written into a folder, and {folder} isn't one\n(hint: leave --report away; the last line says how it is made)"
        )));
    }
    for taken in ["run", "control", "merged"].map(|name| folder.join(name)) {
        let is_taken = if let Some(dir) = taken.folder() {
            dir.exists()
        } else {
            let there = taken.storage().map_err(Failure::usage)?.list("");
            !there.map_err(|error| Failure::error(StoreError::from(error)))?.is_empty()
        };
        if is_taken && !args.data_only {
            return Err(Failure::usage(format!(
                "{taken} exists already\n(hint: name another folder with --out, or remove it)"
            )));
        }
    }
    folder.folder().map_or(Ok(()), |dir| outside("--out", dir))
}

/// Makes the report, or says how it is made.
fn offer_report(args: &Args, definitions: &Folder, folder: &Location, merged: &Location) -> Outcome {
    let at = folder.folder().unwrap_or(Path::new("")).join("report.html");
    if !args.report {
        let (merged, at) = (shell_word(&merged.to_string()), shell_word(&at.display().to_string()));
        out(&format!("\nresults report {merged} -o {at}\n"))?;
        return Ok(Exit::Done);
    }
    let of = Of { dirs: std::slice::from_ref(merged), bounds: Bounds::default(), definitions };
    to_file(&of, &Wanted::default(), &at)
}

fn places(end: &RunOutcome, took: Duration, data: &Location, work: &Work<'_>, merged: &Location) -> String {
    let rows = vec![
        vec!["users done".to_owned(), format!("{} of {}", end.counts.ok, end.counts.total)],
        vec!["wall time".to_owned(), duration(took.as_millis() as u64)],
        vec![
            "peak memory".to_owned(),
            format!(
                "{} a process, {} in all",
                bytes(end.peak_memory_bytes.unwrap_or(0)),
                bytes(end.total_memory_bytes.unwrap_or(0))
            ),
        ],
        vec!["data".to_owned(), data.to_string()],
        vec!["run".to_owned(), work.run().name()],
        vec!["result".to_owned(), format!("{merged} (CSV and Parquet)")],
    ];
    format!("\n{}", columns(&["", ""], &rows).trim_start_matches('\n'))
}

fn new_folder() -> Location {
    let stamp = chrono::Local::now().format("%Y%m%d_%H%M%S");
    Location::Folder(Path::new("out").join(format!("demo_{stamp}")))
}

/// What the demo is analysed with.
fn configuration(args: &Args, definitions: &Folder, data: &Location) -> Result<Config, Failure> {
    let overrides = Overrides { data: Some(data.to_string()), users: Some(0), seed: Some(args.seed) };
    let preset = ConfigSource::Preset(PRESET.to_owned());
    let config = load(&preset, &overrides, definitions.sub("config").as_deref(), &measures::settings());
    Ok(config.map_err(super::config::config_failure)?.config)
}

fn analyse<'a>(
    args: &Args,
    definitions: &Folder,
    loaded: &'a Loaded,
    folder: &Location,
    config: &Config,
) -> Result<(Work<'a>, RunOutcome), Failure> {
    let schemas = &loaded.schemas;
    let planned = Planned { config, shards: args.shards, only_shards: Vec::new(), schemas };
    let run = create(folder.join("run"), planned, &|_| ()).map_err(failure)?;
    let work = Work::of(run, schemas).shards(args.shards);
    let end = in_processes(&work, definitions, &for_terminal(&work, Verbosity::Normal))?;
    Ok((work, end))
}

/// The same analysis of pairs of strangers; gives where it is.
fn control(
    args: &Args,
    definitions: &Folder,
    loaded: &Loaded,
    folder: &Location,
) -> Result<Location, Failure> {
    let (of, at, schemas) = (folder.join("run"), folder.join("control"), &loaded.schemas);
    let request = Request { of, at: at.clone(), pairs: PAIRS, shards: args.shards, schemas };
    let run = create_control(request, &|_| ()).map_err(super::control::failure)?;
    let work = Work::of(run, schemas).shards(args.shards);
    let started = Instant::now();
    let end = in_processes(&work, definitions, &for_terminal(&work, Verbosity::Normal))?;
    say(last_words(&work, &end, started)?);
    Ok(at)
}

/// Which share of the strangers each measure calls, of all lags together.
fn strangers(rows: &[ControlRow], alpha: f64) -> String {
    let called = || rows.iter().filter(|row| row.is_called());
    let Some(pairs) = called().map(|row| row.pairs).max() else { return String::new() };
    let mut measures: Vec<&str> = called().map(|row| row.measure.as_str()).collect();
    measures.dedup();
    let share = |measure: &str, direction: &str| {
        let of_it = |row: &&ControlRow| row.measure == measure && row.direction.as_deref() == Some(direction);
        let (rejected, pairs) =
            called().filter(of_it).fold((0, 0), |sum, row| (sum.0 + row.rejected, sum.1 + row.pairs));
        if pairs == 0 { "-".to_owned() } else { format!("{:.2}", rejected as f64 / pairs as f64) }
    };
    let lines: Vec<Vec<String>> = measures
        .iter()
        .map(|measure| vec![(*measure).to_owned(), share(measure, "A2S"), share(measure, "S2A")])
        .collect();
    let table = columns(&["measure", "A2S", "S2A"], &lines);
    format!(
        "\nshare of {pairs} pairs of strangers that is called at p <= {alpha}, where nothing is coupled\n{table}"
    )
}

fn merge(loaded: &Loaded, folder: &Location, control: Option<Location>) -> Result<Merged, Failure> {
    let mut schemas = loaded.schemas.clone();
    if control.is_some() {
        schemas.stand_beside_a_control();
    }
    let definitions = Definitions { schemas: &schemas, queries: &loaded.queries };
    let merge = Merge { control, ..Merge::new(vec![folder.join("run")], folder.join("merged"), definitions) };
    super::outcome::block_on(merge.run())?.map_err(super::merge::failure)
}

/// Tests with a q below alpha, by table: `q_A2S 9 of 24, …`.
async fn significant(
    session: &Session,
    loaded: &Loaded,
    alpha: f64,
) -> Result<std::collections::BTreeMap<String, String>, Failure> {
    let mut found = std::collections::BTreeMap::new();
    for schema in loaded.schemas.iter() {
        let mut parts = Vec::new();
        for (column, derived) in schema.derived() {
            if !matches!(derived, Derived::Q { .. }) {
                continue;
            }
            let q = ident(&column.name);
            let sql = format!(
                "SELECT count(CASE WHEN {q} < {alpha} THEN 1 END), count({q}) FROM {}",
                ident(&schema.table)
            );
            for batch in session.collect(&sql).await.map_err(Failure::error)? {
                let n = |i: usize| batch.column(i).as_primitive::<Int64Type>().value(0);
                parts.push(format!("{} {} of {}", column.name, n(0), n(1)));
            }
        }
        if !parts.is_empty() {
            found.insert(schema.table.clone(), parts.join(", "));
        }
    }
    Ok(found)
}
