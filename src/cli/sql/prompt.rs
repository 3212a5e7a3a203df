//! The prompt of `results sql`.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Instant;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Editor, Helper};

use super::format::{self, Format};
use crate::cli::definitions::Loaded;
use crate::error::{Exit, Failure};
use crate::query::Session;

const HELP: &str = "\
End a query with ; — it may have several lines. Tab completes tables, columns and words of SQL.
  \\d          tables
  \\d TABLE    columns of a table
  \\q          leave
";

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "USING",
    "ON",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "IS",
    "AS",
    "DISTINCT",
    "COUNT",
    "AVG",
    "MIN",
    "MAX",
    "SUM",
    "MEDIAN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "DESC",
    "OVER",
    "PARTITION BY",
    "WITH",
    "HAVING",
    "BETWEEN",
    "wilcoxon_p",
];

/// Reads queries until the user leaves.
pub(super) fn start(runs: &[PathBuf], format: Format, loaded: &Loaded) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .build()
        .map_err(Failure::error)?;
    let session = runtime.block_on(Session::open(runs, loaded.as_ref())).map_err(Failure::error)?;
    let names = runtime.block_on(names(&session))?;
    let mut editor: Editor<Sql, FileHistory> = Editor::new().map_err(Failure::error)?;
    editor.set_helper(Some(Sql { names }));
    let history = history_file();
    if let Some(file) = &history {
        let _ = editor.load_history(file);
    }
    eprint!("{HELP}");
    loop {
        let line = match editor.readline("results> ") {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(Failure::error(error)),
        };
        let _ = editor.add_history_entry(line.trim());
        let line = line.trim().trim_end_matches(';').trim();
        if line == "\\q" || line == "exit" || line == "quit" {
            break;
        }
        // The ledger is read anew, so a run that goes on shows its newest users.
        if let Err(failure) = runtime.block_on(answer(runs, line, format, loaded)) {
            eprintln!("error: {failure}");
        }
    }
    if let Some(file) = &history {
        let _ = editor.save_history(file);
    }
    Ok(Exit::Done)
}

async fn answer(runs: &[PathBuf], line: &str, format: Format, loaded: &Loaded) -> Result<(), Failure> {
    let started = Instant::now();
    let sql = match line.strip_prefix("\\d").map(str::trim) {
        _ if line.is_empty() => return Ok(()),
        _ if line == "\\?" => {
            eprint!("{HELP}");
            return Ok(());
        }
        Some("") => "SELECT table_schema AS space, table_name AS name FROM information_schema.tables \
                     WHERE table_schema IN ('public', 'raw') ORDER BY 1, 2"
            .to_owned(),
        Some(table) => {
            let (space, name) = table.split_once('.').unwrap_or(("public", table));
            format!(
                "SELECT column_name, data_type, is_nullable FROM information_schema.columns \
                 WHERE table_schema = {} AND table_name = {}",
                crate::query::literal(space),
                crate::query::literal(name)
            )
        }
        None => line.to_owned(),
    };
    let session = Session::open(runs, loaded.as_ref()).await.map_err(Failure::error)?;
    let rows = session.query(&sql).await.map_err(Failure::error)?;
    let rows = rows.execute_stream().await.map_err(Failure::error)?;
    let format = if format.is_binary() { Format::Table } else { format };
    format::write(rows, format, &mut std::io::stdout()).await?;
    eprintln!("{} ms", started.elapsed().as_millis());
    Ok(())
}

async fn names(session: &Session) -> Result<Vec<String>, Failure> {
    let sql = "SELECT DISTINCT column_name FROM information_schema.columns WHERE table_schema = 'public' \
               UNION SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' \
               UNION SELECT concat('raw.', table_name) FROM information_schema.tables WHERE table_schema = 'raw'";
    let mut names: Vec<String> = WORDS.iter().map(|w| (*w).to_owned()).collect();
    for batch in session.collect(sql).await.map_err(Failure::error)? {
        let column = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8);
        let column = column.map_err(Failure::error)?;
        let column = arrow::array::AsArray::as_string::<i32>(&column);
        names.extend(column.iter().flatten().map(str::to_owned));
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|h| h.join(".local/state")))?;
    let folder = state.join("results");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("sql_history"))
}

/// Completion and multi-line input.
struct Sql {
    names: Vec<String>,
}

impl Helper for Sql {}

impl Hinter for Sql {
    type Hint = String;
}

impl Highlighter for Sql {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        Cow::Borrowed(prompt)
    }
}

impl Validator for Sql {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let input = context.input().trim();
        let whole = input.is_empty()
            || input.ends_with(';')
            || input.starts_with('\\')
            || ["exit", "quit"].contains(&input);
        Ok(if whole { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Completer for Sql {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..pos];
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let start = before
            .rfind(|c| !word(c))
            .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        let typed = before[start..].to_lowercase();
        let mut found: Vec<&String> =
            self.names.iter().filter(|n| !typed.is_empty() && n.to_lowercase().starts_with(&typed)).collect();
        // `us` is more likely `users` than `USING`.
        found.sort_by_key(|n| !n.starts_with(&before[start..]));
        let found = found.into_iter().map(|n| Pair { display: n.clone(), replacement: n.clone() }).collect();
        Ok((start, found))
    }
}
