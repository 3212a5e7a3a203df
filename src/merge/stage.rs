//! The stages of a merge in parts, how many parts there are, and where they leave what passes between them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// The folder of an output with what passes between parts.
pub(super) const PARTS: &str = "_parts";

/// Folders of an output that are of parts, and not of what is put together.
pub(super) const OF_PARTS: [&str; 2] = [PARTS, "_staging"];

/// Whether a file of an output is of parts.
pub(super) fn is_of_parts(path: &str) -> bool {
    OF_PARTS.iter().any(|own| path.strip_prefix(own).is_some_and(|rest| rest.starts_with('/')))
}

/// A stage of a merge in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Looks whether data files are whole.
    Survey,
    /// Sorts them.
    Runs,
    /// Counts.
    Ranges,
    /// Determines what only all users together do.
    Combine,
    /// Writes parts of tables.
    Write,
    /// Puts them together.
    Together,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Survey, Self::Runs, Self::Ranges, Self::Combine, Self::Write, Self::Together];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Survey => "survey",
            Self::Runs => "runs",
            Self::Ranges => "ranges",
            Self::Combine => "combine",
            Self::Write => "write",
            Self::Together => "together",
        }
    }

    /// Whether each part does it, and not one for all.
    pub fn has_parts(self) -> bool {
        !matches!(self, Self::Combine | Self::Together)
    }

    /// The parts that it has of so many.
    pub(super) fn parts(self, count: u32) -> Range<u32> {
        0..if self.has_parts() { count } else { 1 }
    }
}

/// Into how many parts a merge is divided, and which of them are done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// How many.
    pub count: u32,
    /// One stage, or one part of it; none if all is done.
    pub only: Option<(Stage, Option<u32>)>,
    /// Whether what a merge that did not end has left is gone on with.
    pub resume: bool,
    /// Whether they are of a merge that another process has begun and ends: once it has ended nothing is done.
    pub of_another: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self { count: 1, only: None, resume: false, of_another: false }
    }
}

impl Parts {
    /// Whether something passes between parts.
    pub(super) fn are_several(self) -> bool {
        self.count > 1 || self.only.is_some() || self.resume
    }
}
