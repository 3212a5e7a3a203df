//! Whether the table `day_hours` is written.

use serde::{Deserialize, Serialize};

/// Whether the table `day_hours` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DayHours {
    /// Yes or no.
    Set(bool),
    /// Where users have a folder each, and are no pairs of strangers.
    Auto(Auto),
}

/// The word for what is decided when a run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auto {
    /// `auto`
    Auto,
}

impl Default for DayHours {
    fn default() -> Self {
        Self::Auto(Auto::Auto)
    }
}

impl DayHours {
    /// Whether a run writes it.
    pub fn is_on(self) -> bool {
        self == Self::Set(true)
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    pub(super) fn is_auto(&self) -> bool {
        matches!(self, Self::Auto(_))
    }

    /// Decided for a run.
    #[must_use]
    pub fn decided(self, auto: bool) -> Self {
        match self {
            Self::Auto(_) => Self::Set(auto),
            set @ Self::Set(_) => set,
        }
    }
}
