//! The list of users: which files belong to whom.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::{open, pattern, table};
use crate::config::Config;

/// Extensions that are no part of a user id; taken off from the end, as often as they fit.
const EXTENSIONS: [&str; 5] = [".gz", ".csv", ".parquet", ".pq", ".txt"];

/// One user and the files with their rows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserInput {
    /// The user id; any UTF-8.
    pub id: String,
    /// Absolute paths of the files, sorted by name; more than one only with a user column.
    pub files: Vec<PathBuf>,
    /// Bytes of the files together (of a shared file: all of it).
    pub bytes: u64,
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

/// The users of a data folder, the first `n_users` of them.
///
/// With one file a user they are sorted by file name, byte by byte, and the id is the file name
/// without the first of `id_suffixes` that fits, or without its extensions. With a user column
/// (`data.user`) every file is read once to find the users, who are sorted by id.
pub fn inputs(config: &Config) -> Result<Vec<UserInput>, DatasetError> {
    let files = files(&config.data_root, &config.data.files)?;
    let mut users = match &config.data.user {
        None => one_file_each(files, &config.data.id_suffixes)?,
        Some(column) => by_column(files, column)?,
    };
    if let Some(most) = config.n_users {
        users.truncate(most as usize);
    }
    Ok(users)
}

/// A file of the data folder.
struct Found {
    name: String,
    path: PathBuf,
    bytes: u64,
}

/// Files whose name fits the pattern, sorted by name. Hidden files only fit a pattern that starts
/// with a dot.
fn files(folder: &str, glob: &str) -> Result<Vec<Found>, DatasetError> {
    if glob.contains('/') {
        return Err(DatasetError::Pattern { pattern: glob.to_owned() });
    }
    let unreadable =
        |error: std::io::Error| DatasetError::Folder { folder: folder.to_owned(), reason: error.to_string() };
    let mut found = Vec::new();
    let mut others = 0;
    // Other processes read the plan.
    let place = std::path::absolute(folder).unwrap_or_else(|_| PathBuf::from(folder));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = place.join(entry.map_err(unreadable)?.file_name());
        let Some(name) = path.file_name() else {
            continue;
        };
        let shown = name.to_string_lossy().into_owned();
        let hidden = shown.starts_with('.') && !glob.starts_with('.');
        // Folders and pipes are no data. A dangling link is listed, so that reading it says what is wrong.
        let metadata = std::fs::metadata(&path).ok();
        if metadata.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            continue;
        }
        if hidden || !pattern::matches(glob, &shown) {
            others += 1;
            continue;
        }
        let Some(name) = name.to_str().map(str::to_owned) else {
            return Err(DatasetError::FileName { folder: folder.to_owned(), name: shown });
        };
        found.push(Found { name, path, bytes: metadata.map_or(0, |metadata| metadata.len()) });
    }
    if found.is_empty() {
        return Err(DatasetError::NoFiles { folder: folder.to_owned(), pattern: glob.to_owned(), others });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
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
        users.push(UserInput { id, files: vec![file.path], bytes: file.bytes });
    }
    Ok(users)
}

/// The user id in a file name.
fn id<'a>(name: &'a str, suffixes: &[String]) -> &'a str {
    if let Some(id) = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix.as_str())) {
        return id;
    }
    let mut id = name;
    while let Some(rest) = EXTENSIONS.iter().find_map(|extension| id.strip_suffix(extension)) {
        id = rest;
    }
    id
}

/// Every value of the column is a user.
fn by_column(files: Vec<Found>, column: &str) -> Result<Vec<UserInput>, DatasetError> {
    let mut users: BTreeMap<String, UserInput> = BTreeMap::new();
    for file in files {
        let found = read_table(&file.path, &[], Some(column))?;
        for id in found.users {
            let user =
                users.entry(id.clone()).or_insert_with(|| UserInput { id, files: Vec::new(), bytes: 0 });
            user.files.push(file.path.clone());
            user.bytes += file.bytes;
        }
    }
    Ok(users.into_values().collect())
}

/// The needed columns of a file of any kind.
pub(super) fn read_table(
    path: &Path,
    needed: &[table::Needed],
    user: Option<&str>,
) -> Result<table::Table, DatasetError> {
    let (file, kind) = open::open(path)?;
    if kind == open::Kind::Parquet {
        return super::parquet::read(path, file, needed, user);
    }
    super::csv::read(&open::shown(path), open::Text::new(file, kind), needed, user)
}

#[cfg(test)]
mod tests {
    use super::super::testing::config;
    use super::{Config, DatasetError, UserInput, inputs};

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
        assert_eq!(ids(&users), ["\"x\"", "ada", "zoe"]);
        assert_eq!(users[1].files.len(), 2);
        assert!(users.iter().all(|user| user.fingerprint().is_ok()));
        config.data.user = Some("whom".to_owned());
        assert_eq!(inputs(&config).unwrap_err().code(), "missing_column");
    }
}
