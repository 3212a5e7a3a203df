//! How old files are, by the clock of the storage: those of machines may be off.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use crate::store::{Object, Storage, StorageError, new_attempt_id};

/// The clock of a storage, which tells the time by what it writes.
pub(super) struct Clock<'a> {
    storage: &'a dyn Storage,
    /// When files were written.
    known: RefCell<HashMap<String, Option<i64>>>,
    /// None if it does not know.
    now: OnceCell<Option<i64>>,
}

impl<'a> Clock<'a> {
    pub(super) fn new(storage: &'a dyn Storage) -> Self {
        Self { storage, known: RefCell::default(), now: OnceCell::new() }
    }

    /// How long ago a file was written, as far as the storage knows.
    pub(super) fn age(&self, path: &str) -> Result<Option<Duration>, StorageError> {
        let known = self.known.borrow().get(path).copied();
        let written = if let Some(written) = known {
            written
        } else {
            let written = self.storage.modified(path)?;
            self.known.borrow_mut().insert(path.to_owned(), written);
            written
        };
        let (Some(written), Some(now)) = (written, self.now()?) else { return Ok(None) };
        Ok(Some(Duration::from_micros(u64::try_from(now - written).unwrap_or(0))))
    }

    fn now(&self) -> Result<Option<i64>, StorageError> {
        if let Some(now) = self.now.get() {
            return Ok(*now);
        }
        let path = format!("_status/clock-{}", new_attempt_id());
        self.storage.note(&Object { path: path.clone(), bytes: Vec::new() })?;
        let now = self.storage.modified(&path)?;
        self.storage.remove(&path)?;
        Ok(*self.now.get_or_init(|| now))
    }
}
