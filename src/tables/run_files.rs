//! The files of runs whose every byte was looked at: those that merged tables are made of.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::attempts::{Attempts, Damage, Holding, Ledgers, OpenRun, StreamedAttempt};
use crate::schema::columns::read;
use crate::schema::{MadeOf, Schemas, TableSchema};
use crate::sorted::{EveryRow, Held, Owner, SortedFile, Written, gathered, held};
use crate::store::{StoreError, fault_of, is_group};

/// A data file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct KnownFile {
    run: usize,
    table: String,
    path: String,
    shard: u32,
    owner: Owner,
    bytes: u64,
    checksum: String,
    /// Why it cannot be used.
    fault: Option<String>,
    /// Whether its rows are in memory.
    #[serde(skip)]
    is_held: bool,
}

impl KnownFile {
    /// As a file of a sorted merge.
    fn sorted(&self, runs: &[OpenRun]) -> SortedFile {
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

/// How large a data file is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileSize<'a> {
    pub(crate) table: &'a str,
    pub(crate) bytes: u64,
    /// Whether it has rows of one unit only.
    pub(crate) is_own: bool,
}

/// The files that the ledgers of runs speak of, and the rows of those that are in memory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RunFiles {
    data: Vec<KnownFile>,
    /// Data files by run and path, while they are written down.
    #[serde(skip)]
    places: FxHashMap<(usize, String), usize>,
    /// Rows of small data files, by table.
    #[serde(skip)]
    held: Vec<(String, SortedFile)>,
    /// Files whose rows are in newer ones, by run and path.
    moved: FxHashSet<(usize, String)>,
    /// The ledger.
    #[serde(skip)]
    ledger: Vec<SortedFile>,
}

impl RunFiles {
    /// Writes down the files of an attempt whose rows are in newer ones.
    pub(crate) fn add_moved(&mut self, attempt: &StreamedAttempt<'_>, holding: &Holding) {
        self.moved.extend(holding.paths().map(|path| (attempt.run, path.to_owned())));
    }

    /// Writes down the files of an attempt.
    pub(crate) fn add(&mut self, attempt: &StreamedAttempt<'_>, holding: &Holding) {
        let run = attempt.run;
        if holding.is_written_down(run) {
            return;
        }
        for file in holding.files() {
            let key = (run, file.file.clone());
            if let Some(place) = self.places.get(&key) {
                let known = &mut self.data[*place];
                if (known.bytes, &known.checksum) != (file.bytes, &file.checksum) {
                    known.fault = Some("the ledger has two checksums of it".into());
                }
                continue;
            }
            let owner = if is_group(&file.file) {
                Owner::Group
            } else {
                Owner::Unit { user_id: attempt.user_id.to_owned(), attempt: attempt.name.to_owned() }
            };
            self.places.insert(key, self.data.len());
            self.data.push(KnownFile {
                run,
                table: file.table.clone(),
                path: file.file.clone(),
                shard: attempt.shard,
                owner,
                bytes: file.bytes,
                checksum: file.checksum.clone(),
                fault: None,
                is_held: false,
            });
        }
    }

    /// Compares every data file with what was written; gives those that cannot be used.
    ///
    /// Each is read once: of the many small files, the rows are kept for the tables.
    pub(crate) fn verify(&mut self, runs: &[OpenRun], schemas: &Schemas) -> Damage {
        let mut faults: Vec<(usize, String)> = Vec::new();
        let mut is_read = vec![false; self.data.len()];
        for schema in schemas.data_tables() {
            for held in self.hold(schema, runs) {
                for place in held.places {
                    is_read[place] = true;
                    self.data[place].is_held = held.rows.is_some();
                }
                faults.extend(held.faults);
                self.held.extend(held.rows.map(|rows| (schema.table.clone(), rows)));
            }
        }
        let rest = self.data.par_iter().enumerate().filter(|(place, _)| !is_read[*place]);
        faults.par_extend(rest.filter_map(|(place, file)| Some((place, file.fault_now(runs)?))));
        let key = |place: usize| (self.data[place].run, self.data[place].path.clone());
        Damage::found(faults.into_iter().map(|(place, why)| (key(place), why)))
    }

    /// Of the files, compares one of several shares with what was written; gives those that cannot be used.
    pub(crate) fn faults_of_share(
        &self,
        share: (u32, u32),
        runs: &[OpenRun],
    ) -> Vec<(usize, String, String)> {
        let own = &self.data[part_of(self.data.len(), share)];
        let fault = |file: &KnownFile| Some((file.run, file.path.clone(), file.fault_now(runs)?));
        own.par_iter().filter_map(fault).collect()
    }

    /// The rows of one of several shares of the files of a table, those of duplicates too; none if it has no files.
    pub(crate) fn every_row(
        &self,
        schema: &TableSchema,
        share: (u32, u32),
        runs: &[OpenRun],
        attempts: &Attempts,
    ) -> Result<Option<EveryRow>, StoreError> {
        let files = if schema.made_of() == MadeOf::Ledger {
            self.ledger[part_of(self.ledger.len(), share)].to_vec()
        } else {
            let is_usable = |file: &&KnownFile| file.table == schema.table && file.fault.is_none();
            let usable: Vec<&KnownFile> = self.data.iter().filter(is_usable).collect();
            let own = &usable[part_of(usable.len(), share)];
            let bytes = own.iter().map(|file| file.bytes).sum();
            let files = own.iter().map(|file| file.sorted(runs)).collect();
            gathered(files, bytes, &read(schema), &schema.key)?
        };
        if files.is_empty() {
            return Ok(None);
        }
        EveryRow::open(files, read(schema), &schema.key, &attempts.clone().choice()).map(Some)
    }

    /// Reads the files of a table that are units' own.
    fn hold(&self, schema: &TableSchema, runs: &[OpenRun]) -> Vec<Held> {
        let mut written = Vec::new();
        for (place, file) in self.data.iter().enumerate() {
            if let Owner::Unit { user_id, .. } = &file.owner
                && file.table == schema.table
                && file.fault.is_none()
            {
                let KnownFile { run, bytes, checksum, .. } = file;
                written.push(Written { place, run: *run, user_id, bytes: *bytes, checksum });
            }
        }
        held(written, |place| self.data[place].sorted(runs), &read(schema), &schema.key)
    }

    /// All of them, with the ledger; damaged ones are known and not used.
    #[must_use]
    pub(crate) fn with(mut self, ledgers: Ledgers, damage: &Damage) -> Self {
        self.places = FxHashMap::default();
        for file in self.data.iter_mut().filter(|_| !damage.is_empty()) {
            file.fault = damage.of(file.run, &file.path).map(str::to_owned);
        }
        self.ledger = ledgers.files;
        self
    }

    /// How large the data files are.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = FileSize<'_>> {
        self.data.iter().map(|file| FileSize {
            table: &file.table,
            bytes: file.bytes,
            is_own: matches!(file.owner, Owner::Unit { .. }),
        })
    }

    /// Whether a table has data files.
    pub(crate) fn has(&self, table: &str) -> bool {
        self.data.iter().any(|file| file.table == table)
    }

    /// All data files, those whose rows are in newer ones too, by run and path.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (usize, &str)> {
        let moved = self.moved.iter().map(|(run, path)| (*run, path.as_str()));
        self.data.iter().map(|file| (file.run, file.path.as_str())).chain(moved)
    }

    /// Data files of a table that can be used, and the bytes of those that are not in memory.
    pub(super) fn of(&self, table: &str, runs: &[OpenRun]) -> (Vec<SortedFile>, u64) {
        let is_usable = |file: &&KnownFile| file.table == table && file.fault.is_none() && !file.is_held;
        let usable = || self.data.iter().filter(is_usable);
        let held = self.held.iter().filter(|(of, _)| of == table).map(|(_, rows)| rows.clone());
        (usable().map(|file| file.sorted(runs)).chain(held).collect(), usable().map(|file| file.bytes).sum())
    }

    /// The files of the ledger.
    pub(super) fn ledger(&self) -> Vec<SortedFile> {
        self.ledger.clone()
    }
}

/// Which of some things belong to one of several shares.
fn part_of(things: usize, (share, shares): (u32, u32)) -> std::ops::Range<usize> {
    let (share, shares) = (share as usize, shares.max(1) as usize);
    things * share / shares..things * (share + 1) / shares
}
