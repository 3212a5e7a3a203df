//! Where a run lies, as it was named.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf, absolute};
use std::str::FromStr;
use std::sync::Arc;

use super::error::StoreError;
use super::local::LocalStorage;
use super::pinned::Pinned;
use super::remote::{self, RemoteUrl, UrlError};
use super::shared_disk::SharedDisk;
use super::storage::{Entry, Storage};
use crate::config::StoreConfig;

/// Where a run lies.
#[derive(Debug, Clone)]
pub enum Location {
    /// A folder of a local or shared disk.
    Folder(PathBuf),
    /// A storage that the caller has made.
    Storage(Arc<dyn Storage>),
    /// A folder as it was when its ledger had those files.
    Pinned(PathBuf, Arc<[Entry]>),
    /// A prefix of a bucket.
    Url(RemoteUrl),
    /// The same as it was when its ledger had those files.
    PinnedUrl(RemoteUrl, Arc<[Entry]>),
}

impl Location {
    /// A URL of an object store, `file://` and a path, or the path of a folder, which need not be text.
    ///
    /// # Errors
    /// It looks like a URL and is none that can be used.
    pub fn of(text: &OsStr) -> Result<Self, UrlError> {
        text.to_str().map_or_else(|| Ok(Self::Folder(text.into())), str::parse)
    }

    /// The storage there.
    ///
    /// # Errors
    /// An object store cannot be asked, since something that it needs is not set.
    pub fn storage(&self) -> Result<Arc<dyn Storage>, StoreError> {
        Ok(match self {
            Self::Folder(dir) => Arc::new(LocalStorage::new(dir)),
            Self::Storage(storage) => Arc::clone(storage),
            Self::Pinned(dir, ledger) => {
                Arc::new(Pinned::new(Arc::new(LocalStorage::new(dir)), ledger.to_vec()))
            }
            Self::Url(url) => remote::open(url)?,
            Self::PinnedUrl(url, ledger) => Arc::new(Pinned::new(remote::open(url)?, ledger.to_vec())),
        })
    }

    /// The same as it was when its ledger had some files.
    #[must_use]
    pub fn pinned(self, ledger: Arc<[Entry]>) -> Self {
        match self {
            Self::Folder(dir) | Self::Pinned(dir, _) => Self::Pinned(dir, ledger),
            Self::Url(url) | Self::PinnedUrl(url, _) => Self::PinnedUrl(url, ledger),
            Self::Storage(storage) => Self::Storage(Arc::new(Pinned::new(storage, ledger.to_vec()))),
        }
    }

    /// The storage of a run there whose writers names keep apart: of a folder, one that keeps no locks.
    pub(super) fn by_names(&self, storage: Arc<dyn Storage>) -> Arc<dyn Storage> {
        match self {
            Self::Folder(dir) => Arc::new(SharedDisk::new(dir)),
            Self::Pinned(dir, ledger) => {
                Arc::new(Pinned::new(Arc::new(SharedDisk::new(dir)), ledger.to_vec()))
            }
            Self::Storage(_) | Self::Url(_) | Self::PinnedUrl(..) => storage,
        }
    }

    /// The storage of a run there whose configuration says how stores are reached.
    pub(super) fn as_told(
        &self,
        storage: Arc<dyn Storage>,
        settings: &StoreConfig,
    ) -> Result<Arc<dyn Storage>, StoreError> {
        match self {
            Self::Url(url) if !settings.is_usual() => remote::open_as(url, settings),
            Self::PinnedUrl(url, ledger) if !settings.is_usual() => {
                Ok(Arc::new(Pinned::new(remote::open_as(url, settings)?, ledger.to_vec())))
            }
            _ => Ok(storage),
        }
    }

    /// What is in it under a relative path.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        match self {
            Self::Folder(dir) | Self::Pinned(dir, _) => Self::Folder(dir.join(path)),
            Self::Url(url) | Self::PinnedUrl(url, _) => Self::Url(url.join(path)),
            Self::Storage(_) => self.clone(),
        }
    }

    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(dir) | Self::Pinned(dir, _) => Some(dir),
            Self::Storage(_) | Self::Url(_) | Self::PinnedUrl(..) => None,
        }
    }

    /// What lies beside it, with that behind its name; none of a whole bucket.
    #[must_use]
    pub fn beside(&self, end: &str) -> Option<Self> {
        match self {
            Self::Folder(dir) | Self::Pinned(dir, _) => {
                let full = if dir.file_name().is_none() { dir.canonicalize() } else { Ok(dir.clone()) };
                let full = full.unwrap_or_else(|_| dir.clone());
                let mut name = full.file_name().unwrap_or_default().to_owned();
                name.push(end);
                Some(Self::Folder(full.with_file_name(name)))
            }
            Self::Url(url) | Self::PinnedUrl(url, _) => url.beside(end).map(Self::Url),
            Self::Storage(_) => None,
        }
    }

    /// Its name from everywhere.
    #[must_use]
    pub fn full_name(&self) -> String {
        match self.folder() {
            Some(dir) => dir.canonicalize().unwrap_or_else(|_| dir.to_owned()).display().to_string(),
            None => self.to_string(),
        }
    }

    /// A name that does not depend on where a process began; links stay as they are.
    #[must_use]
    pub fn from_everywhere(&self) -> String {
        match self.folder() {
            Some(dir) => absolute(dir).unwrap_or_else(|_| dir.to_owned()).display().to_string(),
            None => self.to_string(),
        }
    }

    /// Whether there may be a run: a folder has to be there, and a storage is.
    pub fn exists(&self) -> bool {
        self.folder().is_none_or(Path::exists)
    }

    /// The last part of its full name, by which people know a run.
    pub fn short_name(&self) -> String {
        let dir = match self {
            Self::Url(url) | Self::PinnedUrl(url, _) => return url.short_name().to_owned(),
            Self::Storage(storage) => return storage.name(),
            Self::Folder(dir) | Self::Pinned(dir, _) => dir,
        };
        let full = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        full.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned())
    }

    /// The last parts of its full name, as many as there are up to a number.
    pub fn last_parts(&self, most: usize) -> String {
        let full = match self {
            Self::Folder(dir) | Self::Pinned(dir, _) => {
                dir.canonicalize().unwrap_or_else(|_| dir.to_owned()).display().to_string()
            }
            _ => self.to_string(),
        };
        let parts: Vec<&str> = full.split('/').filter(|part| !part.is_empty()).collect();
        parts[parts.len().saturating_sub(most)..].join("/")
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(dir) | Self::Pinned(dir, _) => dir.display().fmt(f),
            Self::Storage(storage) => f.write_str(&storage.name()),
            Self::Url(url) | Self::PinnedUrl(url, _) => url.fmt(f),
        }
    }
}

/// A URL of an object store, `file://` and a path, or the path of a folder.
impl FromStr for Location {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Ok(match remote::parse(text)? {
            Some(remote::Place::Remote(url)) => Self::Url(url),
            Some(remote::Place::Local(dir)) => Self::Folder(dir),
            None => Self::Folder(text.into()),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beside_a_run_has_its_name_and_more() {
        for (run, control) in [
            ("out/k6", "out/k6_control"),
            ("out/k6/", "out/k6_control"),
            ("k6", "k6_control"),
            ("s3://bucket/out/k6/", "s3://bucket/out/k6_control"),
            ("file:///out/k6", "/out/k6_control"),
        ] {
            let run: Location = run.parse().unwrap();
            assert_eq!(run.beside("_control").unwrap().to_string(), control, "{run}");
        }
        assert!("s3://bucket".parse::<Location>().unwrap().beside("_control").is_none());
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("a");
        std::fs::create_dir(&run).unwrap();
        std::fs::create_dir(run.join("b")).unwrap();
        let beside = Location::from(run.join("b/..")).beside("_control").unwrap();
        assert!(beside.folder().unwrap().ends_with("a_control"));
    }

    #[test]
    fn a_folder_may_have_any_name() {
        use std::os::unix::ffi::OsStrExt;
        let name = OsStr::from_bytes(b"Ren\xe9");
        assert_eq!(Location::of(name).unwrap().folder(), Some(Path::new(name)));
        assert!(Location::of(OsStr::new("ftp://a/b")).is_err());
    }
}
