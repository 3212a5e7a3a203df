//! Rows of a query as text or bytes.

use std::collections::HashSet;
use std::io::Write;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::{Stream, StreamExt};
use parquet::errors::ParquetError;

use super::json;
use super::table::{self, Look};
use crate::error::Failure;
use crate::export::CsvWriter;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A table for people; on a terminal as wide as that
    Table,
    /// CSV with a header; the same rows give the same bytes
    Csv,
    /// One JSON array
    Json,
    /// A JSON object a line
    Ndjson,
    /// A Parquet file
    Parquet,
    /// An Arrow IPC stream
    Arrow,
}

impl Format {
    /// Whether it is unreadable on a terminal.
    pub(super) fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow)
    }
}

/// Writes all rows. What is given back is a note about what was left out.
pub(super) async fn write(
    rows: SendableRecordBatchStream,
    format: Format,
    look: Look,
    out: &mut (impl Write + Send),
) -> Result<Option<String>, Failure> {
    let schema = rows.schema();
    one_name_each(&schema)?;
    let mut rows = interruptible(rows);
    match format {
        Format::Table => {
            let mut batches = Vec::new();
            while let Some(batch) = rows.next().await {
                batches.push(batch.map_err(engine)?);
            }
            let (text, note) = table::text(&schema, &batches, look)?;
            out.write_all(text.as_bytes()).map_err(Failure::error)?;
            return Ok(note);
        }
        Format::Csv => {
            let header: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            let mut csv = CsvWriter::new(out, &header).map_err(Failure::error)?;
            while let Some(batch) = rows.next().await {
                csv.write(&batch.map_err(engine)?).map_err(cells)?;
            }
        }
        Format::Json => {
            let mut json = json::builder().build::<_, arrow::json::writer::JsonArray>(out);
            while let Some(batch) = rows.next().await {
                json.write(&json::writable(batch.map_err(engine)?).map_err(value)?)
                    .map_err(Failure::error)?;
            }
            json.finish().map_err(Failure::error)?;
            json.into_inner().write_all(b"\n").map_err(Failure::error)?;
        }
        Format::Ndjson => {
            let mut json = json::builder().build::<_, arrow::json::writer::LineDelimited>(out);
            while let Some(batch) = rows.next().await {
                json.write(&json::writable(batch.map_err(engine)?).map_err(value)?)
                    .map_err(Failure::error)?;
            }
            json.finish().map_err(Failure::error)?;
        }
        Format::Parquet => {
            let mut parquet =
                parquet::arrow::ArrowWriter::try_new(out, schema, None).map_err(parquet_error)?;
            while let Some(batch) = rows.next().await {
                parquet.write(&batch.map_err(engine)?).map_err(parquet_error)?;
            }
            parquet.close().map(drop).map_err(Failure::error)?;
        }
        Format::Arrow => {
            let mut ipc = arrow::ipc::writer::StreamWriter::try_new(out, &schema).map_err(Failure::error)?;
            while let Some(batch) = rows.next().await {
                ipc.write(&batch.map_err(engine)?).map_err(Failure::error)?;
            }
            ipc.finish().map_err(Failure::error)?;
        }
    }
    Ok(None)
}

/// Readers keep one of two columns of a name, or cannot open the file.
fn one_name_each(schema: &SchemaRef) -> Result<(), Failure> {
    let mut names = HashSet::new();
    match schema.fields().iter().find(|field| !names.insert(field.name())) {
        Some(field) => Err(Failure::error(format!(
            "two columns are called {name}\n(hint: give one another name, like t.{name} AS t_{name})",
            name = field.name()
        ))),
        None => Ok(()),
    }
}

/// Yields between batches: rows that are there already would keep Ctrl-C waiting.
fn interruptible(
    rows: SendableRecordBatchStream,
) -> impl Stream<Item = Result<RecordBatch, DataFusionError>> + Unpin {
    Box::pin(rows.then(async |batch| {
        tokio::task::yield_now().await;
        batch
    }))
}

/// A value that cannot be written, or a place that cannot be written to.
fn cells(error: std::io::Error) -> Failure {
    match error.downcast::<ArrowError>() {
        Ok(error) => value(error),
        Err(place) => Failure::error(place),
    }
}

fn value(error: ArrowError) -> Failure {
    engine(error.into())
}

/// Kinds of values that Parquet has none for.
fn parquet_error(error: ParquetError) -> Failure {
    match error {
        ParquetError::NYI(_) => Failure::error(
            "Parquet has no such values\n(hint: CAST(x AS VARCHAR), or extract(epoch FROM x) of an interval)",
        ),
        error => Failure::error(error),
    }
}

fn engine(error: DataFusionError) -> Failure {
    super::hint::told(crate::sql::SessionError::from(error))
}
