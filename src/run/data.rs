//! The data of a run that goes on: users that came since, and data that were moved.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::create::units;
use super::error::RunError;
use crate::config::Config;
use crate::dataset::Input;
use crate::store::{ExpectedUnit, Run};

/// Units of users that came into the data folder since the run was planned. Unless `thorough`, the folder may
/// be gone, and nothing is looked for where that would mean reading all files.
///
/// # Errors
/// The folder cannot be listed; the run is a control, and `thorough` asked for.
pub fn newcomers(run: &Run, thorough: bool) -> Result<Vec<ExpectedUnit>, RunError> {
    let manifest = run.manifest();
    let config = manifest.config.clone();
    // The pairs of a control are chosen once.
    if manifest.control.is_some() {
        return if thorough { Err(RunError::OfControl { run: run.name() }) } else { Ok(Vec::new()) };
    }
    // With a number of users the plan is full, and a user column means reading all files.
    if !thorough && (config.n_users.is_some() || config.data.user.is_some()) {
        return Ok(Vec::new());
    }
    let config = Config { n_users: None, data_root: manifest.input.folder.clone(), ..config };
    let found = match units(&config, manifest.shards, &|_| ()) {
        Ok(found) => found,
        // The folder may be gone while what is left to do needs none of it.
        Err(_) if !thorough => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let known: HashSet<&str> = run.expected()?.iter().map(|u| u.user_id.as_str()).collect();
    Ok(found.into_iter().filter(|unit| !known.contains(unit.user_id.as_str())).collect())
}

/// The data of the plan are in another folder from now on, at the same places below it; gives the files that are
/// not in it. Whether they are still what they were, their fingerprints tell.
///
/// # Errors
/// None of them is there.
pub fn move_data(run: &mut Run, folder: &Path) -> Result<Vec<String>, RunError> {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let absolute = absolute.canonicalize().unwrap_or(absolute);
    let mut units = run.expected()?.to_vec();
    let before = Path::new(&run.manifest().input.folder).to_owned();
    // By place, so that each is looked for once.
    let mut files: BTreeMap<String, bool> = BTreeMap::new();
    for unit in &mut units {
        let Ok(mut input) = serde_json::from_str::<Input>(&unit.input) else { continue };
        for file in input.users_mut().into_iter().flat_map(|user| &mut user.files) {
            let Some(place) = below(&before, file) else { continue };
            let moved = absolute.join(&place);
            files.entry(place.display().to_string()).or_insert_with(|| moved.exists());
            *file = moved;
        }
        unit.input = serde_json::to_string(&input).map_err(RunError::Plan)?;
    }
    let missing: Vec<String> =
        files.iter().filter(|(_, there)| !**there).map(|(name, _)| name.clone()).collect();
    if missing.len() == files.len() {
        let some = missing.into_iter().next().unwrap_or_default();
        let (folder, run) = (absolute.display().to_string(), run.name());
        return Err(RunError::OtherData { folder, run, files: files.len(), some });
    }
    run.move_data(units, &absolute.display().to_string())?;
    Ok(missing)
}

/// Where a file lies below a folder; its name, if it does not.
fn below(folder: &Path, file: &Path) -> Option<PathBuf> {
    let place = file.strip_prefix(folder).ok().filter(|place| place.file_name().is_some());
    place.or_else(|| file.file_name().map(Path::new)).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_in_several_folders_stay_apart() {
        let place = |file: &str| below(Path::new("/data"), Path::new(file));
        assert_eq!(place("/data/u1/part.csv"), Some("u1/part.csv".into()));
        assert_eq!(place("/data/u2/part.csv"), Some("u2/part.csv".into()));
        assert_eq!(place("/elsewhere/u3.csv"), Some("u3.csv".into()));
        assert_eq!(place("/data"), Some("data".into()));
    }
}
