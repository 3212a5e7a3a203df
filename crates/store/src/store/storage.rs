//! The one door to a run's files.
//!
//! Every read and write of a run goes through [`Storage`], so durability rules live in one place
//! and a test can put faults there. Paths are relative to the run, with `/` between parts.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use serde::{Deserialize, Serialize};

use super::error::{StorageError, StoreError};

/// A file of a run as listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// Path relative to the run.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// A file to be written.
#[derive(Debug, Clone)]
pub struct Object {
    /// Path relative to the run.
    pub path: String,
    /// Whole content.
    pub bytes: Vec<u8>,
}

/// Whether a file was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Created {
    /// It was.
    Yes,
    /// It was there before; nothing was written.
    Existed,
}

/// A file that is read in parts.
pub trait ReadAt: Debug + Send + Sync {
    /// Its size in bytes.
    fn length(&self) -> u64;
    /// So many bytes from a place on.
    fn read_at(&self, offset: u64, length: usize) -> std::io::Result<Bytes>;
    /// Says which parts will be read: groups one after the other, the parts of a group side by side, each from its start
    /// to its end and once. A store far away then brings neighbours together, and keeps nothing that was read.
    fn expect(&self, _groups: &[Vec<Range<u64>>]) {}
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Together with others that share it.
    Shared,
    /// Alone.
    Exclusive,
}

/// A lock that is held: given up when this is dropped, and when the process dies.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "held until it is dropped")] Box<dyn Guard>);

impl Held {
    /// Whatever gives the lock up when it is dropped.
    pub fn new(guard: impl Guard + 'static) -> Self {
        Self(Box::new(guard))
    }
}

/// What a lock is held by.
pub trait Guard: Debug + Send + Sync {}

impl<T: Debug + Send + Sync> Guard for T {}

/// Files of a run as objects.
#[derive(Debug, Clone)]
pub struct Objects {
    /// Scheme and host by which a query engine tells stores apart, as in `file:///`.
    pub url: String,
    /// Where the run begins in it.
    pub prefix: ObjectPath,
    /// The store.
    pub store: Arc<dyn ObjectStore>,
}

/// Storage of one run.
///
/// What an implementation promises:
/// - A file is seen whole or not at all, by every reader, at every moment.
/// - When a call returns, what it wrote survives a power cut.
/// - Where it keeps locks ([`Storage::keeps_locks`]), a lock is known by the name of a file in the run, which stays
///   when the lock is given up. While it is held exclusively, the file tells who has it
///   ([`Holder`](super::Holder)).
/// - [`Storage::publish`] makes the last object visible only after all others are durable: if the
///   last is there, all are.
pub trait Storage: Debug + Send + Sync {
    /// Writes several files under names that nobody else gives; the last one last. [`Created::Existed`] if the last
    /// name was taken with another content: then nothing of it counts.
    fn publish(&self, objects: &[Object]) -> Result<Created, StorageError>;
    /// Writes a file unless it is there already; exactly one of several callers gets [`Created::Yes`]. Whoever finds
    /// its own bytes there made the file: its answer was lost.
    fn create(&self, object: &Object) -> Result<Created, StorageError>;
    /// Writes a file, replacing one that is there. Only for runs of [`Protocol::Locks`](super::Protocol), under a lock.
    fn replace(&self, object: &Object) -> Result<(), StorageError>;
    /// Writes a file that may be lost in a power cut (status, never results), replacing one that is there. A name is
    /// one writer's.
    fn note(&self, object: &Object) -> Result<(), StorageError>;
    /// The whole content of a file; `None` if there is none.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError>;
    /// A file to be read in parts; `None` if there is none.
    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError>;
    /// Says that files will be opened several times, none of which changes: a store far away brings each once, as a copy in
    /// the temporary folder, while the copies need no more than `room` bytes.
    fn bring_once(&self, room: u64) {
        let _ = room;
    }
    /// All files below a folder, sorted by path; none if there is no such folder. Hidden ones are others'.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError>;
    /// Whether there is any file below a folder.
    fn has_any(&self, folder: &str) -> Result<bool, StorageError> {
        Ok(!self.list(folder)?.is_empty())
    }
    /// The folders in a folder, by name and in order, without what lies in them. Hidden ones are others'.
    fn folders(&self, folder: &str) -> Result<Vec<String>, StorageError> {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let name = |entry: &Entry| Some(entry.path.strip_prefix(&start)?.split_once('/')?.0.to_owned());
        let mut names: Vec<String> = self.list(folder)?.iter().filter_map(name).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
    /// Size of a file; `None` if there is none.
    fn size(&self, path: &str) -> Result<Option<u64>, StorageError>;
    /// When a file was written, microseconds since 1970 by the storage's own clock; `None` if there is none, or the storage
    /// does not know.
    fn modified(&self, path: &str) -> Result<Option<i64>, StorageError> {
        let _ = path;
        Ok(None)
    }
    /// Removes a file; no error if there is none.
    fn remove(&self, path: &str) -> Result<(), StorageError>;
    /// Whether it keeps locks, which die with the process that holds them. Where it does not, names keep writers
    /// apart ([`Protocol::Names`](super::Protocol)).
    fn keeps_locks(&self) -> bool {
        true
    }
    /// Whether it keeps what is promised here, asked before a run is registered.
    ///
    /// # Errors
    /// It does not, or cannot be written.
    fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// Takes a lock, waiting for it no longer than `wait`; none if others have it for all that time.
    fn lock(&self, name: &str, hold: Hold, wait: Duration) -> Result<Option<Held>, StorageError>;
    /// Where the run lies, for people.
    fn name(&self) -> String;
    /// Where the run lies, for a query engine that reads its files by itself.
    fn object_store(&self) -> Result<Objects, StorageError>;
}

/// The files of a table. What others left there under a name of another kind is none.
pub fn table_files(storage: &dyn Storage, table: &str) -> Result<Vec<Entry>, StorageError> {
    let mut files = storage.list(table)?;
    files.retain(|entry| entry.path.ends_with(".parquet"));
    Ok(files)
}
