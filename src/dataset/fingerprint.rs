//! What was read, as a hash.

use std::io::Read;
use std::path::Path;

use super::error::DatasetError;
use super::told::unreadable;

/// Hash (hex) of the bytes of a file; `path` names it.
pub(super) fn of(path: &Path, bytes: impl Read) -> Result<String, DatasetError> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(bytes).map_err(|error| unreadable(path, &error))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// One hash for several files: that of the only one, or the hash of the hashes.
pub(super) fn joint(mut hashes: Vec<String>) -> String {
    if hashes.len() == 1 {
        return hashes.swap_remove(0);
    }
    blake3::hash(hashes.concat().as_bytes()).to_hex().to_string()
}
