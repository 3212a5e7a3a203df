//! What is made beside its place, and moved there when it is whole: whoever looks finds it whole or not at all.
//!
//! `merged` is made as `merged.staging-1234@3fa9c1d2`, after process and machine. What a process that was killed
//! has left is removed by the next that makes the same.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::system::{host_tag, is_ending};

/// Between the name of a place and who makes something for it.
const MARK: &str = ".staging-";

/// Where a process of this machine makes something before it is put into its place.
pub fn staging_path(place: &Path, process: u32) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(format!("{MARK}{process}@{}", host_tag()));
    place.with_file_name(name)
}

/// A file or folder that is being made. It is removed unless it is put into its place.
#[derive(Debug)]
pub struct Beside {
    place: PathBuf,
    staged: PathBuf,
    is_in_place: bool,
}

impl Beside {
    /// Something that is to be at a place. Nothing is made yet.
    pub fn of(place: &Path) -> Self {
        remove_left(place);
        let staged = staging_path(place, std::process::id());
        // A process of the same number may have been killed in another life of the machine.
        remove(&staged);
        Self { place: place.to_owned(), staged, is_in_place: false }
    }

    /// Where it is made.
    pub fn path(&self) -> &Path {
        &self.staged
    }

    /// Moves a file to its place, which must be free.
    ///
    /// # Errors
    /// Something is there ([`ErrorKind::AlreadyExists`]); it cannot be moved.
    pub fn put_file(mut self) -> io::Result<()> {
        match fs::hard_link(&self.staged, &self.place) {
            Ok(()) => fs::remove_file(&self.staged)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            // Not every file system knows links.
            Err(_) if self.place.exists() => return Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(&self.staged, &self.place)?,
        }
        self.is_in_place = true;
        self.flush()
    }

    /// Moves a file to its place, over one that is there.
    ///
    /// # Errors
    /// It cannot be moved.
    pub fn replace_file(mut self) -> io::Result<()> {
        fs::rename(&self.staged, &self.place)?;
        self.is_in_place = true;
        self.flush()
    }

    /// Moves a folder to its place, which must be free or an empty folder.
    ///
    /// # Errors
    /// It cannot be moved, or something is there.
    pub fn put_folder(&mut self) -> io::Result<()> {
        File::open(&self.staged)?.sync_all()?;
        let _ = fs::remove_dir(&self.place);
        fs::rename(&self.staged, &self.place)?;
        self.is_in_place = true;
        self.flush()
    }

    /// Only a folder that was flushed remembers a new name after a power cut.
    fn flush(&self) -> io::Result<()> {
        let parent = self.place.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_in_place {
            remove(&self.staged);
        }
    }
}

/// A folder among the temporary ones of the system, for what need not last.
#[derive(Debug)]
pub struct Scratch(Beside);

impl Scratch {
    /// An empty folder; `what` says what it is for.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(what: &str) -> io::Result<Self> {
        let folder = Beside::of(&std::env::temp_dir().join(format!("results-{what}")));
        fs::create_dir_all(folder.path())?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A file among the temporary ones of the system that grows at its end. It has no name: however the process ends, nothing is
/// left.
#[derive(Debug)]
pub struct ScratchFile {
    file: File,
    length: u64,
}

impl ScratchFile {
    /// An empty file; `what` says what it is for.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(what: &str) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let name = format!("results-{what}-{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        let named = Beside::of(&std::env::temp_dir().join(name));
        let file = File::options().read(true).write(true).create_new(true).open(named.path())?;
        Ok(Self { file, length: 0 })
    }

    /// Writes bytes behind those that are there.
    ///
    /// # Errors
    /// They cannot be written: the disk is full.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.length)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Writes bytes at a place, which nobody else does.
    ///
    /// # Errors
    /// They cannot be written: the disk is full.
    pub fn write_at(&self, place: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, place)
    }

    /// Reads bytes from a place on.
    ///
    /// # Errors
    /// They cannot be read, or there are not so many.
    pub fn read_at(&self, place: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(bytes, place)
    }
}

fn remove(path: &Path) {
    // What cannot be removed does no harm.
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// Removes what processes of this machine have left that were killed.
fn remove_left(place: &Path) {
    let Some(name) = place.file_name().and_then(|name| name.to_str()) else { return };
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let by = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix(MARK));
        if by.is_some_and(is_of_the_dead) {
            remove(&entry.path());
        }
    }
}

fn is_of_the_dead(by: &str) -> bool {
    let Some((process, host)) = by.split_once('@') else { return false };
    host == host_tag() && process.parse().is_ok_and(is_ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of a process that has ended.
    fn dead() -> u32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    #[test]
    fn what_was_given_up_or_left_by_the_dead_goes() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("out.csv");
        fs::write(staging_path(&place, dead()), "torn").unwrap();
        fs::create_dir(staging_path(&place, dead())).unwrap();
        let other = staging_path(&dir.path().join("other.csv"), dead());
        let elsewhere = dir.path().join("out.csv.staging-1@elsewhere");
        fs::write(&other, "").unwrap();
        fs::write(&elsewhere, "").unwrap();
        let given_up = Beside::of(&place);
        fs::write(given_up.path(), "half").unwrap();
        drop(given_up);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        assert!(other.exists() && elsewhere.exists());
    }

    #[test]
    fn a_file_without_a_name_is_written_and_read() {
        let mut file = ScratchFile::new("beside-test").unwrap();
        file.append(b"12").unwrap();
        file.append(b"345").unwrap();
        let mut bytes = [0; 3];
        file.read_at(1, &mut bytes).unwrap();
        assert_eq!(&bytes, b"234");
        assert!(file.read_at(3, &mut bytes).is_err());
        let left = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        let own = format!("{MARK}{}@", std::process::id());
        let of_test = |name: &str| name.contains("beside-test") && name.contains(&own);
        assert!(!left.into_iter().any(|file| of_test(&file.file_name().to_string_lossy())));
    }

    #[test]
    fn it_is_whole_and_takes_nobodys_place() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("out.csv");
        let made = Beside::of(&place);
        fs::write(made.path(), "1").unwrap();
        assert!(!place.exists());
        made.put_file().unwrap();
        let late = Beside::of(&place);
        fs::write(late.path(), "2").unwrap();
        assert_eq!(late.put_file().unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&place).unwrap(), b"1");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
