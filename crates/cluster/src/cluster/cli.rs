//! The command line: `scheduler` and `executor`; everything else is a command of `results`.

use std::io::Write;
use std::path::PathBuf;
use std::thread::available_parallelism;

use ::log::LevelFilter;
use clap::{Parser, Subcommand};
use results::cli::Address;
use results::error::{Exit, Failure};
use results_store::printable::printable;

use super::ballista::Ballista;
use super::executor::{self, Wish};
use super::listen::Listen;
use super::{log, scheduler};

/// Scheduler and executors of a cluster that does parts of merges and of queries.
#[derive(Debug, Parser)]
#[command(name = "results-cluster", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  results-cluster scheduler                                    says where it is, such as df://127.0.0.1:41234
  results-cluster executor --scheduler df://127.0.0.1:41234    on each machine that is to work
  results merge --shards run --output merged --parts 8 --engine ballista --cluster df://127.0.0.1:41234
  results sql --run merged --cluster df://127.0.0.1:41234 \"select count(*) from te\"

Whoever reaches the ports can have the cluster merge and query: they know no passwords. docs/cluster.md says more.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Take stages of merges and pieces of queries, and give their parts to executors
    Scheduler {
        #[command(flatten)]
        listen: Listen,
    },
    /// Do parts of merges and of queries
    Executor {
        /// The scheduler, as it says where it is
        #[arg(long, value_name = "HOST:PORT", value_parser = address)]
        scheduler: Address,
        #[command(flatten)]
        listen: Listen,
        /// By what name the scheduler and who merges or asks reach this machine, if not by the address it listens at
        #[arg(long, value_name = "NAME")]
        host: Option<String>,
        /// How many parts it does at a time; as many as there are processors, if that is not said
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        cores: Option<u16>,
        /// Where it keeps what it says of parts, and rows of queries, until they were read
        #[arg(long, value_name = "DIR")]
        work_dir: Option<PathBuf>,
    },
}

fn address(text: &str) -> Result<Address, String> {
    format!("df://{}", text.trim_start_matches("df://")).parse()
}

/// Does what the command line says.
pub(crate) fn main() -> Exit {
    let args: Vec<_> = std::env::args_os().collect();
    let own = ["scheduler", "executor", "help", "--help", "-h", "--version", "-V"];
    if args.get(1).is_some_and(|first| !own.iter().any(|own| first == own)) {
        log::start(LevelFilter::Error);
        return results::cli::run_on(args, &Ballista);
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    log::start(LevelFilter::Warn);
    match dispatch(cli.command) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            let words = format!("error: {failure}");
            let _ = writeln!(std::io::stderr(), "{}", printable(&words));
            failure.exit
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::error)?;
    let ended = match command {
        Command::Scheduler { listen } => {
            listen.check()?;
            runtime.block_on(scheduler::run(&listen))
        }
        Command::Executor { scheduler, listen, host, cores, work_dir } => {
            listen.check()?;
            let cores = cores.map(usize::from).or_else(|| available_parallelism().ok().map(Into::into));
            let wish = Wish { listen, scheduler, host, cores: cores.unwrap_or(1), work_dir };
            runtime.block_on(executor::run(&wish))
        }
    };
    // Parts in work are left to others.
    runtime.shutdown_background();
    ended
}
