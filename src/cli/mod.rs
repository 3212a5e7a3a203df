//! The commands: one file each. They parse, wire rooms together, and word the outcome; data goes to
//! standard output, words for people to standard error.

mod bounded;
mod cancel;
mod choices;
mod cluster;
mod compact;
mod complete;
mod completions;
mod config;
mod control;
mod definitions;
mod demo;
mod export;
mod families;
mod init;
mod log;
mod logs;
mod man;
mod merge;
mod next;
mod outcome;
mod place;
mod plot;
mod report;
mod run;
mod schema;
#[cfg_attr(not(feature = "serve"), path = "without_serve.rs")]
mod serve;
mod signals;
mod speak;
mod sql;
mod status;
mod submit;
mod text;
mod validate;
// What a build without the page says is tested in every build.
#[cfg(all(test, feature = "serve"))]
mod without_serve;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

use crate::error::Exit;
pub use cluster::{Address, Cluster};
use outcome::Outcome;
use speak::{say, say_line};

/// Runs a per-user analysis in shards, keeps every user's results the moment they are done, and
/// merges the shards into one table that can be trusted.
#[derive(Debug, Parser)]
#[command(name = "results", version, propagate_version = true, after_help = AFTER_HELP)]
pub struct Cli {
    /// Folder with schemas/, queries/ and config/ of your own, used on top of the built-in ones
    #[arg(long, global = true, value_name = "DIR", env = "RESULTS_DEFINITIONS")]
    definitions: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  results demo                                   made-up data, analysed, merged and checked
  results init DATA                              a configuration for your own data
  results run k6_full --data DATA --shards 4     a preset over a data folder, in four processes
  results status out/k6_full_20261123_143005     how far it is
  results submit k6_full --data DATA --engine slurm --shards 64   the same as tasks of a batch system
  results merge --shards out/k6_full_* --output merged
  results sql --run merged \"select user_id, tau, TE_A2S, q_A2S from te order by q_A2S limit 5\"

Exit codes: 0 done, 1 error, 2 usage or configuration, 3 incomplete or a check failed, 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a data set, analyse it in shards, merge and validate the results
    Demo(demo::Args),
    /// Look at a folder with data and write a configuration for it
    Init(init::Args),
    /// Run an analysis, whole or one shard of it
    Run(run::Args),
    /// Show how far runs are
    Status(status::Args),
    /// Print what the processes of a run's shards said
    Logs(logs::Args),
    /// Have a batch system run an analysis: a task a shard
    Submit(submit::Args),
    /// End the jobs of a run that was submitted
    Cancel(cancel::Args),
    /// Analyse pairs of strangers of a run as the run's users were: what is found there, the method makes
    Control(control::Args),
    /// Merge shards into one checked table
    Merge(merge::Args),
    /// Check a run or a merged output
    Validate(validate::Args),
    /// Query runs and merged outputs with SQL
    Sql(sql::Args),
    /// Draw what a query gives, as SVG or PNG
    Plot(plot::Args),
    /// Write one HTML file of what was run, how complete it is, and what was found
    Report(report::Args),
    /// Write the tables of a run or a merged output as CSV or Parquet
    Export(export::Args),
    /// Put the many small files of a run into few, while others read and write it
    Compact(compact::Args),
    /// Show or check a configuration
    Config(config::Args),
    /// Show the tables and their columns
    Schema(schema::Args),
    /// Show runs and merged outputs on a page, and answer queries over HTTP
    Serve(serve::Args),
    /// Make, list and revoke the tokens of the service
    Token(serve::TokenArgs),
    /// Print the completion script of a shell
    Completions(completions::Args),
    /// Write the manual pages, for `man`
    Man(man::Args),
    /// Work on a share of a run; started by `run --shards`
    #[command(hide = true)]
    Worker(worker::Args),
    /// Answer one query; started by `serve`
    #[cfg(feature = "serve")]
    #[command(hide = true)]
    Answer,
}

/// Does what the command line says, and gives the exit code.
pub fn main() -> Exit {
    run(std::env::args_os())
}

/// Does what these arguments say, the first of which is the program's name, and gives the exit code.
pub fn run<T: Into<OsString> + Clone>(args: impl IntoIterator<Item = T>) -> Exit {
    run_with(args, None)
}

/// The same where commands can have a cluster do their work.
pub fn run_on<T: Into<OsString> + Clone>(args: impl IntoIterator<Item = T>, cluster: &dyn Cluster) -> Exit {
    run_with(args, Some(cluster))
}

fn run_with<T: Into<OsString> + Clone>(
    args: impl IntoIterator<Item = T>,
    cluster: Option<&dyn Cluster>,
) -> Exit {
    crate::system::small_pages();
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    if let Some(exit) = complete::answer(&args, Cli::command) {
        return exit;
    }
    let is_bare = args.len() < 2;
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            if is_bare {
                say(next::commands());
            }
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    log::start(matches!(cli.command, Command::Worker(_)));
    match dispatch(cli, cluster) {
        Ok(exit) => exit,
        Err(failure) => {
            say_line(format_args!("error: {failure}"));
            failure.exit
        }
    }
}

fn dispatch(cli: Cli, cluster: Option<&dyn Cluster>) -> Outcome {
    let definitions = definitions::Folder(cli.definitions);
    match cli.command {
        Command::Demo(args) => demo::exec(&args, &definitions),
        Command::Init(args) => init::exec(&args, &definitions),
        Command::Run(args) => run::exec(&args, &definitions),
        Command::Status(args) => status::exec(&args, &definitions),
        Command::Logs(args) => logs::exec(&args),
        Command::Submit(args) => submit::exec(&args, &definitions),
        Command::Cancel(args) => cancel::exec(&args, &definitions),
        Command::Control(args) => control::exec(&args, &definitions),
        Command::Merge(args) => merge::exec(args, &definitions, cluster),
        Command::Validate(args) => validate::exec(&args, &definitions),
        Command::Sql(args) => sql::exec(&args, &definitions, cluster),
        Command::Report(args) => report::exec(&args, &definitions),
        Command::Plot(args) => plot::exec(&args, &definitions),
        Command::Export(args) => export::exec(&args, &definitions),
        Command::Compact(args) => compact::exec(&args, &definitions),
        Command::Config(args) => config::exec(&args, &definitions),
        Command::Schema(args) => schema::exec(&args, &definitions),
        Command::Completions(args) => completions::exec(&args),
        Command::Man(args) => man::exec(&args, Cli::command()),
        Command::Serve(args) => serve::exec(&args, &definitions),
        Command::Token(args) => serve::token(&args),
        Command::Worker(args) => worker::exec(&args, &definitions),
        #[cfg(feature = "serve")]
        Command::Answer => Ok(crate::serve::answer()),
    }
}
