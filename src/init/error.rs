//! Why there is nothing to propose.

use crate::dataset::DatasetError;

/// Why a configuration cannot be proposed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    /// The folder or a file cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The folder holds nothing that is read.
    #[error("{folder} holds no file that is read: {seen}\n(hint: {hint})")]
    Nothing {
        /// The folder.
        folder: String,
        /// What was seen in it.
        seen: String,
        /// What would help.
        hint: String,
    },
    /// The files hold no table.
    #[error("{file}: {what}\n(hint: {hint})")]
    NoTable {
        /// The file that was looked at.
        file: String,
        /// What was found in it.
        what: String,
        /// What would help.
        hint: String,
    },
    /// A file has a line of names and nothing else.
    #[error(
        "{file}: it has a line of names and no rows, so a run skips it\n(hint: name a folder with files that hold rows)"
    )]
    NoRows {
        /// The file.
        file: String,
    },
    /// A column that was named is not there.
    #[error("--{option} {name}: no column of this name in {file}{near}\n(hint: it has {known})")]
    NoColumn {
        /// The option.
        option: &'static str,
        /// What it names.
        name: String,
        /// The file.
        file: String,
        /// The nearest one, in words.
        near: String,
        /// Those that are there.
        known: String,
    },
    /// The beginnings of files could not be copied to where they are tried.
    #[error("cannot make a folder for the beginnings of files: {0}")]
    Scratch(std::io::Error),
}
