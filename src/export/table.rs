//! One table into one file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ExportError;
use super::writer::TableWriter;
use crate::schema::{MadeOf, TableSchema};
use crate::sql::{Definitions, QueryError, Session, ident};

/// Format of exported files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportFormat {
    /// CSV with the file name and column order of the schema.
    Csv,
    /// Parquet with all columns.
    Parquet,
}

/// A query and the file its rows go to.
#[derive(Debug)]
pub(crate) struct TableExport<'a> {
    /// The session.
    pub session: &'a Session,
    /// The query; its order is the file's.
    pub sql: String,
    /// The file, which must not exist.
    pub path: PathBuf,
    /// What a Parquet footer says.
    pub metadata: Vec<(String, String)>,
}

impl TableExport<'_> {
    /// Writes CSV; gives the number of rows.
    pub(crate) async fn csv(&self) -> Result<u64, ExportError> {
        let rows = self.session.query(&self.sql).await?.execute_stream().await?;
        let columns = rows.schema();
        let names: Vec<&str> = columns.fields().iter().map(|f| f.name().as_str()).collect();
        let mut writer = TableWriter::new(&columns).csv(&self.path, &columns, &names, true)?;
        writer.push_all(rows).await?;
        Ok(writer.finish()?.0)
    }

    /// Writes Parquet; gives the number of rows.
    pub(crate) async fn parquet(&self) -> Result<u64, ExportError> {
        let rows = self.session.query(&self.sql).await?.execute_stream().await?;
        let columns = rows.schema();
        let mut writer =
            TableWriter::new(&columns).parquet(&self.path, &columns, None, self.metadata.clone())?;
        writer.push_all(rows).await?;
        Ok(writer.finish()?.0)
    }
}

/// The rows of a table's CSV file: the columns of the schema, sorted by user and key.
pub(crate) fn csv_sql(schema: &TableSchema, definitions: Definitions<'_>) -> Result<String, QueryError> {
    if let Some(name) = &schema.csv_query {
        return definitions.queries.get(name)?.fill(&[]);
    }
    Ok(select(schema, schema.exported().map(|c| ident(&c.name)).collect()))
}

/// The rows of a table's Parquet file: all columns, sorted by user and key.
pub(crate) fn parquet_sql(schema: &TableSchema) -> String {
    if schema.made_of() == MadeOf::Ledger {
        return format!("SELECT * FROM {} {}", ident(&schema.table), order(schema));
    }
    select(schema, schema.columns.iter().map(|c| ident(&c.name)).collect())
}

fn select(schema: &TableSchema, mut columns: Vec<String>) -> String {
    columns.splice(0..0, schema.user().map(str::to_owned));
    format!("SELECT {} FROM {} {}", columns.join(", "), ident(&schema.table), order(schema))
}

/// Rows without a key are put in the order of all their columns, so that files are reproducible.
fn order(schema: &TableSchema) -> String {
    let keys: Vec<String> = if schema.key.is_empty() {
        schema.stored().map(|c| ident(&c.name)).collect()
    } else {
        schema.key.iter().map(|k| ident(k)).collect()
    };
    let user = schema.user().map(str::to_owned);
    format!("ORDER BY {}", user.into_iter().chain(keys).collect::<Vec<_>>().join(", "))
}

/// The file name of a table's CSV.
pub(crate) fn csv_name(schema: &TableSchema, partial: bool) -> Option<String> {
    let name = schema.csv.as_ref()?;
    Some(if partial {
        format!("{}.partial.csv", name.strip_suffix(".csv").unwrap_or(name))
    } else {
        name.clone()
    })
}

/// Whether a path may be written to: it must not be there.
pub(crate) fn is_free(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !path.exists(),
    }
}
