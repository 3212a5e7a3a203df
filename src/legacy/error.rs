//! A directory of the predecessor that cannot be used.

use std::path::PathBuf;

use thiserror::Error;

use crate::config::ConfigError;
use crate::schema::SchemaError;
use crate::store::StoreError;

/// A directory of the predecessor that cannot be used.
#[derive(Debug, Error)]
pub enum LegacyError {
    /// It is none.
    #[error("{} isn't an output of the predecessor: it has none of per_user_*.csv and k_selected_by_user.csv, or it is a run or a merged output of this program\n(hint: name a directory that the predecessor wrote)", dir.display())]
    NotLegacy {
        /// The directory.
        dir: PathBuf,
    },
    /// They hold no result.
    #[error(
        "{dirs}: no user and no result can be read in the files of the predecessor{causes}\n(hint: look for another copy of the directory; --expect FILE or --data FOLDER says who is missing)"
    )]
    Nothing {
        /// The directories.
        dirs: String,
        /// What is wrong with their files, a line each.
        causes: String,
    },
    /// A file could not be read.
    #[error("cannot read {}\n(hint: check the owner and the read permission; without the file its results would be missing)", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The table of a file is not known.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The imported run could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The defaults could not be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
}
