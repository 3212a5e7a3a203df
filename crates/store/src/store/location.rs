//! Where a run lies, as it was named.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::local::LocalStorage;
use super::pinned::Pinned;
use super::storage::{Entry, Storage};

/// Where a run lies.
#[derive(Debug, Clone)]
pub enum Location {
    /// A folder of a local or shared disk.
    Folder(PathBuf),
    /// A storage that the caller has made.
    Storage(Arc<dyn Storage>),
    /// A folder as it was when its ledger had those files.
    Pinned(PathBuf, Arc<[Entry]>),
}

impl Location {
    /// The storage there.
    pub fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Folder(dir) => Arc::new(LocalStorage::new(dir)),
            Self::Storage(storage) => Arc::clone(storage),
            Self::Pinned(dir, ledger) => {
                Arc::new(Pinned::new(Arc::new(LocalStorage::new(dir)), ledger.to_vec()))
            }
        }
    }

    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(dir) | Self::Pinned(dir, _) => Some(dir),
            Self::Storage(_) => None,
        }
    }

    /// Whether there may be a run: a folder has to be there, and a storage is.
    pub fn exists(&self) -> bool {
        self.folder().is_none_or(Path::exists)
    }

    /// The last part of its full name, by which people know a run.
    pub fn short_name(&self) -> String {
        let Some(dir) = self.folder() else { return self.to_string() };
        let full = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        full.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(dir) | Self::Pinned(dir, _) => dir.display().fmt(f),
            Self::Storage(storage) => f.write_str(&storage.name()),
        }
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Location {
    fn from(dir: &P) -> Self {
        Self::Folder(dir.as_ref().to_owned())
    }
}

impl From<&Self> for Location {
    fn from(location: &Self) -> Self {
        location.clone()
    }
}

impl From<PathBuf> for Location {
    fn from(dir: PathBuf) -> Self {
        Self::Folder(dir)
    }
}

impl From<Arc<dyn Storage>> for Location {
    fn from(storage: Arc<dyn Storage>) -> Self {
        Self::Storage(storage)
    }
}
