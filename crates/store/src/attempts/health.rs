//! Looks for damage: data files that are missing, cut or changed.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::damage::Damage;
use super::ledger::deciding;
use crate::store::{LedgerRow, Storage, fault_of, fault_of_length};

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
        let files = units.flat_map(deciding).flat_map(|row| &row.files);
        Self::by_content(storage, files.map(|file| (file.file.as_str(), file.bytes, file.checksum.as_str())))
    }

    /// Compares files of one run, as path, size and checksum, with what was written, each once.
    pub fn by_content<'a>(
        storage: &dyn Storage,
        files: impl IntoIterator<Item = (&'a str, u64, &'a str)>,
    ) -> Self {
        let mut seen = FxHashSet::default();
        let files: Vec<_> = files.into_iter().filter(|(path, ..)| seen.insert(*path)).collect();
        let fault = |(path, bytes, checksum): &(&str, u64, &str)| {
            Some(((0, (*path).to_owned()), fault_of(storage, path, *bytes, checksum)?))
        };
        Self::found(files.par_iter().filter_map(fault).collect::<Vec<_>>())
    }
}
