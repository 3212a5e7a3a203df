//! What a program is told of a unit.

use serde::Serialize;

use crate::dataset::{LocalFile, UserInput};

/// A unit, as a worker reads it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Unit<'a> {
    pub(super) user_id: &'a str,
    pub(super) input: &'a str,
    pub(super) feature_mode: &'a str,
}

/// The one file of a user, as one of this machine.
pub(super) fn file(input: &str) -> Result<LocalFile, String> {
    let input: UserInput = serde_json::from_str(input)
        .map_err(|error| format!("the plan's input cannot be understood: {error}"))?;
    let [file] = &input.files[..] else {
        return Err(format!(
            "the user has {} input files, and a program is given one\n(hint: put the rows of each user into one file)",
            input.files.len()
        ));
    };
    LocalFile::of(file).map_err(|error| error.to_string())
}

/// Its path, as the program is told it.
pub(super) fn path(file: &LocalFile) -> Result<&str, String> {
    let path = file.path();
    path.to_str().ok_or_else(|| format!("the path {} isn't valid UTF-8", path.display()))
}

/// Fingerprint of the files, unless they cannot be read.
pub(super) fn fingerprint(input: &str) -> Option<String> {
    serde_json::from_str::<UserInput>(input).ok()?.fingerprint().ok()
}
