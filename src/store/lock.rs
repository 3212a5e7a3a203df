//! One worker a share of the users.
//!
//! A worker `i/M` holds `_status/shard-i-of-M.lock` alone, and `_status/division-M.lock` together with
//! the other workers of the same division: workers that divide the users in another way could
//! overlap with it and are refused. Locks are the operating system's, so a crash gives them up.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::StoreError;
use super::run::Run;
use super::storage::StorageError;
use crate::shard::Assignment;

/// Held while a process works on a share of a run; given up when it is dropped or the process dies.
#[derive(Debug)]
pub struct ShardLock {
    _share: File,
    _division: File,
}

impl ShardLock {
    /// Takes the locks of a share.
    ///
    /// # Errors
    /// Another living process has the share, or works on shares of another division.
    pub fn take(run: &Run, share: Assignment) -> Result<Self, StoreError> {
        let folder = run.dir().join("_status");
        std::fs::create_dir_all(&folder).map_err(|source| StorageError {
            action: "create the folder",
            path: folder.clone(),
            source,
        })?;
        let locked = |holder: String| StoreError::Locked { shard: share.to_string(), holder };

        let own = format!("division-{}.lock", share.of);
        let division = open(&folder.join(&own))?;
        if !got(division.try_lock_shared(), &folder.join(&own))? {
            return Err(locked("another division is being checked; try again".into()));
        }
        for other in divisions(&folder, &own) {
            let path = folder.join(&other);
            if !got(open(&path)?.try_lock(), &path)? {
                let of = other.trim_start_matches("division-").trim_end_matches(".lock");
                return Err(locked(format!("a worker that divides the users by {of}")));
            }
        }
        let path = folder.join(format!("shard-{}-of-{}.lock", share.index, share.of));
        let mut file = open(&path)?;
        if !got(file.try_lock(), &path)? {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(locked(holder.trim().to_owned()));
        }
        let holder = format!("process {}\n", std::process::id());
        // Who holds it is for the message only.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes()));
        Ok(Self { _share: file, _division: division })
    }
}

fn open(path: &Path) -> Result<File, StorageError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|source| StorageError { action: "open the lock", path: path.to_owned(), source })
}

fn got(result: Result<(), TryLockError>, path: &Path) -> Result<bool, StorageError> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => {
            Err(StorageError { action: "lock", path: path.to_owned(), source })
        }
    }
}

fn divisions(folder: &Path, own: &str) -> Vec<String> {
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    listing
        .filter_map(|item| item.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("division-") && name != own)
        .collect()
}
