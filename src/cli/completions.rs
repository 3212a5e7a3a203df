//! `results completions`

use super::outcome::Outcome;
use super::speak::out;
use crate::error::Exit;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  results completions bash > ~/.local/share/bash-completion/completions/results"
)]
pub(super) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(super) fn exec(args: &Args, mut command: clap::Command) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "results", &mut script);
    out(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
