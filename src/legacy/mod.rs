//! Output directories of the predecessor, read as they are and imported into runs of this program.
//!
//! ```text
//! CSVs ─▶ sheet: records ─▶ measures, k_selection, hour_bins, error_log: entries
//!      ─▶ units ─▶ LegacyShard ─▶ import: a run directory with plan and ledger
//! ```
//!
//! The predecessor wrote its files in place, appended rows of one layout below a header of another, lost
//! rows when it was resumed, and merged by appending. What a file holds is taken line by line: a line that
//! cannot be read is left out and told as a [`Finding`], and whatever is missing afterwards is missing from
//! the imported run as from any other, so that `merge` names it.
//!
//! q and group p of a shard are no results, since they rest on the shard's users only; the calls that rested
//! on them are kept beside the units as [`Call`]s.

mod entry;
mod error;
mod error_log;
mod finding;
mod form;
mod hour_bins;
mod import;
mod k_selection;
mod layout;
mod lines;
mod measures;
mod plan;
mod record;
mod settings;
mod shard;
mod sheet;
mod spelling;
#[cfg(test)]
mod tests;
mod unit;
mod units;
mod value;

use std::path::Path;

pub(crate) use error::LegacyError;
pub(crate) use finding::{Finding, Kind};
pub(crate) use import::import;
pub(crate) use shard::{LegacyShard, read};
pub(crate) use unit::Call;

use crate::store::{MANIFEST, MERGE_MANIFEST};

/// Whether a directory is an output of the predecessor: it has a file of its results and is neither a run nor
/// a merged output of this program.
pub(crate) fn is_legacy(dir: &Path) -> bool {
    let has = |file: &str| dir.join(file).is_file();
    let has = |file: &str| has(file) || layout::packed(file).is_some_and(|packed| has(&packed));
    layout::telling_files().any(has) && !has(MANIFEST) && !has(MERGE_MANIFEST)
}

/// Whether a file by its name makes a directory one of the predecessor's.
pub(crate) fn is_of_legacy(name: &str) -> bool {
    layout::telling_files()
        .any(|file| file == name || layout::packed(file).is_some_and(|packed| packed == name))
}

/// Of a directory that is nothing that can be read: its tables of the predecessor in a form that is not read, or its settings
/// alone; none if it has neither.
pub(crate) fn unread(dir: &Path) -> Option<String> {
    let touched = touched(dir);
    if touched.is_empty() {
        return dir.join(layout::RUN_INFO).is_file().then(|| layout::RUN_INFO.to_owned());
    }
    let names: Vec<&str> = touched.iter().map(|touched| touched.name.as_str()).collect();
    Some(names.join(", "))
}

fn touched(dir: &Path) -> Vec<layout::Touched> {
    let names = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    layout::touched(names.iter().map(String::as_str))
}
