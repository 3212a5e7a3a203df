//! Reading what a listing names, while a compaction may remove some of it.

use super::error::{StorageError, StoreError};
use super::storage::{Entry, Storage};

/// Reads the files of a listing, and lists anew if one of them is not there any more by then: its rows are in another
/// file, which the listing may not have. `read` says whether it found all.
///
/// # Errors
/// The storage does not answer. A file is gone and listed all the same: the listing is one of an earlier moment.
pub fn snapshot<T>(
    storage: &dyn Storage,
    list: impl Fn() -> Result<Vec<Entry>, StorageError>,
    read: impl Fn(&[Entry]) -> Result<(T, bool), StoreError>,
) -> Result<T, StoreError> {
    let mut last: Option<Vec<Entry>> = None;
    loop {
        let entries = list()?;
        let (found, is_whole) = read(&entries)?;
        if is_whole {
            return Ok(found);
        }
        if last.as_ref() == Some(&entries) {
            // With locks, nothing that is read is removed but by hand, and what is gone so has no rows.
            let gone = || StoreError::Changed { dir: storage.name() };
            return if storage.keeps_locks() { Ok(found) } else { Err(gone()) };
        }
        last = Some(entries);
    }
}

/// The content of a listed file; none if it is not there any more, or another one by that name: what a compaction has
/// removed may have been made void since.
pub(crate) fn read_listed(storage: &dyn Storage, entry: &Entry) -> Result<Option<Vec<u8>>, StorageError> {
    let bytes = storage.read(&entry.path)?;
    Ok(bytes.filter(|bytes| is_listed(storage, entry, bytes.len() as u64)))
}

/// Whether a file of that length is the one that was listed.
pub(crate) fn is_listed(storage: &dyn Storage, entry: &Entry, length: u64) -> bool {
    storage.keeps_locks() || length == entry.bytes
}
