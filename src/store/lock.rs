//! One worker a share of the users.
//!
//! A worker `i/M` holds `_status/shard-i-of-M.lock` alone, and `_status/division-M.lock` together with
//! the other workers of the same division: workers that divide the users in another way could
//! overlap with it and are refused. Locks are the operating system's, so a crash gives them up.
//! Looking at another division's lock means taking it for a moment, so workers look one at a time,
//! behind `_status/locks.guard`: else two that start together would each take the other for a holder.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::assignment::Assignment;
use super::error::StorageError;
use super::error::StoreError;
use super::reading::{ReadLock, got, open};
use super::run::Run;

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
        Self::take_in(&run.dir().join("_status"), share)
    }

    fn take_in(folder: &Path, share: Assignment) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|source| StorageError {
            action: "create the folder",
            path: folder.to_owned(),
            source,
        })?;
        let locked = |holder: String| StoreError::Locked { shard: share.to_string(), holder };

        ReadLock::prepare(folder)?;
        let guard_path = folder.join("locks.guard");
        let guard = open(&guard_path)?;
        guard.lock().map_err(|source| StorageError { action: "lock", path: guard_path, source })?;

        let own = format!("division-{}.lock", share.of);
        let division = open(&folder.join(&own))?;
        if !got(division.try_lock_shared(), &folder.join(&own))? {
            return Err(locked(format!("a program that is not results, on {own}")));
        }
        for other in divisions(folder, &own) {
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

fn divisions(folder: &Path, own: &str) -> Vec<String> {
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    listing
        .filter_map(|item| item.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("division-") && name != own)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every worker of a division gets its lock at once, though a lock file of an older division is there.
    #[test]
    fn workers_that_start_together_do_not_refuse_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let take = |index, of| ShardLock::take_in(dir.path(), Assignment { index, of });
        drop(take(0, 2).unwrap());
        for _ in 0..50 {
            let all = std::sync::Barrier::new(8);
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..8)
                    .map(|i| {
                        let (take, all) = (&take, &all);
                        scope.spawn(move || {
                            all.wait();
                            let lock = take(i, 8);
                            all.wait();
                            lock.map(drop)
                        })
                    })
                    .collect();
                for worker in workers {
                    worker.join().unwrap().unwrap();
                }
            });
        }
        let _held = take(0, 8).unwrap();
        assert!(take(0, 8).unwrap_err().to_string().contains("process"));
        assert!(take(0, 2).unwrap_err().to_string().contains("divides the users by 8"));
    }
}
