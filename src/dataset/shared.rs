//! Files that hold the rows of several users: read once, by whoever comes first, and kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::error::DatasetError;
use super::fingerprint;
use super::inputs::{UserInput, read_table};
use super::place::Lines;
use super::rules::Rules;
use super::table::{Column, Needed, Table};

/// The shared files read so far; only their needed columns are kept.
#[derive(Debug, Default)]
pub(super) struct SharedFiles {
    slots: Mutex<HashMap<PathBuf, Slot>>,
}

/// Where a file is or will be.
type Slot = Arc<OnceLock<Result<SharedFile, DatasetError>>>;

/// A file of several users and whose its rows are.
#[derive(Debug)]
struct SharedFile {
    table: Table,
    /// Number and rows of each user.
    users: HashMap<String, (u32, Vec<u32>)>,
}

impl SharedFiles {
    /// The rows of one user, those of the first file first. `user` is the user column.
    pub(super) fn rows_of(
        &self,
        input: &UserInput,
        needed: &[Needed],
        user: &str,
        rules: &Rules,
    ) -> Result<Table, DatasetError> {
        let mut lines = Lines::default();
        let mut hashes = Vec::new();
        let empty = |column: &Needed| Ok(Column::new(column.text));
        let mut columns: Vec<Result<Column, DatasetError>> = needed.iter().map(empty).collect();
        for path in &input.files {
            let slot = self.slot(path);
            let file = slot
                .get_or_init(|| SharedFile::read(path, needed, user, rules))
                .as_ref()
                .map_err(Clone::clone)?;
            let Some((number, rows)) = file.users.get(&input.id) else {
                continue;
            };
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            lines.push_file(&name, rows.iter().map(|&row| file.table.lines.as_slice()[row as usize]));
            hashes.push(file.table.fingerprint.clone());
            for (from, into) in file.table.columns.iter().zip(&mut columns) {
                append(from, *number, rows, into);
            }
        }
        if lines.is_empty() {
            return Err(DatasetError::UserGone { id: input.id.clone() });
        }
        Ok(Table {
            lines,
            columns,
            owners: Vec::new(),
            users: Vec::new(),
            nobodys: None,
            odd: None,
            fingerprint: fingerprint::joint(hashes),
        })
    }

    fn slot(&self, path: &Path) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(path.to_owned()).or_default())
    }
}

impl SharedFile {
    fn read(path: &Path, needed: &[Needed], user: &str, rules: &Rules) -> Result<Self, DatasetError> {
        let table = read_table(path, needed, Some(user), rules)?;
        let mut rows = vec![Vec::new(); table.users.len()];
        for (row, &owner) in table.owners.iter().enumerate() {
            if let Some(rows) = rows.get_mut(owner as usize) {
                rows.push(row as u32);
            }
        }
        let numbered = table.users.iter().cloned().zip((0..).zip(rows)).collect();
        Ok(Self { table, users: numbered })
    }
}

/// Adds a user's rows of a column to `into`, or what is wrong with them.
fn append(
    from: &Result<Column, DatasetError>,
    user: u32,
    rows: &[u32],
    into: &mut Result<Column, DatasetError>,
) {
    let wrong = match from {
        Err(error) => Some(error),
        Ok(column) => column.bad.get(&user),
    };
    if let Some(error) = wrong {
        if into.is_ok() {
            *into = Err(error.clone());
        }
        return;
    }
    if let (Ok(from), Ok(into)) = (from, into) {
        from.append_rows(rows, into);
    }
}
