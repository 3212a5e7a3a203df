//! Tables as CSV and Parquet files.

mod csv;
mod error;
mod table;
mod writer;

pub(crate) use csv::CsvWriter;
pub(crate) use error::ExportError;
pub(crate) use table::{ExportFormat, TableExport, csv_sql, parquet_sql};
pub(crate) use table::{csv_name, is_free};
pub(crate) use writer::TableWriter;
