//! Which users must be there: by a file, or by a data folder.

use std::path::{Path, PathBuf};

use crate::config::{self, Config};
use crate::dataset::inputs;
use crate::error::Failure;
use crate::measures;
use crate::store::Run;

/// The users; none if nobody said.
pub(super) fn users(
    list: Option<&Path>,
    data: Option<&Path>,
    shards: &[PathBuf],
) -> Result<Option<Vec<String>>, Failure> {
    if let Some(path) = list {
        return of_file(path).map(Some);
    }
    data.map(|folder| of_folder(folder, shards)).transpose()
}

fn of_file(path: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::usage(format!("--expect: cannot read {}: {e}", path.display())))?;
    let users: Vec<String> =
        text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect();
    if users.is_empty() {
        let hint = "(hint: write an id a line)";
        return Err(Failure::usage(format!("--expect: {} names no user\n{hint}", path.display())));
    }
    Ok(users)
}

/// The folder is read as the runs were told to read theirs.
fn of_folder(folder: &Path, shards: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let of_run = shards.iter().find_map(|dir| Run::open(dir).ok());
    let config = match of_run {
        Some(run) => run.manifest().config.clone(),
        None => config::parse("defaults", "", None, &measures::settings()).map_err(Failure::error)?.config,
    };
    let config = Config { data_root: folder.display().to_string(), n_users: None, ..config };
    let users = inputs(&config).map_err(Failure::usage)?;
    Ok(users.into_iter().map(|user| user.id).collect())
}
