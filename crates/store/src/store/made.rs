//! Names that are given once: whoever makes a file has its name.

use std::io;

use super::broken::{Break, is_broken};
use super::error::StorageError;
use super::storage::{Created, Object, Storage};

/// How often a name that is refused, and under which nothing is, is asked for again.
const TRIES: usize = 5;

/// Who has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Made {
    /// Whoever asks: it made the file, now or before.
    Ours,
    /// Somebody else, whose content this is.
    Theirs(Vec<u8>),
}

/// Makes a file unless there is one. A refusal is looked into: what is there may be one's own.
///
/// # Errors
/// The storage does not answer, or refuses a name under which it has nothing.
pub fn make(storage: &dyn Storage, object: &Object) -> Result<Made, StorageError> {
    for _ in 0..TRIES {
        if storage.create(object)? == Created::Yes {
            return Ok(Made::Ours);
        }
        if is_broken(Break::NoReadBack) {
            return Ok(Made::Theirs(Vec::new()));
        }
        match storage.read(&object.path)? {
            Some(there) if there == object.bytes => return Ok(Made::Ours),
            Some(there) => return Ok(Made::Theirs(there)),
            // Removed meanwhile.
            None => {}
        }
    }
    Err(failed(storage, object, io::Error::other("the storage says that it is there, and has nothing")))
}

/// Writes files that belong together, the last one last; says who has the last name.
///
/// # Errors
/// The storage does not answer; the name of another file than the last is somebody else's.
pub(crate) fn publish(storage: &dyn Storage, objects: &[Object]) -> Result<Made, StorageError> {
    let Some(last) = objects.last() else { return Ok(Made::Ours) };
    if storage.keeps_locks() {
        // What it publishes replaces what is there.
        return one_by_one(storage, objects);
    }
    match storage.publish(objects)? {
        Created::Yes => Ok(Made::Ours),
        // What is there tells whose it is, without the content being sent again.
        Created::Existed => match storage.read(&last.path)? {
            Some(there) if there == last.bytes => Ok(Made::Ours),
            Some(there) => Ok(Made::Theirs(there)),
            None => make(storage, last),
        },
    }
}

/// Makes files one after the other.
pub(super) fn one_by_one(storage: &dyn Storage, objects: &[Object]) -> Result<Made, StorageError> {
    let Some((last, before)) = objects.split_last() else { return Ok(Made::Ours) };
    if is_broken(Break::LedgerFirst)
        && let Made::Theirs(there) = make(storage, last)?
    {
        return Ok(Made::Theirs(there));
    }
    for object in before {
        if make(storage, object)? != Made::Ours {
            let cause = io::Error::new(io::ErrorKind::AlreadyExists, "another process has this name");
            return Err(failed(storage, object, cause));
        }
    }
    make(storage, last)
}

fn failed(storage: &dyn Storage, object: &Object, source: io::Error) -> StorageError {
    let path = format!("{}/{}", storage.name().trim_end_matches('/'), object.path);
    StorageError { action: "create", path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStorage;

    fn object(path: &str, bytes: &[u8]) -> Object {
        Object { path: path.into(), bytes: bytes.into() }
    }

    #[test]
    fn a_name_is_given_once() {
        let storage = MemoryStorage::new();
        assert_eq!(make(&storage, &object("a", b"1")).unwrap(), Made::Ours);
        assert_eq!(make(&storage, &object("a", b"1")).unwrap(), Made::Ours);
        assert_eq!(make(&storage, &object("a", b"2")).unwrap(), Made::Theirs(b"1".into()));
    }

    #[test]
    fn what_is_published_by_names_replaces_nothing() {
        let storage = MemoryStorage::new();
        assert_eq!(publish(&storage, &[]).unwrap(), Made::Ours);
        let ours = [object("te/a", b"1"), object("users/a", b"1")];
        assert_eq!(publish(&storage, &ours).unwrap(), Made::Ours);
        assert_eq!(publish(&storage, &ours).unwrap(), Made::Ours);
        let late = [object("te/b", b"2"), object("users/a", b"2")];
        assert_eq!(publish(&storage, &late).unwrap(), Made::Theirs(b"1".into()));
        let error = publish(&storage, &[object("te/a", b"3"), object("users/c", b"3")]).unwrap_err();
        assert!(error.to_string().contains("te/a"), "{error}");
        assert_eq!(storage.read("users/c").unwrap(), None);
    }
}
