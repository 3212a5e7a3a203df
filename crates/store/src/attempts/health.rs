//! Looks for damage: data files that are missing, cut or changed.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::damage::Damage;
use super::ledger::deciding;
use crate::store::{LedgerRow, Storage, StorageError, fault_if_read, fault_of, fault_of_length};

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
    ///
    /// # Errors
    /// One cannot be read: whether it is damaged is not known then.
    pub fn by_checksums<'a>(
        storage: &dyn Storage,
        units: impl Iterator<Item = &'a [LedgerRow]>,
    ) -> Result<Self, StorageError> {
        let files = units.flat_map(deciding).flat_map(|row| &row.files);
        let files = each_once(files.map(|file| (file.file.as_str(), file.bytes, file.checksum.as_str())));
        let fault = |(path, bytes, checksum): &(&str, u64, &str)| {
            let fault = fault_if_read(storage, path, *bytes, checksum).transpose()?;
            Some(fault.map(|why| ((0, (*path).to_owned()), why)))
        };
        Ok(Self::found(files.par_iter().filter_map(fault).collect::<Result<Vec<_>, _>>()?))
    }

    /// Compares files of one run, as path, size and checksum, with what was written, each once.
    pub fn by_content<'a>(
        storage: &dyn Storage,
        files: impl IntoIterator<Item = (&'a str, u64, &'a str)>,
    ) -> Self {
        let fault = |(path, bytes, checksum): &(&str, u64, &str)| {
            Some(((0, (*path).to_owned()), fault_of(storage, path, *bytes, checksum)?))
        };
        Self::found(each_once(files).par_iter().filter_map(fault).collect::<Vec<_>>())
    }
}

fn each_once<'a>(files: impl IntoIterator<Item = (&'a str, u64, &'a str)>) -> Vec<(&'a str, u64, &'a str)> {
    let mut seen = FxHashSet::default();
    files.into_iter().filter(|(path, ..)| seen.insert(*path)).collect()
}
