//! What is done with the rows of an attempt. Who knows more of attempts decides it.

use std::fmt::Debug;

/// What is done with the rows of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choose {
    /// They are taken.
    Take,
    /// They must equal those that are taken.
    Compare,
    /// They are left out.
    Leave,
}

/// Decides about attempts.
pub trait Choice: Debug + Send + Sync {
    /// What is done with the rows of an attempt of a run.
    fn of(&self, run: usize, attempt: &str) -> Choose;
    /// Whether all rows of a run are taken.
    fn takes_all(&self, run: usize) -> bool;
}

/// All rows are taken.
#[derive(Debug)]
pub struct Everything;

impl Choice for Everything {
    fn of(&self, _run: usize, _attempt: &str) -> Choose {
        Choose::Take
    }

    fn takes_all(&self, _run: usize) -> bool {
        true
    }
}
