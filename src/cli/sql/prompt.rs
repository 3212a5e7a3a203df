//! The prompt of `results sql`.

mod command;
mod describe;
mod interrupt;
mod pieces;
mod words;

use std::path::PathBuf;
use std::time::Instant;

use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use super::asked::{Answer, Asked};
use super::format::Format;
use super::show::{View, show};
use super::terminal::Screen;
use crate::cli::speak::{out, say, say_line};
use crate::cli::text::columns;
use crate::error::{Exit, Failure};
use crate::sql::{Params, Session};
use command::Command;
use interrupt::Interrupt;
use pieces::{Piece, pieces};
use words::Words;

/// Files that read files that read files …: this deep, then one of them reads itself.
const DEEPEST: usize = 16;

/// What the prompt knows between two inputs.
pub(super) struct Prompt<'a> {
    pub(super) asked: Asked<'a>,
    pub(super) params: Params,
    pub(super) format: Format,
    /// Whether long output goes through a pager.
    pub(super) pager: bool,
}

/// What commands switch on and off.
#[derive(Debug, Default)]
struct Switches {
    lines: bool,
    timing: bool,
}

/// Whether to go on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Go,
    Leave,
}

/// The one statement of a text that is no conversation.
pub(super) fn only_statement(text: &str) -> Result<&str, &'static str> {
    match pieces(text).pieces[..] {
        [Piece::Statement(sql)] => Ok(sql),
        [] => Err("the query is empty"),
        [Piece::Command(_), ..] => {
            Err("commands with a backslash are for the prompt\n(hint: leave the query out)")
        }
        _ => Err("more than one query\n(hint: \\i FILE at the prompt does all of a file)"),
    }
}

/// Reads queries until the user leaves.
pub(super) async fn start(prompt: Prompt<'_>) -> Result<Exit, Failure> {
    let session = prompt.session()?;
    let words = Words::of(&session).await?;
    drop(session);
    let mut editor = editor(words)?;
    let history = history_file();
    if let Some(file) = &history {
        let _ = editor.load_history(file);
    }
    let mut talk = Talk { prompt, switches: Switches::default(), interrupt: Interrupt::listen()? };
    say(command::help());
    loop {
        if let Some(words) = editor.helper_mut() {
            words.params = talk.prompt.params.iter().map(|(name, _)| name.to_owned()).collect();
        }
        let input = match editor.readline("results> ") {
            Ok(input) => input,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(Failure::error(error)),
        };
        let next = talk.input(&input, 0).await;
        if let Some(file) = &history {
            let _ = editor.append_history(file);
        }
        match next {
            Ok(Next::Go) => {}
            Ok(Next::Leave) => break,
            Err(failure) => say_line(format_args!("error: {failure}")),
        }
    }
    Ok(Exit::Done)
}

fn editor(words: Words) -> Result<Editor<Words, FileHistory>, Failure> {
    let config = Config::builder().completion_type(rustyline::CompletionType::List).build();
    let mut editor = Editor::with_config(config).map_err(Failure::error)?;
    editor.set_auto_add_history(true);
    editor.set_helper(Some(words));
    Ok(editor)
}

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|h| h.join(".local/state")))?;
    let folder = state.join("results");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("sql_history"))
}

impl Prompt<'_> {
    /// The ledger is read anew for each query, so a run that goes on shows its newest users.
    fn session(&self) -> Result<Session, Failure> {
        self.asked.session()
    }

    async fn query(&self, sql: &str, lines: bool) -> Result<(), Failure> {
        let Answer { rows, session: _session, .. } = self.asked.answer(sql, &self.params).await?;
        let screen = Screen::of_stdout();
        let format = if self.format.is_binary() { Format::Table } else { self.format };
        let view = View { format, screen, pager: self.pager, lines, instead: "\\x shows each row as lines" };
        show(rows, view).await
    }
}

/// A prompt in use.
struct Talk<'a> {
    prompt: Prompt<'a>,
    switches: Switches,
    interrupt: Interrupt,
}

impl Talk<'_> {
    /// Does what was typed, or what is in a file; the first error ends it.
    async fn input(&mut self, text: &str, depth: usize) -> Result<Next, Failure> {
        if ["exit", "quit"].contains(&text.trim()) {
            return Ok(Next::Leave);
        }
        for piece in pieces(text).pieces {
            let next = match piece {
                Piece::Statement(sql) => self.statement(sql).await?,
                Piece::Command(line) => self.command(line, depth).await?,
            };
            if next == Next::Leave {
                return Ok(next);
            }
        }
        Ok(Next::Go)
    }

    async fn statement(&self, sql: &str) -> Result<Next, Failure> {
        let started = Instant::now();
        match self.interrupt.or(self.prompt.query(sql, self.switches.lines)).await {
            None => return Err(Failure::error("the query was cancelled")),
            Some(done) => done?,
        }
        if self.switches.timing {
            say_line(format_args!("{} ms", started.elapsed().as_millis()));
        }
        Ok(Next::Go)
    }

    async fn command(&mut self, line: &str, depth: usize) -> Result<Next, Failure> {
        match Command::parse(line).map_err(Failure::usage)? {
            Command::Leave => return Ok(Next::Leave),
            Command::Help => say(command::help()),
            Command::Tables => {
                let session = self.prompt.session()?;
                out(&describe::tables(&session, &self.prompt.asked.loaded.schemas).await?)?;
            }
            Command::Columns(table) => {
                let session = self.prompt.session()?;
                out(&describe::table(&session, &self.prompt.asked.loaded.schemas, table).await?)?;
            }
            Command::Params => {
                let rows: Vec<_> =
                    self.prompt.params.iter().map(|(n, v)| vec![format!("${n}"), v.to_owned()]).collect();
                out(&columns(&["parameter", "value"], &rows))?;
            }
            Command::Set(name, value) => {
                self.prompt.params.set(name, value).map_err(Failure::usage)?;
            }
            Command::Unset(name) => {
                if !self.prompt.params.unset(name) {
                    return Err(Failure::usage(format!("${name} has no value")));
                }
            }
            Command::Lines => switch(&mut self.switches.lines, "each row as lines"),
            Command::Timing => switch(&mut self.switches.timing, "timing"),
            Command::File(file) => return Box::pin(self.file(file, depth)).await,
        }
        Ok(Next::Go)
    }

    async fn file(&mut self, file: &str, depth: usize) -> Result<Next, Failure> {
        if depth == DEEPEST {
            return Err(Failure::usage(format!("{file} reads itself")));
        }
        let text = std::fs::read_to_string(file)
            .map_err(|error| Failure::usage(format!("cannot read {file}: {error}")))?;
        self.input(&text, depth + 1).await
    }
}

fn switch(switch: &mut bool, what: &str) {
    *switch = !*switch;
    say_line(format_args!("{what}: {}", if *switch { "on" } else { "off" }));
}
