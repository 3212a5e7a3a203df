//! Tables as CSV and Parquet files, and rows in every format.

mod csv;
mod error;
mod joined;
mod json;
mod rows;
mod table;
mod writer;

pub(crate) use csv::CsvWriter;
pub(crate) use error::ExportError;
pub(crate) use joined::{join_csv, join_parquet};
#[cfg(feature = "serve")]
pub(crate) use rows::one_field_each;
pub(crate) use rows::{RowError, RowFormat, RowWriter, one_name_each};
pub(crate) use table::{ExportFormat, TableExport, csv_sql, parquet_sql};
pub(crate) use table::{csv_name, is_free};
pub(crate) use writer::TableWriter;
