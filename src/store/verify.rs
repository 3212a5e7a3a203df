//! Whether a data file is what was written.

use super::storage::{ReadAt, Storage};

/// Bytes of a file that are hashed at once.
const PART: usize = 1 << 20;

/// Reads a file and compares it with what the ledger says was written; why it cannot be used, if so.
pub fn fault_of(storage: &dyn Storage, path: &str, bytes: u64, checksum: &str) -> Option<String> {
    let found = match storage.open(path) {
        Err(error) => return Some(crate::error::chain(&error)),
        Ok(None) => return Some("file missing".into()),
        Ok(Some(file)) => file,
    };
    if found.length() != bytes {
        return Some(format!("file corrupt: {} bytes, {bytes} were written", found.length()));
    }
    match hash(&*found) {
        Err(error) => Some(format!("cannot be read: {error}")),
        Ok(hash) if hash != checksum => Some("file corrupt: its checksum is not the ledger's".into()),
        Ok(_) => None,
    }
}

fn hash(file: &dyn ReadAt) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut at = 0;
    while at < file.length() {
        let length = usize::try_from(file.length() - at).unwrap_or(PART).min(PART);
        hasher.update(&file.read_at(at, length)?);
        at += length as u64;
    }
    Ok(hasher.finalize().to_hex().to_string())
}
