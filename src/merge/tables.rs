//! The merged tables: rows of the attempts that count, in the order of the key.
//!
//! | name | rows |
//! |---|---|
//! | `_counting.te`, … | rows as stored, for families and group tests |
//! | `_sorted.te`, … | the same, and duplicates are compared in passing |
//! | `te`, `users`, `group_tests`, … | with every derived column |

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::MergeError;
use super::survey::Survey;
use crate::attempts::OpenRun;
use crate::schema::TableSchema;
use crate::schema::columns::{merged, read};
use crate::sorted::{Choice, Findings, SortedFile, SortedRows, gathered};
use crate::sql::{Definitions, Session};
use crate::store::StoreError;
use crate::tables::Space;
use crate::tables::sorted_table;

/// Whether duplicates are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    /// They are left out unseen.
    Nothing,
    /// They must equal the row that counts.
    Duplicates,
}

/// The tables of a merge.
pub(super) struct Tables {
    pub(super) session: Session,
    choice: Arc<dyn Choice>,
    files: BTreeMap<String, Vec<SortedFile>>,
    found: BTreeMap<String, Arc<Mutex<Option<Findings>>>>,
}

impl Tables {
    pub(super) async fn new(
        runs: &[OpenRun],
        survey: &Survey,
        memory: Option<u64>,
        definitions: Definitions<'_>,
    ) -> Result<Self, MergeError> {
        let mut tables = Self {
            session: Session::for_merge(memory)?,
            choice: survey.attempts.clone().choice(),
            files: BTreeMap::new(),
            found: BTreeMap::new(),
        };
        for schema in definitions.schemas.data_tables() {
            let (files, bytes) = survey.files_of(&schema.table, runs);
            let files = gathered(files, bytes, &read(schema), &schema.key)?;
            tables.files.insert(schema.table.clone(), files);
            tables.register(schema, "_counting", Compare::Nothing);
            tables.register(schema, "_sorted", Compare::Duplicates);
        }
        let users = definitions.schemas.ledger().map_err(StoreError::from)?;
        tables.files.insert(users.table.clone(), survey.ledger.clone());
        tables.register(users, "_counting", Compare::Nothing);
        if let Some(first) = runs.first() {
            let fdr = &first.run.manifest().config.fdr;
            let space = Space::showing("_sorted").of_control(first.run.manifest().control.is_some());
            tables.session.views(fdr, &space, definitions, |_| Arc::new(|| true))?;
        }
        // Asked for by every table with a group test.
        if !runs.is_empty() {
            tables.session.keep("group_tests").await?;
        }
        Ok(tables)
    }

    fn register(&mut self, schema: &TableSchema, space: &str, compare: Compare) {
        let files = self.files.get(&schema.table).cloned().unwrap_or_default();
        let found = (compare == Compare::Duplicates)
            .then(|| Arc::clone(self.found.entry(schema.table.clone()).or_default()));
        let table = sorted_table(files, merged(schema), schema.key.clone(), Arc::clone(&self.choice), found);
        self.session.table(space, &schema.table, table);
    }

    /// The rows of a table as they are stored; none if SQL must put it together or in order.
    pub(super) fn rows(
        &self,
        schema: &TableSchema,
        compare: Compare,
    ) -> Result<Option<SortedRows>, MergeError> {
        let is_ordered = |key: &String| schema.column(key).is_some_and(|column| !column.nullable);
        if schema.key.is_empty() || !schema.key.iter().all(is_ordered) {
            return Ok(None);
        }
        let Some(files) = self.files.get(&schema.table) else { return Ok(None) };
        let compare = compare == Compare::Duplicates;
        let rows = SortedRows::open(files.clone(), read(schema), &schema.key, &self.choice, compare)?;
        Ok(Some(rows))
    }

    /// What was seen while the rows of a table were read through SQL.
    pub(super) fn findings(&self, schema: &TableSchema) -> Findings {
        let found = self.found.get(&schema.table);
        found.and_then(|f| f.lock().unwrap_or_else(PoisonError::into_inner).take()).unwrap_or_default()
    }
}
