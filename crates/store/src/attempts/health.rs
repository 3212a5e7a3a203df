//! Looks for damage: data files that are missing, cut or changed.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::damage::Damage;
use super::ledger::deciding;
use crate::store::{DataFile, LedgerRow, Storage, fault_of, fault_of_length};

impl Damage {
    /// Looks whether files of one run are there in their length; none is read.
    pub fn by_sizes<'a>(storage: &dyn Storage, files: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let mut seen = FxHashSet::default();
        let files: Vec<(&str, u64)> = files.into_iter().filter(|(path, _)| seen.insert(*path)).collect();
        let fault = |(path, bytes): &(&str, u64)| {
            Some(((0, (*path).to_owned()), fault_of_length(storage, path, *bytes)?))
        };
        Self::found(files.par_iter().filter_map(fault).collect::<Vec<_>>())
    }

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
        Self::found(files.par_iter().filter_map(fault).collect::<Vec<_>>())
    }
}
