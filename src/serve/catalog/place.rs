//! Where a source lies. What is served is named by paths, and what lies in an object store by a path that is its URL.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::hidden::is_hidden;
use crate::store::{Location, MANIFEST, MERGE_MANIFEST, Storage, StoreError};

/// What lies in an object store is looked at no more often.
pub(super) const AWAY: Duration = Duration::from_secs(15);

/// The place that a path names.
pub(crate) fn place(dir: &Path) -> Location {
    Location::of(dir.as_os_str()).unwrap_or_else(|_| Location::Folder(dir.to_owned()))
}

/// Whether it is in an object store.
pub(crate) fn is_away(dir: &Path) -> bool {
    matches!(place(dir), Location::Url(_))
}

/// What lies in an object store under a URL: the run or the output itself, or those in the folders there.
///
/// # Errors
/// The store cannot be asked.
pub(super) fn found_away(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let place = place(dir);
    let storage = place.storage()?;
    if is_one(&*storage, "")? {
        return Ok(vec![dir.to_owned()]);
    }
    let mut inside = Vec::new();
    for name in storage.folders("")? {
        if !is_hidden(&name) && is_one(&*storage, &format!("{name}/"))? {
            inside.push(dir.join(name));
        }
    }
    Ok(inside)
}

/// Whether there is a run or an output below a prefix.
pub(super) fn is_one(storage: &dyn Storage, prefix: &str) -> Result<bool, StoreError> {
    for name in [MANIFEST, MERGE_MANIFEST] {
        if storage.size(&format!("{prefix}{name}"))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
