//! The data files the ledgers speak of.

use std::cell::Cell;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::query::OpenRun;
use crate::sorted::{Owner, SortedFile};
use crate::store::{DataFile, fault_of, is_group};

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
            let fault = file
                .fault
                .clone()
                .or_else(|| fault_of(runs[file.run].run.storage(), &file.path, file.bytes, &file.checksum))?;
            Some(((file.run, file.path.clone()), fault))
        };
        self.files.par_iter().filter_map(fault).collect()
    }
}
