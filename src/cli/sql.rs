//! `results sql`

mod format;
mod prompt;

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;

use super::Outcome;
use super::definitions::{Folder, Loaded};
use super::text::{columns, out};
use crate::error::{Exit, Failure};
use crate::query::Session;
use format::Format;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results sql --run merged \"select user_id, TE_A2S from te where q_A2S < 0.05\"
  results sql --run out/a --run out/b \"select run, shard, count(*) from raw.te group by run, shard\"
  results sql --run merged --query k_histogram --format csv > k.csv
  results sql --list
  results sql --run merged                       a prompt

Tables: `te`, `users`, … are merged (one row per user and key, with q-values); `raw.te` and so on are
every committed attempt with `shard`, `attempt` and `run`; `expected` is the plan. Nothing can be changed.")]
pub(super) struct Args {
    /// A run directory or an output of `results merge`; may be given several times
    #[arg(long, value_name = "DIR")]
    run: Vec<PathBuf>,
    /// The query
    #[arg(conflicts_with_all = ["file", "query"])]
    sql: Option<String>,
    /// Read the query from a file (`-`: standard input)
    #[arg(long, value_name = "F", conflicts_with = "query")]
    file: Option<PathBuf>,
    /// Run a built-in query by name
    #[arg(long, value_name = "NAME")]
    query: Option<String>,
    /// List the built-in queries
    #[arg(long, conflicts_with_all = ["sql", "file", "query"])]
    list: bool,
    /// Format of the rows
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Write the rows to a file, which must not exist
    #[arg(long, value_name = "F")]
    output: Option<PathBuf>,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let loaded = definitions.load_for(&args.run)?;
    if args.list {
        return list(&loaded);
    }
    if args.run.is_empty() {
        return Err(Failure::usage("no data: name a run or a merged output with --run DIR"));
    }
    if args.output.is_none() && args.format.is_binary() && std::io::stdout().is_terminal() {
        return Err(Failure::usage("this format is not for a terminal\n(hint: name a file with --output)"));
    }
    let Some(sql) = text(args, &loaded)? else {
        return prompt::start(&args.run, args.format, &loaded);
    };
    super::block_on(answer(args, &sql, &loaded))?
}

/// The query; `None` asks for the prompt.
fn text(args: &Args, loaded: &Loaded) -> Result<Option<String>, Failure> {
    if let Some(sql) = &args.sql {
        return Ok(Some(sql.clone()));
    }
    if let Some(name) = &args.query {
        let query = loaded.queries.get(name).map_err(Failure::usage)?;
        return query.fill(&[]).map(Some).map_err(Failure::usage);
    }
    let from_stdin = args.file.as_ref().is_some_and(|f| f.as_os_str() == "-")
        || (args.file.is_none() && !std::io::stdin().is_terminal());
    if from_stdin {
        let mut sql = String::new();
        std::io::stdin().read_to_string(&mut sql).map_err(Failure::error)?;
        return Ok(Some(sql));
    }
    match &args.file {
        Some(path) => std::fs::read_to_string(path)
            .map(Some)
            .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display()))),
        None => Ok(None),
    }
}

async fn answer(args: &Args, sql: &str, loaded: &Loaded) -> Outcome {
    let sql = sql.trim().trim_end_matches(';');
    if sql.is_empty() {
        return Err(Failure::usage("the query is empty"));
    }
    let session = Session::open(&args.run, loaded.as_ref()).await.map_err(Failure::error)?;
    let frame = session.query(sql).await.map_err(Failure::error)?;
    let rows = frame.execute_stream().await.map_err(Failure::error)?;
    match &args.output {
        None => {
            let mut stdout = std::io::BufWriter::new(std::io::stdout());
            format::write(rows, args.format, &mut stdout).await?;
            stdout.flush().map_err(Failure::error)?;
        }
        Some(path) => to_file(rows, args.format, path).await?,
    }
    Ok(Exit::Done)
}

/// Writes beside the file and renames, so that the file is whole or absent.
async fn to_file(
    rows: datafusion::physical_plan::SendableRecordBatchStream,
    format: Format,
    path: &std::path::Path,
) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::usage(format!("{} exists already\n(hint: name another file)", path.display())));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let staged = path.with_file_name(name);
    let wrong = |e| Failure::error(format!("cannot write {}: {e}", path.display()));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&staged).map_err(wrong)?);
    let written = format::write(rows, format, &mut file).await;
    if let Err(failure) = written {
        let _ = std::fs::remove_file(&staged);
        return Err(failure);
    }
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(wrong)?;
    std::fs::rename(&staged, path).map_err(wrong)
}

fn list(loaded: &Loaded) -> Outcome {
    let rows: Vec<Vec<String>> = loaded
        .queries
        .below("reports/")
        .map(|q| vec![q.name.trim_start_matches("reports/").to_owned(), q.description().to_owned()])
        .collect();
    out(&columns(&["query", "what it shows"], &rows))?;
    Ok(Exit::Done)
}
