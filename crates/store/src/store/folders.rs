//! Which kind of folders the tables of a run have: one a user, or buckets of many.
//!
//! Kinds never mix, since other tools refuse the glob of a folder in which they do. A run changes over once, when
//! it is first compacted, and its workers go on meanwhile. The manifest says so first. Who commits into the folder of
//! a user looks there again, and holds a lock together with others until that is done; the change-over waits until
//! nobody holds it. Whatever comes afterwards comes into buckets.

use std::time::Duration;

use super::error::StoreError;
use super::manifest::{Manifest, Protocol};
use super::run::Run;
use super::storage::{Held, Hold};

/// Shared by those who commit into folders of users.
const FOLDERS: &str = "_status/folders.lock";

/// Longer than a commit takes.
const PATIENCE: Duration = Duration::from_mins(10);

/// Where a unit goes that is committed now.
#[derive(Debug)]
pub enum Folders {
    /// Into a folder of its user; this stays so while the lock is held.
    OfUsers(Held),
    /// Into one of so many buckets.
    Buckets(u32),
}

impl Run {
    /// The kind of folders of the run as of now.
    ///
    /// # Errors
    /// The manifest cannot be read, or the lock not be taken.
    pub fn folders(&self) -> Result<Folders, StoreError> {
        if let Some(buckets) = self.always_buckets() {
            return Ok(Folders::Buckets(buckets));
        }
        let held = self.locked(FOLDERS, Hold::Shared, PATIENCE)?;
        Ok(match self.manifest_now()?.buckets {
            Some(buckets) => Folders::Buckets(buckets.max(1)),
            None => Folders::OfUsers(held),
        })
    }

    /// Puts users into buckets from now on, if each had a folder; gives the number of buckets. When it returns,
    /// nobody is about to commit into the folder of a user.
    ///
    /// # Errors
    /// The manifest cannot be written, or the lock not be taken.
    pub fn use_buckets(&self) -> Result<u32, StoreError> {
        if let (Protocol::Names, Some(buckets)) = (self.protocol(), self.always_buckets()) {
            return Ok(buckets);
        }
        let mut buckets = self.manifest_now()?.buckets;
        if buckets.is_none() {
            let change = |manifest: &mut Manifest| {
                manifest.buckets = manifest.buckets.or(Some(1));
                Ok(())
            };
            buckets = self.change_manifest(change)?.buckets;
        }
        drop(self.locked(FOLDERS, Hold::Exclusive, PATIENCE)?);
        Ok(buckets.unwrap_or(1).max(1))
    }

    /// How many buckets, if the run has no folders of users and never had: what keeps no locks has none.
    pub(super) fn always_buckets(&self) -> Option<u32> {
        let known = self.manifest().buckets.map(|buckets| buckets.max(1));
        if self.protocol() == Protocol::Names { known.or(Some(1)) } else { known }
    }

    pub(super) fn locked(&self, lock: &str, hold: Hold, wait: Duration) -> Result<Held, StoreError> {
        if let Some(held) = self.storage().lock(lock, hold, wait)? {
            return Ok(held);
        }
        let holder = self.storage().read(lock)?.unwrap_or_default();
        let holder = String::from_utf8_lossy(&holder).trim().to_owned();
        Err(StoreError::Busy { file: format!("{}/{lock}", self.name()), holder })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;
    use crate::config::testing::config;
    use crate::schema::Schemas;
    use crate::store::{MemoryStorage, NewRun, Storage};

    #[test]
    fn a_run_changes_over_once_nobody_commits_into_folders_of_users() {
        let schemas = Schemas::load(None).unwrap();
        let new = NewRun {
            config: &config(),
            units: Vec::new(),
            shards: 1,
            only_shards: Vec::new(),
            schemas: &schemas,
            data_folder: "data".into(),
            control: None,
        };
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let run = Run::create_or_join(storage, &new).unwrap();
        let Folders::OfUsers(held) = run.folders().unwrap() else {
            panic!("a new run of few has folders of users")
        };
        let (told, changed) = channel();
        std::thread::scope(|scope| {
            scope.spawn(|| told.send(run.use_buckets().unwrap()).unwrap());
            // From the moment that the manifest says so, others commit into buckets.
            while !matches!(run.folders().unwrap(), Folders::Buckets(1)) {
                std::thread::sleep(Duration::from_millis(1));
            }
            assert!(changed.recv_timeout(Duration::from_millis(60)).is_err(), "a commit goes on");
            drop(held);
            assert_eq!(changed.recv().unwrap(), 1);
        });
        // Whoever closes or extends the run leaves it so.
        run.close_if_complete().unwrap();
        assert!(matches!(run.folders().unwrap(), Folders::Buckets(1)));
    }
}
