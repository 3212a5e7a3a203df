//! What the merge of a part of the users hands on: what all parts together determine is made of it.
//!
//! Of all users at once it is a query within others; of parts it is a file, and a table by its name in [`PASSED`].

/// The schema of what parts have handed on.
pub(crate) const PASSED: &str = "_passed";

/// The step of a merge that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Every part, of its rows.
    Ranges,
    /// One, of what all parts have handed on.
    Combine,
    /// Every part, of its rows and what was combined.
    Write,
}

/// Something that is handed on.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    /// Who makes it.
    pub(crate) step: Step,
    /// Its name among all.
    pub(crate) name: String,
    /// The query that makes it.
    pub(crate) sql: String,
    /// Whether its rows are those of a table, in their order. Else they come in any, and are sorted to have one.
    pub(crate) in_order: bool,
}
