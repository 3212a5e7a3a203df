//! Reading a run while its files are put together.
//!
//! A compaction writes new files beside the old ones at any time. It removes the old ones only while nobody
//! reads the run: whoever reads holds `_status/readers.lock` together with other readers, and the removal alone.
//! Locks are given up by a crash. Where there are none, as in a folder that was never written to by a worker,
//! readers do without; where the storage keeps none, so does everybody: files are removed long after they were replaced.

use std::time::Duration;

use super::error::StoreError;
use super::storage::{Held, Hold, Storage};

/// Shared by readers.
const READERS: &str = "_status/readers.lock";

/// Held by a compaction.
const COMPACTION: &str = "_status/compact.lock";

/// Time in which a worker looks for leftovers.
const MOMENT: Duration = Duration::from_secs(2);

/// Longer than files are being removed.
const LONG: Duration = Duration::from_hours(1);

/// Held while files of a run are read: they stay where they are.
#[derive(Debug)]
pub struct ReadLock(#[expect(dead_code, reason = "held until it is dropped")] Option<Held>);

impl ReadLock {
    /// Takes the lock together with other readers; waits while files are being removed.
    pub fn take(storage: &dyn Storage) -> Self {
        let is_there = storage.keeps_locks() && storage.size(READERS).is_ok_and(|size| size.is_some());
        Self(if is_there { storage.lock(READERS, Hold::Shared, LONG).ok().flatten() } else { None })
    }

    /// Makes the file by which readers are known.
    pub fn prepare(storage: &dyn Storage) -> Result<(), StoreError> {
        if !storage.keeps_locks() {
            return Ok(());
        }
        storage.lock(READERS, Hold::Shared, Duration::ZERO)?;
        Ok(())
    }
}

/// Held while files are removed.
#[derive(Debug)]
pub struct RemovalLock(#[expect(dead_code, reason = "held until it is dropped")] Held);

impl RemovalLock {
    /// Takes the lock as soon as nobody reads; none if somebody still does after the time.
    pub fn take(storage: &dyn Storage, wait: Duration) -> Result<Option<Self>, StoreError> {
        Ok(storage.lock(READERS, Hold::Exclusive, wait)?.map(Self))
    }
}

/// Held by a compaction alone, and together by workers that look for leftovers: what a compaction is about
/// to commit is none.
#[derive(Debug)]
pub struct CompactionLock(#[expect(dead_code, reason = "held until it is dropped")] Held);

impl CompactionLock {
    /// Takes the lock for a compaction.
    ///
    /// # Errors
    /// Another one is at work.
    pub fn take(storage: &dyn Storage) -> Result<Self, StoreError> {
        ReadLock::prepare(storage)?;
        if let Some(held) = storage.lock(COMPACTION, Hold::Exclusive, MOMENT)? {
            return Ok(Self(held));
        }
        let holder = storage.read(COMPACTION)?.unwrap_or_default();
        let holder = String::from_utf8_lossy(&holder).trim().to_owned();
        Err(StoreError::Compacting { dir: storage.name(), holder })
    }

    /// Takes the lock together with other workers; none while a compaction is at work.
    pub fn take_to_sweep(storage: &dyn Storage) -> Result<Option<Self>, StoreError> {
        Ok(storage.lock(COMPACTION, Hold::Shared, Duration::ZERO)?.map(Self))
    }
}
