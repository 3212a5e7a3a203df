//! `results init`

mod ask;
mod told;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::config::config_failure;
use super::definitions::Folder;
use super::families;
use super::outcome::Outcome;
use super::place::{may_hold_data, outside};
use super::speak::{out, say_line};
use super::text::shell;
use crate::beside::Beside;
use crate::config::{Config, parse};
use crate::engine::engine;
use crate::error::{Exit, Failure};
use crate::init::{
    Candidate, Choice, Found, InitError, Told, Trial, Wishes, look, proposal, to_be_told, trial,
};
use crate::measures;

/// The configuration, unless another place is named.
const PLACE: &str = "results.yaml";

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results init DATA
  results init DATA --yes
  results init DATA --source steps --target asleep -o mine.yaml
  results init DATA --source 'ln(\"steps\" + 1)' --target \"CASE WHEN state = 'sleep' THEN 1 ELSE 0 END\"
  results init DATA --json                         what was found, for programs; writes nothing by itself

What is found goes to standard output. The configuration is tried on some users before it is written.")]
pub(super) struct Args {
    /// Folder with the users' files
    #[arg(value_name = "DATA_DIR")]
    data: PathBuf,
    /// Where the configuration is written
    #[arg(long, short, value_name = "FILE", default_value = PLACE)]
    output: PathBuf,
    /// The source: a column, or SQL over columns
    #[arg(long, value_name = "COL|SQL")]
    source: Option<String>,
    /// The target: a column, or SQL over columns
    #[arg(long, value_name = "COL|SQL")]
    target: Option<String>,
    /// The column of user ids, where files hold rows of several users
    #[arg(long, value_name = "COL")]
    user: Option<String>,
    /// The time: a column, or SQL that gives seconds since 1970
    #[arg(long, value_name = "COL|SQL")]
    timestamp: Option<String>,
    /// Take the likeliest columns without asking
    #[arg(long, short)]
    yes: bool,
    /// Print what was found as JSON; a configuration is written if nothing is left to ask
    #[arg(long)]
    json: bool,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let folder = args.data.to_str().ok_or_else(|| Failure::usage("the name of the folder is not UTF-8"))?;
    if folder.is_empty() {
        return Err(Failure::usage(
            "the name of the folder is empty\n(hint: name it, as in `results init data`)",
        ));
    }
    if !may_hold_data(&args.data)? {
        let what = if args.data.exists() { "is a file" } else { "was not found" };
        return Err(Failure::usage(format!(
            "{folder} {what}\n(hint: name the folder that the users' files lie in)"
        )));
    }
    place(args)?;
    let wishes = Wishes { user: args.user.clone(), timestamp: args.timestamp.clone() };
    let found = look(folder, &wishes).map_err(failure)?;
    let guess = guess(args, &found)?;
    let mut written = match &guess {
        Guess::Nothing => None,
        Guess::Settled => Some(Written::of(args, definitions, &found, None)?),
        Guess::Columns(choice) => Some(Written::of(args, definitions, &found, Some(choice))?),
    };
    let tried = written.as_ref().map(|written| &written.trial);
    if !args.json {
        out(&told::found(&found, tried))?;
        told::notes(&found, tried);
    }
    let known = args.yes || found.is_settled() || args.source.is_some() && args.target.is_some();
    if !known {
        if args.json {
            return said(args, &found, written.as_ref(), None);
        }
        let choice = ask::choice(args.source.as_deref(), args.target.as_deref(), &found)?;
        let same = matches!(&guess, Guess::Columns(guess) if guess.source == choice.source && guess.target == choice.target);
        if !same {
            let again = Written::of(args, definitions, &found, Some(&choice))?;
            told::again(&again.trial);
            written = Some(again);
        }
    }
    let Some(written) = written else { return Err(no_columns(&found)) };
    write(args, &written.text)?;
    if args.json {
        return said(args, &found, Some(&written), Some(&args.output));
    }
    finish(args, &written)
}

/// Where a configuration may be written: not over a file, not into the data, not into a run.
fn place(args: &Args) -> Result<(), Failure> {
    outside("--output", &args.output)?;
    let shown = args.output.display();
    let absolute = std::path::absolute(&args.output).unwrap_or_else(|_| args.output.clone());
    let parent = absolute.parent().unwrap_or(Path::new("/"));
    let (parent, data) = (fs::canonicalize(parent), fs::canonicalize(&args.data));
    if let (Ok(parent), Ok(data)) = (&parent, &data)
        && parent.starts_with(data)
    {
        return Err(Failure::usage(format!(
            "{shown} would lie in the data folder, where every file may be taken for a user's\n(hint: name a place \
             outside of it, as in `-o ../{PLACE}`)"
        )));
    }
    if args.output.is_dir() {
        return Err(Failure::usage(format!(
            "{shown} is a folder\n(hint: name a file, as in `-o {shown}/{PLACE}`)"
        )));
    }
    // Whether there is something to write is not known yet, if only what was found is to be printed.
    let writes = !args.json || args.yes;
    if writes && args.output.exists() && !args.force { Err(taken(&args.output)) } else { Ok(()) }
}

fn taken(output: &Path) -> Failure {
    Failure::usage(format!(
        "{} exists already\n(hint: name another file with -o, or write over it with --force)",
        output.display()
    ))
}

/// What is known of source and target before anybody is asked.
enum Guess {
    /// The format says them.
    Settled,
    /// The likeliest columns.
    Columns(Box<Choice>),
    /// There are none.
    Nothing,
}

fn guess(args: &Args, found: &Found) -> Result<Guess, Failure> {
    if found.is_settled() {
        return match (&args.source, &args.target) {
            (None, None) => Ok(Guess::Settled),
            _ => Err(Failure::usage(
                "--source and --target are fixed by the ExtraSensory format, whose columns these files have\n(hint: leave \
                 them out; `data.format: columns` in a configuration of your own chooses others)",
            )),
        };
    }
    let wish = |option, wish: &Option<String>| wish.as_deref().map(|wish| found.wish(option, wish));
    let (source, target) = (wish("source", &args.source), wish("target", &args.target));
    let is_other =
        |one: &&Candidate, other: Option<&Candidate>| other.is_none_or(|other| other.name != one.name);
    let source = source.or_else(|| found.sources.iter().find(|one| is_other(one, target.as_ref())).cloned());
    let target = target.or_else(|| found.targets.iter().find(|one| is_other(one, source.as_ref())).cloned());
    Ok(match (source, target) {
        (Some(source), Some(target)) => Guess::Columns(Box::new(Choice { source, target })),
        _ => Guess::Nothing,
    })
}

/// The error of files that lack a source or a target.
fn no_columns(found: &Found) -> Failure {
    let lacks = if found.sources.is_empty() { "source" } else { "target" };
    let names: Vec<&str> = found.columns.iter().take(20).map(|column| column.name.as_str()).collect();
    Failure::usage(format!(
        "no column may be the {lacks}: a source is numbers that change, a target 0 and 1, few whole numbers, numbers or a \
         few texts\n(hint: name both with --source and --target, SQL over these columns included: {})",
        names.join(", ")
    ))
}

/// A configuration that was tried.
struct Written {
    text: String,
    trial: Trial,
}

impl Written {
    /// The configuration for a choice, planned as a run plans it and tried on some users.
    fn of(
        args: &Args,
        definitions: &Folder,
        found: &Found,
        choice: Option<&Choice>,
    ) -> Result<Self, Failure> {
        let command = format!("results init {}", shell(&args.data));
        let plan = |text: &str| -> Result<Config, Failure> {
            let file = args.output.display().to_string();
            let folder = definitions.sub("config");
            let config =
                parse(&file, text, folder.as_deref(), &measures::settings()).map_err(config_failure)?.config;
            let schemas = definitions.load()?.schemas;
            families::check(&config, &schemas)?;
            engine(&config, &schemas, None).map_err(Failure::usage)?;
            Ok(config)
        };
        let mut text = proposal(found, choice, Told::default(), &command);
        let mut config = plan(&text)?;
        if choice.is_some() {
            let told = to_be_told(found, &config).map_err(failure)?;
            if told != Told::default() {
                text = proposal(found, choice, told, &command);
                config = plan(&text)?;
            }
        }
        let trial = trial(found, &config).map_err(failure)?;
        Ok(Self { text, trial })
    }
}

/// Everything that is wrong with a folder is told as a mistake of whoever named it.
fn failure(error: InitError) -> Failure {
    Failure::usage(error)
}

fn write(args: &Args, text: &str) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(&args.output),
        _ => Failure::error(format!(
            "cannot write {}: {error}\n(hint: name another place with -o)",
            args.output.display()
        )),
    };
    let beside = Beside::of(&args.output);
    fs::write(beside.path(), text).map_err(cannot)?;
    if args.force { beside.replace_file().map_err(cannot) } else { beside.put_file().map_err(cannot) }
}

/// The command that comes next.
fn next(output: &Path) -> String {
    format!("results run --config {} --shards 2", shell(output))
}

fn finish(args: &Args, written: &Written) -> Outcome {
    out(&format!(
        "\n{} is written and reads {}; next:\n\n  {}\n",
        args.output.display(),
        told::read(&written.trial),
        next(&args.output)
    ))?;
    Ok(end(written))
}

/// Nobody has results of data of which nobody could be read.
fn end(written: &Written) -> Exit {
    let read = &written.trial.read;
    let lost = !read.is_empty() && read.iter().all(|user| user.problem.is_some());
    if lost {
        say_line("warning: none of the users that were tried would have results; see above");
    }
    if lost { Exit::Incomplete } else { Exit::Done }
}

/// What was found, for programs.
fn said(args: &Args, found: &Found, written: Option<&Written>, place: Option<&Path>) -> Outcome {
    let json = json!({
        "found": found,
        "trial": written.map(|written| &written.trial),
        "proposal": written.map(|written| &written.text),
        "config": place.map(|place| place.display().to_string()),
        "next": place.map(next),
    });
    out(&format!("{json:#}\n"))?;
    if place.is_none() && !args.yes {
        say_line("note: nothing is written: name --source and --target, or take the likeliest with --yes");
    }
    Ok(written.map_or(Exit::Done, end))
}
