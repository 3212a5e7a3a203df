//! Tables as CSV and Parquet files.

mod csv;
mod error;
mod table;
mod writer;

pub use csv::CsvWriter;
pub use error::ExportError;
pub use table::{ExportFormat, TableExport, csv_sql, parquet_sql};
pub(crate) use table::{csv_name, is_free};
pub(crate) use writer::TableWriter;
