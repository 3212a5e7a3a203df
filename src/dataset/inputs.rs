//! The list of users: which files belong to whom.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::folder::{Folder, Found, id, some};
use super::id::{lookalikes, without_letters};
use super::rules::Rules;
use super::{open, table};
use crate::config::Config;

/// Most bytes of files that are compared to find people whose files are the same.
const COMPARED: u64 = 64 * 1024;

/// One user and the files with their rows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserInput {
    /// The user id; any UTF-8.
    pub id: String,
    /// Absolute paths of the files, sorted by name; more than one only with a user column.
    pub files: Vec<PathBuf>,
    /// Bytes of the files together (of a shared file: all of it).
    pub bytes: u64,
    /// Whether this stands for a shared file that could not be read, so that whose rows it holds is not known.
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
    /// Hash (hex) of the bytes of the files; the same as [`super::UserFrame::fingerprint`], for
    /// users whose files could not be parsed.
    pub fn fingerprint(&self) -> Result<String, DatasetError> {
        let hashes: Result<Vec<_>, _> = self.files.iter().map(|file| open::fingerprint(file)).collect();
        Ok(joint_fingerprint(hashes?))
    }
}

/// One hash for several files: that of the only one, or the hash of the hashes.
pub(super) fn joint_fingerprint(mut hashes: Vec<String>) -> String {
    if hashes.len() == 1 {
        return hashes.swap_remove(0);
    }
    blake3::hash(hashes.concat().as_bytes()).to_hex().to_string()
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
/// read becomes a unit of its own, which fails, so that the run is not complete without it.
pub fn list(config: &Config) -> Result<Inputs, DatasetError> {
    let folder = Folder::list(&config.data_root, &config.data.files)?;
    let mut notes = folder.notes(&config.data.files);
    let mut users = match &config.data.user {
        None => {
            let users = one_file_each(folder.files, &config.data.id_suffixes)?;
            notes.extend(same_bytes(&users));
            users
        }
        Some(column) => by_column(folder.files, column, &Rules::new(&config.data.reading), &mut notes)?,
    };
    for (first, second) in lookalikes(users.iter().map(|user| user.id.as_str())).into_iter().take(5) {
        notes.push(format!(
            "the user ids `{first}` and `{second}` look like one: are they the same person? They are taken for two"
        ));
    }
    for id in without_letters(users.iter().map(|user| user.id.as_str())).into_iter().take(5) {
        notes.push(format!(
            "the user id `{id}` is taken for a person (hint: if it stands for a missing id, set `data.missing_values: \
             ['{}']`)",
            id.replace('\'', "''")
        ));
    }
    if let Some(most) = config.n_users {
        users.truncate(most as usize);
    }
    Ok(Inputs { users, notes })
}

/// Every file is a user.
fn one_file_each(files: Vec<Found>, suffixes: &[String]) -> Result<Vec<UserInput>, DatasetError> {
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let mut users = Vec::with_capacity(files.len());
    for file in files {
        let id = id(&file.name, suffixes).to_owned();
        if let Some(first) = taken.insert(id.clone(), file.name.clone()) {
            return Err(DatasetError::DuplicateUser { id, first, second: file.name });
        }
        users.push(UserInput { id, files: vec![file.path], bytes: file.bytes, unread: false });
    }
    Ok(users)
}

/// Notes on files of different users that hold the same bytes: copies that would count twice.
///
/// Only files of one size are opened, and those whose beginnings are equal read to the end.
fn same_bytes(users: &[UserInput]) -> Vec<String> {
    let mut by_size: HashMap<u64, Vec<&UserInput>> = HashMap::new();
    for user in users.iter().filter(|user| user.bytes > 0) {
        by_size.entry(user.bytes).or_default().push(user);
    }
    let mut notes = Vec::new();
    for users in by_size.into_values().filter(|users| users.len() > 1) {
        let mut by_content: HashMap<String, Vec<&UserInput>> = HashMap::new();
        for user in users {
            if let Some(hash) = beginning(&user.files[0]) {
                by_content.entry(hash).or_default().push(user);
            }
        }
        for alike in by_content.into_values().filter(|users| users.len() > 1) {
            let mut by_hash: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for user in alike {
                if let Ok(hash) = user.fingerprint() {
                    by_hash.entry(hash).or_default().push(user.id.clone());
                }
            }
            for names in by_hash.values().filter(|names| names.len() > 1) {
                notes.push(format!(
                    "the files of {} users hold the same bytes: {} (hint: remove the copies if they are one person)",
                    names.len(),
                    some(names)
                ));
            }
        }
    }
    notes.sort();
    notes
}

/// Hash of the beginning of a file.
fn beginning(path: &Path) -> Option<String> {
    let mut start = Vec::new();
    std::fs::File::open(path).ok()?.take(COMPARED).read_to_end(&mut start).ok()?;
    Some(blake3::hash(&start).to_hex().to_string())
}

/// Every value of the column is a user.
fn by_column(
    files: Vec<Found>,
    column: &str,
    rules: &Rules,
    notes: &mut Vec<String>,
) -> Result<Vec<UserInput>, DatasetError> {
    let mut users: BTreeMap<String, UserInput> = BTreeMap::new();
    let mut failed = Vec::new();
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
        } else if found.users.is_empty() {
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
    }
    if users.is_empty() {
        return Err(match failed.into_iter().next() {
            Some((_, error)) => error,
            None => DatasetError::NobodysRows { column: column.to_owned() },
        });
    }
    for (file, error) in failed {
        notes.push(format!("{} cannot be read and fails as a unit of its own: {error}", file.name));
        let mut id = file.name;
        while users.contains_key(&id) {
            id.push_str(" (file)");
        }
        let unread = UserInput { id: id.clone(), files: vec![file.path], bytes: file.bytes, unread: true };
        users.insert(id, unread);
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

#[cfg(test)]
mod tests {
    use super::super::testing::config;
    use super::{Config, DatasetError, Inputs, UserInput, inputs, list};

    /// A folder with the given files, and a configuration that reads it.
    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut config = config();
        config.data_root = folder.path().to_str().unwrap().to_owned();
        config.data.files = "*".to_owned();
        (folder, config)
    }

    fn ids(users: &[UserInput]) -> Vec<&str> {
        users.iter().map(|user| user.id.as_str()).collect()
    }

    #[test]
    fn ids_are_file_names_without_suffix() {
        let names = [
            "b.features_labels.csv.gz",
            "B.features_labels.csv",
            "a=b .csv",
            "ü😀.csv.gz",
            "..x.1.parquet",
            "-.csv",
        ];
        let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, "x")).collect();
        let (_folder, mut config) = folder(&files);
        let users = inputs(&config).unwrap();
        assert_eq!(ids(&users), ["-", "B", "a=b ", "b", "ü😀"], "hidden files are not data");
        config.n_users = Some(2);
        assert_eq!(ids(&inputs(&config).unwrap()), ["-", "B"]);
        config.data.files = ".*".to_owned();
        assert_eq!(ids(&inputs(&config).unwrap()), ["..x.1"]);
    }

    #[test]
    fn refusals_name_folder_pattern_and_files() {
        let (folder, mut config) = folder(&[("u1.csv", "x"), ("u1.csv.gz", "x"), ("notes.md", "x")]);
        config.data.files = "*.csv*".to_owned();
        match inputs(&config).unwrap_err() {
            DatasetError::DuplicateUser { id, first, second } => {
                assert_eq!((&*id, &*first, &*second), ("u1", "u1.csv", "u1.csv.gz"));
            }
            other => panic!("{other}"),
        }
        config.data.files = "*.parquet".to_owned();
        let message = inputs(&config).unwrap_err().to_string();
        assert!(message.contains("`*.parquet`; it holds 3 other file(s)"), "{message}");
        config.data_root = folder.path().join("none").to_str().unwrap().to_owned();
        assert_eq!(inputs(&config).unwrap_err().code(), "folder");
        config.data.files = "x/*.csv".to_owned();
        assert_eq!(inputs(&config).unwrap_err().code(), "pattern");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf8_is_refused() {
        use std::os::unix::ffi::OsStrExt;
        let (folder, config) = folder(&[]);
        let name = std::ffi::OsStr::from_bytes(b"a\xff.csv");
        std::fs::write(folder.path().join(name), "x").unwrap();
        assert_eq!(inputs(&config).unwrap_err().code(), "file_name");
    }

    #[test]
    fn users_of_a_column() {
        let (_folder, mut config) =
            folder(&[("1.csv", "who,a\nzoe,1\nada,2\n"), ("2.csv", "a,who\n1,ada\n1, \"x\"\n")]);
        config.data.user = Some("who".to_owned());
        let users = inputs(&config).unwrap();
        assert_eq!(ids(&users), ["ada", "x", "zoe"]);
        assert_eq!(users[0].files.len(), 2);
        assert!(users.iter().all(|user| user.fingerprint().is_ok()));
        assert_eq!(inputs(&config).unwrap(), users);
        let folder = config.data_root.clone();
        std::fs::write(format!("{folder}/3.csv"), b"who,a\nada,1\nRen\xe9,1\n").unwrap();
        std::fs::write(format!("{folder}/4.csv"), "who,a\n1.23E+17,1\n?,1\n").unwrap();
        std::fs::write(format!("{folder}/5.csv"), "who,a\n?,1\n").unwrap();
        let Inputs { users, notes } = list(&config).unwrap();
        assert_eq!(ids(&users), ["3.csv", "4.csv", "?", "ada", "x", "zoe"], "a bad id costs its file only");
        assert!(users[0].unread && users[1].unread && !users[2].unread);
        let notes = notes.join("\n");
        for told in [
            "3.csv, line 3, column `who`",
            "data.encoding",
            "scientific notation",
            "`data.missing_values: ['?']`",
        ] {
            assert!(notes.contains(told), "{told}: {notes}");
        }
        config.data.user = Some("whom".to_owned());
        assert_eq!(inputs(&config).unwrap_err().code(), "missing_column");
    }
}
