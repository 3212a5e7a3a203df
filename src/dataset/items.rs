//! What lies in a data folder, of a disk or of an object store.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::remote;
use super::whereabouts::location;
use crate::store::{Entry, Location};

/// Something in a data folder.
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) what: What,
}

/// What it is.
pub(super) enum What {
    /// A file, of so many bytes.
    File(u64),
    Folder,
    /// A pipe, socket or device.
    Odd,
}

/// What lies in a data folder, in no order.
pub(super) fn items(folder: &str) -> Result<Vec<Item>, DatasetError> {
    let place = location(Path::new(folder))?;
    if let Location::Url(url) = place {
        let place = PathBuf::from(url.to_string());
        return Ok(of_entries(&place, remote::list(url)?));
    }
    let place = place.folder().unwrap_or(Path::new(folder)).to_owned();
    let unreadable =
        |error: std::io::Error| DatasetError::Folder { folder: folder.to_owned(), reason: error.to_string() };
    let listed = std::fs::read_dir(&place).map_err(unreadable)?;
    // Other processes read the plan.
    let place = std::path::absolute(&place).unwrap_or(place);
    let mut items = Vec::new();
    for entry in listed {
        let path = place.join(entry.map_err(unreadable)?.file_name());
        let what = match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => What::Folder,
            Ok(metadata) if !metadata.is_file() => What::Odd,
            Ok(metadata) => What::File(metadata.len()),
            // A dangling link is taken, so that reading it says what is wrong.
            Err(_) => What::File(0),
        };
        items.push(Item { path, what });
    }
    Ok(items)
}

/// The names of what a data folder has, sorted.
///
/// # Errors
/// It cannot be listed.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>, DatasetError> {
    let name = |item: Item| {
        let name = item.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if matches!(item.what, What::Folder) { format!("{name}/") } else { name }
    };
    let mut names: Vec<String> = items(&folder.display().to_string())?.into_iter().map(name).collect();
    names.sort();
    Ok(names)
}

/// The same of what an object store has below a place, whose folders are parts of names.
fn of_entries(place: &Path, entries: Vec<Entry>) -> Vec<Item> {
    let mut folders = BTreeSet::new();
    let mut items = Vec::new();
    for Entry { path, bytes } in entries {
        match path.split_once('/') {
            None => items.push(Item { path: place.join(path), what: What::File(bytes) }),
            Some((folder, _)) => {
                if folders.insert(folder.to_owned()) {
                    items.push(Item { path: place.join(folder), what: What::Folder });
                }
            }
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_folders_are_seen() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("u2.csv"), "x").unwrap();
        std::fs::create_dir(dir.path().join("lost+found")).unwrap();
        assert_eq!(names_in(dir.path()).unwrap(), ["lost+found/", "u2.csv"]);
        assert!(names_in(&dir.path().join("gone")).is_err());
    }

    #[test]
    fn folders_of_an_object_store_are_parts_of_names() {
        let entry = |path: &str| Entry { path: path.into(), bytes: 7 };
        let entries = ["run/a.csv", "run/b.csv", "u1.csv"].map(entry).to_vec();
        let items = of_entries(Path::new("s3://bucket/data"), entries);
        let told: Vec<String> = items
            .iter()
            .map(|item| match item.what {
                What::File(bytes) => format!("{} {bytes}", item.path.display()),
                _ => format!("{}/", item.path.display()),
            })
            .collect();
        assert_eq!(told, ["s3://bucket/data/run/", "s3://bucket/data/u1.csv 7"]);
    }
}
