//! A run in memory: for tests, and for whoever embeds the crate and wants no files.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{FutureExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};

use super::error::StorageError;
use super::holder::Holder;
use super::made::{Made, one_by_one};
use super::storage::{Created, Entry, Held, Hold, Object, Objects, ReadAt, Storage};
use crate::hidden::is_hidden;

/// Storage in memory. Clones are the same storage, as two processes see the same disk.
#[derive(Debug, Clone)]
pub struct MemoryStorage {
    number: u64,
    files: Arc<InMemory>,
    locks: Arc<Locks>,
    keeps_locks: bool,
}

#[derive(Debug, Default)]
struct Locks {
    /// How many share each lock; none if somebody has it alone.
    held: Mutex<BTreeMap<String, Option<u32>>>,
    given_up: Condvar,
}

impl Default for MemoryStorage {
    fn default() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { number, files: Arc::default(), locks: Arc::default(), keeps_locks: true }
    }
}

impl MemoryStorage {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that keeps no locks, as an object store.
    pub fn without_locks() -> Self {
        Self { keeps_locks: false, ..Self::default() }
    }

    fn failed(&self, action: &'static str, path: &str, cause: impl Into<io::Error>) -> StorageError {
        StorageError { action, path: format!("{}{path}", self.name()), source: cause.into() }
    }

    fn path(&self, action: &'static str, path: &str) -> Result<ObjectPath, StorageError> {
        ObjectPath::parse(path).map_err(|e| self.failed(action, path, io::Error::other(e)))
    }

    fn put(&self, object: &Object, mode: PutMode) -> Result<Created, StorageError> {
        let path = self.path("write", &object.path)?;
        let done = now(self.files.put_opts(&path, object.bytes.clone().into(), mode.into()));
        match done {
            Ok(_) => Ok(Created::Yes),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Created::Existed),
            Err(error) => Err(self.failed("write", &object.path, error)),
        }
    }

    fn get(&self, action: &'static str, path: &str) -> Result<Option<Bytes>, StorageError> {
        let got =
            now(async { self.files.get(&self.path(action, path).unwrap_or_default()).await?.bytes().await });
        match got {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(action, path, error)),
        }
    }
}

/// What is asked of memory is there at once.
fn now<T>(asked: impl Future<Output = object_store::Result<T>>) -> object_store::Result<T> {
    asked.now_or_never().unwrap_or_else(|| {
        Err(object_store::Error::Generic { store: "memory", source: "it did not answer at once".into() })
    })
}

#[derive(Debug)]
struct MemoryFile(Bytes);

impl ReadAt for MemoryFile {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let range: Range<usize> = start..start.saturating_add(length);
        if range.end > self.0.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(self.0.slice(range))
    }
}

/// Gives a lock up.
#[derive(Debug)]
struct MemoryLock {
    name: String,
    locks: Arc<Locks>,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let mut held = self.locks.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.get_mut(&self.name) {
            Some(Some(shared)) if *shared > 1 => *shared -= 1,
            _ => drop(held.remove(&self.name)),
        }
        self.locks.given_up.notify_all();
    }
}

impl Storage for MemoryStorage {
    fn publish(&self, objects: &[Object]) -> Result<Created, StorageError> {
        Ok(match one_by_one(self, objects)? {
            Made::Ours => Created::Yes,
            Made::Theirs(_) => Created::Existed,
        })
    }

    fn create(&self, object: &Object) -> Result<Created, StorageError> {
        self.put(object, PutMode::Create)
    }

    fn replace(&self, object: &Object) -> Result<(), StorageError> {
        self.put(object, PutMode::Overwrite).map(drop)
    }

    fn note(&self, object: &Object) -> Result<(), StorageError> {
        self.replace(object)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.get("read", path)?.map(Vec::from))
    }

    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError> {
        Ok(self.get("open", path)?.map(|bytes| Arc::new(MemoryFile(bytes)) as Arc<dyn ReadAt>))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError> {
        let prefix = self.path("list", folder)?;
        let listed = now(self.files.list(Some(&prefix)).try_collect::<Vec<_>>());
        let listed = listed.map_err(|error| self.failed("list", folder, error))?;
        let mut entries: Vec<Entry> =
            listed.into_iter().map(|meta| Entry { path: meta.location.into(), bytes: meta.size }).collect();
        entries.retain(|entry| !is_hidden(&entry.path));
        entries.sort();
        Ok(entries)
    }

    fn size(&self, path: &str) -> Result<Option<u64>, StorageError> {
        Ok(self.get("look at", path)?.map(|bytes| bytes.len() as u64))
    }

    fn modified(&self, path: &str) -> Result<Option<i64>, StorageError> {
        match now(self.files.head(&self.path("look at", path)?)) {
            Ok(meta) => Ok(Some(meta.last_modified.timestamp_micros())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("look at", path, error)),
        }
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        match now(self.files.delete(&self.path("remove", path)?)) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("remove", path, error)),
        }
    }

    fn keeps_locks(&self) -> bool {
        self.keeps_locks
    }

    fn lock(&self, name: &str, hold: Hold, wait: Duration) -> Result<Option<Held>, StorageError> {
        if !self.keeps_locks {
            return Ok(None);
        }
        let until = Instant::now() + wait;
        let mut held = self.locks.held.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match (held.get_mut(name), hold) {
                (None, Hold::Shared) => drop(held.insert(name.to_owned(), Some(1))),
                (None, Hold::Exclusive) => drop(held.insert(name.to_owned(), None)),
                (Some(Some(shared)), Hold::Shared) => *shared += 1,
                _ => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Ok(None);
                    }
                    let woken = self.locks.given_up.wait_timeout(held, left);
                    held = woken.unwrap_or_else(PoisonError::into_inner).0;
                    continue;
                }
            }
            break;
        }
        drop(held);
        let lock = MemoryLock { name: name.to_owned(), locks: Arc::clone(&self.locks) };
        let holder = Object { path: name.to_owned(), bytes: format!("{}\n", Holder::this_process()).into() };
        match hold {
            Hold::Exclusive => self.replace(&holder)?,
            Hold::Shared => drop(self.create(&Object { bytes: Vec::new(), ..holder })?),
        }
        Ok(Some(Held::new(lock)))
    }

    fn name(&self) -> String {
        format!("memory://{}/", self.number)
    }

    fn object_store(&self) -> Result<Objects, StorageError> {
        let store = Arc::clone(&self.files) as Arc<dyn ObjectStore>;
        Ok(Objects { url: self.name(), prefix: ObjectPath::default(), store })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_contract() {
        super::super::conformance::all(&|_| Arc::new(MemoryStorage::new()));
        super::super::conformance::all(&|_| Arc::new(MemoryStorage::without_locks()));
    }
}
