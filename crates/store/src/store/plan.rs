//! The plan of a run: one file, or, without locks, files by shard that are written once.
//!
//! The manifest says which parts of the plan count. A part has a file for each shard that it has users of,
//! `_expected/shard=0/00000000-3fa9c1d2e4b5.parquet`, and its name has the hash of its content: who writes the same plan
//! writes the same files, and different plans never mix.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use rayon::prelude::*;

use super::assignment::Assignment;
use super::error::StoreError;
use super::expected::{EXPECTED, ExpectedUnit, decode, encode};
use super::made::{Made, make};
use super::manifest::{Manifest, PlanPart, Protocol};
use super::parts::ParquetParts;
use super::storage::{Object, Storage};

/// Where files by shard are.
const PARTS: &str = "_expected";

/// What of a plan was read.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Read when it is first asked for: a merge of millions of users never does.
    whole: OnceLock<Vec<ExpectedUnit>>,
    shards: Vec<OnceLock<Vec<ExpectedUnit>>>,
}

impl Plan {
    /// Nothing of a plan by so many shards.
    pub(super) fn unread(shards: u32) -> Self {
        Self { whole: OnceLock::new(), shards: (0..shards).map(|_| OnceLock::new()).collect() }
    }

    /// A plan that is known.
    pub(super) fn known(units: Vec<ExpectedUnit>) -> Self {
        Self { whole: OnceLock::from(units), shards: Vec::new() }
    }

    /// All its units, by position and feature mode.
    pub(super) fn all(
        &self,
        storage: &dyn Storage,
        manifest: &Manifest,
    ) -> Result<&[ExpectedUnit], StoreError> {
        if let Some(units) = self.whole.get() {
            return Ok(units);
        }
        let units = match Protocol::of_format(manifest.format) {
            Protocol::Locks => decode(storage.read(EXPECTED)?.ok_or_else(|| missing(storage, EXPECTED))?)?,
            Protocol::Names => read(storage, &files(manifest, |_| true))?,
        };
        Ok(self.whole.get_or_init(|| units))
    }

    /// The units of a share, by position and feature mode. Of a plan by shards, only the shards are read that it meets.
    pub(super) fn of(
        &self,
        share: Assignment,
        storage: &dyn Storage,
        manifest: &Manifest,
    ) -> Result<Vec<&ExpectedUnit>, StoreError> {
        let has = |unit: &&ExpectedUnit| share.has(unit.position);
        if self.whole.get().is_some() || Protocol::of_format(manifest.format) == Protocol::Locks {
            return Ok(self.all(storage, manifest)?.iter().filter(has).collect());
        }
        let mut units = Vec::new();
        for shard in shards_of(share, manifest.shards) {
            let Some(read_before) = self.shards.get(shard as usize) else { continue };
            if read_before.get().is_none() {
                let of_shard = read(storage, &files(manifest, |other| other == shard))?;
                let _ = read_before.set(of_shard);
            }
            units.extend(read_before.get().into_iter().flatten().filter(has));
        }
        units.sort_by(|a, b| (a.position, &a.feature_mode).cmp(&(b.position, &b.feature_mode)));
        Ok(units)
    }
}

/// The shards of a plan in which a share has users.
pub(super) fn shards_of(share: Assignment, shards: u32) -> impl Iterator<Item = u32> {
    (0..shards).filter(move |index| share.meets(Assignment { index: *index, of: shards }))
}

/// The files of a plan by shards.
pub(super) fn files(manifest: &Manifest, of: impl Fn(u32) -> bool) -> Vec<(u32, String)> {
    let mut files = Vec::new();
    for part in &manifest.plan {
        let shards = part.shards.iter().copied().filter(|shard| of(*shard));
        files.extend(shards.map(|shard| (shard, path(shard, &part.name))));
    }
    files
}

/// How the name of a part begins that was written when the plan had so many.
fn beginning(parts: usize) -> String {
    format!("{parts:08}-")
}

/// Whether a plan by shards is the one that the run was registered with.
pub(super) fn is_first(manifest: &Manifest) -> bool {
    matches!(manifest.plan.as_slice(), [only] if only.name.starts_with(&beginning(0)))
}

fn path(shard: u32, name: &str) -> String {
    format!("{PARTS}/shard={shard}/{name}.parquet")
}

/// Whether a file is one of a plan by shards.
pub(super) fn is_part(path: &str) -> bool {
    path.strip_prefix(PARTS).is_some_and(|rest| rest.starts_with('/'))
}

fn read(storage: &dyn Storage, files: &[(u32, String)]) -> Result<Vec<ExpectedUnit>, StoreError> {
    let one = |(_, path): &(u32, String)| {
        decode(storage.read(path)?.ok_or_else(|| missing(storage, path))?).map_err(|error| match error {
            StoreError::Damaged { what, .. } => damaged(storage, path, what),
            StoreError::Parquet(error) => damaged(storage, path, error.to_string()),
            other => other,
        })
    };
    let parts: Vec<Vec<ExpectedUnit>> = files.par_iter().map(one).collect::<Result<_, _>>()?;
    let mut units: Vec<ExpectedUnit> = parts.into_iter().flatten().collect();
    units.sort_by(|a, b| (a.position, &a.feature_mode).cmp(&(b.position, &b.feature_mode)));
    Ok(units)
}

/// How many units a shard has, by the footers of its files.
pub(super) fn units_of_shard(
    storage: &dyn Storage,
    manifest: &Manifest,
    shard: u32,
) -> Result<u64, StoreError> {
    let mut units = 0;
    for (_, path) in files(manifest, |other| other == shard) {
        let file = storage.open(&path)?.ok_or_else(|| missing(storage, &path))?;
        let read = ArrowReaderMetadata::load(&ParquetParts(file), ArrowReaderOptions::new());
        let footer = read.map_err(|error| damaged(storage, &path, error.to_string()))?;
        units += u64::try_from(footer.metadata().file_metadata().num_rows()).unwrap_or_default();
    }
    Ok(units)
}

/// Writes units as a further part of a plan that has so many.
pub(super) fn write(
    storage: &dyn Storage,
    parts: usize,
    units: &[ExpectedUnit],
) -> Result<PlanPart, StoreError> {
    let mut shards: BTreeMap<u32, Vec<ExpectedUnit>> = BTreeMap::new();
    for unit in units {
        shards.entry(unit.shard).or_default().push(unit.clone());
    }
    let encoded: Vec<(u32, Vec<u8>)> = shards
        .into_par_iter()
        .map(|(shard, units)| Ok((shard, encode(&units)?)))
        .collect::<Result<_, StoreError>>()?;
    let mut hash = blake3::Hasher::new();
    for (_, bytes) in &encoded {
        hash.update(bytes);
    }
    let name = beginning(parts) + &hash.finalize().to_hex()[..12];
    let shards = encoded.iter().map(|(shard, _)| *shard).collect();
    encoded.into_par_iter().try_for_each(|(shard, bytes)| {
        let file = Object { path: path(shard, &name), bytes };
        match make(storage, &file)? {
            Made::Ours => Ok(()),
            Made::Theirs(_) => Err(damaged(storage, &file.path, "its content is not what its name says")),
        }
    })?;
    Ok(PlanPart { name, shards })
}

/// The error that a file of the plan is not there.
pub(super) fn missing(storage: &dyn Storage, path: &str) -> StoreError {
    damaged(storage, path, "is missing")
}

fn damaged(storage: &dyn Storage, path: &str, what: impl Into<String>) -> StoreError {
    StoreError::Damaged { file: format!("{}/{path}", storage.name()), what: what.into() }
}
