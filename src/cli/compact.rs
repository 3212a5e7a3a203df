//! `results compact`

use std::time::Duration;

use super::definitions::Folder;
use super::outcome::Outcome;
use super::place::place;
use super::speak::{out, say};
use super::text::count;
use crate::compact::{Compacted, Compaction};
use crate::error::{Exit, Failure};
use crate::merge::MergeError;
use crate::progress::bytes;
use crate::sources::SourceError;
use crate::store::{Location, MERGE_MANIFEST, Run, StoreError};

/// Damaged files that are shown.
const SHOWN: usize = 10;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  results compact out/k6_full_20261123_143005
  results compact out/k6_full_*_shard*of4 --wait 600

Workers may go on, and so may merge, sql and status: results stay the same. Rows of each shard are written into
one file a table (or a few, if they are many); the old files go once nobody reads the run. A compaction that
is killed loses nothing; the next one ends it. Other tools that read the folders see rows twice for the moment
between the new files and the end of the old ones.")]
pub(super) struct Args {
    /// Run directories, or their URLs
    #[arg(required = true, value_name = "RUN_DIR", value_parser = place())]
    runs: Vec<Location>,
    /// Seconds to wait for `merge` and `sql` that read the run before its old files are left to the next compaction
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = super::run::limits::large_number)]
    wait: u64,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let mut exit = Exit::Done;
    for place in &args.runs {
        let done = compact(place, Duration::from_secs(args.wait), definitions)?;
        out(&summary(place, &done))?;
        say(problems(&done));
        if !done.left.is_empty() {
            exit = Exit::Incomplete;
        }
    }
    Ok(exit)
}

fn compact(place: &Location, wait: Duration, definitions: &Folder) -> Result<Compacted, Failure> {
    let failed = |error: StoreError| Failure::error(error);
    let storage = place.storage().map_err(Failure::usage)?;
    if storage.size(MERGE_MANIFEST).map_err(|error| failed(error.into()))?.is_some() {
        return Err(Failure::usage(MergeError::NotARun(place.clone())));
    }
    if place.folder().is_some_and(crate::legacy::is_legacy) {
        return Err(Failure::usage(SourceError::Legacy(place.clone())));
    }
    let loaded = definitions.load_for(std::slice::from_ref(place))?;
    let run = Run::open(place).map_err(Failure::usage)?;
    Compaction { run: &run, schemas: &loaded.schemas, wait }.run().map_err(Failure::error)
}

fn summary(place: &Location, done: &Compacted) -> String {
    let mut text = format!(
        "{}: {} ({}) -> {} ({}), {} rewritten\n",
        place,
        count(done.before.files, "file"),
        bytes(done.before.bytes),
        count(done.after.files, "file"),
        bytes(done.after.bytes),
        count(done.attempts, "attempt"),
    );
    if done.leftovers > 0 {
        text.push_str(&format!(
            "removed {} of a compaction that did not end\n",
            count(done.leftovers, "file")
        ));
    }
    if done.set_aside > 0 {
        text.push_str(&format!(
            "moved {} to _damaged/, whose units have newer attempts\n",
            count(done.set_aside, "damaged attempt")
        ));
    }
    text
}

fn problems(done: &Compacted) -> String {
    let mut text = String::new();
    if done.kept > 0 {
        text.push_str(&format!(
            "note: {} that were replaced are still there, since somebody reads the run, or may do so (24 hours, in an object store)\n\
             (hint: results are right all the same; `results compact` removes them later, --wait waits longer)\n",
            count(done.kept, "file")
        ));
    }
    if done.left.is_empty() {
        return text;
    }
    text.push_str(
        "warning: files of the ledger were left as they are, since they or their data are damaged:\n",
    );
    for left in done.left.iter().take(SHOWN) {
        text.push_str(&format!("  {}: {}\n", left.file, left.why));
    }
    if done.left.len() > SHOWN {
        text.push_str(&format!("  … and {} more\n", done.left.len() - SHOWN));
    }
    text.push_str("(hint: `results merge` says what to do about each)\n");
    text
}
