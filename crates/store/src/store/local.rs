//! A run on a local or shared disk.
//!
//! Files are written under `_staging/`, flushed to the disk, renamed into place, and the folders
//! that changed are flushed too: a rename is atomic for readers, but only a flushed folder
//! remembers it after a power cut.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path as ObjectPath;
use rayon::prelude::*;

use super::disk::{Disk, SystemDisk};
use super::error::{StorageError, at};
use super::local_lock;
use super::path::parse;
use super::storage::{Created, Entry, Held, Hold, Object, Objects, ReadAt, Storage};
use crate::hidden::is_hidden;

/// Folder of files that are not yet part of the run.
pub const STAGING: &str = "_staging";

/// Storage in a folder.
#[derive(Debug)]
pub struct LocalStorage {
    root: PathBuf,
    staged: AtomicU64,
    disk: Arc<dyn Disk>,
}

impl LocalStorage {
    /// Storage below `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::on(root, Arc::new(SystemDisk))
    }

    /// Storage whose writes go to a given disk.
    pub(super) fn on(root: impl Into<PathBuf>, disk: Arc<dyn Disk>) -> Self {
        Self { root: root.into(), staged: AtomicU64::new(0), disk }
    }

    fn stage(&self, object: &Object, durable: bool) -> Result<PathBuf, StorageError> {
        let folder = self.root.join(STAGING);
        fs::create_dir_all(&folder).map_err(at("create the folder", &folder))?;
        let n = self.staged.fetch_add(1, Ordering::Relaxed);
        let name = object.path.rsplit('/').next().unwrap_or_default();
        let host = crate::system::host_tag();
        let path = folder.join(format!("{}-{n}@{host}~{name}", std::process::id()));
        let written = self
            .disk
            .write(&path, &object.bytes)
            .and_then(|()| if durable { self.disk.sync(&path) } else { Ok(()) });
        written.map_err(|source| {
            let _ = self.disk.remove(&path);
            at("write", &path)(source)
        })?;
        Ok(path)
    }

    /// Creates the folders above `target`, and collects every folder whose listing changes.
    fn make_way(&self, target: &Path, changed: &mut BTreeSet<PathBuf>) -> Result<(), StorageError> {
        let Some(folder) = target.parent() else { return Ok(()) };
        let missing: Vec<&Path> = folder.ancestors().take_while(|f| !f.exists()).collect();
        for folder in missing.iter().rev() {
            match self.disk.create_folder(folder) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(at("create the folder", folder)(e));
                }
                _ => {}
            }
        }
        changed.extend(missing.iter().filter_map(|f| f.parent()).map(Path::to_owned));
        changed.insert(folder.to_owned());
        Ok(())
    }

    fn put(&self, objects: &[Object], durable: bool) -> Result<(), StorageError> {
        let mut staged = Vec::with_capacity(objects.len());
        let put = self.put_staged(objects, durable, &mut staged);
        if put.is_err() {
            // Those that have got their names are not there any more.
            for path in staged {
                let _ = self.disk.remove(&path);
            }
        }
        put
    }

    fn put_staged(
        &self,
        objects: &[Object],
        durable: bool,
        staged: &mut Vec<PathBuf>,
    ) -> Result<(), StorageError> {
        for object in objects {
            staged.push(self.stage(object, durable)?);
            crate::failpoint::hit("staged", &object.path);
        }
        let mut changed = BTreeSet::new();
        for (from, object) in staged.iter().zip(objects) {
            self.place(from, &self.root.join(&object.path), &mut changed)?;
            crate::failpoint::hit("renamed", &object.path);
        }
        if durable {
            self.flush(&changed)?;
            let paths: Vec<&str> = objects.iter().map(|object| object.path.as_str()).collect();
            crate::failpoint::hit("flushed", &paths.join(" "));
        }
        Ok(())
    }

    /// Gives a staged file its name.
    fn place(&self, from: &Path, target: &Path, changed: &mut BTreeSet<PathBuf>) -> Result<(), StorageError> {
        loop {
            self.make_way(target, changed)?;
            match self.disk.rename(from, target) {
                Ok(()) => return Ok(()),
                // Somebody removed the last file of the folder, and with it the folder.
                Err(e) if e.kind() == io::ErrorKind::NotFound && from.exists() => {}
                Err(e) => return Err(at("write", target)(e)),
            }
        }
    }

    /// Flushes the listings of folders.
    fn flush(&self, folders: &BTreeSet<PathBuf>) -> Result<(), StorageError> {
        for folder in folders {
            match self.disk.sync(folder) {
                // Some network file systems know no flushing of folders; what they have taken they keep.
                Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {}
                flushed => flushed.map_err(at("flush the folder", folder))?,
            }
        }
        Ok(())
    }
}

/// Who staged a file, by its name: process, machine, and the name that the file was to have, if it says.
struct StagedBy<'a> {
    process: u32,
    host: &'a str,
    target: &'a str,
}

impl<'a> StagedBy<'a> {
    fn parse(path: &'a str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let (who, rest) = name.split_once('@').unwrap_or((name, ""));
        let (host, target) = rest.split_once('~').unwrap_or((rest, ""));
        Some(Self { process: who.split('-').next()?.parse().ok()?, host, target })
    }

    fn is_of_this_machine(&self) -> bool {
        self.host.is_empty() || self.host == crate::system::host_tag()
    }
}

/// Whether the process that staged a file is gone. One that runs may be about to rename it. The processes of another
/// machine cannot be seen from here; `is_left` knows from the name that the file was to have.
pub fn staged_by_the_dead(path: &str, is_left: impl Fn(&str) -> bool) -> bool {
    let Some(by) = StagedBy::parse(path) else { return false };
    if by.is_of_this_machine() { crate::system::is_ending(by.process) } else { is_left(by.target) }
}

#[derive(Debug)]
struct LocalFile {
    file: fs::File,
    length: u64,
}

impl ReadAt for LocalFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let mut bytes = vec![0; length];
        std::os::unix::fs::FileExt::read_exact_at(&self.file, &mut bytes, offset)?;
        Ok(bytes.into())
    }
}

impl Storage for LocalStorage {
    fn publish(&self, objects: &[Object]) -> Result<Created, StorageError> {
        let Some((last, before)) = objects.split_last() else { return Ok(Created::Yes) };
        self.put(before, true)?;
        self.put(std::slice::from_ref(last), true)?;
        Ok(Created::Yes)
    }

    fn create(&self, object: &Object) -> Result<Created, StorageError> {
        let target = self.root.join(&object.path);
        let mut changed = BTreeSet::new();
        let staged = self.stage(object, true)?;
        self.make_way(&target, &mut changed)?;
        // A hard link is the one operation that is atomic, whole and refuses an existing target.
        let linked = self.disk.link(&staged, &target);
        let _ = self.disk.remove(&staged);
        match linked {
            Ok(()) => self.flush(&changed).map(|()| Created::Yes),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(Created::Existed),
            Err(e) if e.kind() == io::ErrorKind::Unsupported => {
                match self.disk.write_new(&target, &object.bytes).and_then(|()| self.disk.sync(&target)) {
                    Ok(()) => self.flush(&changed).map(|()| Created::Yes),
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(Created::Existed),
                    Err(e) => Err(at("write", &target)(e)),
                }
            }
            Err(e) => Err(at("write", &target)(e)),
        }
    }

    fn replace(&self, object: &Object) -> Result<(), StorageError> {
        self.put(std::slice::from_ref(object), true)
    }

    fn note(&self, object: &Object) -> Result<(), StorageError> {
        self.put(std::slice::from_ref(object), false)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let full = self.root.join(path);
        crate::failpoint::hit("open", &full.to_string_lossy());
        match fs::read(&full) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(at("read", &full)(e)),
        }
    }

    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError> {
        let full = self.root.join(path);
        crate::failpoint::hit("open", &full.to_string_lossy());
        let opened = fs::File::open(&full).and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((length, file)) => Ok(Some(Arc::new(LocalFile { file, length }))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(at("open", &full)(e)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError> {
        let mut entries = Vec::new();
        let mut open = vec![self.root.join(folder)];
        // A run has a folder for each of thousands of users.
        while !open.is_empty() {
            let listed: Vec<_> =
                open.par_iter().map(|folder| self.list_one(folder)).collect::<Result<_, _>>()?;
            open.clear();
            for (folders, files) in listed {
                open.extend(folders);
                entries.extend(files);
            }
        }
        entries.sort();
        Ok(entries)
    }

    fn size(&self, path: &str) -> Result<Option<u64>, StorageError> {
        let full = self.root.join(path);
        match fs::metadata(&full) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(at("look at", &full)(e)),
        }
    }

    fn modified(&self, path: &str) -> Result<Option<i64>, StorageError> {
        let full = self.root.join(path);
        match fs::metadata(&full).and_then(|meta| meta.modified()) {
            Ok(when) => {
                let since = when.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Ok(Some(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(at("look at", &full)(e)),
        }
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        let full = self.root.join(path);
        match self.disk.remove(&full) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(at("remove", &full)(e)),
            _ => {}
        }
        // The folder of a unit goes with its last file; one that has others stays.
        if let (Some(_), Some(folder)) = (parse(path), full.parent()) {
            let _ = self.disk.remove_folder(folder);
        }
        Ok(())
    }

    fn lock(&self, name: &str, hold: Hold, wait: Duration) -> Result<Option<Held>, StorageError> {
        local_lock::take(&self.root.join(name), hold, wait)
    }

    fn name(&self) -> String {
        self.root.display().to_string()
    }

    fn object_store(&self) -> Result<Objects, StorageError> {
        let absolute = full(&self.root).map_err(at("find", &self.root))?;
        let prefix = ObjectPath::from_absolute_path(&absolute)
            .map_err(|e| at("name as an object", &absolute)(io::Error::other(e)))?;
        let store = Arc::new(object_store::local::LocalFileSystem::new());
        Ok(Objects { url: "file:///".to_owned(), prefix, store })
    }
}

/// The whole path of a folder that need not be there yet, without `..`, which names of objects cannot have.
fn full(folder: &Path) -> io::Result<PathBuf> {
    let whole = std::path::absolute(folder)?;
    let above = || Some((whole.parent()?.canonicalize().ok()?, whole.file_name()?));
    Ok(match (whole.canonicalize(), above()) {
        (Ok(full), _) => full,
        (Err(_), Some((above, name))) => above.join(name),
        (Err(_), None) => whole,
    })
}

impl LocalStorage {
    /// The folders and files in a folder; none if there is no such folder.
    fn list_one(&self, folder: &Path) -> Result<(Vec<PathBuf>, Vec<Entry>), StorageError> {
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        let listing = match fs::read_dir(folder) {
            Ok(listing) => listing,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((folders, files)),
            Err(e) => return Err(at("list", folder)(e)),
        };
        for item in listing {
            let item = item.map_err(at("list", folder))?;
            if is_hidden(item.file_name()) {
                continue;
            }
            // A file may vanish between listing and looking (a commit renames it away).
            let Ok(kind) = item.file_type() else { continue };
            if kind.is_dir() {
                folders.push(item.path());
            } else if !kind.is_file() && !kind.is_symlink() {
                // A pipe has no end: whoever read it would wait for ever.
            } else if let (Some(path), Ok(meta)) = (self.relative(&item.path()), item.metadata()) {
                files.push(Entry { path, bytes: meta.len() });
            }
        }
        Ok((folders, files))
    }

    fn relative(&self, path: &Path) -> Option<String> {
        let parts: Option<Vec<&str>> =
            path.strip_prefix(&self.root).ok()?.iter().map(|part| part.to_str()).collect();
        Some(parts?.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(path: &str, bytes: &[u8]) -> Object {
        Object { path: path.into(), bytes: bytes.into() }
    }

    #[test]
    fn storage_contract() {
        let dir = tempfile::tempdir().unwrap();
        super::super::conformance::all(&|name| Arc::new(LocalStorage::new(dir.path().join(name))));
    }

    #[test]
    fn the_last_object_stays_away_if_another_fails() {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStorage::new(dir.path());
        fs::write(dir.path().join("te"), b"a file where a folder must be").unwrap();
        let error = store.publish(&[object("te/x/a", b"1"), object("users/a", b"2")]).unwrap_err();
        assert!(error.to_string().contains("te"), "{error}");
        assert_eq!(store.read("users/a").unwrap(), None);
    }
}
