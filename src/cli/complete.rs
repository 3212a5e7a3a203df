//! What a shell asks when Tab is pressed: commands and options, and what is there at that moment: runs, tables, columns,
//! users.
//!
//! The script of `results completions` asks the program, by a variable of the environment. Nobody asked for words there:
//! what goes wrong is no answer, and stands in nobody's prompt.

mod line;
mod names;
mod places;
mod text;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::{Arg, Command};
use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompleteEnv};

use crate::error::Exit;

/// The variable by which a script asks.
pub(super) const ASKS: &str = "RESULTS_COMPLETE";

/// What stands in the place of an argument.
#[derive(Debug, Clone, Copy)]
enum What {
    Engines,
    Parameters,
    Plots,
    Presets,
    Queries,
    /// Runs and merged outputs.
    Sources,
    Runs,
    Sql,
    Tables,
    Users,
}

/// Arguments by command and name, beside those with values of their own and those that are paths of any kind.
const ARGUMENTS: &[(&str, &str, What)] = &[
    ("cancel", "run", What::Runs),
    ("compact", "runs", What::Runs),
    ("config show", "preset", What::Presets),
    ("control", "run", What::Runs),
    ("export", "dir", What::Sources),
    ("export", "table", What::Tables),
    ("merge", "accept_skipped", What::Users),
    ("merge", "control", What::Sources),
    ("merge", "shards", What::Runs),
    ("merge", "table", What::Tables),
    ("plot", "params", What::Parameters),
    ("plot", "plot", What::Plots),
    ("plot", "run", What::Sources),
    ("report", "dirs", What::Sources),
    ("report", "plot", What::Plots),
    ("report", "user", What::Users),
    ("run", "preset", What::Presets),
    ("run", "resume", What::Runs),
    ("schema show", "table", What::Tables),
    ("serve", "dirs", What::Sources),
    ("sql", "params", What::Parameters),
    ("sql", "query", What::Queries),
    ("sql", "run", What::Sources),
    ("sql", "sql", What::Sql),
    ("status", "runs", What::Runs),
    ("submit", "engine", What::Engines),
    ("submit", "preset", What::Presets),
    ("submit", "resume", What::Runs),
    ("validate", "dir", What::Sources),
];

/// Answers a shell, if one asks about the command line, and gives the exit code.
pub(super) fn answer(args: &[OsString], command: fn() -> Command) -> Option<Exit> {
    std::env::var_os(ASKS).filter(|shell| !shell.is_empty())?;
    std::panic::set_hook(Box::new(|_| {}));
    line::keep(args);
    let here = std::env::current_dir().ok();
    let asked =
        CompleteEnv::with_factory(|| knowing(command(), "")).var(ASKS).bin("results").completer("results");
    match catch_unwind(AssertUnwindSafe(|| asked.try_complete(args, here.as_deref()))) {
        Ok(Ok(_)) => Some(Exit::Done),
        _ => Some(Exit::Error),
    }
}

/// A command whose arguments know what may stand in their place.
fn knowing(command: Command, path: &str) -> Command {
    let own = ARGUMENTS.iter().filter(|(of, ..)| *of == path);
    let own: Vec<(&str, What)> = own.map(|(_, name, what)| (*name, *what)).collect();
    let command = command.mut_args(|arg| {
        let what = own.iter().find(|(name, _)| *name == arg.get_id().as_str());
        what.map_or_else(|| arg.clone(), |(_, what)| known(arg.clone(), *what))
    });
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        knowing(below, path.trim_start())
    })
}

fn known(arg: Arg, what: What) -> Arg {
    match what {
        What::Engines => arg.add(ArgValueCandidates::new(names::engines)),
        What::Parameters => arg.add(ArgValueCandidates::new(names::parameters)),
        What::Plots => arg.add(ArgValueCandidates::new(names::plots)),
        What::Presets => arg.add(ArgValueCandidates::new(names::presets)),
        What::Queries => arg.add(ArgValueCandidates::new(names::queries)),
        What::Runs => arg.add(ArgValueCompleter::new(places::runs)),
        What::Sources => arg.add(ArgValueCompleter::new(places::sources)),
        What::Sql => arg.add(ArgValueCompleter::new(text::sql)),
        What::Tables => arg.add(ArgValueCandidates::new(names::tables)),
        What::Users => arg.add(ArgValueCompleter::new(names::users)),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::ARGUMENTS;

    #[test]
    fn every_argument_that_tab_knows_is_there() {
        for (path, name, _) in ARGUMENTS {
            if cfg!(not(feature = "serve")) && *path == "serve" {
                continue;
            }
            let mut command = &Cli::command();
            for part in path.split(' ') {
                command = command.find_subcommand(part).unwrap();
            }
            let has = |arg: &clap::Arg| arg.get_id().as_str() == *name;
            assert!(command.get_arguments().any(has), "{path} has no argument {name}");
        }
    }
}
