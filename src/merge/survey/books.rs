//! The data files the ledgers speak of.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::attempts::{Damage, Holding, OpenRun};
use crate::schema::columns::read;
use crate::schema::{Schemas, TableSchema};
use crate::sorted::{Held, Owner, SortedFile, Written, held};
use crate::store::{fault_of, is_group};

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
    /// Whether its rows are in memory.
    pub(in crate::merge) is_held: bool,
}

impl KnownFile {
    /// As a file of a sorted merge.
    pub(in crate::merge) fn sorted(&self, runs: &[OpenRun]) -> SortedFile {
        let run = &runs[self.run];
        let storage = run.run.shared_storage();
        SortedFile::stored(self.run, &run.name, self.shard, self.owner.clone(), &storage, &self.path)
    }

    /// Reads it and compares it with what was written.
    fn fault_now(&self, runs: &[OpenRun]) -> Option<String> {
        let storage = runs[self.run].run.storage();
        self.fault.clone().or_else(|| fault_of(storage, &self.path, self.bytes, &self.checksum))
    }
}

/// All files, by run and path.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) files: Vec<KnownFile>,
    places: FxHashMap<(usize, String), usize>,
    /// Rows that are in memory, by table.
    pub(super) held: Vec<(String, SortedFile)>,
}

impl Books {
    /// Writes down the files of an attempt.
    pub(super) fn add(&mut self, run: usize, shard: u32, user_id: &str, attempt: &str, holding: &Holding) {
        if holding.is_written_down(run) {
            return;
        }
        for file in holding.files() {
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
                is_held: false,
            });
        }
    }

    /// Compares every file with what was written; gives those that cannot be used.
    ///
    /// Each is read once: of the many small files, the rows are kept for the tables.
    pub(super) fn verify(&mut self, runs: &[OpenRun], schemas: &Schemas) -> Damage {
        let mut faults: Vec<(usize, String)> = Vec::new();
        let mut is_read = vec![false; self.files.len()];
        for schema in schemas.data_tables() {
            for held in self.hold(schema, runs) {
                for place in held.places {
                    is_read[place] = true;
                    self.files[place].is_held = held.rows.is_some();
                }
                faults.extend(held.faults);
                self.held.extend(held.rows.map(|rows| (schema.table.clone(), rows)));
            }
        }
        let rest = self.files.par_iter().enumerate().filter(|(place, _)| !is_read[*place]);
        faults.par_extend(rest.filter_map(|(place, file)| Some((place, file.fault_now(runs)?))));
        let key = |place: usize| (self.files[place].run, self.files[place].path.clone());
        Damage::found(faults.into_iter().map(|(place, why)| (key(place), why)))
    }

    /// Reads the files of a table that are units' own.
    fn hold(&self, schema: &TableSchema, runs: &[OpenRun]) -> Vec<Held> {
        let mut written = Vec::new();
        for (place, file) in self.files.iter().enumerate() {
            if let Owner::Unit { user_id, .. } = &file.owner
                && file.table == schema.table
                && file.fault.is_none()
            {
                let KnownFile { run, bytes, checksum, .. } = file;
                written.push(Written { place, run: *run, user_id, bytes: *bytes, checksum });
            }
        }
        held(written, |place| self.files[place].sorted(runs), &read(schema), &schema.key)
    }
}
