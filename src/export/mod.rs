//! Tables as CSV and Parquet files.

mod csv;
mod facts;
mod table;
mod writer;

pub use csv::CsvWriter;
pub use facts::{ColumnFacts, Facts};
pub use table::{ExportError, ExportFormat, TableExport, csv_sql, parquet_sql};
pub(crate) use table::{csv_name, is_free};
pub(crate) use writer::TableWriter;
