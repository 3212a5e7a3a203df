//! What a merge takes, by plan and ledger.

use super::error::MergeError;
use super::parts::check_parts;
use super::request::Merge;
use super::same;
use super::size::Size;
use super::survey::{Survey, survey_with};
use crate::attempts::{Damage, OpenRun};
use crate::schema::LEDGER;
use crate::sources::Opened;
use crate::store::{StoreError, table_files};

/// From so many rows on, several machines may be quicker than one.
pub const MANY: u64 = 100_000_000;

/// Rows that one of several machines should have at least.
const OF_A_PART: u64 = 20_000_000;

/// Memory of a process, whatever the number of users: measured at 4 and 20 million rows.
const MEMORY: u64 = 300_000_000;

/// How large a merge is.
pub(super) fn size_of(merge: &Merge<'_>, runs: &[OpenRun], found: &Survey) -> Size {
    let wanted = merge.wanted(runs, found);
    let is_wanted = |table: &str| wanted.iter().any(|schema| schema.table == table);
    let rows = found.rows.iter().filter(|(table, _)| is_wanted(table)).map(|(_, rows)| rows).sum();
    let (files, bytes) = found.files.sizes().fold((0, 0), |(files, all), file| (files + 1, all + file.bytes));
    Size { rows, files, bytes }
}

/// Requests to an object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests {
    /// Objects and parts of them that are read.
    pub get: u64,
    /// Objects that are made.
    pub put: u64,
}

/// What a merge takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// How large it is.
    pub size: Size,
    /// Units of the plans.
    pub units: u64,
    /// What plan and ledger lack of them.
    pub gaps: u64,
    /// Parts.
    pub parts: u32,
    /// Parts that would be worth their while on several machines.
    pub advised: u32,
    /// Bytes of plan and ledger, which each process goes through.
    pub known: u64,
    /// Bytes of data files that are read, in all.
    pub read: u64,
    /// Bytes of sorted runs, written beside the output and read by two stages.
    pub passed: u64,
    /// About how many requests, where the runs are in an object store.
    pub requests: Option<Requests>,
    /// About how much memory a process takes.
    pub memory: u64,
}

impl Merge<'_> {
    /// What it would take, by plan and ledger alone. Nothing is made.
    ///
    /// # Errors
    /// The runs cannot be read, are of several experiments, or have fewer users than parts.
    pub fn explain(&self) -> Result<Explained, MergeError> {
        let Opened { runs, folder: _folder, .. } = self.open()?;
        same::same_experiment(&runs)?;
        check_parts(&runs, self.parts.count)?;
        let schemas = self.definitions.schemas;
        let found = survey_with(&runs, self.precedence(), schemas, None, |_| Ok(Damage::default()))?;
        let size = size_of(self, &runs, &found);
        let is_alone = self.parts.count == 1;
        let wanted = self.wanted(&runs, &found);
        let is_away = runs.iter().any(|run| run.place.folder().is_none() && !run.is_imported);
        // One process keeps what units have in files of their own and copies of what is far away, and leaves out tables that
        // it does not write.
        let is_kept = is_away && self.is_alone();
        let is_read_again = |table: &str, is_own: bool| {
            !(is_kept || is_alone && (is_own || wanted.iter().all(|schema| schema.table != table)))
        };
        let again = || found.files.sizes().filter(|file| is_read_again(file.table, file.is_own));
        let requests = || {
            let all = found.files.sizes().map(|file| gets(file.bytes)).sum::<u64>();
            let get = all + again().map(|file| gets(file.bytes)).sum::<u64>();
            Requests { get, put: 0 } + self.passing(wanted.len() as u64)
        };
        Ok(Explained {
            size,
            units: found.units,
            gaps: found.gaps.len() as u64,
            parts: self.parts.count,
            advised: u32::try_from(size.rows.div_ceil(OF_A_PART)).unwrap_or(u32::MAX).max(1),
            known: known(&runs)?,
            read: size.bytes + again().map(|file| file.bytes).sum::<u64>(),
            passed: if is_alone { 0 } else { size.bytes },
            requests: is_away.then(requests),
            memory: self.memory.unwrap_or(MEMORY),
        })
    }

    /// Requests for what passes between parts, of so many tables, and for the output.
    fn passing(&self, tables: u64) -> Requests {
        let parts = u64::from(self.parts.count);
        if self.output.folder().is_some() {
            return Requests::default();
        }
        let formats = u64::from(self.csv()) + u64::from(self.parquet());
        let output = formats * tables + 2;
        if parts == 1 {
            return Requests { get: 0, put: output };
        }
        // A record a part of each stage with parts, a file a table of `runs` and two of `write`, and what is counted.
        let put = 4 * parts + parts * tables * 4 + 2 + output;
        // Each part of the users has a piece of each run, which two stages read, after its checksum.
        let get = 2 * parts * parts * tables * 4 + 8 * parts;
        Requests { get, put }
    }
}

impl std::ops::Add for Requests {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { get: self.get + other.get, put: self.put + other.put }
    }
}

/// Requests by which an object of so many bytes is read: its end first, small ones whole, others piece by piece.
fn gets(bytes: u64) -> u64 {
    const END: u64 = 64 << 10;
    const WHOLE: u64 = 8 << 20;
    const PIECE: u64 = 4 << 20;
    if bytes <= END {
        1
    } else if bytes <= WHOLE {
        2
    } else {
        1 + bytes.div_ceil(PIECE)
    }
}

/// Bytes of plans and ledgers.
fn known(runs: &[OpenRun]) -> Result<u64, MergeError> {
    let mut bytes = 0;
    for run in runs {
        let storage = run.run.storage();
        for (_, path) in run.run.plan_files() {
            bytes += storage.size(&path).map_err(StoreError::from)?.unwrap_or(0);
        }
        let ledger = table_files(storage, LEDGER).map_err(StoreError::from)?;
        bytes += ledger.iter().map(|file| file.bytes).sum::<u64>();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_in_few_requests() {
        assert_eq!([0, 64 << 10, (64 << 10) + 1, 8 << 20].map(gets), [1, 1, 2, 2]);
        assert_eq!(gets(100 << 20), 26);
    }
}
