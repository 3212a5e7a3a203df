//! Which users must be there: by a file, or by a data folder.

use std::path::{Path, PathBuf};

use crate::config::{self, Config};
use crate::dataset::inputs;
use crate::error::Failure;
use crate::measures;
use crate::store::Run;
use crate::text_file;

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
    let text = text_file::read(path)
        .map_err(|e| Failure::usage(format!("--expect: cannot read {}: {e}", path.display())))?;
    let users = ids(&text);
    if users.is_empty() {
        let hint = "(hint: write an id a line)";
        return Err(Failure::usage(format!("--expect: {} names no user\n{hint}", path.display())));
    }
    Ok(users)
}

/// An id a line: without comments, without the header of a column of a table, and without quotes if all lines
/// have them.
fn ids(text: &str) -> Vec<String> {
    let mut lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.retain(|line| *line != "#" && !line.starts_with("# "));
    let inner = |line: &str| Some(line.strip_prefix('"')?.strip_suffix('"')?.replace("\"\"", "\""));
    let unquoted: Option<Vec<String>> = lines.iter().map(|line| inner(line)).collect();
    let mut users = unquoted.unwrap_or_else(|| lines.iter().map(|line| (*line).to_owned()).collect());
    if users.first().is_some_and(|first| first.trim_matches('"') == "user_id") {
        users.remove(0);
    }
    users
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

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn lists_are_read_however_they_were_saved() {
        assert_eq!(ids("u1\r\n\n  u2 \n"), ["u1", "u2"]);
        assert_eq!(ids("# both sites\nuser_id\nu1\n#2\n"), ["u1", "#2"]);
        assert_eq!(ids("\"user_id\"\n\"u1\"\n\"a \"\"b\"\"\"\n"), ["u1", "a \"b\""]);
        assert_eq!(ids("\"x\"\nu1\n"), ["\"x\"", "u1"], "an id may have quotes");
        assert_eq!(ids("user_id\n"), [""; 0]);
    }
}
