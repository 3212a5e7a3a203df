//! `results man`

use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use super::outcome::Outcome;
use super::place::outside;
use super::speak::say_line;
use crate::error::{Exit, Failure};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results man ~/.local/share/man/man1       then `man results`, `man results-run`, …
  results man man && man -l man/results-run.1")]
pub(super) struct Args {
    /// Folder for the pages; it is made if it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn exec(args: &Args, program: Command) -> Outcome {
    outside("DIR", &args.dir)?;
    let wrong =
        |error| Failure::error(format!("cannot write manual pages to {}: {error}", args.dir.display()));
    std::fs::create_dir_all(&args.dir).map_err(wrong)?;
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let pages = write(&program, &args.dir).map_err(wrong)?;
    say_line(format_args!("{pages} pages in {}", args.dir.display()));
    Ok(Exit::Done)
}

/// Writes the page of a command, and of those below it; gives how many there are.
fn write(command: &Command, dir: &Path) -> std::io::Result<usize> {
    let source = concat!("results ", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).manual("results").source(source).generate_to(dir)?;
    let mut pages = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages += write(below, dir)?;
    }
    Ok(pages)
}
