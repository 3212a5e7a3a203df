//! Files that are of no use any more, kept for who wants to know what became of them.

use super::error::StorageError;
use super::made::{Made, make};
use super::storage::{Object, Storage};
use super::verify::checksum;

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

/// Moves a file there, without locks, if its bytes are damaged; whether they were.
pub fn set_aside_if(
    storage: &dyn Storage,
    path: &str,
    is_damaged: impl FnOnce(&[u8]) -> bool,
) -> Result<bool, StorageError> {
    let Some(bytes) = storage.read(path)? else { return Ok(false) };
    if !is_damaged(&bytes) {
        return Ok(false);
    }
    let hash = checksum(&bytes);
    let copy = Object { path: format!("{DAMAGED}/{path}"), bytes };
    if make(storage, &copy)? != Made::Ours {
        // It was damaged before, in another way.
        let path = format!("{}.{}", copy.path, &hash[..12]);
        let _another: Made = make(storage, &Object { path, ..copy })?;
    }
    storage.remove(path)?;
    Ok(true)
}
