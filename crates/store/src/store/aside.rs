//! Files that are of no use any more, kept for who wants to know what became of them.

use super::error::StorageError;
use super::storage::{Object, Storage};

/// Where they go; what is there is no part of the run.
const DAMAGED: &str = "_damaged";

/// Moves a file there; whether there was one that could be read.
pub fn set_aside(storage: &dyn Storage, path: &str) -> Result<bool, StorageError> {
    // One that the system does not let us read may be whole.
    let Ok(Some(bytes)) = storage.read(path) else { return Ok(false) };
    storage.replace(&Object { path: format!("{DAMAGED}/{path}"), bytes })?;
    storage.remove(path)?;
    Ok(true)
}
