//! What a job of a submission is.

use super::array::Array;

/// What a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Shards: the job of this number, from 1.
    Tasks(Array, usize),
    /// The merge of all by one process.
    Merge,
    /// A stage of the merge.
    Stage(StageWork),
}

/// A stage of a merge, or some of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StageWork {
    /// Its name.
    pub(super) stage: &'static str,
    /// Its job of this number, from 1.
    pub(super) number: usize,
    /// The parts; none if one does it for all.
    pub(super) parts: Option<Array>,
}

impl Work {
    /// The tasks, if it has several.
    pub(super) fn array(self) -> Option<Array> {
        match self {
            Self::Tasks(array, _) => Some(array),
            Self::Merge => None,
            Self::Stage(stage) => stage.parts,
        }
    }

    /// What its script and its log are called.
    pub(super) fn stem(self) -> String {
        match self {
            Self::Tasks(_, number) => number.to_string(),
            Self::Merge => "merge".to_owned(),
            Self::Stage(stage) => stem_of(stage.stage, stage.number),
        }
    }
}

/// What the script and the log of a stage's job are called.
pub(super) fn stem_of(stage: &str, number: usize) -> String {
    if number == 1 { format!("merge-{stage}") } else { format!("merge-{stage}.{number}") }
}
