//! What a program is told of a unit.

use serde::Serialize;

use crate::dataset::UserInput;

/// A unit, as a worker reads it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Unit<'a> {
    pub(super) user_id: &'a str,
    pub(super) input: &'a str,
    pub(super) feature_mode: &'a str,
}

/// The one file of a user.
pub(super) fn path(input: &str) -> Result<String, String> {
    let input: UserInput = serde_json::from_str(input)
        .map_err(|error| format!("the plan's input cannot be understood: {error}"))?;
    let [file] = &input.files[..] else {
        return Err(format!(
            "the user has {} input files, and a program is given one\n(hint: put the rows of each user into one file)",
            input.files.len()
        ));
    };
    file.to_str().map(str::to_owned).ok_or_else(|| format!("the path {} isn't valid UTF-8", file.display()))
}

/// Fingerprint of the files, unless they cannot be read.
pub(super) fn fingerprint(input: &str) -> Option<String> {
    serde_json::from_str::<UserInput>(input).ok()?.fingerprint().ok()
}
