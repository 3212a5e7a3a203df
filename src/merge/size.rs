//! How large a merge is.

/// How large a merge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Rows of the attempts that count, in the tables that are written.
    pub rows: u64,
    /// Data files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}
