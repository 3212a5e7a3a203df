//! Locks of a run on a disk: those of the operating system, which gives them up when a process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::{StorageError, at};
use super::holder::Holder;
use super::storage::{Held, Hold};

/// How often a lock is tried that somebody else has.
const AGAIN: Duration = Duration::from_millis(20);

/// Takes the lock on a file, which is made if need be.
pub(super) fn take(path: &Path, hold: Hold, wait: Duration) -> Result<Option<Held>, StorageError> {
    let start = Instant::now();
    let mut file = open(path, hold)?;
    loop {
        let tried = match hold {
            Hold::Shared => file.try_lock_shared(),
            Hold::Exclusive => file.try_lock(),
        };
        match tried {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if start.elapsed() >= wait => return Ok(None),
            Err(TryLockError::WouldBlock) => std::thread::sleep(AGAIN),
            Err(TryLockError::Error(source)) => return Err(at("lock", path)(source)),
        }
    }
    if hold == Hold::Exclusive {
        let holder = Holder::this_process().to_string() + "\n";
        // Who holds it is for messages only.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes()));
    }
    Ok(Some(Held::new(file)))
}

/// A lock that is there can be shared where nothing may be written.
fn open(path: &Path, hold: Hold) -> Result<File, StorageError> {
    if hold == Hold::Shared {
        match File::open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            opened => return opened.map_err(at("open the lock", path)),
        }
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(at("create the folder", folder))?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(at("open the lock", path))
}
