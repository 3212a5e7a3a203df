//! What an analysis by a program is told apart by: the command, and the scripts it names.

use std::fs::File;
use std::path::Path;

/// Larger files count with their size only; they are data rather than scripts.
const LARGEST: u64 = 64 << 20;

/// A name for the command that is another one when an argument or a script changes.
///
/// A program that is looked up in `PATH`, such as an interpreter, counts by its name: it differs from
/// machine to machine.
pub(super) fn of(argv: &[String], folder: &Path) -> String {
    let mut hasher = blake3::Hasher::new();
    for (place, argument) in argv.iter().enumerate() {
        // With its length, so that arguments cannot run into each other.
        hasher.update(&(argument.len() as u64).to_le_bytes()).update(argument.as_bytes());
        let in_path = place == 0 && !argument.contains('/');
        if !in_path {
            add_file(&mut hasher, &folder.join(argument));
        }
    }
    format!("command {}", &hasher.finalize().to_hex()[..16])
}

fn add_file(hasher: &mut blake3::Hasher, path: &Path) {
    let Some(size) = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|m| m.len()) else {
        return;
    };
    hasher.update(&size.to_le_bytes());
    if size <= LARGEST
        && let Ok(file) = File::open(path)
        && let Err(error) = hasher.update_reader(file)
    {
        tracing::warn!("cannot read {}: {error}; changes of it will not be noticed", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_script_is_another_analysis() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("a.py");
        let version =
            |argv: &[&str]| of(&argv.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>(), dir.path());
        let path = script.to_str().unwrap();
        let absent = version(&["python3", path]);
        std::fs::write(&script, "1").unwrap();
        let before = version(&["python3", path]);
        assert_ne!(absent, before);
        assert_eq!(version(&["python3", path]), before);
        std::fs::write(&script, "2").unwrap();
        assert_ne!(version(&["python3", path]), before);
        assert_ne!(version(&["sh", "ab", "c"]), version(&["sh", "a", "bc"]));
    }
}
