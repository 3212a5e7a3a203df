//! Data in an object store.
//!
//! Everywhere else data are named by paths, and a file there by a path that is its URL (`s3://bucket/data/u1.csv`).
//! What reads it gets a file of this machine in its place, which is gone when it is closed; what only hashes it reads
//! it as it comes.

use std::fs;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::DatasetError;
use super::fingerprint;
use super::told::{shown, unreadable};
use crate::beside::Scratch;
use crate::store::{Entry, Location, ReadAt, RemoteUrl, Storage, StorageError, StoreError};

/// Bytes that are asked for at a time.
const PIECE: u64 = 8 << 20;

/// A file of an object store: the prefix it lies at, and its name.
pub(super) struct File {
    folder: RemoteUrl,
    name: String,
}

impl File {
    /// What a path is the URL of, if it is one.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_owned();
        match Location::of(path.parent()?.as_os_str()) {
            Ok(Location::Url(folder)) => Some(Self { folder, name }),
            _ => None,
        }
    }
}

/// The files of a data folder, and of what lies below it, whose names have a slash in them.
pub(super) fn list(url: RemoteUrl) -> Result<Vec<Entry>, DatasetError> {
    let folder = url.to_string();
    let failed = |error: StoreError| DatasetError::Folder { folder, reason: cause(&error) };
    match Location::Url(url).storage() {
        Ok(storage) => storage.list("").map_err(|error| failed(error.into())),
        Err(error) => Err(failed(error)),
    }
}

/// Whether anything is in a data folder.
pub(super) fn has_any(url: RemoteUrl) -> Result<bool, DatasetError> {
    let folder = url.to_string();
    let failed = |error: StoreError| DatasetError::Folder { folder, reason: cause(&error) };
    match Location::Url(url).storage() {
        Ok(storage) => storage.has_any("").map_err(|error| failed(error.into())),
        Err(error) => Err(failed(error)),
    }
}

/// Whether a file is there, by the path that is its URL.
pub(super) fn is_there(path: &Path) -> Result<bool, DatasetError> {
    let Some(File { folder, name }) = File::of(path) else { return Ok(path.exists()) };
    let storage = Location::Url(folder).storage().map_err(|error| not_read(path, &error))?;
    storage.open(&name).map(|file| file.is_some()).map_err(|error| not_read(path, &error.into()))
}

/// A file, to be read in pieces; `path` names it.
pub(super) fn open(path: &Path, File { folder, name }: File) -> Result<Pieces, DatasetError> {
    let storage = Location::Url(folder).storage().map_err(|error| not_read(path, &error))?;
    pieces(path, &*storage, &name)
}

fn pieces(path: &Path, storage: &dyn Storage, name: &str) -> Result<Pieces, DatasetError> {
    match storage.open(name) {
        Ok(Some(file)) => Ok(Pieces { file, at: 0, piece: io::Cursor::default() }),
        Ok(None) => Err(unreadable(path, &io::Error::other("it is not there"))),
        Err(error) => Err(not_read(path, &error.into())),
    }
}

fn not_read(path: &Path, error: &StoreError) -> DatasetError {
    DatasetError::Unreadable { file: shown(path), reason: cause(error) }
}

/// What a store says, in one line, and without the name that stands before it.
fn cause(error: &StoreError) -> String {
    let told = crate::error::chain(error);
    let cause = match error {
        StoreError::Storage(StorageError { action, path, .. }) => {
            told.strip_prefix(&format!("cannot {action} {path}: "))
        }
        _ => None,
    };
    cause.unwrap_or(&told).replace("\n(hint:", " (hint:")
}

/// A file that is read from its beginning to its end.
pub(super) struct Pieces {
    file: Arc<dyn ReadAt>,
    at: u64,
    piece: io::Cursor<bytes::Bytes>,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.piece.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        let length = (self.file.length() - self.at).min(PIECE);
        if length == 0 {
            return Ok(0);
        }
        self.piece = io::Cursor::new(self.file.read_at(self.at, length as usize)?);
        self.at += length;
        self.piece.read(buffer)
    }
}

/// The file as one of this machine that has no name any more: it is gone when it is closed, however that comes.
pub(super) fn fetched(path: &Path, from: &mut Pieces) -> Result<fs::File, DatasetError> {
    let folder = std::env::temp_dir();
    let failed = |error: &io::Error| no_place(path, &folder, error);
    let place = folder.join(format!("results-input-{}-{}", std::process::id(), number()));
    let made = fs::File::options().read(true).write(true).create_new(true).open(&place);
    let mut file = made.map_err(|error| failed(&error))?;
    fs::remove_file(&place).map_err(|error| failed(&error))?;
    copy(path, from, &mut file, &folder)?;
    file.rewind().map_err(|error| failed(&error))?;
    Ok(file)
}

fn copy(path: &Path, from: &mut Pieces, to: &mut fs::File, folder: &Path) -> Result<(), DatasetError> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = from.read(&mut buffer).map_err(|error| unreadable(path, &error))?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read]).map_err(|error| no_place(path, folder, &error))?;
    }
}

fn no_place(path: &Path, folder: &Path, error: &io::Error) -> DatasetError {
    let reason =
        format!("no copy can be made in {}: {error} (hint: set TMPDIR to another folder)", folder.display());
    DatasetError::Unreadable { file: shown(path), reason }
}

fn number() -> u32 {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    COUNTER.fetch_add(1, Ordering::Relaxed)
}

/// A file of this machine for a program, which is told a path: the user's own, or a copy that goes with this.
#[derive(Debug)]
pub(crate) struct LocalFile {
    path: PathBuf,
    _copy: Option<Scratch>,
}

impl LocalFile {
    /// A file of the plan.
    ///
    /// # Errors
    /// It lies in an object store and cannot be copied from there.
    pub(crate) fn of(path: &Path) -> Result<Self, DatasetError> {
        match File::of(path) {
            Some(file) => Self::copied(path, &mut open(path, file)?),
            None => Ok(Self { path: path.to_owned(), _copy: None }),
        }
    }

    fn copied(path: &Path, from: &mut Pieces) -> Result<Self, DatasetError> {
        let failed = |error: &io::Error| no_place(path, &std::env::temp_dir(), error);
        let scratch = Scratch::new(&format!("input-{}", number())).map_err(|error| failed(&error))?;
        let place = scratch.path().join(path.file_name().unwrap_or_default());
        let mut file = fs::File::create_new(&place).map_err(|error| failed(&error))?;
        copy(path, from, &mut file, scratch.path())?;
        Ok(Self { path: place, _copy: Some(scratch) })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Hash (hex) of its bytes, which are not fetched again for it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn fingerprint(&self) -> Result<String, DatasetError> {
        let file = fs::File::open(&self.path).map_err(|error| unreadable(&self.path, &error))?;
        fingerprint::of(&self.path, file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{MemoryStorage, Object};

    fn stored(bytes: &[u8]) -> Pieces {
        let storage = MemoryStorage::new();
        storage.replace(&Object { path: "u1.csv".into(), bytes: bytes.to_vec() }).unwrap();
        pieces(Path::new("s3://b/data/u1.csv"), &storage, "u1.csv").unwrap()
    }

    #[test]
    fn a_file_is_read_whole_and_its_copy_goes() {
        let bytes: Vec<u8> = (0..20_000_000u32).map(|n| (n % 253) as u8).collect();
        let path = Path::new("s3://b/data/u1.csv");
        let mut file = fetched(path, &mut stored(&bytes)).unwrap();
        let mut read = Vec::new();
        file.read_to_end(&mut read).unwrap();
        assert!(read == bytes);
        let copy = LocalFile::copied(path, &mut stored(b"a,b\n")).unwrap();
        let place = copy.path().to_owned();
        assert!(place.ends_with("u1.csv"));
        assert_eq!(std::fs::read(&place).unwrap(), b"a,b\n");
        assert_eq!(copy.fingerprint().unwrap(), blake3::hash(b"a,b\n").to_hex().as_str());
        drop(copy);
        assert!(!place.exists());
        assert_eq!(LocalFile::of(Path::new("/data/u1.csv")).unwrap().path(), Path::new("/data/u1.csv"));
    }

    #[test]
    fn a_store_is_told_of_once_and_in_one_line() {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = StorageError { action: "list", path: "s3://bucket/data/".into(), source };
        assert_eq!(
            cause(&error.into()),
            "permission denied (hint: check the owner and the write permission of the folder)"
        );
    }

    #[test]
    fn what_is_not_there_is_told_by_its_url() {
        let path = Path::new("s3://b/data/u2.csv");
        let error = pieces(path, &MemoryStorage::new(), "u2.csv").err().unwrap();
        assert_eq!(error.to_string(), "cannot read s3://b/data/u2.csv: it is not there");
        assert!(File::of(Path::new("/data/u2.csv")).is_none());
        let File { folder, name } = File::of(Path::new("s3://bucket/a b/u%202.csv")).unwrap();
        assert_eq!((folder.to_string().as_str(), name.as_str()), ("s3://bucket/a b", "u%202.csv"));
        assert_eq!(File::of(Path::new("s3://bucket/u2.csv")).unwrap().folder.to_string(), "s3://bucket");
    }
}
