//! Rows of a query as text or bytes.

use std::io::Write;

use arrow::record_batch::RecordBatch;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;

use crate::error::Failure;
use crate::export::CsvWriter;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A table for people
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

/// Writes all rows.
pub(super) async fn write(
    mut rows: SendableRecordBatchStream,
    format: Format,
    out: &mut (impl Write + Send),
) -> Result<(), Failure> {
    let schema = rows.schema();
    match format {
        Format::Table => {
            let mut batches = Vec::new();
            while let Some(batch) = rows.next().await {
                batches.push(batch.map_err(engine)?);
            }
            out.write_all(table(&schema, &batches)?.as_bytes()).map_err(Failure::error)
        }
        Format::Csv => {
            let header: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            let mut csv = CsvWriter::new(out, &header).map_err(Failure::error)?;
            while let Some(batch) = rows.next().await {
                csv.write(&batch.map_err(engine)?).map_err(Failure::error)?;
            }
            Ok(())
        }
        Format::Json => {
            let mut json = arrow::json::ArrayWriter::new(out);
            while let Some(batch) = rows.next().await {
                json.write(&batch.map_err(engine)?).map_err(Failure::error)?;
            }
            json.finish().map_err(Failure::error)?;
            json.into_inner().write_all(b"\n").map_err(Failure::error)
        }
        Format::Ndjson => {
            let mut json = arrow::json::LineDelimitedWriter::new(out);
            while let Some(batch) = rows.next().await {
                json.write(&batch.map_err(engine)?).map_err(Failure::error)?;
            }
            json.finish().map_err(Failure::error)
        }
        Format::Parquet => {
            let mut parquet =
                parquet::arrow::ArrowWriter::try_new(out, schema, None).map_err(Failure::error)?;
            while let Some(batch) = rows.next().await {
                parquet.write(&batch.map_err(engine)?).map_err(Failure::error)?;
            }
            parquet.close().map(drop).map_err(Failure::error)
        }
        Format::Arrow => {
            let mut ipc = arrow::ipc::writer::StreamWriter::try_new(out, &schema).map_err(Failure::error)?;
            while let Some(batch) = rows.next().await {
                ipc.write(&batch.map_err(engine)?).map_err(Failure::error)?;
            }
            ipc.finish().map_err(Failure::error)
        }
    }
}

fn engine(error: datafusion::error::DataFusionError) -> Failure {
    Failure::error(crate::query::SessionError::from(error))
}

/// The rows as a table, with their number below.
pub(super) fn table(
    schema: &arrow::datatypes::SchemaRef,
    batches: &[RecordBatch],
) -> Result<String, Failure> {
    let empty = [RecordBatch::new_empty(std::sync::Arc::clone(schema))];
    let shown = if batches.is_empty() { &empty[..] } else { batches };
    let table = arrow::util::pretty::pretty_format_batches(shown).map_err(Failure::error)?;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    Ok(format!("{table}\n{}\n", crate::cli::text::count(rows as u64, "row")))
}
