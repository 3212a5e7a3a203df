//! The ledger of one run in memory, unit by unit.

use super::damage::Damage;
use super::rule::{Attempt, Basis, Moved, Precedence, Role, roles};
use crate::schema::LEDGER;
use crate::store::{
    Assignment, Entry, LedgerFile, LedgerRow, Protocol, ReadLock, Run, Storage, StorageError, StoreError,
    committed_as, ledger_files, snapshot, table_files,
};

/// The whole ledger of a run.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Rows of attempts that are not moved, by position, feature mode and end.
    pub rows: Vec<LedgerRow>,
    /// Ledger files that cannot be read: path and cause. Their units count as not done.
    pub corrupt: Vec<(String, String)>,
    /// Rows of attempts that are moved, whose files a compaction will remove.
    pub moved: Vec<LedgerRow>,
}

impl Ledger {
    /// Reads every ledger file of a run.
    pub fn read(storage: &dyn Storage) -> Result<Self, StoreError> {
        Self::listed(storage, || table_files(storage, LEDGER))
    }

    /// Reads the ledger of some shards of the plan.
    pub fn of_shards(storage: &dyn Storage, shards: &[u32]) -> Result<Self, StoreError> {
        Self::listed(storage, || files_of(storage, shards))
    }

    /// The ledger of a share of a run without locks, with the files that were read: while a listing shows these and no
    /// others, it says the same.
    pub fn with_files(run: &Run, share: Assignment) -> Result<(Self, Vec<Entry>), StoreError> {
        let (storage, shards) = (run.storage(), run.shards_of(share));
        let read = |entries: &[Entry]| {
            let (read, is_whole) = read_all(storage, entries);
            Ok(((Self::of(read), entries.to_vec()), is_whole))
        };
        snapshot(storage, || files_of(storage, &shards), read)
    }

    /// Reads what the ledger of a run says of the units of a share. Without locks, only the shards are read that it
    /// meets.
    pub fn of_share(run: &Run, share: Assignment) -> Result<Self, StoreError> {
        match run.protocol() {
            Protocol::Locks => Self::read(run.storage()),
            Protocol::Names => Self::of_shards(run.storage(), &run.shards_of(share)),
        }
    }

    fn listed(
        storage: &dyn Storage,
        list: impl Fn() -> Result<Vec<Entry>, StorageError>,
    ) -> Result<Self, StoreError> {
        let _reading = ReadLock::take(storage);
        Ok(Self::of(snapshot(storage, list, |entries| Ok(read_all(storage, entries)))?))
    }

    fn of((files, corrupt): Read) -> Self {
        let rows: Vec<LedgerRow> = files.into_iter().flat_map(|file| file.rows).collect();
        let moved = Moved::among(rows.iter().map(|row| row.attempt.as_str()));
        let (moved, mut rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| moved.has(&row.attempt));
        rows.sort_by(|a, b| {
            (a.position, &a.user_id, &a.feature_mode, a.finished_us, &a.attempt).cmp(&(
                b.position,
                &b.user_id,
                &b.feature_mode,
                b.finished_us,
                &b.attempt,
            ))
        });
        Self { rows, corrupt, moved }
    }

    /// The data files of all its attempts.
    pub fn data_files(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().chain(&self.moved).flat_map(|row| &row.files).map(|file| file.file.as_str())
    }

    /// The names under which its attempts were committed at first.
    pub(super) fn commits(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().chain(&self.moved).map(|row| committed_as(&row.attempt))
    }

    /// The rows of each unit, which are neighbours.
    pub fn units(&self) -> impl Iterator<Item = &[LedgerRow]> {
        self.rows.chunk_by(|a, b| (&a.user_id, &a.feature_mode) == (&b.user_id, &b.feature_mode))
    }

    /// Where each unit stands.
    pub fn standings<'a>(&'a self, damage: &Damage) -> impl Iterator<Item = Standing<'a>> {
        self.units().filter_map(|unit| Standing::of(unit, damage))
    }
}

/// Files that were read, and those that could not be, with the cause.
type Read = (Vec<LedgerFile>, Vec<(String, String)>);

/// Reads listed files; whether all were there.
fn read_all(storage: &dyn Storage, entries: &[Entry]) -> (Read, bool) {
    let (files, corrupt) = ledger_files(storage, entries);
    let is_whole = files.len() + corrupt.len() == entries.len();
    ((files, corrupt), is_whole)
}

/// The files of the ledger of some shards of the plan.
pub(super) fn files_of(storage: &dyn Storage, shards: &[u32]) -> Result<Vec<Entry>, StorageError> {
    let mut files = Vec::new();
    for shard in shards {
        files.extend(table_files(storage, &format!("{LEDGER}/shard={shard}"))?);
    }
    Ok(files)
}

/// Where a unit of one run stands.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    /// The attempt that counts, or would, were it whole.
    pub row: &'a LedgerRow,
    /// What is wrong with its files, if that is why the unit has no rows.
    pub damage: Option<String>,
    /// The latest end of any attempt of the unit, microseconds since 1970.
    pub last_end_us: i64,
}

impl<'a> Standing<'a> {
    /// Asks the rule about the rows of a unit; none if there are none.
    pub fn of(unit: &'a [LedgerRow], damage: &Damage) -> Option<Self> {
        let attempts: Vec<Attempt<'_>> = unit.iter().map(|row| attempt(0, row, damage)).collect();
        let last_end_us = attempts.iter().map(|attempt| attempt.finished_us).max()?;
        let roles = roles(&attempts, Precedence::Latest);
        let row = unit.get(roles.counting().unwrap_or(roles.first()))?;
        let damage = if roles.counting().is_none() { damage.of_files(0, &row.files) } else { None };
        Some(Self { row, damage, last_end_us })
    }

    /// Whether the attempt ended before a moment.
    pub fn ended_before(&self, us: i64) -> bool {
        self.row.finished_us < us
    }
}

/// The rows of a unit whose files decide what becomes of it.
pub(super) fn deciding(unit: &[LedgerRow]) -> impl Iterator<Item = &LedgerRow> {
    let attempts: Vec<Attempt<'_>> = unit.iter().map(|row| attempt(0, row, &Damage::default())).collect();
    let roles = roles(&attempts, Precedence::Latest);
    let decides = |role: &Role| matches!(role, Role::Counts | Role::Duplicate);
    let which: Vec<bool> = roles.all().iter().map(decides).collect();
    unit.iter().zip(which).filter(|(_, decides)| *decides).map(|(row, _)| row)
}

/// A row of the ledger as the rule sees it.
pub(super) fn attempt<'a>(run: usize, row: &'a LedgerRow, damage: &Damage) -> Attempt<'a> {
    Attempt {
        run,
        name: &row.attempt,
        state: row.state,
        finished_us: row.finished_us,
        basis: Basis {
            input: row.input_fingerprint.as_deref(),
            config: &row.config_fingerprint,
            engine: &row.engine,
        },
        is_damaged: !damage.is_empty() && row.files.iter().any(|file| damage.has(run, &file.file)),
    }
}
