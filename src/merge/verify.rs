//! Are the files of the ledger there, and are they what was written?

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use super::gaps::Gap;
use crate::query::{Attempts, OpenRun};
use crate::store::{DataFile, LedgerRow, StoreError, UnitState, checksum, parse_path};

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) run: usize,
    pub(super) attempt: String,
    pub(super) user_id: String,
    pub(super) feature_mode: String,
    pub(super) shard: u32,
    pub(super) what: String,
}

/// Files of winners and duplicates that are absent or differ from their checksum.
pub(super) fn broken_files(runs: &[OpenRun], attempts: &Attempts) -> Vec<Broken> {
    let mut rows_of: BTreeMap<(usize, &str), Vec<(&LedgerRow, &DataFile)>> = BTreeMap::new();
    let all = attempts
        .winners
        .iter()
        .chain(&attempts.duplicates)
        .filter(|(_, row)| row.state == UnitState::Ok)
        .flat_map(|(run, row)| row.files.iter().map(move |file| (*run, row, file)));
    for (run, row, file) in all {
        rows_of.entry((run, &file.file)).or_default().push((row, file));
    }
    // A file may have the rows of many units; it is read once.
    rows_of.par_iter().flat_map_iter(|((run, path), rows)| broken_rows(runs, *run, path, rows)).collect()
}

/// The units of a file that cannot be used, or whose ledger row does not fit it.
fn broken_rows(runs: &[OpenRun], run: usize, path: &str, rows: &[(&LedgerRow, &DataFile)]) -> Vec<Broken> {
    let there = find(&runs[run], path);
    let broken = |(row, file): &(&LedgerRow, &DataFile)| {
        let what = fault(&there, file)?;
        Some(Broken {
            run,
            attempt: row.attempt.clone(),
            user_id: row.user_id.clone(),
            feature_mode: row.feature_mode.clone(),
            shard: row.shard,
            what: format!("{path}: {what}"),
        })
    };
    rows.iter().filter_map(broken).collect()
}

/// Bytes and checksum of a file, or why it cannot be used.
fn find(run: &OpenRun, path: &str) -> Result<(u64, String), String> {
    match run.run.storage().read(path) {
        Err(error) => Err(crate::error::chain(&error)),
        Ok(None) => Err("file missing".into()),
        Ok(Some(bytes)) => Ok((bytes.len() as u64, checksum(&bytes))),
    }
}

fn fault(there: &Result<(u64, String), String>, file: &DataFile) -> Option<String> {
    match there {
        Err(what) => Some(what.clone()),
        Ok((bytes, _)) if *bytes != file.bytes => {
            Some(format!("file corrupt: {bytes} bytes, {} were written", file.bytes))
        }
        Ok((_, checksum)) if *checksum != file.checksum => {
            Some("file corrupt: its checksum is not the ledger's".into())
        }
        Ok(_) => None,
    }
}

/// Data files that no ledger row speaks of.
pub(super) fn unknown_files(runs: &[OpenRun]) -> Result<Vec<Gap>, StoreError> {
    let mut found = Vec::new();
    for run in runs {
        let known: HashSet<&str> =
            run.ledger.rows.iter().flat_map(|r| &r.files).map(|f| f.file.as_str()).collect();
        for table in run.run.manifest().schema_versions.keys().filter(|t| *t != "users") {
            for entry in run.run.storage().list(table)? {
                if !known.contains(entry.path.as_str()) {
                    let shard = parse_path(&entry.path).map_or(0, |(_, shard, _)| shard);
                    found.push(Gap {
                        user_id: String::new(),
                        feature_mode: String::new(),
                        shard,
                        kind: "not in the ledger".into(),
                        reason: format!("{} (left by a crash, or still being written)", entry.path),
                    });
                }
            }
        }
    }
    Ok(found)
}
