//! `results completions`

use clap::CommandFactory;

use super::{Cli, Outcome};
use crate::error::Exit;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  results completions bash > ~/.local/share/bash-completion/completions/results"
)]
pub(super) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "every command gives an outcome")]
pub(super) fn exec(args: &Args) -> Outcome {
    clap_complete::generate(args.shell, &mut Cli::command(), "results", &mut std::io::stdout());
    Ok(Exit::Done)
}
