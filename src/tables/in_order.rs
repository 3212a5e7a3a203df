//! The tables of runs whose files were looked at: rows of the attempts that count, in the order of the key.
//!
//! | name | rows |
//! |---|---|
//! | `_counting.te`, … | rows as stored, for families and group tests |
//! | `_sorted.te`, … | the same, and duplicates are compared in passing |
//! | `te`, `users`, `group_tests`, … | with every derived column |

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::catalog::{Catalog, Table};
use super::derived::Space;
use super::error::TableError;
use super::passed::Passed;
use super::run_files::RunFiles;
use super::shown::{Definitions, put_views};
use super::sorted::sorted_table;
use crate::attempts::{Attempts, OpenRun};
use crate::schema::columns::{merged, read};
use crate::schema::{Schemas, TableSchema};
use crate::sorted::{Choice, Findings, Owner, SortedFile, SortedRows, gathered};
use crate::store::{Storage, StoreError};

/// Whether duplicates are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    /// They are left out unseen.
    Nothing,
    /// They must equal the row that counts.
    Duplicates,
}

/// Rows of a part of the users in a sorted file: some of its row groups.
#[derive(Debug, Clone)]
pub(crate) struct Piece<'a> {
    /// The table.
    pub(crate) table: &'a str,
    /// Place of the run that the rows are of, and its name.
    pub(crate) run: usize,
    pub(crate) run_name: &'a str,
    /// The file.
    pub(crate) path: &'a str,
    /// The row groups.
    pub(crate) groups: Range<usize>,
}

/// The tables of some runs, in order.
#[derive(Debug)]
pub(crate) struct SortedTables {
    choice: Arc<dyn Choice>,
    files: BTreeMap<String, Vec<SortedFile>>,
    found: BTreeMap<String, Arc<Mutex<Option<Findings>>>>,
    /// Whether the rows are those of a part of the users.
    is_part: bool,
}

impl SortedTables {
    /// Those of the attempts that count.
    pub(crate) fn new(
        runs: &[OpenRun],
        known: &RunFiles,
        attempts: &Attempts,
        schemas: &Schemas,
    ) -> Result<Self, StoreError> {
        let (mut files, mut found) = (BTreeMap::new(), BTreeMap::new());
        for schema in schemas.data_tables() {
            let (of_table, bytes) = known.of(&schema.table, runs);
            let of_table = gathered(of_table, bytes, &read(schema), &schema.key)?;
            files.insert(schema.table.clone(), of_table);
            found.insert(schema.table.clone(), Arc::default());
        }
        files.insert(schemas.ledger()?.table.clone(), known.ledger());
        Ok(Self { choice: attempts.clone().choice(), files, found, is_part: false })
    }

    /// Those of a part of the users, in pieces of sorted files.
    pub(crate) fn of_part(
        pieces: &[Piece<'_>],
        storage: &Arc<dyn Storage>,
        attempts: &Attempts,
        schemas: &Schemas,
    ) -> Result<Self, StoreError> {
        let tables = schemas.data_tables().chain([schemas.ledger()?]);
        let mut files: BTreeMap<String, Vec<SortedFile>> =
            tables.map(|schema| (schema.table.clone(), Vec::new())).collect();
        for piece in pieces {
            let Piece { table, run, run_name, path, groups } = piece;
            let file =
                SortedFile::stored(*run, run_name, 0, Owner::Group, storage, path).only(groups.clone());
            files.entry((*table).to_owned()).or_default().push(file);
        }
        let found = files.keys().map(|table| (table.clone(), Arc::default())).collect();
        Ok(Self { choice: attempts.clone().choice(), files, found, is_part: true })
    }

    /// Puts them into a catalog, with what is derived of them. Gives what parts of the users hand on.
    pub(crate) fn register(
        &self,
        catalog: &Catalog,
        runs: &[OpenRun],
        definitions: Definitions<'_>,
    ) -> Result<Vec<Passed>, TableError> {
        for schema in definitions.schemas.data_tables() {
            self.put(catalog, schema, "_counting", Compare::Nothing);
            self.put(catalog, schema, "_sorted", Compare::Duplicates);
        }
        let ledger = definitions.schemas.ledger().map_err(StoreError::from)?;
        self.put(catalog, ledger, "_counting", Compare::Nothing);
        let Some(first) = runs.first() else { return Ok(Vec::new()) };
        let manifest = first.run.manifest();
        let space = Space::showing("_sorted").of_control(manifest.control.is_some()).of_part(self.is_part);
        put_views(catalog, &manifest.config.fdr, &space, definitions, |_| Arc::new(|| true))
    }

    fn put(&self, catalog: &Catalog, schema: &TableSchema, space: &str, compare: Compare) {
        let files = self.files.get(&schema.table).cloned().unwrap_or_default();
        let found = self.found.get(&schema.table).filter(|_| compare == Compare::Duplicates).map(Arc::clone);
        let table = sorted_table(files, merged(schema), schema.key.clone(), Arc::clone(&self.choice), found);
        catalog.put(space, &schema.table, Table::Ready(table), None);
    }

    /// The rows of a table as they are stored; none if SQL must put it together or in order.
    pub(crate) fn rows(
        &self,
        schema: &TableSchema,
        compare: Compare,
    ) -> Result<Option<SortedRows>, StoreError> {
        let is_ordered = |key: &String| schema.column(key).is_some_and(|column| !column.nullable);
        if schema.key.is_empty() || !schema.key.iter().all(is_ordered) {
            return Ok(None);
        }
        let Some(files) = self.files.get(&schema.table) else { return Ok(None) };
        let compare = compare == Compare::Duplicates;
        SortedRows::open(files.clone(), read(schema), &schema.key, &self.choice, compare).map(Some)
    }

    /// What was seen while the rows of a table were read through SQL.
    pub(crate) fn findings(&self, schema: &TableSchema) -> Findings {
        let found = self.found.get(&schema.table);
        found.and_then(|f| f.lock().unwrap_or_else(PoisonError::into_inner).take()).unwrap_or_default()
    }
}
