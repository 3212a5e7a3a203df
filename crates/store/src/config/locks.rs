//! What keeps those apart who write to one run.

use serde::{Deserialize, Serialize};

/// What keeps those apart who write to one run on a disk. A run keeps what it was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locks {
    /// What suits the place: locks in a folder, leases in an object store.
    #[default]
    Auto,
    /// Locks of the operating system, which on a disk that machines share may hold on one of them only.
    Flock,
    /// Leases and names that are given once: files that are made unless they are there.
    Lease,
}

impl Locks {
    /// Whether nobody said.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    pub(super) fn is_auto(&self) -> bool {
        *self == Self::Auto
    }

    /// The word of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Flock => "flock",
            Self::Lease => "lease",
        }
    }
}
