//! What goes wrong before a control begins.

use thiserror::Error;

use crate::error::Exit;
use crate::run::RunError;
use crate::store::StoreError;

/// A control that cannot be made.
#[derive(Debug, Error)]
pub(crate) enum ControlError {
    /// The run is one.
    #[error(
        "{run} is a control itself, of {of}\n(hint: name the run that it is of; `results run --resume {run}` continues the control)"
    )]
    OfControl {
        /// The run.
        run: String,
        /// What it is a control of.
        of: String,
    },
    /// Its analysis is a program.
    #[error(
        "{run} was analysed by a program (`analysis.engine: command`), which reads a user's file itself; the source of one user and the target of another cannot be put into one file for it\n(hint: give the program made-up users whose source and target are of different people)"
    )]
    OfProgram {
        /// The run.
        run: String,
    },
    /// Nothing is done.
    #[error(
        "{run} has no results yet: none of its {units} units is ok\n(hint: `results run --resume {run}` continues it; `results status {run}` says what is wrong)"
    )]
    NoResults {
        /// The run.
        run: String,
        /// Units of the plan.
        units: usize,
    },
    /// Nobody to be put beside somebody.
    #[error(
        "{run} has results of one user only, {user}; a control puts the source of one beside the target of another and takes two at least\n(hint: analyse more users)"
    )]
    OneUser {
        /// The run.
        run: String,
        /// The user.
        user: String,
    },
    /// The directory is an output of `merge`.
    #[error("{dir} is an output of `results merge`\n(hint: name the run directory; {})", sources(.runs))]
    Merged {
        /// The directory.
        dir: String,
        /// The runs it was made of.
        runs: Vec<String>,
    },
    /// The plan's input.
    #[error("the plan's input of user {user} cannot be understood")]
    Input {
        /// The user.
        user: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// The run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The control cannot be registered.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl ControlError {
    /// Refusals are errors of usage; what the system does not let us do is an error.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Run(error) => error.exit(),
            Self::Store(
                StoreError::NotFound { .. } | StoreError::NoRun { .. } | StoreError::NewerFormat { .. },
            ) => Exit::Usage,
            Self::Input { .. } | Self::Store(_) => Exit::Error,
            _ => Exit::Usage,
        }
    }
}

fn sources(runs: &[String]) -> String {
    format!("it was made of {}", runs.join(", "))
}
