//! Tables as CSV and Parquet files.

mod csv;
mod table;

pub use csv::CsvWriter;
pub use table::{ExportError, ExportFormat, TableExport, csv_sql, parquet_sql};
pub(crate) use table::{csv_name, is_free};
