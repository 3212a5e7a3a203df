//! The states of a task, in words that are the same for every scheduler.

use serde::{Deserialize, Serialize};

/// What a scheduler says of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    /// It is at work.
    Running,
    /// It waits for its turn.
    Queued,
    /// It was ended to be started again by the scheduler.
    #[serde(rename = "put back")]
    PutBack,
    /// It was stopped in the middle and may go on.
    Suspended,
    /// Somebody has to let it go.
    Held,
    /// It waits for what will not come.
    #[serde(rename = "never starts")]
    NeverStarts,
    /// It ended by itself, well.
    Ended,
    /// It ended by itself, with an exit code.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// Others needed its place.
    Preempted,
    /// Its time was over.
    #[serde(rename = "time limit")]
    TimeLimit,
    /// It wanted more memory than it asked for.
    #[serde(rename = "out of memory")]
    OutOfMemory,
    /// Its node is gone.
    #[serde(rename = "node lost")]
    NodeLost,
}

impl Word {
    /// For people.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Queued => "queued",
            Self::PutBack => "put back",
            Self::Suspended => "suspended",
            Self::Held => "held",
            Self::NeverStarts => "never starts",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Preempted => "preempted",
            Self::TimeLimit => "time limit",
            Self::OutOfMemory => "out of memory",
            Self::NodeLost => "node lost",
        }
    }

    /// Whether the scheduler still has it.
    pub(crate) fn is_live(self) -> bool {
        self <= Self::NeverStarts
    }

    /// Whether it goes on without anybody doing anything.
    pub(crate) fn goes_on(self) -> bool {
        self <= Self::Suspended
    }

    /// What to do about a task with work left, where there is anything to do.
    pub(crate) fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::Running | Self::Queued => return None,
            Self::PutBack => "it goes on behind its last commit; nothing has to be done",
            Self::Suspended => "others use its place; it goes on when they are done",
            Self::Held => "somebody has to release it, or cancel it",
            Self::NeverStarts => "cancel it, and submit again with other limits",
            Self::Ended => "it ended, and work is left",
            Self::Failed => "its log says why",
            Self::Cancelled => "what it had committed stays",
            Self::Preempted => "it will not come back by itself",
            Self::TimeLimit => "what is done stays; submit again, with a longer --time if units take long",
            Self::OutOfMemory => "submit again with more --memory, or fewer --threads",
            Self::NodeLost => "it will not come back by itself; what is done stays",
        })
    }
}
