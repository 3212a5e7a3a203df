//! The tables of an output of `merge`: a file each, which has all columns.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::parquet::Columns;
use super::scan::Rows;
use crate::sorted::{Owner, SortedFile, TableFile};
use crate::store::{Location, ParquetParts, StoreError};

/// A table of an output.
///
/// # Errors
/// The file is missing, or is no Parquet file.
pub fn merged(dir: &Path, table: &str) -> Result<Arc<dyn TableProvider>, StoreError> {
    let storage = Location::from(dir).storage();
    let path = format!("{table}.parquet");
    let damaged = |what: String| StoreError::Damaged { file: dir.join(&path).display().to_string(), what };
    let file = storage.open(&path)?.ok_or_else(|| damaged("the file is missing".into()))?;
    let bytes = file.length();
    let metadata = ArrowReaderMetadata::load(&ParquetParts(file), ArrowReaderOptions::new());
    let metadata = metadata.map_err(|e| damaged(e.to_string()))?;
    // What the footer says of the table is none of the query's: of two tables it is not the same.
    let columns = Columns::of_files(Arc::new(Schema::new(metadata.schema().fields().clone())));
    let rows = u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or_default();
    let file = SortedFile::stored(0, "", 0, Owner::Group, &storage, &path);
    Ok(Arc::new(Rows::new(columns, vec![TableFile { file, bytes, checksum: None, rows }])))
}
