//! `results export`

mod paper;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::choices::Format;
use super::definitions::Folder;
use super::outcome::Outcome;
use super::place::{outside, place};
use super::speak::say_line;
use super::sql::told;
use super::text::count;
use crate::beside::Beside;
use crate::error::{Exit, Failure};
use crate::export::{ExportError, TableExport, csv_sql, parquet_sql};
use crate::sources::Source;
use crate::sql::{Bounds, Session};
use crate::store::{Location, RunState};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results export merged --format csv --output csv
  results export out/k6_full_20261123_143005 --format parquet --output tables --table te --table gc
  results export merged --paper paper

A run is exported as far as it is; `merge` is what proves that nothing is missing. `--paper` writes group_tests.md,
group_tests.tex, methods.md and figure.svg of merged results, and couplings.md and couplings.tex where directions were tested
by themselves.")]
pub(super) struct Args {
    /// A run directory or an output of `results merge`, or its URL
    #[arg(value_name = "DIR", value_parser = place())]
    dir: Location,
    /// Format of the files
    #[arg(long, value_enum, required_unless_present = "paper")]
    format: Option<Format>,
    /// Folder to write to; files that are there are not overwritten
    #[arg(long, value_name = "DIR", required_unless_present = "paper")]
    output: Option<PathBuf>,
    /// Only this table; may be given several times
    #[arg(long, value_name = "T")]
    table: Vec<String>,
    /// Folder for what a paper needs: group tests as tables and a figure, the methods in words
    #[arg(long, value_name = "DIR", conflicts_with_all = ["format", "output", "table"])]
    paper: Option<PathBuf>,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    if let Some(folder) = &args.paper {
        return paper::exec(&args.dir, folder, definitions);
    }
    // One of both is there.
    let (Some(format), Some(output)) = (args.format, &args.output) else {
        return Err(Failure::usage("--format and --output are needed, or --paper"));
    };
    outside("--output", output)?;
    let loaded = definitions.load_for(std::slice::from_ref(&args.dir))?;
    for table in &args.table {
        loaded.schemas.get(table).map_err(Failure::usage)?;
    }
    let whole = match Source::open(&args.dir).map_err(Failure::error)? {
        Source::Run(run) => run.run.manifest().state == RunState::Complete,
        Source::Merged(_, manifest) => manifest.complete,
    };
    let exit = super::outcome::block_on(write(args, format, output, &loaded))??;
    if !whole {
        say_line(format_args!(
            "note: {} is not complete; `results status` or missing_units.csv says what is missing",
            args.dir
        ));
    }
    Ok(exit)
}

/// Writes the tables, of the files that are whole.
async fn write(args: &Args, format: Format, output: &Path, loaded: &super::definitions::Loaded) -> Outcome {
    let definitions = loaded.as_ref();
    let (session, damaged) =
        Session::open_whole(std::slice::from_ref(&args.dir), Bounds::default(), definitions)
            .map_err(Failure::error)?;
    std::fs::create_dir_all(output)
        .map_err(|e| Failure::error(format!("cannot create {}: {e}", output.display())))?;
    for schema in loaded.schemas.iter() {
        let is_wanted = if args.table.is_empty() {
            session.has_table(&schema.table).map_err(Failure::error)?
        } else {
            args.table.contains(&schema.table)
        };
        if !is_wanted {
            continue;
        }
        let (sql, name) = match (format, &schema.csv) {
            (Format::Csv, Some(name)) => {
                (csv_sql(schema, definitions).map_err(Failure::error)?, name.clone())
            }
            (Format::Csv, None) => continue,
            (Format::Parquet, _) => (parquet_sql(schema), format!("{}.parquet", schema.table)),
        };
        let path = output.join(&name);
        let export = TableExport { session: &session, sql, path: path.clone(), metadata: Vec::new() };
        let rows = table(export, format).await?;
        say_line(format_args!("{}: {}", path.display(), count(rows, "row")));
    }
    if !damaged.loses_rows() {
        return Ok(Exit::Done);
    }
    say_line(format_args!(
        "warning: data files are damaged; the rows are those of the others:\n{}",
        damaged.words()
    ));
    Ok(Exit::Incomplete)
}

/// Writes a table; the file is whole or absent.
async fn table(mut export: TableExport<'_>, format: Format) -> Result<u64, Failure> {
    let path = export.path.clone();
    let exists = || {
        let path = path.display();
        Failure::usage(format!("{path} exists already\n(hint: name another folder, or remove it)"))
    };
    if path.exists() {
        return Err(exists());
    }
    let made = Beside::of(&path);
    made.path().clone_into(&mut export.path);
    let rows = match format {
        Format::Csv => export.csv().await,
        Format::Parquet => export.parquet().await,
    };
    let rows = rows.map_err(|error| match error {
        ExportError::Session(error) => told(error),
        other => Failure::error(other),
    })?;
    made.put_file().map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(),
        _ => Failure::error(format!("cannot write {}: {error}", path.display())),
    })?;
    Ok(rows)
}
