//! `results report`

use std::path::{Path, PathBuf};

use super::bounded;
use super::definitions::Folder;
use super::outcome::{Outcome, block_on_and_leave};
use super::place::{is_stdout, not_a_terminal, outside, place};
use super::plot::{plot_of, write};
use super::speak::{out, say_line};
use crate::error::{Exit, Failure};
use crate::report::{Document, Looked, ReportError, Wanted, report};
use crate::sql::{Bounds, Damaged};
use crate::store::Location;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results report merged                          writes report.html
  results report out/k6_full_20261123_143005 -o so_far.html
  results report merged --hide-users --title \"Coupling of activity and sitting\" -o for_others.html
  results report merged other/merged             settings that differ side by side
  results report merged -o - | ssh lab 'cat > public/report.html'

One file without script that needs no network. Of a run that is not done it has what there is.")]
pub(super) struct Args {
    /// Run directories or outputs of `results merge`, or their URLs
    #[arg(value_name = "DIR", required = true, value_parser = place())]
    dirs: Vec<Location>,
    /// File to write; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    /// Title (default: the names of the directories)
    #[arg(long, value_name = "T")]
    title: Option<String>,
    /// A further plot, by name or of a file
    #[arg(long, value_name = "NAME|FILE.sql")]
    plot: Vec<PathBuf>,
    /// A user with a section of their own
    #[arg(long, value_name = "ID")]
    user: Vec<String>,
    /// Replace ids by u001, u002, … in the order of the plan
    #[arg(long)]
    hide_users: bool,
    /// Level of p and q (default: the configuration's)
    #[arg(long, value_name = "A", value_parser = level)]
    alpha: Option<f64>,
    /// Memory it may take, e.g. 500MB (default: half of what is free)
    #[arg(long, value_name = "SIZE", value_parser = super::run::limits::bytes)]
    memory: Option<u64>,
    /// Overwrite the file if it is there
    #[arg(long)]
    force: bool,
}

fn level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("a number between 0 and 1".to_owned()),
    }
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    bounded::asking(args.memory, None, |bounds| {
        bounded::hush()?;
        may_be_written(&args.output, args.force)?;
        let loaded = definitions.load_for(&args.dirs)?;
        let plots = args.plot.iter().map(|name| plot_of(name, &loaded)).collect::<Result<_, _>>()?;
        let wanted = Wanted {
            title: args.title.clone(),
            alpha: args.alpha,
            plots,
            users: args.user.clone(),
            hide_users: args.hide_users,
            hide_places: false,
        };
        let of = Of { dirs: &args.dirs, bounds, definitions };
        to_file(&of, &wanted, &args.output)
    })
}

fn may_be_written(path: &Path, force: bool) -> Result<(), Failure> {
    if is_stdout(path) {
        return not_a_terminal("a report", "report.html");
    }
    outside("--output", path)?;
    if path.exists() && !force {
        let path = path.display();
        return Err(Failure::usage(format!(
            "{path} exists already\n(hint: name another file with -o, or add --force)"
        )));
    }
    Ok(())
}

/// Whose report it is.
pub(super) struct Of<'a> {
    pub(super) dirs: &'a [Location],
    pub(super) bounds: Bounds,
    pub(super) definitions: &'a Folder,
}

/// Writes a report; exit 1 if a plot failed, which its place says, and 3 if files are damaged.
pub(super) fn to_file(of: &Of<'_>, wanted: &Wanted, path: &Path) -> Outcome {
    let (Document { html, failed, unknown }, damaged) = block_on_and_leave(made(of, wanted))??;
    if let Some(user) = unknown.first() {
        return Err(Failure::usage(format!(
            "unknown user `{user}`\n(hint: `results sql --run DIR 'select distinct user_id from users'` lists them)"
        )));
    }
    if is_stdout(path) {
        out(&html)?;
    } else {
        write(path, html.as_bytes())?;
    }
    for failed in &failed {
        say_line(format_args!("error: {failed}\n(the report says so in the place of the plot)"));
    }
    for words in &damaged {
        say_line(format_args!("warning: files are damaged; the report is of the others:\n{words}"));
    }
    Ok(match (failed.is_empty(), damaged.is_empty()) {
        (false, _) => Exit::Error,
        (true, false) => Exit::Incomplete,
        (true, true) => Exit::Done,
    })
}

/// The report, and which files it is without.
async fn made(of: &Of<'_>, wanted: &Wanted) -> Result<(Document, Vec<String>), Failure> {
    let mut looked = Vec::new();
    for dir in of.dirs {
        let name = match dir.folder() {
            Some(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            None => dir.short_name(),
        };
        let loaded = of.definitions.load_for(std::slice::from_ref(dir))?;
        looked.push(Looked::at(dir, &name, of.bounds, loaded).await.map_err(failure)?);
    }
    let damaged = looked.iter().map(Looked::damaged).filter(|damaged| damaged.loses_rows());
    let damaged = damaged.map(Damaged::words).collect();
    Ok((report(&looked, wanted).await.map_err(failure)?, damaged))
}

fn failure(error: ReportError) -> Failure {
    match error {
        ReportError::Run(error) => super::merge::failure(error),
        error => Failure::error(error),
    }
}
