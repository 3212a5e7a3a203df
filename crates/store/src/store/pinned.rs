//! A run as its ledger was at one moment.
//!
//! Files are only added to a run, and an attempt without a row of the ledger does not exist: who reads by the ledger
//! files of one moment sees the run of that moment, whatever is committed meanwhile. A compaction may remove files, so
//! whoever reads holds the lock of readers from that moment on.

use std::sync::Arc;
use std::time::Duration;

use super::error::{StorageError, StoreError};
use super::storage::{Created, Entry, Held, Hold, Object, Objects, ReadAt, Storage, table_files};
use crate::schema::LEDGER;

/// A storage whose ledger has the files of one moment.
#[derive(Debug)]
pub struct Pinned {
    inner: Arc<dyn Storage>,
    ledger: Vec<Entry>,
}

impl Pinned {
    /// The files of the ledger now.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn ledger_now(storage: &dyn Storage) -> Result<Vec<Entry>, StoreError> {
        Ok(table_files(storage, LEDGER)?)
    }

    /// A storage as it was when its ledger had those files.
    pub fn new(inner: Arc<dyn Storage>, mut ledger: Vec<Entry>) -> Self {
        ledger.sort();
        Self { inner, ledger }
    }

    fn is_of_ledger(path: &str) -> bool {
        path.strip_prefix(LEDGER).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Storage for Pinned {
    fn publish(&self, objects: &[Object]) -> Result<Created, StorageError> {
        self.inner.publish(objects)
    }

    fn create(&self, object: &Object) -> Result<Created, StorageError> {
        self.inner.create(object)
    }

    fn replace(&self, object: &Object) -> Result<(), StorageError> {
        self.inner.replace(object)
    }

    fn note(&self, object: &Object) -> Result<(), StorageError> {
        self.inner.note(object)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.inner.read(path)
    }

    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError> {
        self.inner.open(path)
    }

    fn bring_once(&self, room: u64) {
        self.inner.bring_once(room);
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError> {
        if !Self::is_of_ledger(folder) {
            return self.inner.list(folder);
        }
        let is_below = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        Ok(self.ledger.iter().filter(|entry| is_below(&entry.path)).cloned().collect())
    }

    fn size(&self, path: &str) -> Result<Option<u64>, StorageError> {
        self.inner.size(path)
    }

    fn modified(&self, path: &str) -> Result<Option<i64>, StorageError> {
        self.inner.modified(path)
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        self.inner.remove(path)
    }

    fn keeps_locks(&self) -> bool {
        self.inner.keeps_locks()
    }

    fn probe(&self) -> Result<(), StoreError> {
        self.inner.probe()
    }

    fn lock(&self, name: &str, hold: Hold, wait: Duration) -> Result<Option<Held>, StorageError> {
        self.inner.lock(name, hold, wait)
    }

    fn name(&self) -> String {
        self.inner.name()
    }

    fn object_store(&self) -> Result<Objects, StorageError> {
        self.inner.object_store()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStorage;

    #[test]
    fn what_is_committed_later_is_not_there() {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let put = |path: &str| storage.replace(&Object { path: path.into(), bytes: vec![1] }).unwrap();
        put("users/shard=0/a.parquet");
        put("te/shard=0/a.parquet");
        let pinned = Pinned::new(Arc::clone(&storage), Pinned::ledger_now(&*storage).unwrap());
        put("users/shard=1/b.parquet");
        put("te/shard=1/b.parquet");
        let paths = |storage: &dyn Storage, folder: &str| -> Vec<String> {
            storage.list(folder).unwrap().into_iter().map(|entry| entry.path).collect()
        };
        assert_eq!(paths(&pinned, "users"), ["users/shard=0/a.parquet"]);
        assert_eq!(paths(&pinned, "users/shard=0"), ["users/shard=0/a.parquet"]);
        assert!(paths(&pinned, "users/shard=1").is_empty());
        assert_eq!(paths(&*storage, "users").len(), 2);
        // Files of data are found by the ledger, and are there as they are.
        assert_eq!(paths(&pinned, "te").len(), 2);
    }
}
