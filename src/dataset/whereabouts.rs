//! Where data lie: a folder by its full name, and whether it, or a file below it, is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::remote;
use crate::store::Location;

/// Where a data folder is.
pub(super) fn location(folder: &Path) -> Result<Location, DatasetError> {
    Location::of(folder.as_os_str()).map_err(|error| DatasetError::Folder {
        folder: folder.display().to_string(),
        reason: format!("{} (hint: {})", error.fault, error.hint),
    })
}

/// A data folder by its full name, which is a URL in an object store.
pub(crate) fn full_name(folder: &Path) -> PathBuf {
    let folder = match Location::of(folder.as_os_str()) {
        Ok(Location::Url(url)) => return url.to_string().into(),
        Ok(Location::Folder(dir)) => dir,
        _ => folder.to_owned(),
    };
    let absolute = std::path::absolute(&folder).unwrap_or(folder);
    absolute.canonicalize().unwrap_or(absolute)
}

/// The data of a folder, as far as it is asked whether they are there.
#[derive(Debug)]
pub(crate) enum Whereabouts {
    /// A folder of a disk.
    Folder(PathBuf),
    /// The names of what an object store has.
    Names(BTreeSet<PathBuf>),
}

/// Whether a folder of data is there; one of an object store is, if anything is in it.
///
/// # Errors
/// The store cannot be asked.
pub(crate) fn has_data(folder: &Path) -> Result<bool, DatasetError> {
    match location(folder)? {
        Location::Url(url) => remote::has_any(url),
        place => Ok(place.folder().unwrap_or(folder).exists()),
    }
}

/// Whether any of some files of a data folder is there. An object store is asked for the first of them, and only if it lacks
/// that one for the names of all it has.
///
/// # Errors
/// The store cannot be asked.
pub(crate) fn any_is_there(
    folder: &Path,
    mut files: impl Iterator<Item = PathBuf>,
) -> Result<bool, DatasetError> {
    if !matches!(location(folder)?, Location::Url(_)) {
        return Ok(files.any(|file| file.exists()));
    }
    let Some(first) = files.next() else { return Ok(false) };
    if remote::is_there(&first)? {
        return Ok(true);
    }
    let names = Whereabouts::of(folder)?;
    Ok(files.any(|file| file.strip_prefix(folder).is_ok_and(|place| names.has(place))))
}

impl Whereabouts {
    /// Those of a folder; those of an object store are listed once.
    ///
    /// # Errors
    /// They cannot be listed.
    pub(crate) fn of(folder: &Path) -> Result<Self, DatasetError> {
        Ok(match location(folder)? {
            Location::Url(url) => {
                Self::Names(remote::list(url)?.into_iter().map(|entry| entry.path.into()).collect())
            }
            place => Self::Folder(place.folder().unwrap_or(folder).to_owned()),
        })
    }

    /// Whether a file is there, by its place below the folder.
    pub(crate) fn has(&self, place: &Path) -> bool {
        match self {
            Self::Folder(folder) => folder.join(place).exists(),
            Self::Names(names) => names.contains(place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_of_many_is_enough() {
        let dir = tempfile::tempdir().unwrap();
        let files = |names: &[&str]| names.iter().map(|name| dir.path().join(name)).collect::<Vec<_>>();
        let any = |names: &[&str]| any_is_there(dir.path(), files(names).into_iter()).unwrap();
        std::fs::write(dir.path().join("u2.csv"), "x").unwrap();
        assert!(any(&["u1.csv", "u2.csv"]));
        assert!(!any(&["u1.csv"]) && !any(&[]));
        // What a link leads to has to be there.
        std::os::unix::fs::symlink("/not/mounted/u3.csv", dir.path().join("u3.csv")).unwrap();
        assert!(!any(&["u3.csv"]));
    }

    #[test]
    fn a_folder_has_one_full_name() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().canonicalize().unwrap();
        assert_eq!(full_name(dir.path()), real);
        assert_eq!(full_name(Path::new(&format!("file://{}", dir.path().display()))), real);
        assert_eq!(full_name(Path::new("s3://bucket/data/")), Path::new("s3://bucket/data"));
        assert_eq!(
            full_name(Path::new("s3://bucket/data")).join("u1.csv").display().to_string(),
            "s3://bucket/data/u1.csv"
        );
    }
}
