//! `results completions`

use super::outcome::Outcome;
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
pub(super) fn exec(args: &Args, mut command: clap::Command) -> Outcome {
    clap_complete::generate(args.shell, &mut command, "results", &mut std::io::stdout());
    Ok(Exit::Done)
}
