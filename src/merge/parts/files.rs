//! Files of this machine: parts that are being made, and what is left of them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::merge::error::MergeError;

/// A file that must not exist.
pub(super) fn new_file(path: &Path) -> Result<fs::File, MergeError> {
    fs::File::create_new(path).map_err(write_failed(path))
}

/// A folder, with those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), MergeError> {
    fs::create_dir_all(path).map_err(write_failed(path))
}

/// Removes a folder. What cannot be removed goes with all parts.
pub(super) fn remove_folder(path: &Path) {
    let _ = fs::remove_dir_all(path);
}

/// Gives a file its name. One that is there was made by who did the same, or was cut short.
pub(super) fn name_file(file: &Path, target: &Path) -> Result<(), MergeError> {
    if let Some(above) = target.parent() {
        make_folder(above)?;
    }
    match fs::hard_link(file, target) {
        Ok(()) => fs::remove_file(file).map_err(write_failed(file)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::rename(file, target).map_err(write_failed(target))
        }
        // Not every file system knows links.
        Err(_) => fs::rename(file, target).map_err(write_failed(target)),
    }
}

/// The bytes of a file.
pub(super) fn length_of(file: &Path) -> Result<u64, MergeError> {
    fs::metadata(file).map(|file| file.len()).map_err(write_failed(file))
}

fn write_failed(path: &Path) -> impl FnOnce(std::io::Error) -> MergeError {
    let path = path.to_owned();
    move |source| MergeError::Write { path, source }
}

/// How often is looked whether it is one's turn.
const AGAIN: Duration = Duration::from_millis(20);

/// After so long nobody is waited for: whoever goes through plan and ledger as well does no harm.
const PATIENCE: Duration = Duration::from_mins(5);

/// Of several processes of a machine that begin parts at once, one goes through plan and ledger, and the others wait for what
/// it hands on. The turn of this one, until it is dropped or the process dies.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "held until it is dropped")] fs::File);

impl Turn {
    /// Waits for it; none where there are no locks, or no folder to lock.
    pub(super) fn take(folder: Option<&Path>) -> Option<Self> {
        let folder = fs::File::open(folder?).ok()?;
        let since = Instant::now();
        while let Err(why) = folder.try_lock() {
            if !matches!(why, fs::TryLockError::WouldBlock) || since.elapsed() > PATIENCE {
                return None;
            }
            std::thread::sleep(AGAIN);
        }
        Some(Self(folder))
    }
}
