//! `--state`: the folder with tokens, saved queries and the audit log, which is nobody else's to read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A folder that cannot be used.
#[derive(Debug, Error)]
pub enum StateError {
    /// Others may read it.
    #[error("{} may be read by others (mode {mode:o})\n(hint: chmod {right:o} {})", .path.display(), .path.display())]
    Open {
        /// What.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// What it must be.
        right: u32,
    },
    /// It is somebody else's.
    #[error(
        "{} belongs to another user\n(hint: name a folder of your own with --state, or start this as that user)",
        .0.display()
    )]
    Foreign(PathBuf),
    /// It is in what is served.
    #[error(
        "{} is in {}, and nothing is written into what is served\n(hint: name a folder elsewhere with --state)",
        .folder.display(),
        .source_dir.display()
    )]
    Inside {
        /// The folder.
        folder: PathBuf,
        /// What is served.
        source_dir: PathBuf,
    },
    /// It cannot be read or written.
    #[error("cannot use {}: {source}\n(hint: name another folder with --state)", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file of it is none of ours.
    #[error("{} cannot be read: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A name that a token cannot have, or that is taken.
    #[error("{0}")]
    Name(String),
}

/// The folder.
#[derive(Debug, Clone)]
pub struct State {
    folder: PathBuf,
    /// Whom its files are given to: user and group.
    owner: Option<(u32, u32)>,
}

/// Permissions of others.
const OTHERS: u32 = 0o077;

impl State {
    /// Refuses a folder in one of some directories, whether it is there already or not.
    ///
    /// # Errors
    /// It is in one of them.
    pub fn outside<'a>(folder: &Path, mut dirs: impl Iterator<Item = &'a Path>) -> Result<(), StateError> {
        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let full = whole.ancestors().find_map(|above| {
            let rest = whole.strip_prefix(above).ok()?;
            above.canonicalize().ok().map(|full| full.join(rest))
        });
        let full = full.unwrap_or(whole);
        let Some(dir) = dirs.find(|dir| full.starts_with(dir)) else { return Ok(()) };
        Err(StateError::Inside { folder: folder.to_owned(), source_dir: dir.to_owned() })
    }

    /// Opens it, or makes it.
    ///
    /// # Errors
    /// Others may read it, or it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let io = |source| StateError::Io { path: folder.to_owned(), source };
        if !folder.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
        }
        let about = std::fs::metadata(folder).map_err(io)?;
        if !about.is_dir() {
            return Err(io(io::ErrorKind::NotADirectory.into()));
        }
        // Where the system does not tell who this is, the mode is all there is.
        if own_user().is_some_and(|own| own != about.uid()) {
            return Err(StateError::Foreign(folder.to_owned()));
        }
        Self::is_closed(folder, about.mode(), 0o700)?;
        Ok(Self { folder: folder.to_owned(), owner: None })
    }

    /// Opens it for whoever keeps the machine: what the superuser writes belongs to the owner of the folder, a service
    /// say, which could not read it otherwise.
    ///
    /// # Errors
    /// As [`State::open`].
    pub fn open_to_keep(folder: &Path) -> Result<Self, StateError> {
        match std::fs::metadata(folder) {
            Ok(about) if own_user() == Some(0) && about.is_dir() && about.uid() != 0 => {
                Self::is_closed(folder, about.mode(), 0o700)?;
                Ok(Self { folder: folder.to_owned(), owner: Some((about.uid(), about.gid())) })
            }
            _ => Self::open(folder),
        }
    }

    /// Where a file of it is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Reads a file; `None` if it is not there.
    ///
    /// # Errors
    /// Others may read it, or it cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<String>, StateError> {
        let path = self.path(name);
        let io = |source| StateError::Io { path: path.clone(), source };
        let about = match std::fs::metadata(&path) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        Self::is_closed(&path, about.mode(), 0o600)?;
        std::fs::read_to_string(&path).map(Some).map_err(io)
    }

    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), StateError> {
        let path = self.path(name);
        let io = |source| StateError::Io { path: path.clone(), source };
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        let put = || {
            let _ = std::fs::remove_file(&beside);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(text.as_bytes())?;
            if let Some((user, group)) = self.owner {
                fchown(&file, Some(user), Some(group))?;
            }
            file.sync_all()?;
            std::fs::rename(&beside, &path)
        };
        put().map_err(io)
    }

    /// Removes a file; whether it was there.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&self, name: &str) -> Result<bool, StateError> {
        let path = self.path(name);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(StateError::Io { path, source }),
        }
    }

    /// Refuses a file that others may read; one that is not there is nobody's to read.
    ///
    /// # Errors
    /// Others may read it.
    pub fn closed(&self, name: &str) -> Result<(), StateError> {
        let path = self.path(name);
        match std::fs::metadata(&path) {
            Ok(about) => Self::is_closed(&path, about.mode(), 0o600),
            Err(_) => Ok(()),
        }
    }

    /// Opens a file to add to it.
    ///
    /// # Errors
    /// It cannot be opened, or others may read it.
    pub fn append(&self, name: &str) -> Result<File, StateError> {
        let path = self.path(name);
        self.closed(name)?;
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        file.map_err(|source| StateError::Io { path, source })
    }

    /// A folder in it, which is made.
    ///
    /// # Errors
    /// It cannot be made, or others may read it.
    pub fn folder(&self, name: &str) -> Result<Self, StateError> {
        Self::open(&self.path(name))
    }

    fn is_closed(path: &Path, mode: u32, right: u32) -> Result<(), StateError> {
        if mode & OTHERS == 0 {
            return Ok(());
        }
        Err(StateError::Open { path: path.to_owned(), mode: mode & 0o777, right })
    }
}

/// Who this process is, where the system tells.
fn own_user() -> Option<u32> {
    std::fs::metadata("/proc/self").ok().map(|own| own.uid())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state");
        let state = State::open(&folder).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        state.write("tokens.yaml", "a").unwrap();
        assert_eq!(mode(&folder.join("tokens.yaml")), 0o600);
        assert_eq!(state.read("tokens.yaml").unwrap().as_deref(), Some("a"));
        assert_eq!(state.read("nothing").unwrap(), None);
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        open(&folder.join("tokens.yaml"), 0o640);
        let said = state.read("tokens.yaml").unwrap_err().to_string();
        assert!(said.contains("(mode 640)") && said.contains("chmod 600"), "{said}");
        assert!(state.append("tokens.yaml").is_err() && state.closed("nothing").is_ok());
        open(&folder, 0o755);
        let said = State::open(&folder).unwrap_err().to_string();
        assert!(said.contains("(mode 755)") && said.contains("chmod 700"), "{said}");
    }

    #[test]
    fn nothing_is_kept_in_what_is_served() {
        let dir = tempfile::tempdir().unwrap();
        let full = dir.path().canonicalize().unwrap();
        std::fs::create_dir(full.join("run")).unwrap();
        std::os::unix::fs::symlink(full.join("run"), full.join("link")).unwrap();
        let run = full.join("run");
        for (name, is_outside) in
            [("run", false), ("run/a/b", false), ("link/a", false), ("run-state", true), ("state", true)]
        {
            let outside = State::outside(&full.join(name), [run.as_path()].into_iter());
            assert_eq!(outside.is_ok(), is_outside, "{name}: {outside:?}");
        }
    }

    #[test]
    fn what_the_superuser_writes_belongs_to_the_owner_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state");
        State::open(&folder).unwrap();
        // Only the superuser can try it.
        if own_user() != Some(0) {
            return;
        }
        std::os::unix::fs::chown(&folder, Some(4321), Some(4322)).unwrap();
        let said = State::open(&folder).unwrap_err().to_string();
        assert!(said.contains("belongs to another user"), "{said}");
        State::open_to_keep(&folder).unwrap().write("tokens.yaml", "a").unwrap();
        let about = std::fs::metadata(folder.join("tokens.yaml")).unwrap();
        assert_eq!((about.uid(), about.gid(), about.mode() & 0o777), (4321, 4322, 0o600));
    }
}
