//! Which users must be there: by a file, or by a data folder.

use std::path::Path;

use serde_json::Value;

use crate::cli::speak::say_line;
use crate::config::{self, Config};
use crate::dataset::{Inputs, list};
use crate::error::Failure;
use crate::measures;
use crate::schema::USER;
use crate::store::{Location, Run};
use crate::text_file;

/// The users; none if nobody said.
pub(super) fn users(
    list: Option<&Path>,
    data: Option<&Path>,
    shards: &[Location],
) -> Result<Option<Vec<String>>, Failure> {
    if let Some(path) = list {
        return of_file(path).map(Some);
    }
    data.map(|folder| of_folder(folder, shards)).transpose()
}

fn of_file(path: &Path) -> Result<Vec<String>, Failure> {
    if path.is_dir() {
        let dir = path.display();
        return Err(Failure::usage(format!(
            "--expect: {dir} is a folder\n(hint: --data {dir} takes the users of one)"
        )));
    }
    let text = text_file::read(path)
        .map_err(|e| Failure::usage(format!("--expect: cannot read {}: {e}", path.display())))?;
    let users = ids(&text);
    if users.is_empty() {
        let hint = "(hint: write an id a line)";
        return Err(Failure::usage(format!("--expect: {} names no user\n{hint}", path.display())));
    }
    Ok(users)
}

/// An id a line, the column `user_id` of a table, or JSON: without comments, without a header, and without quotes if all
/// lines have them.
fn ids(text: &str) -> Vec<String> {
    if let Some(ids) = of_json(text) {
        return ids;
    }
    let mut lines: Vec<&str> =
        text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.retain(|line| *line != "#" && !line.starts_with("# "));
    if let Some(ids) = lines.split_first().and_then(|(header, rows)| column(header, rows)) {
        return ids;
    }
    if lines.first().is_some_and(|first| first.trim_matches('"') == USER) {
        lines.remove(0);
    }
    let inner = |line: &str| Some(line.strip_prefix('"')?.strip_suffix('"')?.replace("\"\"", "\""));
    let unquoted: Option<Vec<String>> = lines.iter().map(|line| inner(line)).collect();
    unquoted.unwrap_or_else(|| lines.iter().map(|line| (*line).to_owned()).collect())
}

/// The ids of a list of texts, or of objects with `user_id`, of which each may stand in a line of its own; none if it is
/// something else.
fn of_json(text: &str) -> Option<Vec<String>> {
    let id = |value: &Value| value.as_str().or_else(|| value.get(USER)?.as_str()).map(str::to_owned);
    if text.trim_start().starts_with('[') {
        return serde_json::from_str::<Vec<Value>>(text).ok()?.iter().map(id).collect();
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let objects = lines.map(|line| serde_json::from_str::<Value>(line).ok().filter(Value::is_object));
    objects.map(|object| id(&object?)).collect()
}

/// The ids of a table with several columns; none if it is not one.
fn column(header: &str, rows: &[&str]) -> Option<Vec<String>> {
    let fields = |line: &str, separator: char| -> Vec<String> {
        line.split(separator).map(|field| field.trim().trim_matches('"').to_owned()).collect()
    };
    let found = |separator| fields(header, separator).iter().position(|name| name == USER);
    let separator = [',', ';', '\t'].into_iter().find(|separator| header.contains(*separator))?;
    let place = found(separator)?;
    let width = fields(header, separator).len();
    // A row in which quotes keep separators together is not taken apart here.
    let rows = rows.iter().map(|row| fields(row, separator));
    rows.map(|mut row| (row.len() == width).then(|| row.swap_remove(place))).collect()
}

/// The folder is read as the runs were told to read theirs.
fn of_folder(folder: &Path, shards: &[Location]) -> Result<Vec<String>, Failure> {
    let of_run = shards.iter().find_map(|place| Run::open(place).ok());
    let config = match of_run {
        Some(run) => run.manifest().config.clone(),
        None => config::parse("defaults", "", None, &measures::settings()).map_err(Failure::error)?.config,
    };
    let config = Config { data_root: folder.display().to_string(), n_users: None, ..config };
    let Inputs { users, notes } = list(&config).map_err(Failure::usage)?;
    // A file that is left out may be somebody who is missed.
    for words in &notes {
        say_line(format_args!("note: {words}"));
    }
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
        assert_eq!(ids("user_id\n\"u1\"\n\"u2\"\n"), ["u1", "u2"]);
        assert_eq!(ids("u1\ru2\r"), ["u1", "u2"], "lines as older Macs end them");
        assert_eq!(ids("age,user_id\n30,u1\n31,\"u2\"\n"), ["u1", "u2"]);
        assert_eq!(ids("user_id;site\r\nu1;a\r\n"), ["u1"]);
        assert_eq!(ids("[\"u1\", \"u 2\"]\n"), ["u1", "u 2"]);
        assert_eq!(ids("{\"age\": 3, \"user_id\": \"u1\"}\n{\"user_id\": \"u2\"}\n"), ["u1", "u2"]);
        assert_eq!(ids("[site]\nu1\n"), ["[site]", "u1"], "an id may have brackets");
        assert_eq!(ids("u,1\nu,2\n"), ["u,1", "u,2"], "ids may have commas");
    }
}
