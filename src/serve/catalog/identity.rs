//! What tells whether a merged output is still the one that it was.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A mark of size, number and time of its files. Links are none of its files.
///
/// # Errors
/// The folder cannot be read, or has a link in the place of a file.
pub(crate) fn identity(dir: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", dir.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Not of what a link leads to.
        let about = entry.metadata().map_err(failed)?;
        let name = entry.file_name();
        if about.is_symlink() {
            let words =
                "is a link, which is not followed\n(hint: a merged output has its files in its own folder)";
            return Err(format!("{} {words}", entry.path().display()));
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
    Ok(hash.finalize().to_hex()[..16].to_owned())
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
        assert!(identity(dir.path()).unwrap_err().contains("users.parquet is a link"));
    }
}
