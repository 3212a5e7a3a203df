//! Tests of the inputs of a run.

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
        DatasetError::DuplicateUser { id, first, second, .. } => {
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
    assert_eq!(ids(&users), ["3.csv", "4.csv", "?", "ada", "x", "zoe"], "a bad id costs its rows only");
    assert_eq!(users[3].files.len(), 3, "the rows of others in the file of a bad id count");
    assert!(users[0].unread && users[1].unread && !users[2].unread);
    let notes = notes.join("\n");
    for told in [
        "3.csv: 1 row(s) whose user id cannot be one fail as a unit of their own, the first: ",
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

#[test]
fn ids_that_look_alike_are_told_and_counted() {
    let rows = (0..7).map(|n| format!("U{n},1\nu{n},1\n")).collect::<Vec<_>>().concat();
    let (_folder, mut config) =
        folder(&[("1.csv", &format!("who,a\nJ\u{fc}rgen,1\nJu\u{308}rgen,1\n{rows}"))]);
    config.data.user = Some("who".to_owned());
    let notes = list(&config).unwrap().notes;
    assert_eq!(notes.len(), 6, "{notes:?}");
    assert_eq!(notes[5], "and 3 more pairs of user ids that look like one");
    let (_folder, mut config) = folder(&[("1.csv", "who,a\nJ\u{fc}rgen,1\nJu\u{308}rgen,1\n")]);
    config.data.user = Some("who".to_owned());
    let notes = list(&config).unwrap().notes;
    assert!(
        notes[0].contains("look like one, written with other characters of Unicode: are they"),
        "{notes:?}"
    );
}
