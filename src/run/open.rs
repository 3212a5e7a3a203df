//! A run is opened.

use crate::store::{Location, Run, StoreError};

/// Opens a run for reading; [`Run::writable`] says whether this version may write to it.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn open(at: impl Into<Location>) -> Result<Run, StoreError> {
    Run::open(at)
}
