//! `results serve` and `results token` in a build without the web page.

use std::ffi::OsString;

use super::definitions::Folder;
use super::outcome::Outcome;
use crate::error::Failure;

#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(in crate::cli) struct Args {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _rest: Vec<OsString>,
}

/// The same.
pub(super) type TokenArgs = Args;

pub(super) fn exec(_: &Args, _: &Folder) -> Outcome {
    without()
}

pub(super) fn token(_: &Args) -> Outcome {
    without()
}

fn without() -> Outcome {
    Err(Failure::usage(
        "this build of results has no web page\n(hint: `cargo install --path . --features serve`, in the folder of its \
         sources, installs one that has)",
    ))
}
