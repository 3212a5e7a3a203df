//! The files of a table: written for all users, or for a part of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::error::MergeError;
use super::request::{Merge, OnConflict};
use super::tables::Tables;
use crate::export::{ExportError, TableWriter, csv_name, parquet_sql};
use crate::schema::columns::merged;
use crate::schema::{Facts, MadeOf, TableSchema};
use crate::sorted::{Findings, SortedRows};
use crate::store::SCHEMA_SAID;
use crate::tables::Compare;

/// What was written of a table: rows, and what was seen of them in passing.
pub(super) type WrittenTable = (u64, Facts, Findings);

/// What parts have written of tables.
pub(super) trait InParts: std::fmt::Debug {
    /// Puts the files of a table together, with what was seen of its rows.
    fn table(&self, files: TableFiles<'_>, schema: &TableSchema) -> Result<WrittenTable, MergeError>;
    /// Removes what passed between the parts: the output is whole.
    fn clear(&self) -> Result<(), MergeError>;
}

/// Writes tables into a folder.
#[derive(Clone, Copy)]
pub(super) struct TableFiles<'a> {
    pub(super) merge: &'a Merge<'a>,
    pub(super) tables: &'a Tables,
    /// The folder.
    pub(super) dir: &'a Path,
    /// Whether nothing is missing.
    pub(super) is_complete: bool,
    /// Fingerprint of the settings behind every number.
    pub(super) fingerprint: &'a str,
    /// The part of the users whose files are put together with those of others; none if they are of all.
    pub(super) part: Option<u32>,
    /// Whether there are Parquet files.
    pub(super) parquet: bool,
}

impl TableFiles<'_> {
    /// Writes the files of a table.
    pub(super) async fn write(self, schema: &TableSchema) -> Result<WrittenTable, MergeError> {
        let is_derived = schema.derived().next().is_some();
        if !is_derived && let Some(rows) = self.tables.sorted.rows(schema, self.compare(schema))? {
            return self.stored(schema, rows);
        }
        let rows = self.tables.session.query(&parquet_sql(schema)).await?.execute_stream().await;
        let rows = rows.map_err(ExportError::from)?;
        let mut writer = self.writer(schema, &rows.schema())?;
        writer.push_all(rows).await?;
        let (count, facts) = writer.finish()?;
        Ok((count, facts, self.tables.sorted.findings(schema)))
    }

    /// A table without derived columns: its sorted rows as they are.
    fn stored(self, schema: &TableSchema, mut rows: SortedRows) -> Result<WrittenTable, MergeError> {
        let columns = merged(schema);
        let mut writer = self.writer(schema, &columns)?;
        while let Some(picked) = rows.next_rows()? {
            let columns = Arc::clone(&columns);
            writer.push(Box::new(move || Ok(picked.batch(&columns)?)))?;
        }
        let (count, facts) = writer.finish()?;
        Ok((count, facts, rows.findings()))
    }

    /// Attempts of a unit differ in their times; their rows must not.
    fn compare(self, schema: &TableSchema) -> Compare {
        if schema.made_of() == MadeOf::Ledger || self.merge.on_conflict != OnConflict::Stop {
            Compare::Nothing
        } else {
            Compare::Duplicates
        }
    }

    fn writer(self, schema: &TableSchema, columns: &SchemaRef) -> Result<TableWriter, MergeError> {
        let mut writer = TableWriter::new(columns).looking_at(schema, columns);
        if self.part.is_some() {
            writer = writer.for_a_while();
        }
        if schema.csv_query.is_none()
            && let Some(path) = self.csv_path(schema)
        {
            let names: Vec<&str> =
                schema.user().into_iter().chain(schema.exported().map(|c| c.name.as_str())).collect();
            writer = writer.csv(&path, columns, &names, self.part.unwrap_or(0) == 0)?;
        }
        if self.parquet {
            let metadata = vec![
                (SCHEMA_SAID.to_owned(), schema.table.clone()),
                ("results.schema_version".to_owned(), schema.version.to_string()),
                ("results.complete".to_owned(), self.is_complete.to_string()),
                ("results.config_fingerprint".to_owned(), self.fingerprint.to_owned()),
            ];
            writer = writer.parquet(&self.parquet_path(schema), columns, Some(schema), metadata)?;
        }
        Ok(writer)
    }

    /// The CSV file of a table; none if there is none.
    pub(super) fn csv_path(self, schema: &TableSchema) -> Option<PathBuf> {
        let name = csv_name(schema, !self.is_complete)?;
        self.merge.csv().then(|| self.dir.join(name))
    }

    /// The Parquet file of a table.
    pub(super) fn parquet_path(self, schema: &TableSchema) -> PathBuf {
        self.dir.join(format!("{}.parquet", schema.table))
    }
}
