//! The data of a run that goes on: users that came since, and data that were moved.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::create::units;
use super::error::RunError;
use crate::attempts::{Damage, Ledger, Standing};
use crate::config::Config;
use crate::dataset::{Input, Whereabouts, any_is_there, full_name, has_data, names_in};
use crate::engine::{Engine, engine};
use crate::schema::Schemas;
use crate::store::{Assignment, ExpectedUnit, Run};

/// Units of users that came into the data folder since the run was planned. Unless `thorough`, the folder may
/// be gone, and nothing is looked for where that would mean reading all files; else `note` is told what of the folder is
/// left out.
///
/// # Errors
/// The folder cannot be listed; the run is a control, and `thorough` asked for.
pub fn newcomers(run: &Run, thorough: bool, note: &dyn Fn(&str)) -> Result<Vec<ExpectedUnit>, RunError> {
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
    let told = |words: &str| {
        if thorough {
            note(words);
        }
    };
    let found = match units(&config, manifest.shards, &told) {
        Ok(found) => found,
        // The folder may be gone while what is left to do needs none of it.
        Err(_) if !thorough => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let known: HashSet<&str> = run.expected()?.iter().map(|u| u.user_id.as_str()).collect();
    Ok(found.into_iter().filter(|unit| !known.contains(unit.user_id.as_str())).collect())
}

/// Data that were moved, as they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MovedData {
    /// Files of the plan that are not there.
    pub missing: Vec<String>,
    /// Users that are done, whose input is as it was.
    pub same: usize,
    /// Users that are done, whose input is another one.
    pub changed: Vec<String>,
}

/// The data of the plan are in another folder from now on, at the same places below it. The inputs of what is done
/// are compared with what they were.
///
/// # Errors
/// None of them is there.
pub fn move_data(run: &mut Run, folder: &Path, schemas: &Schemas) -> Result<MovedData, RunError> {
    let absolute = full_name(folder);
    let there = Whereabouts::of(&absolute)?;
    let mut units = run.expected()?.to_vec();
    let input = &run.manifest().input.folder;
    // The folder as it was named may be a link.
    let named = std::path::absolute(&run.manifest().config.data_root).unwrap_or_default();
    let before = [Path::new(input).to_owned(), named];
    // By place, so that each is looked for once.
    let mut files: BTreeMap<String, bool> = BTreeMap::new();
    for unit in &mut units {
        let Ok(mut input) = serde_json::from_str::<Input>(&unit.input) else { continue };
        for file in input.users_mut().into_iter().flat_map(|user| &mut user.files) {
            let Some(place) = place(&before, file, |place| there.has(place)) else { continue };
            let moved = absolute.join(&place);
            files.entry(place.display().to_string()).or_insert_with(|| there.has(&place));
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
    let (same, changed) = compared(run, &*engine(&run.manifest().config, schemas, None)?)?;
    Ok(MovedData { missing, same, changed })
}

/// Of users that are done: how many have the input that they had, and who has another one.
fn compared(run: &Run, engine: &dyn Engine) -> Result<(usize, Vec<String>), RunError> {
    let ledger = Ledger::read(run.storage())?;
    let none = Damage::default();
    let then: HashMap<&str, &str> = ledger
        .units()
        .filter_map(|rows| Some(Standing::of(rows, &none)?.row))
        .filter_map(|row| Some((row.user_id.as_str(), row.input_fingerprint.as_deref()?)))
        .collect();
    let mut units: Vec<&ExpectedUnit> = run.own_units()?.collect();
    units.dedup_by_key(|unit| unit.position);
    let found: Vec<(&str, bool)> = units
        .par_iter()
        .filter_map(|unit| {
            let user = unit.user_id.as_str();
            let (then, now) = (then.get(user)?, engine.input_fingerprint(&unit.input)?);
            Some((user, now == *then))
        })
        .collect();
    let changed: Vec<String> =
        found.iter().filter(|(_, same)| !same).map(|(user, _)| (*user).to_owned()).collect();
    Ok((found.len() - changed.len(), changed))
}

/// Names that are shown of what lies in a folder.
const SHOWN: usize = 3;

/// All data of a run, where they are gone: the folder, or every file of the plan that should be in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// There is no such folder.
    Folder,
    /// The folder has none of the files: in words, what it has, and what it lacks.
    Files(String),
}

/// Whether all data of a run are gone. The files of the shares that are worked on are looked for first, so that the rest of
/// a plan is read only where none of them is there.
///
/// # Errors
/// The folder cannot be listed, the plan not be read.
pub(super) fn gone(run: &Run, shares: &[Assignment]) -> Result<Option<Gone>, RunError> {
    let folder = Path::new(&run.manifest().input.folder);
    if !has_data(folder)? {
        return Ok(Some(Gone::Folder));
    }
    for &share in shares {
        if any_is_there(folder, run.expected_of(share)?.into_iter().flat_map(files_of))? {
            return Ok(None);
        }
    }
    let files: BTreeSet<PathBuf> = run.own_units()?.flat_map(files_of).collect();
    let Some(first) = files.first() else { return Ok(None) };
    if any_is_there(folder, files.iter().cloned())? {
        return Ok(None);
    }
    let first = first.strip_prefix(folder).unwrap_or(first).display();
    let lacks = match files.len() {
        1 => format!("{first}, the one file of the plan"),
        n => format!("all {n} files of the plan ({first}, …)"),
    };
    let names = names_in(folder)?;
    let more = if names.len() > SHOWN { ", …" } else { "" };
    let has = match names.len() {
        0 => "is empty".to_owned(),
        n => format!("has only {}{more}", names[..n.min(SHOWN)].join(", ")),
    };
    Ok(Some(Gone::Files(format!("{has}: it lacks {lacks}"))))
}

/// The files of a unit.
fn files_of(unit: &ExpectedUnit) -> Vec<PathBuf> {
    let input = serde_json::from_str::<Input>(&unit.input).ok();
    let users = input.iter().flat_map(Input::users);
    users.flat_map(|user| &user.files).cloned().collect()
}

/// Where a file lies below a folder that has several names. If it lies below none of them, as many of the last
/// parts of its path as lead to a file that is there; its name, if none do.
fn place(folders: &[PathBuf], file: &Path, is_there: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let below = |folder: &PathBuf| file.strip_prefix(folder).ok().filter(|place| place.file_name().is_some());
    if let Some(place) = folders.iter().find_map(below) {
        return Some(place.to_owned());
    }
    let parts: Vec<&OsStr> = file.iter().collect();
    let tails = (1..parts.len()).map(|from| parts[from..].iter().collect::<PathBuf>());
    tails.into_iter().find(|tail| is_there(tail)).or_else(|| file.file_name().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_in_several_folders_stay_apart() {
        let folders = ["/data".into(), "/link".into()];
        let place_of = |file: &str, there: &str| place(&folders, Path::new(file), |p| p == Path::new(there));
        assert_eq!(place_of("/data/u1/part.csv", ""), Some("u1/part.csv".into()));
        assert_eq!(place_of("/link/u2/part.csv", ""), Some("u2/part.csv".into()));
        assert_eq!(place_of("/else/where/u3/part.csv", "u3/part.csv"), Some("u3/part.csv".into()));
        assert_eq!(place_of("/elsewhere/u3.csv", ""), Some("u3.csv".into()));
        assert_eq!(place_of("/data", ""), Some("data".into()));
    }
}
