//! Rows of a query into one stream of bytes, a batch after the other.

use std::collections::HashSet;
use std::io::{self, Write};

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::json::writer::{JsonArray, LineDelimited, Writer};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use thiserror::Error;

use super::csv::CsvWriter;
use super::json;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowFormat {
    /// CSV with a header; the same rows give the same bytes.
    Csv,
    /// One JSON array.
    Json,
    /// A JSON object a line.
    Ndjson,
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

/// Rows that cannot be written.
#[derive(Debug, Error)]
pub(crate) enum RowError {
    /// Readers keep one of two columns of a name, or cannot open the file.
    #[error("two columns are called {name}\n(hint: give one another name, like t.{name} AS t_{name})", name = .0)]
    Twice(String),
    /// A value that the format has not.
    #[error(transparent)]
    Value(ArrowError),
    /// Kinds of values that Parquet has none for.
    #[error(
        "Parquet has no such values\n(hint: CAST(x AS VARCHAR), or extract(epoch FROM x) of an interval)"
    )]
    NotInParquet,
    /// Parquet could not be encoded.
    #[error(transparent)]
    Parquet(ParquetError),
    /// The place cannot be written to.
    #[error(transparent)]
    Place(io::Error),
}

impl From<io::Error> for RowError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<ArrowError>() {
            Ok(error) => Self::Value(error),
            Err(place) => Self::Place(place),
        }
    }
}

impl From<ArrowError> for RowError {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, place) => Self::Place(place),
            error => Self::Value(error),
        }
    }
}

impl From<ParquetError> for RowError {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::NYI(_) => Self::NotInParquet,
            error => Self::Parquet(error),
        }
    }
}

/// Writes batches in one of the formats.
pub(crate) struct RowWriter<W: Write + Send>(Inner<W>);

enum Inner<W: Write + Send> {
    Csv(CsvWriter<W>),
    Json(Writer<W, JsonArray>),
    Ndjson(Writer<W, LineDelimited>),
    Parquet(Box<ArrowWriter<W>>),
    Arrow(StreamWriter<W>),
}

impl<W: Write + Send> RowWriter<W> {
    /// Begins with what stands before all rows.
    pub(crate) fn new(format: RowFormat, schema: &SchemaRef, out: W) -> Result<Self, RowError> {
        one_name_each(schema)?;
        Ok(Self(match format {
            RowFormat::Csv => {
                let header: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
                Inner::Csv(CsvWriter::new(out, &header)?)
            }
            RowFormat::Json => Inner::Json(json::builder().build(out)),
            RowFormat::Ndjson => Inner::Ndjson(json::builder().build(out)),
            RowFormat::Parquet => {
                Inner::Parquet(Box::new(ArrowWriter::try_new(out, SchemaRef::clone(schema), None)?))
            }
            RowFormat::Arrow => Inner::Arrow(StreamWriter::try_new(out, schema)?),
        }))
    }

    /// Writes the rows of a batch.
    pub(crate) fn write(&mut self, batch: RecordBatch) -> Result<(), RowError> {
        match &mut self.0 {
            Inner::Csv(out) => out.write(&batch)?,
            Inner::Json(out) => out.write(&json::writable(batch)?)?,
            Inner::Ndjson(out) => out.write(&json::writable(batch)?)?,
            Inner::Parquet(out) => out.write(&batch)?,
            Inner::Arrow(out) => out.write(&batch)?,
        }
        Ok(())
    }

    /// Ends with what stands after all rows, and gives the writer below back.
    pub(crate) fn finish(self) -> Result<W, RowError> {
        Ok(match self.0 {
            Inner::Csv(out) => out.into_inner(),
            Inner::Json(mut out) => {
                out.finish()?;
                let mut out = out.into_inner();
                out.write_all(b"\n")?;
                out
            }
            Inner::Ndjson(mut out) => {
                out.finish()?;
                out.into_inner()
            }
            Inner::Parquet(out) => out.into_inner()?,
            Inner::Arrow(out) => out.into_inner()?,
        })
    }
}

/// Readers keep one of two columns of a name, or cannot open the file.
pub(crate) fn one_name_each(schema: &SchemaRef) -> Result<(), RowError> {
    let mut names = HashSet::new();
    match schema.fields().iter().find(|field| !names.insert(field.name())) {
        Some(field) => Err(RowError::Twice(field.name().clone())),
        None => Ok(()),
    }
}
