//! What is said of a query that is not given to the engine.

use thiserror::Error;

/// A query that is not given to the engine.
#[derive(Debug, Error)]
#[error("{what}\n(hint: {instead})")]
pub struct Refusal {
    /// What is not possible.
    what: String,
    /// What to write instead.
    instead: String,
}

impl Refusal {
    pub(in crate::sql) fn new(what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { what: what.into(), instead: instead.into() }
    }
}
