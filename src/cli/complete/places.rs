//! Runs and merged outputs, as they lie about.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use clap_complete::{CompletionCandidate, PathCompleter, engine::ValueCompleter};

use super::line::{is_run, is_source};

/// Folders deep that are looked for.
const DEEP: u32 = 2;
/// Entries of folders that are looked at.
const MOST: usize = 2000;
/// The longest that somebody waits for it, where a file system is slow.
const LONGEST: Duration = Duration::from_millis(300);

/// Runs and merged outputs that begin with what is typed.
pub(super) fn sources(typed: &OsStr) -> Vec<CompletionCandidate> {
    found(typed, is_source)
}

/// Runs that begin with what is typed.
pub(super) fn runs(typed: &OsStr) -> Vec<CompletionCandidate> {
    found(typed, is_run)
}

/// Folders that are wanted, near what is typed; where there is none, folders to go on through.
fn found(typed: &OsStr, is_wanted: fn(&Path) -> bool) -> Vec<CompletionCandidate> {
    let mut look = Look { is_wanted, until: Instant::now() + LONGEST, left: MOST, found: BTreeSet::new() };
    if let Some(typed) = typed.to_str() {
        let base = &typed[..typed.rfind('/').map_or(0, |at| at + 1)];
        let folder = if base.is_empty() { "." } else { base };
        if !base.is_empty() && is_wanted(Path::new(folder)) {
            return vec![CompletionCandidate::new(typed)];
        }
        look.below(Path::new(folder), base, &typed[base.len()..], DEEP);
    }
    if look.found.is_empty() {
        return PathCompleter::dir().complete(typed);
    }
    look.found.into_iter().map(CompletionCandidate::new).collect()
}

struct Look {
    is_wanted: fn(&Path) -> bool,
    until: Instant,
    left: usize,
    found: BTreeSet<String>,
}

impl Look {
    /// Looks at the folders in one whose names begin as typed; `as_typed` is how the folder is written.
    fn below(&mut self, folder: &Path, as_typed: &str, begins: &str, deep: u32) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if self.left == 0 || Instant::now() > self.until {
                return;
            }
            self.left -= 1;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with(begins) && !name.starts_with('.'))
            else {
                continue;
            };
            let path = entry.path();
            if !path.is_dir() {
                continue;
            }
            let written = format!("{as_typed}{name}");
            if (self.is_wanted)(&path) {
                self.found.insert(written);
            } else if deep > 0 && !is_source(&path) {
                self.below(&path, &format!("{written}/"), "", deep - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{MANIFEST, MERGE_MANIFEST};

    #[test]
    fn runs_are_found_some_folders_below_and_nothing_is_looked_for_in_them() {
        let root = tempfile::tempdir().unwrap();
        let make = |place: &str, manifest: &str| {
            let folder = root.path().join(place);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(manifest), "").unwrap();
        };
        make("a/run", MANIFEST);
        make("a/run/inner", MANIFEST);
        make("b/c/merged", MERGE_MANIFEST);
        make("b/c/d/e/deep", MANIFEST);
        make(".hidden", MANIFEST);
        let offered = |typed: &str, what: fn(&OsStr) -> Vec<CompletionCandidate>| {
            let typed = format!("{}/{typed}", root.path().display());
            let prefix = format!("{}/", root.path().display());
            let found =
                what(OsStr::new(&typed)).into_iter().map(|c| c.get_value().to_str().unwrap().to_owned());
            found.map(|path| path.strip_prefix(&prefix).unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(offered("", sources), ["a/run", "b/c/merged"]);
        assert_eq!(offered("", runs), ["a/run"]);
        assert_eq!(offered("b/", sources), ["b/c/merged"]);
        assert_eq!(offered("a/run/", sources), ["a/run/"]);
        // Nothing there: folders to go on through.
        assert_eq!(offered("b/c/d", runs), ["b/c/d/e/deep"]);
        assert_eq!(offered("b", runs), ["b/"]);
        assert_eq!(offered("nothing", runs), [""; 0]);
    }
}
