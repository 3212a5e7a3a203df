//! The line that is being typed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::cli::definitions::{Folder, Loaded};
use crate::store::{MANIFEST, MERGE_MANIFEST};

/// The words of the line; completers are told nothing but the one that is typed.
static WORDS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Keeps the words that a shell gives behind `--`.
pub(super) fn keep(args: &[OsString]) {
    let words = args.iter().skip_while(|arg| *arg != "--").skip(1).cloned().collect();
    let _ = WORDS.set(words);
}

fn words() -> &'static [OsString] {
    WORDS.get().map_or(&[], Vec::as_slice)
}

/// The word behind an option.
pub(super) fn behind(option: &str) -> Option<&'static str> {
    let at = words().iter().position(|word| word == option)?;
    words().get(at + 1)?.to_str()
}

/// The first word behind the command, which is none of its options.
pub(super) fn first() -> Option<&'static str> {
    words().get(2)?.to_str().filter(|word| !word.starts_with('-'))
}

/// Whether a folder is a run or a merged output, by its name alone.
pub(super) fn is_source(folder: &Path) -> bool {
    is_run(folder) || folder.join(MERGE_MANIFEST).is_file()
}

/// Whether a folder is a run.
pub(super) fn is_run(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
}

/// Runs and merged outputs that stand on the line.
pub(super) fn sources() -> Vec<PathBuf> {
    words().iter().skip(1).map(PathBuf::from).filter(|path| is_source(path)).collect()
}

/// The folder of definitions that holds for the line.
pub(super) fn definitions() -> Folder {
    let named = behind("--definitions").map(PathBuf::from);
    Folder(named.or_else(|| std::env::var_os("RESULTS_DEFINITIONS").map(PathBuf::from)))
}

/// Tables and queries of what stands on the line.
pub(super) fn loaded() -> Option<Loaded> {
    definitions().load_for(&sources()).ok()
}
