//! A storage in memory that tells a test what it is asked before it does it.

use std::sync::Arc;
use std::time::Duration;

use results::store::{
    Created, Entry, Held, Hold, MemoryStorage, Object, Objects, ReadAt, Storage, StorageError, StoreError,
};

/// What a storage is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// A file is written or removed.
    Change(&'a str),
    /// A file that may be lost is written.
    Note(&'a str),
    /// A file is read, or opened.
    Read(&'a str),
    /// A folder is listed.
    List(&'a str),
    /// Anything else about a file or folder.
    Other(&'a str),
}

type Hook = Box<dyn Fn(Asked<'_>) -> Result<(), StorageError> + Send + Sync>;

/// A storage that calls a function first; an error of it is the answer.
pub(crate) struct Hooked {
    pub(crate) inner: MemoryStorage,
    before: Hook,
}

impl Hooked {
    pub(crate) fn new(
        inner: MemoryStorage,
        before: impl Fn(Asked<'_>) -> Result<(), StorageError> + Send + Sync + 'static,
    ) -> Self {
        Self { inner, before: Box::new(before) }
    }
}

impl std::fmt::Debug for Hooked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

#[deny(clippy::missing_trait_methods)]
impl Storage for Hooked {
    /// One by one, so that a test may come between them.
    fn publish(&self, objects: &[Object]) -> Result<Created, StorageError> {
        let mut last = Created::Yes;
        for object in objects {
            (self.before)(Asked::Change(&object.path))?;
            last = self.inner.publish(std::slice::from_ref(object))?;
        }
        Ok(last)
    }

    fn create(&self, object: &Object) -> Result<Created, StorageError> {
        (self.before)(Asked::Change(&object.path))?;
        self.inner.create(object)
    }

    fn replace(&self, object: &Object) -> Result<(), StorageError> {
        (self.before)(Asked::Change(&object.path))?;
        self.inner.replace(object)
    }

    fn note(&self, object: &Object) -> Result<(), StorageError> {
        (self.before)(Asked::Note(&object.path))?;
        self.inner.note(object)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        (self.before)(Asked::Read(path))?;
        self.inner.read(path)
    }

    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError> {
        (self.before)(Asked::Read(path))?;
        self.inner.open(path)
    }

    fn bring_once(&self, room: u64) {
        self.inner.bring_once(room);
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError> {
        (self.before)(Asked::List(folder))?;
        self.inner.list(folder)
    }

    fn has_any(&self, folder: &str) -> Result<bool, StorageError> {
        (self.before)(Asked::Other(folder))?;
        self.inner.has_any(folder)
    }

    fn folders(&self, folder: &str) -> Result<Vec<String>, StorageError> {
        (self.before)(Asked::Other(folder))?;
        self.inner.folders(folder)
    }

    fn size(&self, path: &str) -> Result<Option<u64>, StorageError> {
        (self.before)(Asked::Other(path))?;
        self.inner.size(path)
    }

    fn modified(&self, path: &str) -> Result<Option<i64>, StorageError> {
        (self.before)(Asked::Other(path))?;
        self.inner.modified(path)
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        (self.before)(Asked::Change(path))?;
        self.inner.remove(path)
    }

    fn keeps_locks(&self) -> bool {
        self.inner.keeps_locks()
    }

    fn probe(&self) -> Result<(), StoreError> {
        self.inner.probe()
    }

    fn lock(&self, name: &str, hold: Hold, wait: Duration) -> Result<Option<Held>, StorageError> {
        (self.before)(Asked::Other(name))?;
        self.inner.lock(name, hold, wait)
    }

    fn name(&self) -> String {
        self.inner.name()
    }

    fn object_store(&self) -> Result<Objects, StorageError> {
        self.inner.object_store()
    }
}
