//! Reading a run while its files are put together.
//!
//! A compaction writes new files beside the old ones at any time. It removes the old ones only while nobody
//! reads the run: whoever reads holds `_status/readers.lock` together with other readers, and the removal alone.
//! Locks are the operating system's, so a crash gives them up. Where there are none, as in a folder that was
//! never written to by a worker, readers do without.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::StorageError;
use super::error::StoreError;
use super::storage::Storage;

/// How often a lock is tried that somebody else has.
const AGAIN: Duration = Duration::from_millis(20);

/// Time in which a worker looks for leftovers.
const MOMENT: Duration = Duration::from_secs(2);

/// Held while files of a run are read: they stay where they are.
#[derive(Debug)]
pub struct ReadLock(#[expect(dead_code, reason = "held until it is dropped")] Option<File>);

impl ReadLock {
    /// Takes the lock together with other readers; waits while files are being removed.
    pub fn take(storage: &dyn Storage) -> Self {
        let file = File::open(readers(storage)).ok();
        Self(file.filter(|file| file.lock_shared().is_ok()))
    }

    /// Makes the file by which readers are known.
    pub(super) fn prepare(status: &Path) -> Result<(), StorageError> {
        open(&status.join("readers.lock")).map(drop)
    }
}

/// Held while files are removed.
#[derive(Debug)]
pub struct RemovalLock(#[expect(dead_code, reason = "held until it is dropped")] File);

impl RemovalLock {
    /// Takes the lock as soon as nobody reads; none if somebody still does after the time.
    pub fn take(storage: &dyn Storage, wait: Duration) -> Result<Option<Self>, StoreError> {
        let path = readers(storage);
        let file = open(&path)?;
        Ok(within(wait, &path, || file.try_lock())?.then_some(Self(file)))
    }
}

fn readers(storage: &dyn Storage) -> PathBuf {
    storage.root().join("_status").join("readers.lock")
}

/// Held by a compaction alone, and together by workers that look for leftovers: what a compaction is about
/// to commit is none.
#[derive(Debug)]
pub struct CompactionLock(#[expect(dead_code, reason = "held until it is dropped")] File);

impl CompactionLock {
    /// Takes the lock for a compaction.
    ///
    /// # Errors
    /// Another one is at work.
    pub fn take(storage: &dyn Storage) -> Result<Self, StoreError> {
        let path = compaction(storage)?;
        let mut file = open(&path)?;
        ReadLock::prepare(&storage.root().join("_status"))?;
        if !within(MOMENT, &path, || file.try_lock())? {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let (dir, holder) = (storage.root().to_owned(), holder.trim().to_owned());
            return Err(StoreError::Compacting { dir, holder });
        }
        // Who holds it is for the message only.
        let holder = format!("process {}\n", std::process::id());
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes()));
        Ok(Self(file))
    }

    /// Takes the lock together with other workers; none while a compaction is at work.
    pub(super) fn take_to_sweep(storage: &dyn Storage) -> Result<Option<Self>, StoreError> {
        let path = compaction(storage)?;
        let file = open(&path)?;
        Ok(got(file.try_lock_shared(), &path)?.then_some(Self(file)))
    }
}

fn compaction(storage: &dyn Storage) -> Result<PathBuf, StorageError> {
    let status = storage.root().join("_status");
    std::fs::create_dir_all(&status).map_err(|source| StorageError {
        action: "create the folder",
        path: status.clone(),
        source,
    })?;
    Ok(status.join("compact.lock"))
}

/// Tries a lock again and again; whether it was got in the time.
fn within(
    wait: Duration,
    path: &Path,
    mut attempt: impl FnMut() -> Result<(), TryLockError>,
) -> Result<bool, StorageError> {
    let start = Instant::now();
    loop {
        if got(attempt(), path)? {
            return Ok(true);
        }
        if start.elapsed() >= wait {
            return Ok(false);
        }
        std::thread::sleep(AGAIN);
    }
}

/// Opens the file of a lock, which is made if need be.
pub(super) fn open(path: &Path) -> Result<File, StorageError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|source| StorageError { action: "open the lock", path: path.to_owned(), source })
}

/// Whether a lock was got.
pub(super) fn got(result: Result<(), TryLockError>, path: &Path) -> Result<bool, StorageError> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => {
            Err(StorageError { action: "lock", path: path.to_owned(), source })
        }
    }
}
