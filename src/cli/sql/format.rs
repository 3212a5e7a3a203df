//! Rows of a query as text or bytes.

use std::io::Write;
use std::path::Path;

use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::{Stream, StreamExt};

use super::table::{self, Look};
use crate::error::Failure;
use crate::export::{RowError, RowFormat, RowWriter, one_name_each};

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
    /// The format that the end of a file's name says.
    pub(super) fn of_file(file: &Path) -> Option<Self> {
        Some(match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "json" => Self::Json,
            "ndjson" | "jsonl" => Self::Ndjson,
            "parquet" => Self::Parquet,
            "arrow" | "arrows" => Self::Arrow,
            _ => return None,
        })
    }

    /// What the end of a file's name promises that is not written.
    pub(super) fn promised(file: &Path) -> Option<String> {
        const OTHERS: [&str; 16] = [
            "xlsx", "xls", "ods", "tsv", "tab", "gz", "zst", "bz2", "xz", "zip", "feather", "html", "dta",
            "sav", "rds", "sqlite",
        ];
        let end = file.extension()?.to_str()?.to_ascii_lowercase();
        OTHERS.contains(&end.as_str()).then_some(end)
    }

    /// Whether it is unreadable on a terminal.
    pub(super) fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow)
    }

    /// The format that rows are written in as they come; a table for people needs all of them.
    fn of_rows(self) -> Option<RowFormat> {
        Some(match self {
            Self::Table => return None,
            Self::Csv => RowFormat::Csv,
            Self::Json => RowFormat::Json,
            Self::Ndjson => RowFormat::Ndjson,
            Self::Parquet => RowFormat::Parquet,
            Self::Arrow => RowFormat::Arrow,
        })
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
    one_name_each(&schema).map_err(failure)?;
    let mut rows = interruptible(rows);
    let Some(format) = format.of_rows() else {
        let mut batches = Vec::new();
        while let Some(batch) = rows.next().await {
            batches.push(batch.map_err(engine)?);
        }
        let (text, note) = table::text(&schema, &batches, look)?;
        out.write_all(text.as_bytes()).map_err(Failure::error)?;
        return Ok(note);
    };
    let mut writer = RowWriter::new(format, &schema, out).map_err(failure)?;
    while let Some(batch) = rows.next().await {
        writer.write(batch.map_err(engine)?).map_err(failure)?;
    }
    writer.finish().map_err(failure)?;
    Ok(None)
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

fn failure(error: RowError) -> Failure {
    match error {
        RowError::Value(error) => engine(error.into()),
        RowError::Parquet(error) => Failure::error(error),
        RowError::Place(error) => Failure::error(error),
        error => Failure::error(error.to_string()),
    }
}

fn engine(error: DataFusionError) -> Failure {
    super::hint::told(crate::sql::SessionError::from(error))
}
