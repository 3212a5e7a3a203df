//! Reads some users with a configuration, as a run would.

use std::path::Path;

use serde::Serialize;

use super::error::InitError;
use super::found::Found;
use super::sample::{MOST_BYTES, MOST_ROWS};
use crate::beside::Scratch;
use crate::config::Config;
use crate::dataset::{Recipe, UserInput, copy_beginning, list};

/// Users that are read.
const MOST_USERS: usize = 8;
/// Files whose beginnings are read.
const MOST_FILES: usize = 8;
/// Larger files are read in part.
const WHOLE: u64 = MOST_BYTES as u64;

/// What came of reading some users.
#[derive(Debug, Serialize)]
pub(crate) struct Trial {
    /// Users that were found.
    pub users: usize,
    /// Whether these are all there are.
    pub is_all: bool,
    /// Those that were read.
    pub read: Vec<TriedUser>,
    /// What a run would say of the folder.
    pub notes: Vec<String>,
}

/// What came of reading a user.
#[derive(Debug, Serialize)]
pub(crate) struct TriedUser {
    /// The id.
    pub id: String,
    /// Rows of the file.
    pub rows: usize,
    /// Rows with a source and a target.
    pub used: usize,
    /// Seconds from a row to the next.
    pub period: Option<f64>,
    /// The first and the last time, in seconds since 1970 of the users' clock.
    pub from_to: Option<(f64, f64)>,
    /// Stretches without a gap.
    pub stretches: usize,
    /// What is doubtful.
    pub doubts: Vec<String>,
    /// Why there would be no results.
    pub problem: Option<String>,
}

/// Reads some users with a configuration.
///
/// # Errors
/// The configuration or the folder cannot be read at all. What is wrong with single users is in [`TriedUser::problem`].
pub(crate) fn trial(found: &Found, config: &Config) -> Result<Trial, InitError> {
    let is_small = found.files <= MOST_FILES && found.tried.iter().all(|(_, bytes)| *bytes <= WHOLE);
    if is_small {
        return tried(config, true, found.files);
    }
    let scratch = Scratch::new("init").map_err(InitError::Scratch)?;
    let mut failed = Vec::new();
    for (path, bytes) in found.tried.iter().take(MOST_FILES) {
        let to = scratch.path().join(path.file_name().unwrap_or_default());
        if let Err(error) = beginning(path, *bytes, &to) {
            failed.push(error.to_string());
        }
    }
    let config = Config { data_root: scratch.path().display().to_string(), ..config.clone() };
    let mut trial = tried(&config, false, found.files)?;
    trial.notes.clear();
    trial.notes.extend(failed);
    if found.user_column.is_none() {
        trial.users = found.files;
        trial.is_all = true;
    }
    Ok(trial)
}

/// Puts a file, or as much of it as is looked at, to where it is tried.
fn beginning(path: &Path, bytes: u64, to: &Path) -> Result<(), InitError> {
    if bytes <= WHOLE {
        return std::os::unix::fs::symlink(path, to).map_err(InitError::Scratch);
    }
    Ok(copy_beginning(path, to, MOST_BYTES, MOST_ROWS)?)
}

fn tried(config: &Config, is_all: bool, files: usize) -> Result<Trial, InitError> {
    let recipe = Recipe::new(config)?;
    let inputs = list(config)?;
    let read = inputs.users.iter().take(MOST_USERS).map(|user| read(config, &recipe, user)).collect();
    let users = if config.data.user.is_some() { inputs.users.len() } else { files };
    Ok(Trial { users, is_all, read, notes: inputs.notes })
}

fn read(config: &Config, recipe: &Recipe, user: &UserInput) -> TriedUser {
    let mut tried = TriedUser {
        id: user.id.clone(),
        rows: 0,
        used: 0,
        period: None,
        from_to: None,
        stretches: 0,
        doubts: Vec::new(),
        problem: None,
    };
    let frame = match recipe.read(user) {
        Ok(frame) => frame,
        Err(error) => return TriedUser { problem: Some(error.to_string()), ..tried },
    };
    tried.rows = frame.rows();
    let mode = config.feature_modes.first().map_or("", String::as_str);
    match recipe.series(&frame, mode) {
        Err(error) => tried.problem = Some(error.to_string()),
        Ok(series) => {
            tried.used = series.len();
            tried.period = series.period;
            tried.from_to = series.local.first().copied().zip(series.local.last().copied());
            tried.stretches = series.segment_starts.len();
            tried.doubts = series.doubts;
            tried.doubts.extend(series.long_steps.map(|steps| steps.to_string()));
        }
    }
    tried
}
