//! What tells whether a merged output is still the one that it was.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::place::{is_away, place};
use crate::serve::access::{Ended, Ending};
use crate::store::{MERGE_MANIFEST, StoreError};

/// A merged output as its folder shows it.
pub(super) struct Seen {
    /// Of size, number and time of its files.
    pub(super) mark: String,
    /// Names of its files. Links are none of them.
    pub(super) names: BTreeSet<String>,
}

/// The mark of its files.
///
/// # Errors
/// The folder cannot be read, has a link in the place of a file, or goes meanwhile.
pub(crate) fn identity(dir: &Path) -> Result<String, Ended> {
    seen(dir).map(|seen| seen.mark)
}

/// Its files by name, and their mark.
pub(super) fn seen(dir: &Path) -> Result<Seen, Ended> {
    if is_away(dir) {
        return of_objects(dir);
    }
    let failed = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            return gone("the merged output is not there");
        }
        Ended::new(Ending::SourceDamaged, format!("{} cannot be read: {error}", dir.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Not of what a link leads to.
        let about = entry.metadata().map_err(failed)?;
        let name = entry.file_name();
        if about.is_symlink() {
            let words =
                "is a link, which is not followed\n(hint: a merged output has its files in its own folder)";
            let words = format!("{} {words}", entry.path().display());
            return Err(Ended::new(Ending::SourceDamaged, words));
        }
        if about.is_file() {
            files.push((name, about.size(), about.ino(), about.mtime(), about.mtime_nsec()));
        }
    }
    files.sort();
    let mut hash = blake3::Hasher::new();
    for file in &files {
        hash.update(format!("{file:?}").as_bytes());
    }
    let names = files.into_iter().filter_map(|(name, ..)| name.into_string().ok()).collect();
    Ok(Seen { mark: hash.finalize().to_hex()[..16].to_owned(), names })
}

/// The same in an object store: of sizes, and of when the last file was put there.
fn of_objects(dir: &Path) -> Result<Seen, Ended> {
    let failed = |error: StoreError| Ended::new(Ending::SourceDamaged, crate::error::chain(&error));
    let storage = place(dir).storage().map_err(failed)?;
    let files = storage.list("").map_err(|error| failed(error.into()))?;
    let put = storage.modified(MERGE_MANIFEST).map_err(|error| failed(error.into()))?;
    let Some(put) = put else { return Err(gone("the merged output is not there")) };
    let mut hash = blake3::Hasher::new();
    hash.update(format!("{put} {files:?}").as_bytes());
    let names = files.into_iter().map(|file| file.path).collect();
    Ok(Seen { mark: hash.finalize().to_hex()[..16].to_owned(), names })
}

/// What is not there at the moment: whoever merges anew takes the old output away first.
pub(crate) fn gone(what: &str) -> Ended {
    Ended::new(
        Ending::SourceChanged,
        format!("{what}: it was removed, or is being replaced\n(hint: ask again)"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_another_output_and_a_link_is_none() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("te.parquet"), "1").unwrap();
        let before = identity(dir.path()).unwrap();
        assert_eq!(identity(dir.path()).unwrap(), before);
        std::fs::write(dir.path().join("new"), "2").unwrap();
        std::fs::rename(dir.path().join("new"), dir.path().join("te.parquet")).unwrap();
        assert_ne!(identity(dir.path()).unwrap(), before);
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("users.parquet")).unwrap();
        let link = identity(dir.path()).unwrap_err();
        assert!(
            link.ending == Ending::SourceDamaged && link.detail.contains("users.parquet is a link"),
            "{link:?}"
        );
        let gone = identity(&dir.path().join("gone")).unwrap_err();
        assert_eq!(gone.ending, Ending::SourceChanged);
    }
}
