//! `results sql`

mod asked;
mod fit;
mod format;
mod hint;
mod pager;
mod prompt;
mod show;
mod table;
mod terminal;
mod unwritten;

pub(super) use asked::{Asked, Unanswered};
pub(super) use hint::told;

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bounded;
use super::cluster::{Address, Cluster, hand_over};
use super::definitions::{Folder, Loaded};
use super::outcome::{Outcome, block_on_and_leave};
use super::place::{outside, place};
use super::speak::out;
use super::text::columns;
use crate::error::{Exit, Failure};
use crate::queries::ParamDefault;
use crate::sql::{Bounds, Helped, Params, Query};
use crate::store::Location;
use crate::text_file;
use asked::Answer;
use format::Format;
use prompt::Prompt;
use show::{View, show, to_file};
use terminal::Screen;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results sql --run merged \"select user_id, TE_A2S from te where q_A2S < 0.05\"
  results sql --run merged --param user=u07 'select * from te where user_id = $user'
  results sql --run out/a --run out/b \"select run, shard, count(*) from raw.te group by run, shard\"
  results sql --list
  results sql --run merged --query significant --param alpha=0.01 --format csv > significant.csv
  results sql --run merged                       a prompt
  results sql --run merged --cluster df://127.0.0.1:41234 \"select count(*) from te\"

Tables: `te`, `users`, … are merged (one row per user and key, with q-values); `raw.te` and so on are
every committed attempt with `shard`, `attempt` and `run`; `expected` is the plan. Of several runs `run1.te`
is the first one's, and where configurations differ `te` has all rows with a column `run`. Nothing can be
changed.")]
pub(super) struct Args {
    /// A run directory or an output of `results merge`, or its URL; may be given several times
    #[arg(long, value_name = "DIR", value_parser = place())]
    run: Vec<Location>,
    /// The query
    #[arg(conflicts_with_all = ["file", "query"], allow_hyphen_values = true)]
    sql: Option<String>,
    /// Read the query from a file (`-`: standard input)
    #[arg(long, value_name = "F", conflicts_with = "query")]
    file: Option<PathBuf>,
    /// Run a built-in query by name
    #[arg(long, value_name = "NAME")]
    query: Option<String>,
    /// Value of `$NAME` in the query: a number, true, false, null, or else a text; quotes make it a text
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// List the built-in queries and their parameters
    #[arg(long, conflicts_with_all = ["sql", "file", "query"])]
    list: bool,
    /// Format of the rows (default: by the end of the name of --output, as in x.csv, or else a table)
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write the rows to a file, which must not exist
    #[arg(long, value_name = "F")]
    output: Option<PathBuf>,
    /// Do not page what is longer than the terminal
    #[arg(long)]
    no_pager: bool,
    /// Refuse a query that needs data files which are missing or cut, instead of answering for the others (exit 3)
    #[arg(long)]
    strict: bool,
    /// Memory it may take, e.g. 500MB; large sorts and aggregates go on on the disk (default: half of what is free)
    #[arg(long, value_name = "SIZE", value_parser = super::run::limits::bytes)]
    memory: Option<u64>,
    /// Time a query may take, as in 90s, 15min or 2h (default: any)
    #[arg(long, value_name = "TIME", value_parser = super::run::limits::time)]
    timeout: Option<Duration>,
    /// The scheduler of a cluster of `results-cluster`, whose executors read the data files and take the first steps
    #[arg(long, value_name = "df://HOST:PORT", conflicts_with = "list")]
    cluster: Option<Address>,
}

impl Args {
    /// The format that is asked for, or that the name of the file asks for.
    fn format(&self) -> Format {
        let of_file = || self.output.as_deref().and_then(Format::of_file);
        self.format.or_else(of_file).unwrap_or(Format::Table)
    }
}

pub(super) fn exec(args: &Args, definitions: &Folder, cluster: Option<&dyn Cluster>) -> Outcome {
    // A program that knows no cluster goes on as the one that does.
    if args.cluster.is_some() && cluster.is_none() {
        return Err(hand_over());
    }
    bounded::asking(args.memory, args.timeout, |bounds| ask(args, bounds, definitions, cluster))
}

/// Who helps with queries, where a cluster is named.
fn helped(
    args: &Args,
    definitions: &Folder,
    cluster: Option<&dyn Cluster>,
) -> Result<Option<Helped>, Failure> {
    let (Some(address), Some(cluster)) = (&args.cluster, cluster) else { return Ok(None) };
    let definitions = definitions.path().map(Path::to_owned);
    Ok(Some(Helped { helper: cluster.helper(address)?, definitions }))
}

fn ask(args: &Args, bounds: Bounds, definitions: &Folder, cluster: Option<&dyn Cluster>) -> Outcome {
    bounded::hush()?;
    let loaded = definitions.load_for(&args.run)?;
    if args.list {
        return list(&loaded);
    }
    if let Some(file) = &args.output
        && args.format.is_none()
        && let Some(end) = Format::promised(file)
    {
        return Err(Failure::usage(format!(
            "--output {}: .{end} is not written\n(hint: by its end a file becomes .csv, .json, .ndjson, .parquet or .arrow; `--format` \
             writes one of these under any name)",
            file.display()
        )));
    }
    if let Some(file) = &args.output {
        outside("--output", file)?;
    }
    let params = Params::parse(&args.params).map_err(Failure::usage)?;
    if args.run.is_empty() {
        return Err(Failure::usage("no data: name a run or a merged output with --run DIR"));
    }
    if args.output.is_none() && args.format().is_binary() && std::io::stdout().is_terminal() {
        return Err(Failure::usage("this format is not for a terminal\n(hint: name a file with --output)"));
    }
    let pager = !args.no_pager;
    let helped = helped(args, definitions, cluster)?;
    let asked =
        Asked { dirs: &args.run, bounds, loaded: &loaded, strict: args.strict, helped: helped.as_ref() };
    match question(args, &loaded)? {
        Some(question) => block_on_and_leave(answer(args, &question, params, asked))?,
        None => block_on_and_leave(prompt::start(Prompt {
            asked,
            params: params.at_prompt(),
            format: args.format(),
            pager,
        }))?,
    }
}

/// A query, and values for the parameters it declares.
struct Question {
    sql: String,
    defaults: Vec<ParamDefault>,
}

impl From<String> for Question {
    fn from(sql: String) -> Self {
        Self { sql, defaults: Vec::new() }
    }
}

/// The query; `None` asks for the prompt.
fn question(args: &Args, loaded: &Loaded) -> Result<Option<Question>, Failure> {
    if let Some(sql) = &args.sql {
        // A query may begin with a comment; an option that is not known looks like one.
        if sql.starts_with('-') && !sql.contains(char::is_whitespace) {
            return Err(Failure::usage(format!(
                "unknown option {sql}\n(hint: `results sql --help` lists the options)"
            )));
        }
        return Ok(Some(sql.clone().into()));
    }
    if let Some(name) = &args.query {
        let query = loaded.queries.get(name).map_err(Failure::usage)?;
        let sql = query.fill(&[]).map_err(Failure::usage)?;
        return Ok(Some(Question { sql, defaults: query.defaults().collect() }));
    }
    let from_stdin = args.file.as_ref().is_some_and(|f| f.as_os_str() == "-")
        || (args.file.is_none() && !std::io::stdin().is_terminal());
    if from_stdin {
        let mut sql = String::new();
        std::io::stdin().read_to_string(&mut sql).map_err(Failure::error)?;
        return Ok(Some(sql.into()));
    }
    match &args.file {
        Some(path) => text_file::read(path)
            .map(|sql| Some(sql.into()))
            .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display()))),
        None => Ok(None),
    }
}

async fn answer(args: &Args, question: &Question, params: Params, asked: Asked<'_>) -> Outcome {
    let sql = prompt::only_statement(&question.sql).map_err(Failure::usage)?;
    let params = params.with_defaults(question.defaults.iter().cloned());
    let Answer { rows, exit, session: _session } = asked.answer(sql, &params).await?;
    match &args.output {
        None => {
            let screen = Screen::of_stdout();
            let instead = "--format csv has all";
            let view = View { format: args.format(), screen, pager: !args.no_pager, lines: false, instead };
            show(rows, view).await?;
        }
        Some(path) => to_file(rows, args.format(), path).await?,
    }
    Ok(exit)
}

fn list(loaded: &Loaded) -> Outcome {
    let rows: Vec<Vec<String>> = loaded.queries.below("reports/").map(listed).collect();
    out(&columns(&["query", "parameters", "what it shows"], &rows))?;
    Ok(Exit::Done)
}

fn listed(query: &Query) -> Vec<String> {
    let params = query.parameters().map(|p| format!("{}={} ({})", p.name, p.default.unwrap_or("…"), p.what));
    let params: Vec<String> = params.collect();
    let name = query.name.trim_start_matches("reports/").to_owned();
    if let Err(error) = query.readable() {
        return vec![name, String::new(), error.to_string()];
    }
    vec![name, params.join(", "), query.description().to_owned()]
}
