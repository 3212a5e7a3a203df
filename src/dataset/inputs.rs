//! The list of users: which files belong to whom.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::copies::{FileOf, copies};
use super::error::DatasetError;
use super::folder::{Folder, Found, id};
use super::id::{look_equal, lookalikes, rounded, stand_ins};
use super::rules::Rules;
use super::{fingerprint, open, table};
use crate::config::Config;

/// One user and the files with their rows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserInput {
    /// The user id; any UTF-8.
    pub id: String,
    /// Absolute paths of the files, or their URLs, sorted by name; more than one only with a user column.
    pub files: Vec<PathBuf>,
    /// Bytes of the files together (of a shared file: all of it).
    pub bytes: u64,
    /// Whether this stands for a shared file that could not be read, or for those of its rows whose id cannot be one, so
    /// that whose rows they are is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
}

/// The users of a data folder, and what has to be said about the folder.
#[derive(Debug)]
pub struct Inputs {
    /// The users.
    pub users: Vec<UserInput>,
    /// What was left out, and what is odd.
    pub notes: Vec<String>,
}

impl UserInput {
    /// The file of a user who has only one.
    fn only_file(&self) -> FileOf<'_> {
        FileOf { user: &self.id, path: &self.files[0], bytes: self.bytes }
    }

    /// Hash (hex) of the bytes of the files; the same as [`super::UserFrame::fingerprint`], for
    /// users whose files could not be parsed.
    pub fn fingerprint(&self) -> Result<String, DatasetError> {
        let hashes: Result<Vec<_>, _> = self.files.iter().map(|file| open::fingerprint(file)).collect();
        Ok(fingerprint::joint(hashes?))
    }
}

/// The users of a data folder, the first `n_users` of them; see [`list`].
pub fn inputs(config: &Config) -> Result<Vec<UserInput>, DatasetError> {
    list(config).map(|inputs| inputs.users)
}

/// The users of a data folder, the first `n_users` of them, and what has to be said about the rest of it.
///
/// With one file a user they are sorted by file name, byte by byte, and the id is the file name
/// without the first of `id_suffixes` that fits, or without its extensions. With a user column
/// (`data.user`) every file is read once to find the users, who are sorted by id; a file that cannot be
/// read becomes a unit of its own, which fails, so that the run is not complete without it; so do the rows of a file
/// whose id cannot be one.
pub fn list(config: &Config) -> Result<Inputs, DatasetError> {
    let folder = Folder::list(&config.data_root, &config.data.files)?;
    let mut notes = folder.notes(&config.data.files);
    let mut users = match &config.data.user {
        None => {
            let users = one_file_each(folder.files, &config.data.id_suffixes)?;
            notes.extend(copies(users.iter().map(UserInput::only_file)));
            users
        }
        Some(column) => by_column(folder.files, column, &Rules::new(&config.data.reading), &mut notes)?,
    };
    odd_ids(&users, config.data.user.is_some(), &mut notes);
    if let Some(most) = config.n_users {
        users.truncate(most as usize);
    }
    Ok(Inputs { users, notes })
}

/// What has to be said of ids that are hardly those of different people.
fn odd_ids(users: &[UserInput], is_shared: bool, notes: &mut Vec<String>) {
    let ids = || users.iter().map(|user| user.id.as_str());
    some_of(&lookalikes(ids()), "pairs of user ids that look like one", notes, |(first, second)| {
        let why = if look_equal(first, second) { ", written with other characters of Unicode" } else { "" };
        format!(
            "the user ids `{first}` and `{second}` look like one{why}: are they the same person? They are taken for two"
        )
    });
    let rounded = if is_shared { one_when_rounded(users) } else { Vec::new() };
    some_of(&rounded, "pairs of user ids that are one when rounded", notes, |(id, other)| {
        format!(
            "the user ids `{id}` and `{other}` are one for programs that keep numbers with a floating point, and no file \
             holds both: are they the same person? They are taken for two (hint: write the ids as text)"
        )
    });
    some_of(&stand_ins(ids()), "user ids that may stand for a missing one", notes, |id| {
        format!(
            "the user id `{id}` is taken for a person (hint: if it stands for a missing id, set `data.missing_values: \
             ['{}']`)",
            id.replace('\'', "''")
        )
    });
}

/// A note for each of the first few of `all`, and how many more `what` there are.
fn some_of<T>(all: &[T], what: &str, notes: &mut Vec<String>, note: impl Fn(&T) -> String) {
    const MOST: usize = 5;
    notes.extend(all.iter().take(MOST).map(note));
    if all.len() > MOST {
        notes.push(format!("and {} more {what}", all.len() - MOST));
    }
}

/// Pairs of ids of which one is the other rounded to a double, as data frames with a gap in the column do. Whoever has
/// both in one file could tell them apart.
fn one_when_rounded(users: &[UserInput]) -> Vec<(&str, String)> {
    let all: HashMap<&str, &UserInput> = users.iter().map(|user| (user.id.as_str(), user)).collect();
    let other = |user: &&UserInput| {
        let id = rounded(&user.id)?;
        all.get(id.as_str()).filter(|other| !other.files.iter().any(|file| user.files.contains(file)))?;
        Some(id)
    };
    users.iter().filter_map(|user| Some((user.id.as_str(), other(&user)?))).collect()
}

/// Every file is a user.
fn one_file_each(files: Vec<Found>, suffixes: &[String]) -> Result<Vec<UserInput>, DatasetError> {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let mut users = Vec::with_capacity(files.len());
    let mut twice = Vec::new();
    for file in files {
        let id = id(&file.name, suffixes).to_owned();
        if let Some(first) = taken.get(&id) {
            twice.push((id, first.clone(), file.name));
            continue;
        }
        taken.insert(id.clone(), file.name);
        users.push(UserInput { id, files: vec![file.path], bytes: file.bytes, unread: false });
    }
    let others = twice.len().saturating_sub(1);
    match twice.into_iter().next() {
        Some((id, first, second)) => Err(DatasetError::DuplicateUser { id, first, second, others }),
        None => Ok(users),
    }
}

/// Every value of the column is a user.
fn by_column(
    files: Vec<Found>,
    column: &str,
    rules: &Rules,
    notes: &mut Vec<String>,
) -> Result<Vec<UserInput>, DatasetError> {
    let mut users: BTreeMap<String, UserInput> = BTreeMap::new();
    let (mut failed, mut odd) = (Vec::new(), Vec::new());
    for file in files {
        let found = match read_table(&file.path, &[], Some(column), rules) {
            Ok(found) => found,
            Err(error) if error.is_config() => return Err(error),
            Err(error) => {
                failed.push((file, error));
                continue;
            }
        };
        if let Some((rows, line)) = found.nobodys {
            notes.push(format!(
                "{}: {rows} row(s) without a user id in column `{column}`, the first at line {line}, are left out \
                 (hint: if a word such as NA is an id, set `data.not_missing: [NA]`)",
                file.name
            ));
        } else if found.users.is_empty() && found.odd.is_none() {
            notes.push(format!("{} has no rows", file.name));
        }
        for id in found.users {
            let user = users.entry(id.clone()).or_insert_with(|| UserInput {
                id,
                files: Vec::new(),
                bytes: 0,
                unread: false,
            });
            user.files.push(file.path.clone());
            user.bytes += file.bytes;
        }
        if let Some((rows, error)) = found.odd {
            odd.push((file, rows, error));
        }
    }
    if users.is_empty() {
        let odd = odd.into_iter().map(|(_, _, error)| error);
        return Err(match failed.into_iter().map(|(_, error)| error).chain(odd).next() {
            Some(error) => error,
            None => DatasetError::NobodysRows { column: column.to_owned() },
        });
    }
    let mut fail = |file: Found, note: String| {
        notes.push(note);
        let mut id = file.name;
        while users.contains_key(&id) {
            id.push_str(" (file)");
        }
        let unread = UserInput { id: id.clone(), files: vec![file.path], bytes: file.bytes, unread: true };
        users.insert(id, unread);
    };
    for (file, error) in failed {
        let note = format!("{} cannot be read and fails as a unit of its own: {error}", file.name);
        fail(file, note);
    }
    for (file, rows, error) in odd {
        let note = format!(
            "{}: {rows} row(s) whose user id cannot be one fail as a unit of their own, the first: {error}",
            file.name
        );
        fail(file, note);
    }
    Ok(users.into_values().collect())
}

/// The needed columns of a file of any kind.
pub(super) fn read_table(
    path: &Path,
    needed: &[table::Needed],
    user: Option<&str>,
    rules: &Rules,
) -> Result<table::Table, DatasetError> {
    let (file, is_parquet) = open::open(path)?;
    if is_parquet {
        return super::parquet::read(path, file, needed, user, rules);
    }
    let name = open::shown(path);
    super::csv::read(&name, open::Text::new(&name, file, rules.encoding)?, needed, user, rules)
}
