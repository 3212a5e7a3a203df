//! `results token`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::cli::outcome::Outcome;
use crate::cli::run::limits;
use crate::cli::speak::{out, say_line};
use crate::cli::text::columns;
use crate::error::{Exit, Failure};
use crate::serve::{self, NewToken, State, StateError, Tokens, state_folder};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results token new anna --days 30 --sources 'k6*' --sources merged
  results token new admin --may admin
  results token list
  results token revoke anna

A token is shown once, when it is made. Changes hold within 2 seconds; a token that is revoked ends its sessions and
its queries.")]
pub(in crate::cli) struct Args {
    /// Folder of the service (default: results/ in the folder of the system for state)
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token, and print it
    New {
        /// A name for it, which the audit log has
        name: String,
        /// Days until it ends
        #[arg(long, value_name = "N", value_parser = |text: &str| limits::whole::<u32>(text, 1..=36_500))]
        days: Option<u32>,
        /// Sources that it sees, with `*` and `?`; all without this
        #[arg(long, value_name = "GLOB")]
        sources: Vec<String>,
        /// What it may do beside reading
        #[arg(long, value_enum)]
        may: Vec<May>,
    },
    /// List tokens
    List,
    /// End a token
    Revoke {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum May {
    /// Save queries
    WriteQueries,
    /// See and cancel everybody's queries, read metrics, save queries
    Admin,
}

impl From<May> for serve::May {
    fn from(may: May) -> Self {
        match may {
            May::WriteQueries => Self::WriteQueries,
            May::Admin => Self::Admin,
        }
    }
}

/// Makes, lists or revokes.
pub(in crate::cli) fn exec(args: &Args) -> Outcome {
    let folder = args.state.clone().unwrap_or_else(state_folder);
    let tokens = State::open_to_keep(&folder).and_then(|state| Tokens::open(&state)).map_err(failure)?;
    match &args.command {
        Command::New { name, days, sources, may } => {
            let may = may.iter().map(|may| (*may).into()).collect();
            let new = NewToken { name: name.clone(), days: *days, sources: sources.clone(), may };
            let secret = tokens.create(new).map_err(failure)?;
            out(&format!("{}\n", secret.reveal()))?;
            say_line("it is not shown again");
        }
        Command::List => {
            let rows: Vec<Vec<String>> = tokens
                .all()
                .iter()
                .map(|token| {
                    let day = |time: &chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d").to_string();
                    let expires = token.expires.as_ref().map_or_else(|| "never".into(), day);
                    let sources =
                        if token.sources.is_empty() { "all".into() } else { token.sources.join(" ") };
                    let may: Vec<&str> = token.may.iter().map(|may| may.name()).collect();
                    vec![token.name.clone(), day(&token.created), expires, may.join(" "), sources]
                })
                .collect();
            out(&columns(&["name", "made", "ends", "may", "sources"], &rows))?;
        }
        Command::Revoke { name } => {
            tokens.revoke(name).map_err(failure)?;
            say_line(format_args!("the token {name} is revoked"));
        }
    }
    Ok(Exit::Done)
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn failure(error: StateError) -> Failure {
    Failure::usage(error.to_string())
}
