//! `results plot`

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bounded;
use super::definitions::{Folder, Loaded};
use super::outcome::{Outcome, block_on_and_leave};
use super::place::{is_stdout, not_a_terminal, outside, place};
use super::speak::{out, say_line};
use super::sql::{Asked, Unanswered};
use super::text::columns;
use crate::error::{Exit, Failure};
use crate::plot::{Look, Theme};
use crate::report::{DRAWS_PNG, Found, PlotError, PlotFile, line_of, plot, plots, png};
use crate::sql::{Bounds, Params, Query, Session};
use crate::store::Location;
use crate::text_file;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results plot --list
  results plot p_histogram --run merged -o p.svg
  results plot effect_and_q --run merged --param alpha=0.01 --theme dark -o effects.png
  results plot forest --run merged -o forest.csv     the rows that are drawn
  results plot mine.sql --run merged -o mine.svg     a plot of your own: docs/plots.md

Without -o, or with `-o -`, the SVG goes to standard output.")]
pub(super) struct Args {
    /// A plot by name, or a file of SQL with a header that says what is drawn
    #[arg(value_name = "NAME|FILE.sql", required_unless_present = "list")]
    plot: Option<PathBuf>,
    /// A run directory or an output of `results merge`, or its URL; may be given several times
    #[arg(long, value_name = "DIR", value_parser = place())]
    run: Vec<Location>,
    /// Value of a parameter of the plot
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// File to write: x.svg, x.png, or x.csv for the rows
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the file if it is there
    #[arg(long, requires = "output")]
    force: bool,
    /// Width in points
    #[arg(long, value_name = "N", default_value_t = 720, value_parser = |text: &str| super::run::limits::whole::<u32>(text, 200..=4000))]
    width: u32,
    /// Colours
    #[arg(long, value_enum, default_value = "light")]
    theme: Colours,
    /// List the plots and their parameters
    #[arg(long, conflicts_with = "plot")]
    list: bool,
    /// Memory it may take, e.g. 500MB (default: half of what is free)
    #[arg(long, value_name = "SIZE", value_parser = super::run::limits::bytes)]
    memory: Option<u64>,
    /// Time it may take, as in 90s, 15min or 2h (default: any)
    #[arg(long, value_name = "TIME", value_parser = super::run::limits::time)]
    timeout: Option<Duration>,
}

/// Colours of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Colours {
    Light,
    Dark,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Svg,
    Png,
    Csv,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    bounded::asking(args.memory, args.timeout, |bounds| ask(args, bounds, definitions))
}

fn ask(args: &Args, bounds: Bounds, definitions: &Folder) -> Outcome {
    bounded::hush()?;
    let loaded = definitions.load_for(&args.run)?;
    let Some(name) = &args.plot else { return list(&loaded) };
    let form = form(args)?;
    let plot = plot_of(name, &loaded)?;
    let params = Params::parse(&args.params).map_err(Failure::usage)?;
    if args.run.is_empty() {
        return Err(Failure::usage("no data: name a run or a merged output with --run DIR"));
    }
    let asked = Asked { dirs: &args.run, bounds, loaded: &loaded, strict: false, helped: None };
    let (found, exit) = block_on_and_leave(rows(&plot, params, asked))??;
    let bytes = match form {
        Form::Csv => found.csv().map_err(Failure::error)?.into_bytes(),
        Form::Svg => svg(&plot, &found, args)?.into_bytes(),
        Form::Png => png(&svg(&plot, &found, args)?).map_err(Failure::error)?,
    };
    match file(args) {
        Some(path) => write(path, &bytes)?,
        None => out(&String::from_utf8(bytes).map_err(Failure::error)?)?,
    }
    Ok(exit)
}

fn list(loaded: &Loaded) -> Outcome {
    let mut rows = Vec::new();
    for (name, plot) in plots(&loaded.queries) {
        rows.push(match plot {
            Ok(plot) => listed(&plot),
            Err(error) => vec![name, String::new(), error.to_string()],
        });
    }
    out(&columns(&["plot", "parameters", "what it shows"], &rows))?;
    Ok(Exit::Done)
}

fn listed(file: &PlotFile) -> Vec<String> {
    let params =
        file.query.parameters().map(|p| format!("{}={} ({})", p.name, p.default.unwrap_or("…"), p.what));
    vec![file.name.clone(), params.collect::<Vec<_>>().join(", "), file.plot.title.clone()]
}

/// The file that is to be written, unless it is standard output.
fn file(args: &Args) -> Option<&Path> {
    args.output.as_deref().filter(|path| !is_stdout(path))
}

/// What is to be written, and whether it may be.
fn form(args: &Args) -> Result<Form, Failure> {
    let Some(path) = file(args) else {
        not_a_terminal("a picture", "plot.svg")?;
        return Ok(Form::Svg);
    };
    outside("--output", path)?;
    let form = match path.extension().and_then(OsStr::to_str) {
        Some("svg") => Form::Svg,
        Some("png") if DRAWS_PNG => Form::Png,
        Some("png") => return Err(Failure::usage(PlotError::NoPng)),
        Some("csv") => Form::Csv,
        _ => {
            let what = format!("{} isn't a picture: the name ends with .svg, .png or .csv", path.display());
            return Err(Failure::usage(what));
        }
    };
    if path.exists() && !args.force {
        let what = format!("{} exists already\n(hint: name another file, or add --force)", path.display());
        return Err(Failure::usage(what));
    }
    Ok(form)
}

/// A plot by its name, or of a file.
pub(super) fn plot_of(name: &Path, loaded: &Loaded) -> Result<PlotFile, Failure> {
    if name.extension() != Some(OsStr::new("sql")) {
        return plot(&loaded.queries, &name.to_string_lossy()).map_err(Failure::usage);
    }
    let sql =
        text_file::read(name).map_err(|e| Failure::usage(format!("cannot read {}: {e}", name.display())))?;
    let query = Query::of(name.with_extension("").display().to_string(), sql);
    PlotFile::of(&query).map_err(Failure::usage)
}

async fn rows(plot: &PlotFile, params: Params, asked: Asked<'_>) -> Result<(Found, Exit), Failure> {
    let failed = |why: Unanswered| {
        let line = why.of_query().map(line_of).unwrap_or_default();
        Failure::usage(format!("{}{line}: {}", plot.plot.file, why.failure()))
    };
    let session: Session = asked.session()?;
    if let Some(lacks) = plot.lacks(&session).map_err(Failure::error)? {
        return Err(Failure::usage(format!(
            "{lacks}\n(hint: `results sql --run DIR 'show tables'` lists those there are)"
        )));
    }
    drop(session);
    let params = params.with_defaults(plot.defaults());
    let answer = asked.try_answer(&plot.sql(), &params).await.map_err(failed)?;
    Ok((plot.take(answer.rows).await.map_err(Failure::usage)?, answer.exit))
}

fn svg(plot: &PlotFile, found: &Found, args: &Args) -> Result<String, Failure> {
    let theme = match args.theme {
        Colours::Light => Theme::Light,
        Colours::Dark => Theme::Dark,
    };
    let look = Look { width: args.width, theme, ..Look::default() };
    plot.svg(found, &look).map_err(Failure::usage)
}

/// Writes beside the place of the file, so that it is whole or as it was.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let wrong = |e: std::io::Error| Failure::error(format!("cannot write {}: {e}", path.display()));
    let made = crate::beside::Beside::of(path);
    let mut file = std::fs::File::create(made.path()).map_err(wrong)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(wrong)?;
    made.replace_file().map_err(wrong)?;
    say_line(format_args!("{}", path.display()));
    Ok(())
}
