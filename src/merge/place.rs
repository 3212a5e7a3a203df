//! The place of an output: made beside it, and moved there when it is whole.

use std::fs::{self, File};
use std::path::Path;

use super::error::MergeError;
use crate::beside::Beside;
use crate::export::is_free;

/// A folder in which an output is made. It is removed unless it is put into its place.
#[derive(Debug)]
pub(super) struct Staged(Beside);

impl Staged {
    /// A folder beside the place of an output.
    pub(super) fn beside(output: &Path) -> Result<Self, MergeError> {
        let folder = Beside::of(output);
        let path = folder.path();
        fs::create_dir_all(path).map_err(|source| MergeError::Write { path: path.to_owned(), source })?;
        Ok(Self(folder))
    }

    /// The folder.
    pub(super) fn dir(&self) -> &Path {
        self.0.path()
    }

    /// A new file of it, written by the function and flushed to the disk.
    pub(super) fn file(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> std::io::Result<()>,
    ) -> Result<(), MergeError> {
        let path = self.dir().join(name);
        let written = File::create_new(&path).and_then(|mut file| {
            write(&mut file)?;
            file.sync_all()
        });
        written.map_err(|source| MergeError::Write { path, source })
    }

    /// Moves it to the place of the output, which must be free.
    pub(super) fn put(self, output: &Path) -> Result<(), MergeError> {
        self.0.put_folder().map_err(|source| {
            let path = output.to_owned();
            // Another merge may have been quicker.
            if is_free(output) { MergeError::Write { path, source } } else { MergeError::OutputExists(path) }
        })
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
