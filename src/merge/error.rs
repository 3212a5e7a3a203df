//! A merge that could not be carried out.

use std::path::PathBuf;

use thiserror::Error;

use super::accepted::NotSkipped;
use crate::export::ExportError;
use crate::sources::SourceError;
use crate::sql::{QueryError, SessionError};
use crate::store::{Location, StoreError};

/// A merge that could not be carried out.
#[derive(Debug, Error)]
pub enum MergeError {
    /// The output is there already.
    #[error("{} exists already\n(hint: name a new directory, or remove it first)", .0)]
    OutputExists(Location),
    /// A merge in parts that did not end has left what it had done.
    #[error(
        "{output} has parts of a merge that did not end{}\n(hint: once it is not at work any more, the same command with \
         `--resume-parts` goes on with them; or remove {output}, or name another place)",
        by(.begun_by.as_deref())
    )]
    PartsThere {
        /// The output.
        output: Location,
        /// Who began it, as far as it is known.
        begun_by: Option<String>,
    },
    /// Another merge makes the output.
    #[error(
        "{output} is being made by another merge: {by}\n(hint: wait until it has ended, or name another place)"
    )]
    AtWork {
        /// The output.
        output: Location,
        /// Who.
        by: String,
    },
    /// What is there is of another merge.
    #[error(
        "the parts in {output} are of another merge: {difference}\n(hint: name another place, or remove {output})"
    )]
    OtherParts {
        /// The output.
        output: Location,
        /// What differs, both of it.
        difference: String,
    },
    /// A part of a merge that has ended, or was given up.
    #[error("the merge into {output} has ended, or was given up\n(hint: nothing is left to do for it)")]
    HasEnded {
        /// The output.
        output: Location,
    },
    /// A stage before what it needs.
    #[error("the stage {stage} needs {missing}, which {output} does not have\n(hint: `{make}` makes it)")]
    PartsMissing {
        /// The output.
        output: Box<Location>,
        /// The stage.
        stage: &'static str,
        /// Which parts of the stage before are not there, in words.
        missing: String,
        /// The arguments that make the first of them.
        make: String,
    },
    /// More parts than users.
    #[error("{parts} parts are more than the {} of the plan\n(hint: --parts {} at most)", count_of_users(*.users), .users.max(&1))]
    TooManyParts {
        /// Parts.
        parts: u32,
        /// Users of the plan.
        users: u64,
    },
    /// One part, or one stage, of directories of the older pipeline, which one process reads.
    #[error(
        "{0} was made by the older pipeline: such directories are merged by one process\n(hint: leave out --part, --stage, --resume-parts and --engine)"
    )]
    PartOfPredecessor(Location),
    /// Those who were to do parts have not done all of them; what they have done is kept.
    #[error("{why}\n(hint: {})", rest(done.as_deref()))]
    NotDone {
        /// Why not.
        why: String,
        /// What is done, in words.
        done: Option<String>,
    },
    /// A merge that did not end has left files in an object store.
    #[error(
        "{output} has {files} of a merge that did not end, and no merge.yaml{}\n(hint: once it is not at work any more, remove them \
         with `aws s3 rm --recursive {output}/`, or name another place)",
        by(begun_by.as_deref())
    )]
    Unfinished {
        /// The output.
        output: Location,
        /// How many files, in words.
        files: String,
        /// Who wrote them, as far as it is known.
        begun_by: Option<String>,
    },
    /// A directory is a merged output.
    #[error("{} is itself an output of `results merge`\n(hint: name the run directories)", .0)]
    NotARun(Location),
    /// The same directory twice.
    #[error("{} is named twice", .0)]
    Twice(Location),
    /// The runs are of different experiments; keys of the configuration, seeds or versions of schemas that differ are shown.
    #[error(
        "{one} and {other} are not of the same experiment:\n{differences}\n(hint: merge only shards that were run with one configuration and one seed)"
    )]
    Different {
        /// A run.
        one: String,
        /// Another.
        other: String,
        /// One line a difference.
        differences: String,
    },
    /// Other units are skipped than `--accept-skipped` says: it names users that are not skipped, or another number.
    #[error(transparent)]
    NotSkipped(#[from] NotSkipped),
    /// What `--control` names is not a complete control of the merged runs.
    #[error(
        "{dir} {what}\n(hint: `results control RUN_DIR` makes a control, and `results run --resume` continues it; a control is merged with the run that it is of)"
    )]
    NotItsControl {
        /// The directory.
        dir: Location,
        /// What is wrong with it.
        what: String,
    },
    /// A control is named beside runs of users, as if it were a shard.
    #[error(
        "{control} is a control and {run} isn't: they have no users in common\n(hint: merge the control with `--control`, or by itself)"
    )]
    Mixed {
        /// The control.
        control: Box<Location>,
        /// The run.
        run: Box<Location>,
    },
    /// The output could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A directory cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A query failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A query file cannot be used.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A table could not be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
}

fn by(begun_by: Option<&str>) -> String {
    begun_by.map_or_else(String::new, |who| format!("; it was begun by {who}"))
}

fn rest(done: Option<&str>) -> String {
    match done {
        None => "no part is done, and nothing is left in the output; once the cluster is well, give the same command again".into(),
        Some(done) => format!("done are {done}; the same command with `--resume-parts` does the rest"),
    }
}

fn count_of_users(users: u64) -> String {
    if users == 1 { "1 user".to_owned() } else { format!("{users} users") }
}

impl MergeError {
    /// What programs read; never changes its meaning.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutputExists(_)
            | Self::Unfinished { .. }
            | Self::PartsThere { .. }
            | Self::AtWork { .. } => "M20",
            Self::OtherParts { .. }
            | Self::HasEnded { .. }
            | Self::PartsMissing { .. }
            | Self::TooManyParts { .. }
            | Self::PartOfPredecessor(_) => "M29",
            Self::NotARun(_) => "M21",
            Self::Twice(_) => "M22",
            Self::Different { .. } => "M23",
            Self::Write { .. } | Self::Export(_) => "M24",
            Self::Source(_) | Self::Store(_) => "M25",
            Self::Session(_) | Self::Query(_) => "M26",
            Self::NotSkipped(_) => "M27",
            Self::NotDone { .. } => "M30",
            Self::NotItsControl { .. } | Self::Mixed { .. } => "M28",
        }
    }
}
