//! `results completions`

use clap_complete::env::Shells;

use super::complete::ASKS;
use super::outcome::Outcome;
use super::speak::out;
use crate::error::{Exit, Failure};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results completions bash > ~/.local/share/bash-completion/completions/results
  results completions zsh > ~/.zfunc/_results      with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc
  results completions fish > ~/.config/fish/completions/results.fish

Tab then knows commands and options, runs, presets, tables, columns and users. The script asks `results`, which has to be on
the path; a newer version of it may need a new script.")]
pub(super) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(super) fn exec(args: &Args) -> Outcome {
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell.to_string());
    let shell = shell.ok_or_else(|| Failure::error(format!("a script for {} was not found", args.shell)))?;
    let mut script = Vec::new();
    shell.write_registration(ASKS, "results", "results", "results", &mut script).map_err(Failure::error)?;
    out(&silent(&String::from_utf8_lossy(&script)))?;
    Ok(Exit::Done)
}

/// A script that says nothing where there is no `results`: its words would stand in the prompt.
fn silent(script: &str) -> String {
    let bash = ("-- \"${words[@]}\" \\\n    ) )", "-- \"${words[@]}\" 2>/dev/null \\\n    ) )");
    let fish = ("(commandline --current-token))\"", "(commandline --current-token) 2>/dev/null)\"");
    [bash, fish].iter().fold(script.to_owned(), |script, (loud, quiet)| script.replace(loud, quiet))
}
