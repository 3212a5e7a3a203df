//! What can go wrong while demo data is written.

use std::io;
use std::path::PathBuf;

/// Why the demo data could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DemoError {
    /// A data set of nobody was asked for.
    #[error("a demo data set needs at least one user\n(hint: `--users 12`)")]
    NoUsers,
    /// The folder holds something that is not of this data set.
    #[error(
        "{} holds `{file}`, which is not part of this demo data set; nothing was written\n\
         (hint: `--out DIR` with a new or empty folder; a folder of another `--users`, `--seed` or `--wide` counts as foreign)",
        folder.display()
    )]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// The first foreign name, in bytewise order.
        file: String,
    },
    /// The folder cannot be made or listed.
    #[error("cannot use {} for demo data: {source}\n(hint: `--out DIR` with a folder you may write to)", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}{}", path.display(), remedy(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

fn remedy(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "\n(hint: free some space, or `--out DIR` on another disk, or fewer `--users`)"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "\n(hint: `--out DIR` with a folder you may write to)"
        }
        _ => "",
    }
}
