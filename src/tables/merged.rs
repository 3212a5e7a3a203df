//! The tables of an output of `merge`: a file each, which has all columns.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{ParquetMetaData, SortingColumn};

use super::error::FileError;
use super::parquet::Columns;
use super::scan::Rows;
use crate::sorted::{Owner, SortedFile, TableFile};
use crate::store::{Location, MERGE_MANIFEST, ParquetParts, SCHEMA_SAID, Storage, StoreError};

/// A table of an output, with the rows that its manifest says.
///
/// # Errors
/// The file is missing, is no Parquet file, or is another table's, or has other rows.
pub fn merged(place: &Location, table: &str, rows: u64) -> Result<Arc<dyn TableProvider>, FileError> {
    let storage = place.storage()?;
    let path = format!("{table}.parquet");
    let (columns, said, file) = file_of(&storage, &path)?;
    let damaged = |what: String| Err(FileError::Damaged { file: format!("{}/{path}", storage.name()), what });
    if let Some(other) = said.filter(|said| said != table) {
        return damaged(format!("it has the rows of {other}"));
    }
    if file.rows != rows {
        return damaged(format!("it has {} rows, and {MERGE_MANIFEST} says {rows}", file.rows));
    }
    Ok(Arc::new(Rows::new(columns, vec![file])))
}

/// The table of some files of a storage, which have the same columns and are in order one after the other.
///
/// # Errors
/// A file is missing, or is no Parquet file.
pub fn merged_of(storage: &Arc<dyn Storage>, paths: &[String]) -> Result<Arc<dyn TableProvider>, FileError> {
    let mut found: Option<Columns> = None;
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let (columns, _, file) = file_of(storage, path)?;
        found.get_or_insert(columns);
        files.push(file);
    }
    let columns = found.unwrap_or_else(|| Columns::of_files(Arc::new(Schema::empty())));
    Ok(Arc::new(Rows::new(columns, files)))
}

/// A file, its columns, and the table whose rows it says it has.
fn file_of(
    storage: &Arc<dyn Storage>,
    path: &str,
) -> Result<(Columns, Option<String>, TableFile), FileError> {
    let name = || format!("{}/{path}", storage.name());
    let file = storage.open(path).map_err(StoreError::from)?.ok_or_else(|| FileError::Gone(name()))?;
    let bytes = file.length();
    let metadata = ArrowReaderMetadata::load(&ParquetParts(file), ArrowReaderOptions::new());
    let metadata = metadata.map_err(|e| FileError::Damaged {
        file: name(),
        what: e.to_string().trim_start_matches("Parquet error: ").to_owned(),
    })?;
    // What the footer says of the table is none of the query's: of two tables it is not the same.
    let columns = Columns::of_files(Arc::new(Schema::new(metadata.schema().fields().clone())));
    let columns = columns.sorted_by(sorted_by(metadata.metadata()));
    let rows = u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or_default();
    let file = SortedFile::stored(0, "", 0, Owner::Group, storage, path);
    let said = metadata
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .and_then(|entries| entries.iter().find(|entry| entry.key == SCHEMA_SAID)?.value.clone());
    Ok((columns, said, TableFile { file, bytes, checksum: None, rows }))
}

/// The columns by which the rows are sorted, as far as the footer says so of all of them: a file that another program
/// wrote anew says nothing.
fn sorted_by(footer: &ParquetMetaData) -> Vec<String> {
    let mut said = footer.row_groups().iter().map(|group| group.sorting_columns());
    let Some(Some(first)) = said.next() else { return Vec::new() };
    let is_ours = |column: &SortingColumn| !column.descending && !column.nulls_first;
    if !said.all(|other| other == Some(first)) || !first.iter().all(is_ours) {
        return Vec::new();
    }
    let columns = footer.file_metadata().schema_descr();
    let name = |column: &SortingColumn| {
        let place = usize::try_from(column.column_idx).ok().filter(|place| *place < columns.num_columns())?;
        Some(columns.column(place).name().to_owned())
    };
    first.iter().map(name).collect::<Option<Vec<_>>>().unwrap_or_default()
}
