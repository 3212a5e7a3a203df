//! Whether a data file is what was written.

use std::sync::Arc;

use bytes::Bytes;

use super::error::StorageError;
use super::storage::{ReadAt, Storage};

/// What is said of a file that is not there.
const MISSING: &str = "file missing";

/// Bytes of a file that are hashed at once.
const PART: usize = 1 << 20;

/// Reads a file and compares it with what the ledger says was written; why it cannot be used, if so.
pub fn fault_of(storage: &dyn Storage, path: &str, bytes: u64, checksum: &str) -> Option<String> {
    compared(storage, path, bytes, checksum).unwrap_or_else(|unread| Some(unread.why()))
}

/// The same where a file that cannot be read now is another thing than one that is not what was written.
///
/// # Errors
/// It is there and cannot be read, which says nothing of what is in it.
pub fn fault_if_read(
    storage: &dyn Storage,
    path: &str,
    bytes: u64,
    checksum: &str,
) -> Result<Option<String>, StorageError> {
    compared(storage, path, bytes, checksum).map_err(|unread| unread.of(storage, path))
}

fn compared(storage: &dyn Storage, path: &str, bytes: u64, checksum: &str) -> Result<Option<String>, Unread> {
    let Some(file) = storage.open(path).map_err(Unread::Open)? else { return Ok(Some(MISSING.into())) };
    if let Err(why) = as_long(file.length(), bytes) {
        return Ok(Some(why));
    }
    Ok(same(&hash(&*file).map_err(Unread::Read)?, checksum).err())
}

/// A file that cannot be read.
enum Unread {
    Open(StorageError),
    Read(std::io::Error),
}

impl Unread {
    fn why(&self) -> String {
        match self {
            Self::Open(error) => crate::error::chain(error),
            Self::Read(error) => unreadable(error),
        }
    }

    fn of(self, storage: &dyn Storage, path: &str) -> StorageError {
        match self {
            Self::Open(error) => error,
            Self::Read(source) => {
                StorageError { action: "read", path: format!("{}/{path}", storage.name()), source }
            }
        }
    }
}

/// The bytes of a small file if they are what the ledger says was written, or why it cannot be used.
pub fn read_whole(storage: &dyn Storage, path: &str, bytes: u64, checksum: &str) -> Result<Bytes, String> {
    let file = opened(storage, path, bytes)?;
    let length = usize::try_from(bytes).map_err(|_| "file too large".to_owned())?;
    let content = if length > 0 { file.read_at(0, length).map_err(unreadable)? } else { Bytes::new() };
    same(&blake3::hash(&content).to_hex(), checksum)?;
    Ok(content)
}

/// Whether bytes are what the ledger says was written.
pub fn is_written(content: &[u8], checksum: &str) -> bool {
    same(&blake3::hash(content).to_hex(), checksum).is_ok()
}

/// Why a file cannot be used, as far as its length tells: it is not opened. A length that cannot be had tells
/// nothing.
pub fn fault_of_length(storage: &dyn Storage, path: &str, bytes: u64) -> Option<String> {
    let Some(there) = storage.size(path).ok()? else { return Some(MISSING.into()) };
    as_long(there, bytes).err()
}

fn as_long(there: u64, bytes: u64) -> Result<(), String> {
    if there == bytes { Ok(()) } else { Err(format!("file corrupt: {there} bytes, {bytes} were written")) }
}

fn opened(storage: &dyn Storage, path: &str, bytes: u64) -> Result<Arc<dyn ReadAt>, String> {
    let opened = storage.open(path).map_err(|error| crate::error::chain(&error))?;
    let file = opened.ok_or(MISSING)?;
    as_long(file.length(), bytes)?;
    Ok(file)
}

fn unreadable(error: impl std::fmt::Display) -> String {
    format!("cannot be read: {error}")
}

fn same(hash: &str, checksum: &str) -> Result<(), String> {
    if hash == checksum { Ok(()) } else { Err("checksum differs from the ledger's".into()) }
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

/// BLAKE3 of a file's bytes.
pub fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
