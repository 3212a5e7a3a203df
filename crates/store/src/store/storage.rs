//! The one door to a run's files.
//!
//! Every read and write of a run goes through [`Storage`], so durability rules live in one place
//! and a test can put faults there. Paths are relative to the run, with `/` between parts.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::ObjectStore;
use object_store::path::Path as ObjectPath;
use serde::{Deserialize, Serialize};

use super::error::StorageError;

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
/// - A lock is known by the name of a file in the run, which stays when the lock is given up. While it is
///   held exclusively, the file tells who has it ([`Holder`](super::Holder)).
/// - [`Storage::publish`] makes the last object visible only after all others are durable: if the
///   last is there, all are.
pub trait Storage: Debug + Send + Sync {
    /// Writes several files; the last one last.
    fn publish(&self, objects: &[Object]) -> Result<(), StorageError>;
    /// Writes a file unless it is there already; exactly one of several callers gets [`Created::Yes`].
    fn create(&self, object: &Object) -> Result<Created, StorageError>;
    /// Writes a file, replacing one that is there.
    fn replace(&self, object: &Object) -> Result<(), StorageError>;
    /// Writes a file that may be lost in a power cut (status, never results), replacing one that is there.
    fn note(&self, object: &Object) -> Result<(), StorageError>;
    /// The whole content of a file; `None` if there is none.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError>;
    /// A file to be read in parts; `None` if there is none.
    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError>;
    /// All files below a folder, sorted by path; none if there is no such folder. Hidden ones are others'.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError>;
    /// Size of a file; `None` if there is none.
    fn size(&self, path: &str) -> Result<Option<u64>, StorageError>;
    /// Removes a file; no error if there is none.
    fn remove(&self, path: &str) -> Result<(), StorageError>;
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
