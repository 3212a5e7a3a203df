//! The made-up data: in a folder, or put into an object store from one that need not last.

use std::path::Path;

use crate::beside::Scratch;
use crate::cli::outcome::block_on;
use crate::demo::{DemoReport, DemoSpec, write_dataset};
use crate::error::Failure;
use crate::store::{Created, Location, StoreError, upload};

/// Writes the data set to a place.
pub(super) fn write(place: &Location, spec: &DemoSpec) -> Result<DemoReport, Failure> {
    if let Some(folder) = place.folder() {
        return write_dataset(&DemoSpec { out: folder.to_owned(), ..spec.clone() }).map_err(Failure::error);
    }
    let scratch = Scratch::new("demo").map_err(Failure::error)?;
    let report = write_dataset(&DemoSpec { out: scratch.path().to_owned(), ..spec.clone() })
        .map_err(Failure::error)?;
    block_on(put(scratch.path(), place))??;
    Ok(report)
}

/// Puts the files of a folder into an object store, in which nothing else may lie.
async fn put(folder: &Path, place: &Location) -> Result<(), Failure> {
    let failed = |error: StoreError| Failure::error(error);
    let storage = place.storage().map_err(Failure::usage)?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Failure::error)? {
        names.push(entry.map_err(Failure::error)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let other = |name: &str| {
        Failure::usage(format!(
            "{place} holds other data ({name})\n(hint: name another place with --out, or remove it)"
        ))
    };
    let there = storage.list("").map_err(|error| failed(error.into()))?;
    if let Some(foreign) = there.iter().find(|entry| !names.contains(&entry.path)) {
        return Err(other(&foreign.path));
    }
    for name in &names {
        match upload(&*storage, name, &folder.join(name)).await.map_err(|error| failed(error.into()))? {
            Created::Yes => {}
            Created::Existed => return Err(other(name)),
        }
    }
    Ok(())
}
