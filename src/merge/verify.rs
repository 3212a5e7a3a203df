//! Are the files of the ledger there, and are they what was written?

use std::collections::HashSet;

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
    let all: Vec<(usize, &LedgerRow, &DataFile)> = attempts
        .winners
        .iter()
        .chain(&attempts.duplicates)
        .filter(|(_, row)| row.state == UnitState::Ok)
        .flat_map(|(run, row)| row.files.iter().map(move |file| (*run, row, file)))
        .collect();
    all.par_iter()
        .filter_map(|(run, row, file)| {
            let what = fault(&runs[*run], file)?;
            Some(Broken {
                run: *run,
                attempt: row.attempt.clone(),
                user_id: row.user_id.clone(),
                feature_mode: row.feature_mode.clone(),
                shard: row.shard,
                what: format!("{}: {what}", file.file),
            })
        })
        .collect()
}

fn fault(run: &OpenRun, file: &DataFile) -> Option<String> {
    match run.run.storage().read(&file.file) {
        Err(error) => Some(crate::error::chain(&error)),
        Ok(None) => Some("file missing".into()),
        Ok(Some(bytes)) if bytes.len() as u64 != file.bytes => {
            Some(format!("file corrupt: {} bytes, {} were written", bytes.len(), file.bytes))
        }
        Ok(Some(bytes)) if checksum(&bytes) != file.checksum => {
            Some("file corrupt: its checksum is not the ledger's".into())
        }
        Ok(Some(_)) => None,
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
