//! The place of an output: made beside it, and moved there when it is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::error::MergeError;
use crate::export::is_free;

/// Where a process makes an output before it is put into its place.
pub(crate) fn staging_path(output: &Path, process: u32) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(format!(".staging-{process}"));
    output.with_file_name(name)
}

/// A folder in which an output is made. It is removed unless it is put into its place.
#[derive(Debug)]
pub(super) struct Staged {
    dir: PathBuf,
    is_in_place: bool,
}

impl Staged {
    /// A folder beside the place of an output.
    pub(super) fn beside(output: &Path) -> Result<Self, MergeError> {
        let dir = staging_path(output, std::process::id());
        fs::create_dir_all(&dir).map_err(|source| MergeError::Write { path: dir.clone(), source })?;
        Ok(Self { dir, is_in_place: false })
    }

    /// The folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A new file of it, written by the function and flushed to the disk.
    pub(super) fn file(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> std::io::Result<()>,
    ) -> Result<(), MergeError> {
        let path = self.dir.join(name);
        let written = File::create_new(&path).and_then(|mut file| {
            write(&mut file)?;
            file.sync_all()
        });
        written.map_err(|source| MergeError::Write { path, source })
    }

    /// Moves it to the place of the output, which must be free.
    pub(super) fn put(mut self, output: &Path) -> Result<(), MergeError> {
        let put = || -> std::io::Result<()> {
            File::open(&self.dir)?.sync_all()?;
            // An empty directory of that name may have been there.
            let _ = fs::remove_dir(output);
            fs::rename(&self.dir, output)
        };
        put().map_err(|source| {
            let path = output.to_owned();
            // Another merge may have been quicker.
            if is_free(output) { MergeError::Write { path, source } } else { MergeError::OutputExists(path) }
        })?;
        self.is_in_place = true;
        let parent = output.parent().filter(|parent| !parent.as_os_str().is_empty());
        let flushed = parent.map_or(Ok(()), |parent| File::open(parent)?.sync_all());
        flushed.map_err(|source| MergeError::Write { path: output.to_owned(), source })
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_in_place {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_whole_or_absent() {
        let dir = tempfile::tempdir().unwrap();
        let output = dir.path().join("out");
        let given_up = Staged::beside(&output).unwrap();
        given_up.file("a", |_| Ok(())).unwrap();
        drop(given_up);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let staged = Staged::beside(&output).unwrap();
        staged.file("a", |file| std::io::Write::write_all(file, b"1")).unwrap();
        staged.put(&output).unwrap();
        assert_eq!(fs::read(output.join("a")).unwrap(), b"1");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_was_taken_meanwhile_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let output = dir.path().join("out");
        let staged = Staged::beside(&output).unwrap();
        fs::create_dir(&output).unwrap();
        fs::write(output.join("theirs"), "").unwrap();
        let error = staged.put(&output).unwrap_err();
        assert!(matches!(error, MergeError::OutputExists(_)), "{error}");
        assert!(output.join("theirs").exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
