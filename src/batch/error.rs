//! What goes wrong with a batch system.

use thiserror::Error;

use crate::error::Exit;
use crate::run::RunError;
use crate::store::{StorageError, StoreError};

/// A submission, a question or a cancelling that came to nothing.
#[derive(Debug, Error)]
pub(crate) enum BatchError {
    /// Unknown engine.
    #[error("unknown engine `{name}`{}\n(hint: engines are {known}; one of your own is DIR/config/engines/NAME.yaml with --definitions DIR)", near.as_ref().map_or(String::new(), |n| format!("; did you mean `{n}`?")))]
    NoEngine {
        /// What was asked for.
        name: String,
        /// The nearest.
        near: Option<String>,
        /// All there are.
        known: String,
    },
    /// An engine file that cannot be used.
    #[error(
        "{file}: {what}\n(hint: config/engines/slurm.yaml of the program's sources is a whole one; docs/slurm.md says what each field means)"
    )]
    Engine {
        /// The file.
        file: String,
        /// The fault.
        what: String,
    },
    /// Commands that are not installed.
    #[error(
        "{title} cannot be asked: {missing} not found on this machine\n(hint: submit where the scheduler's commands are, on a login node; --engine local needs no scheduler)"
    )]
    NoCommands {
        /// The scheduler.
        title: String,
        /// What is not there.
        missing: String,
    },
    /// The scheduler refused.
    #[error("{title} refuses the job: {says}{hint}")]
    Refused {
        /// The scheduler.
        title: String,
        /// Its words.
        says: String,
        /// What helps, as a line of its own.
        hint: String,
    },
    /// The id was not found.
    #[error(
        "{command} printed no id that the pattern `{pattern}` of engine `{engine}` finds; it printed:\n{printed}\n(hint: the job may be in the queue now; look there, and correct the field `id` of the engine file)"
    )]
    NoId {
        /// The command.
        command: String,
        /// The engine.
        engine: String,
        /// The pattern.
        pattern: String,
        /// What came.
        printed: String,
    },
    /// It would wait for ever.
    #[error("{title} would never start it: {why}")]
    Never {
        /// The scheduler.
        title: String,
        /// Why, with a hint.
        why: String,
    },
    /// An earlier submission is not over.
    #[error(
        "{run} is in the queue already: {jobs}\n(hint: results status {run} shows it, results cancel {run} ends it)"
    )]
    Submitted {
        /// The run.
        run: String,
        /// The jobs.
        jobs: String,
    },
    /// Somebody submits at this moment.
    #[error(
        "{run} is being submitted by another process{holder}\n(hint: wait until it is done, then see results status {run})"
    )]
    Submitting {
        /// The run.
        run: String,
        /// Who.
        holder: String,
    },
    /// Workers are at it.
    #[error(
        "{run} is being worked on: {who}\n(hint: wait for it, or stop it, and submit again; results status {run} shows it)"
    )]
    Working {
        /// The run.
        run: String,
        /// Who.
        who: String,
    },
    /// It was never submitted.
    #[error(
        "{run} was not submitted to a scheduler\n(hint: what runs in a terminal is stopped there by Ctrl-C)"
    )]
    NotSubmitted {
        /// The run.
        run: String,
    },
    /// A path that the scheduler, a script or a container cannot be given.
    #[error("{path} has `{character}` in it, which {who} cannot be given\n(hint: another folder)")]
    Path {
        /// The path.
        path: String,
        /// What it must not have.
        character: String,
        /// Who does not take it.
        who: String,
    },
    /// A scheduler that says nothing, or not what is understood.
    #[error("{title} does not answer: {says}\n(hint: try again in a while)")]
    NoAnswer {
        /// The scheduler.
        title: String,
        /// What it said, if anything.
        says: String,
    },
    /// Jobs that could not be ended.
    #[error(
        "{title} did not cancel: {says}\n(hint: results status shows whether they are still there; try again in a while)"
    )]
    NotCancelled {
        /// The scheduler.
        title: String,
        /// Its words.
        says: String,
    },
    /// The program does not know where it lies, or where it was started.
    #[error("cannot find the program's own file or the current folder")]
    Program(#[source] std::io::Error),
    /// A script cannot be written.
    #[error(
        "cannot write {path}\n(hint: submit from a folder that you may write to, and that all nodes see)"
    )]
    Write {
        /// The script.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The run cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The same.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl From<StorageError> for BatchError {
    fn from(error: StorageError) -> Self {
        Self::Store(error.into())
    }
}

impl BatchError {
    /// Its exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NoId { .. }
            | Self::NoAnswer { .. }
            | Self::NotCancelled { .. }
            | Self::Program(_)
            | Self::Write { .. }
            | Self::Store(_) => Exit::Error,
            Self::Run(error) => error.exit(),
            _ => Exit::Usage,
        }
    }
}
