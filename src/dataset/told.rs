//! Files as messages name them.

use std::io;
use std::path::Path;

use super::error::DatasetError;

/// A file's name in messages.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// An error of the system on a file.
pub(super) fn unreadable(path: &Path, source: &io::Error) -> DatasetError {
    DatasetError::Unreadable { file: shown(path), reason: source.to_string() }
}
