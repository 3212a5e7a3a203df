//! A run on a disk that machines share, where a lock of the operating system may hold on one of them only, and nobody is
//! told: it keeps no locks, and is written to as an object store is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::attempt::new_attempt_id;
use super::error::{StorageError, StoreError};
use super::local::{LocalStorage, STAGING};
use super::made::{Made, make, one_by_one};
use super::storage::{Created, Entry, Held, Hold, Object, Objects, ReadAt, Storage};

/// Creates of one name when it is asked whether one of them wins.
const AT_ONCE: usize = 8;

/// Storage in a folder without locks.
#[derive(Debug)]
pub(super) struct SharedDisk {
    root: PathBuf,
    disk: LocalStorage,
}

impl SharedDisk {
    /// Below `root`, which need not exist yet.
    pub(super) fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { disk: LocalStorage::new(&root), root }
    }

    /// Whether files can have a second name: that is how one is made whole unless it is there.
    fn has_links(&self, name: &str) -> Result<(), StoreError> {
        let (one, other) = (format!("{name}-a"), format!("{name}-b"));
        self.disk.note(&Object { path: one.clone(), bytes: Vec::new() })?;
        let linked = std::fs::hard_link(self.root.join(&one), self.root.join(&other));
        self.disk.remove(&one)?;
        self.disk.remove(&other)?;
        linked.map_err(|source| StoreError::NoLinks { dir: self.name(), cause: source.to_string() })
    }

    /// Whether of several who make one file at once one does, and a listing shows it.
    fn has_one_maker(&self, path: &str) -> Result<(), StoreError> {
        let object = |n: usize| Object { path: path.to_owned(), bytes: format!("{n} {path}").into() };
        let made: Result<Vec<Created>, StorageError> = std::thread::scope(|scope| {
            let create = |n| scope.spawn(move || self.create(&object(n)));
            let makers: Vec<_> = (0..AT_ONCE).map(create).collect();
            makers.into_iter().map(|maker| maker.join().unwrap_or(Ok(Created::Existed))).collect()
        });
        let kept = made?.into_iter().filter(|made| *made == Created::Yes).count();
        let late = self.create(&object(AT_ONCE))?;
        let is_listed = self.list(STAGING)?.iter().any(|entry| entry.path == path);
        self.remove(path)?;
        if kept != 1 || late == Created::Yes {
            return Err(StoreError::NoConditions { store: self.name() });
        }
        if is_listed { Ok(()) } else { Err(StoreError::LateListing { store: self.name() }) }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Storage for SharedDisk {
    fn publish(&self, objects: &[Object]) -> Result<Created, StorageError> {
        Ok(match one_by_one(self, objects)? {
            Made::Ours => Created::Yes,
            Made::Theirs(_) => Created::Existed,
        })
    }

    /// The answer of a network file system can be lost, and what it was asked is then asked again: whoever is refused
    /// looks whether its own bytes are there.
    fn create(&self, object: &Object) -> Result<Created, StorageError> {
        Ok(match make(&self.disk, object)? {
            Made::Ours => Created::Yes,
            Made::Theirs(_) => Created::Existed,
        })
    }

    fn replace(&self, object: &Object) -> Result<(), StorageError> {
        self.disk.replace(object)
    }

    fn note(&self, object: &Object) -> Result<(), StorageError> {
        self.disk.note(object)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.disk.read(path)
    }

    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError> {
        self.disk.open(path)
    }

    fn bring_once(&self, room: u64) {
        self.disk.bring_once(room);
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError> {
        self.disk.list(folder)
    }

    fn has_any(&self, folder: &str) -> Result<bool, StorageError> {
        self.disk.has_any(folder)
    }

    fn folders(&self, folder: &str) -> Result<Vec<String>, StorageError> {
        self.disk.folders(folder)
    }

    fn size(&self, path: &str) -> Result<Option<u64>, StorageError> {
        self.disk.size(path)
    }

    fn modified(&self, path: &str) -> Result<Option<i64>, StorageError> {
        self.disk.modified(path)
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        self.disk.remove(path)
    }

    fn keeps_locks(&self) -> bool {
        false
    }

    fn probe(&self) -> Result<(), StoreError> {
        let name = format!("{STAGING}/probe-{}", new_attempt_id());
        self.has_links(&name)?;
        self.has_one_maker(&name)?;
        // What is left of a run that was not made is an empty folder.
        let _ = std::fs::remove_dir(self.root.join(STAGING));
        Ok(())
    }

    fn lock(&self, _: &str, _: Hold, _: Duration) -> Result<Option<Held>, StorageError> {
        Ok(None)
    }

    fn name(&self) -> String {
        self.disk.name()
    }

    fn object_store(&self) -> Result<Objects, StorageError> {
        self.disk.object_store()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_contract() {
        let dir = tempfile::tempdir().unwrap();
        super::super::conformance::all(&|name| Arc::new(SharedDisk::new(dir.path().join(name))));
    }

    #[test]
    fn a_disk_is_left_as_it_was_when_it_was_asked_what_it_can() {
        let dir = tempfile::tempdir().unwrap();
        SharedDisk::new(dir.path()).probe().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn own_bytes_are_an_own_file() {
        let dir = tempfile::tempdir().unwrap();
        let disk = SharedDisk::new(dir.path());
        let object = |bytes: &[u8]| Object { path: "users/a".into(), bytes: bytes.into() };
        assert_eq!(disk.create(&object(b"1")).unwrap(), Created::Yes);
        // As when an answer was lost, and the request was made again.
        assert_eq!(disk.create(&object(b"1")).unwrap(), Created::Yes);
        assert_eq!(disk.create(&object(b"2")).unwrap(), Created::Existed);
        assert_eq!(disk.publish(&[object(b"3")]).unwrap(), Created::Existed);
        assert_eq!(disk.read("users/a").unwrap().unwrap(), b"1");
        assert!(disk.lock("_status/a.lock", Hold::Exclusive, Duration::ZERO).unwrap().is_none());
        assert!(!dir.path().join("_status").exists());
    }
}
