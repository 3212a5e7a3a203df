//! What goes wrong with a run.

use thiserror::Error;

use crate::dataset::DatasetError;
use crate::engine::EngineError;
use crate::error::Exit;
use crate::store::StoreError;

/// A worker that could not go on.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The run could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The analysis could not be made ready.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// How many.
        threads: usize,
        /// The cause.
        source: rayon::ThreadPoolBuildError,
    },
}

impl WorkerError {
    /// Refusals are errors of usage: starting the worker again would not help.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Engine(_)
            | Self::Store(
                StoreError::Locked { .. } | StoreError::NewerFormat { .. } | StoreError::TakenOver { .. },
            ) => Exit::Usage,
            _ => Exit::Error,
        }
    }
}

/// Workers that could not be started.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// The program does not know where it lies.
    #[error("cannot find the program's own file")]
    Program(#[source] std::io::Error),
    /// A log file could not be opened.
    #[error(
        "cannot write the log {path}\n(hint: check the permission and the free space of the run directory)"
    )]
    Log {
        /// The log.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// A process could not be started.
    #[error("cannot start the worker of shard {shard}")]
    Start {
        /// The shard.
        shard: u32,
        /// The cause.
        source: std::io::Error,
    },
    /// Another process cannot open the run.
    #[error(
        "{run} is not a folder and has no URL, so worker processes cannot open it\n(hint: work on it in this process)"
    )]
    NoFolder {
        /// The run.
        run: String,
    },
}

/// A run that could not be made, opened or worked on.
#[derive(Debug, Error)]
pub enum RunError {
    /// It cannot be made, joined or opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its users cannot be listed.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A path that no plan can hold.
    #[error("cannot write the plan")]
    Plan(#[source] serde_json::Error),
    /// Its analysis cannot be made ready.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A worker could not go on.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// Workers could not be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// Its data are not where they were.
    #[error(
        "the data folder {folder} of {run} is not there, and {units} it; nothing was done\n(hint: if the data were moved: results run --resume {run} --data DIR)"
    )]
    NoData {
        /// The folder.
        folder: String,
        /// The run.
        run: String,
        /// How many units need it, with the verb.
        units: String,
    },
    /// The folder of its data has none of them.
    #[error(
        "the data folder {folder} of {run} {what}, and {units} them; nothing was done\n(hint: if a disk belongs there, mount it, or copy the files back; if the data were moved: results run --resume {run} --data DIR)"
    )]
    NoFiles {
        /// The folder.
        folder: String,
        /// The run.
        run: String,
        /// What it has and what it lacks.
        what: String,
        /// How many units need the files, with the verb.
        units: String,
    },
    /// A control has no users of its own.
    #[error(
        "{run} is a control: its pairs were chosen when it was made\n(hint: extend the run that it is of, and make a new control of it with `results control`)"
    )]
    OfControl {
        /// The run.
        run: String,
    },
    /// Other data were named.
    #[error(
        "none of the {files} files of {run} is in {folder}: it was planned for {some}, …\n(hint: name the folder that holds them now)"
    )]
    OtherData {
        /// The folder.
        folder: String,
        /// The run.
        run: String,
        /// Files of the plan.
        files: usize,
        /// One of them.
        some: String,
    },
}

impl RunError {
    /// Refusals are errors of usage; what the system does not let us do is an error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Store(StoreError::Storage(_) | StoreError::Parquet(_) | StoreError::Arrow(_))
            | Self::Launch(_)
            | Self::Plan(_) => Exit::Error,
            Self::Worker(error) => error.exit(),
            _ => Exit::Usage,
        }
    }
}
