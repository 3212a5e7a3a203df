//! The data files the ledgers speak of.

use std::cell::Cell;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::query::OpenRun;
use crate::sorted::{Owner, SortedFile};
use crate::store::{DataFile, ReadAt, is_group};

/// Bytes of a file that are hashed at once.
const PART: usize = 1 << 20;

/// A data file.
#[derive(Debug, Clone)]
pub(in crate::merge) struct KnownFile {
    pub(in crate::merge) run: usize,
    pub(in crate::merge) table: String,
    pub(in crate::merge) path: String,
    pub(in crate::merge) shard: u32,
    pub(in crate::merge) owner: Owner,
    pub(in crate::merge) bytes: u64,
    checksum: String,
    /// Why it cannot be used.
    pub(in crate::merge) fault: Option<String>,
}

impl KnownFile {
    /// As a file of a sorted merge.
    pub(in crate::merge) fn sorted(&self, runs: &[OpenRun]) -> SortedFile {
        let run = &runs[self.run];
        let storage = run.run.shared_storage();
        SortedFile::stored(self.run, &run.name, self.shard, self.owner.clone(), &storage, &self.path)
    }

    /// Reads the file and compares it with what was written.
    fn verify(&self, runs: &[OpenRun]) -> Option<String> {
        let found = match runs[self.run].run.storage().open(&self.path) {
            Err(error) => return Some(crate::error::chain(&error)),
            Ok(None) => return Some("file missing".into()),
            Ok(Some(file)) => file,
        };
        if found.length() != self.bytes {
            return Some(format!("file corrupt: {} bytes, {} were written", found.length(), self.bytes));
        }
        match hash(&*found) {
            Err(error) => Some(format!("cannot be read: {error}")),
            Ok(hash) if hash != self.checksum => {
                Some("file corrupt: its checksum is not the ledger's".into())
            }
            Ok(_) => None,
        }
    }
}

fn hash(file: &dyn ReadAt) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut at = 0;
    while at < file.length() {
        let length = usize::try_from(file.length() - at).unwrap_or(PART).min(PART);
        hasher.update(&file.read_at(at, length)?);
        at += length as u64;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// What an attempt has: rows by table, and the files they are in.
#[derive(Debug, Default)]
pub(super) struct Holding {
    pub(super) rows: Vec<(String, u64)>,
    files: Vec<DataFile>,
    /// The run for which they are written down already.
    added: Cell<Option<usize>>,
}

impl Holding {
    /// What the column `files` of a ledger row says; none if it cannot be understood.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let files: Vec<DataFile> = serde_json::from_str(text).ok()?;
        let rows = files.iter().map(|file| (file.table.clone(), file.rows)).collect();
        Some(Self { rows, files, added: Cell::new(None) })
    }

    /// Rows of a table.
    pub(super) fn rows_of(&self, table: &str) -> u64 {
        self.rows.iter().filter(|(name, _)| name == table).map(|(_, rows)| rows).sum()
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.file.as_str())
    }
}

/// All files, by run and path.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) files: Vec<KnownFile>,
    places: FxHashMap<(usize, String), usize>,
}

impl Books {
    /// Writes down the files of an attempt.
    pub(super) fn add(&mut self, run: usize, shard: u32, user_id: &str, attempt: &str, holding: &Holding) {
        if holding.added.replace(Some(run)) == Some(run) {
            return;
        }
        for file in &holding.files {
            let key = (run, file.file.clone());
            if let Some(place) = self.places.get(&key) {
                let known = &mut self.files[*place];
                if (known.bytes, &known.checksum) != (file.bytes, &file.checksum) {
                    known.fault = Some("the ledger has two checksums of it".into());
                }
                continue;
            }
            let owner = if is_group(&file.file) {
                Owner::Group
            } else {
                Owner::Unit { user_id: user_id.to_owned(), attempt: attempt.to_owned() }
            };
            self.places.insert(key, self.files.len());
            self.files.push(KnownFile {
                run,
                table: file.table.clone(),
                path: file.file.clone(),
                shard,
                owner,
                bytes: file.bytes,
                checksum: file.checksum.clone(),
                fault: None,
            });
        }
    }

    /// Compares every file with what was written; gives those that cannot be used.
    pub(super) fn verify(&self, runs: &[OpenRun]) -> FxHashMap<(usize, String), String> {
        let fault = |file: &KnownFile| {
            let fault = file.fault.clone().or_else(|| file.verify(runs))?;
            Some(((file.run, file.path.clone()), fault))
        };
        self.files.par_iter().filter_map(fault).collect()
    }
}
