//! What is known of damage: data files that are missing, cut or changed.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::ledger::deciding;
use crate::store::{DataFile, LedgerRow, Storage, fault_of};

/// Data files that cannot be used, by run and path, and why.
#[derive(Debug, Clone, Default)]
pub struct Damage(FxHashMap<(usize, String), String>);

impl Damage {
    /// Compares the files of some units of one run with what was written, each once. Those of attempts that have
    /// no say in what counts are not read.
    pub fn by_checksums<'a>(storage: &dyn Storage, units: impl Iterator<Item = &'a [LedgerRow]>) -> Self {
        let mut seen = FxHashSet::default();
        let mut files: Vec<&DataFile> = Vec::new();
        for row in units.flat_map(deciding) {
            files.extend(row.files.iter().filter(|file| seen.insert(file.file.as_str())));
        }
        let fault = |file: &&DataFile| {
            let why = fault_of(storage, &file.file, file.bytes, &file.checksum)?;
            Some(((0, file.file.clone()), why))
        };
        Self(files.par_iter().filter_map(fault).collect())
    }

    /// Files of several runs that somebody has read.
    pub fn found(files: impl IntoIterator<Item = ((usize, String), String)>) -> Self {
        Self(files.into_iter().collect())
    }

    /// Whether nothing is damaged, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a file is.
    pub fn has(&self, run: usize, path: &str) -> bool {
        self.of(run, path).is_some()
    }

    /// Why a file cannot be used.
    pub fn of(&self, run: usize, path: &str) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&(run, path.to_owned())).map(String::as_str)
    }

    /// The first of some files that cannot be used, and why.
    pub fn of_files(&self, run: usize, files: &[DataFile]) -> Option<String> {
        files.iter().find_map(|file| Some(format!("{}: {}", file.file, self.of(run, &file.file)?)))
    }
}
