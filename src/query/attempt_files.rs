//! Which files hold the rows of some attempts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::files::TableFile;
use super::source::OpenRun;
use crate::store::{DataFile, LedgerRow, StoreError, is_group};

/// Files of one table.
#[derive(Debug, Default)]
pub(super) struct TableFiles {
    /// Files that hold one unit.
    pub(super) units: Vec<TableFile>,
    /// Files that hold several, by run.
    pub(super) groups: BTreeMap<usize, GroupFiles>,
}

/// Files of one table and run that hold several units.
#[derive(Debug, Default)]
pub(super) struct GroupFiles {
    pub(super) files: Vec<TableFile>,
    /// Attempts whose rows are in the files and are not asked for.
    pub(super) unwanted: BTreeSet<String>,
}

impl TableFiles {
    /// The files of the attempts, by table.
    pub(super) fn of<'a>(
        runs: &'a [OpenRun],
        attempts: &'a [(usize, LedgerRow)],
    ) -> Result<BTreeMap<&'a str, Self>, StoreError> {
        let mut tables: BTreeMap<&str, Self> = BTreeMap::new();
        let mut groups: HashMap<(usize, &str), &str> = HashMap::new();
        let mut wanted: HashSet<(usize, &str)> = HashSet::new();
        for (run, row) in attempts {
            wanted.insert((*run, &row.attempt));
            for file in &row.files {
                let table = tables.entry(&file.table).or_default();
                if !is_group(&file.file) {
                    table.units.push(found(runs, *run, row, file, true));
                } else if groups.insert((*run, &file.file), &file.table).is_none() {
                    table.groups.entry(*run).or_default().files.push(found(runs, *run, row, file, false));
                }
            }
        }
        if groups.is_empty() {
            return Ok(tables);
        }
        for (index, run) in runs.iter().enumerate() {
            let ledger = run.ledger()?;
            let all = ledger.rows.iter().chain(&ledger.replaced);
            for row in all.filter(|row| !wanted.contains(&(index, row.attempt.as_str()))) {
                for file in &row.files {
                    if let Some(table) = groups.get(&(index, file.file.as_str()))
                        && let Some(group) = tables.get_mut(table).and_then(|t| t.groups.get_mut(&index))
                    {
                        group.unwanted.insert(row.attempt.clone());
                    }
                }
            }
        }
        Ok(tables)
    }
}

fn found(runs: &[OpenRun], run: usize, row: &LedgerRow, file: &DataFile, one_unit: bool) -> TableFile {
    TableFile {
        path: runs[run].run.dir().join(&file.file),
        bytes: file.bytes,
        owner: one_unit.then(|| (row.user_id.clone(), row.attempt.clone())),
        shard: row.shard,
        run: runs[run].name.clone(),
    }
}
