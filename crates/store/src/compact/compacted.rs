//! What was done.

use super::place::Left;
use crate::store::Entry;

/// Files and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Attempts whose rows are in other files now.
    pub attempts: u64,
    /// Files of the run before.
    pub before: Size,
    /// Files of the run afterwards.
    pub after: Size,
    /// What a compaction that did not end had left behind, in files.
    pub leftovers: u64,
    /// Files that were replaced and are still there, since somebody reads the run or, without locks, may do so.
    pub kept: u64,
    /// Damaged attempts that were moved away, since their units have newer ones.
    pub set_aside: u64,
    /// Files of the ledger that were left as they are, since they or their data are damaged.
    pub left: Vec<Left>,
}

impl Size {
    /// Of some files.
    pub(super) fn of(files: &[Entry]) -> Self {
        Self { files: files.len() as u64, bytes: files.iter().map(|entry| entry.bytes).sum() }
    }
}
