//! What was found and removed.

use std::fmt;

use crate::attempts::ledger::Ledger;

/// What resume found and removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Data files whose attempt is not in the ledger.
    pub data_files: usize,
    /// Half-written files.
    pub staged_files: usize,
    /// Files of the ledger that could not be read and were moved away, with the cause.
    pub set_aside: Vec<(String, String)>,
}

impl fmt::Display for Leftovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = |n: usize| if n == 1 { "1 file".to_owned() } else { format!("{n} files") };
        let (data, staged) = (files(self.data_files), files(self.staged_files));
        write!(f, "{data} that no row of the ledger names, {staged} that were being written")
    }
}

/// What was removed, and what is known of the ledger of the share by then.
#[derive(Debug, Default)]
pub struct Swept {
    /// What was removed.
    pub leftovers: Leftovers,
    /// The ledger, as it was read for that, where it is whole.
    pub ledger: Option<Ledger>,
    /// Whether the ledger has the files that it had before the share was taken: then it was not read.
    pub is_as_seen: bool,
}
