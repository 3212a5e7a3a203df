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
    /// Whether it is no query, and might write.
    is_write: bool,
}

/// What there is in place of statements that are none here.
const ONLY_QUERIES: &str = "queries only read here: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES; \
                            `results sql --output FILE` writes the rows of one to a file";

impl Refusal {
    pub(in crate::sql) fn new(what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { what: what.into(), instead: instead.into(), is_write: false }
    }

    /// Of a statement that is no query, by its first word.
    pub(in crate::sql) fn of_write(word: &str) -> Self {
        Self { is_write: true, ..Self::new(format!("{word} is not a query"), ONLY_QUERIES) }
    }

    /// Whether it is of a statement that might write, and not of a query.
    pub fn is_write(&self) -> bool {
        self.is_write
    }
}
