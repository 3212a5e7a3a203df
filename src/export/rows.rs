//! Rows of a query into one stream of bytes, a batch after the other.

use std::collections::HashSet;
use std::io::{self, Write};

use arrow::datatypes::{DataType, Fields, Schema, SchemaRef};
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
    /// Of two fields of a name too.
    #[error(
        "two fields of the struct {column} are called {name}\n(hint: give one another name, as in named_struct('a', x, 'b', y))"
    )]
    FieldTwice {
        /// The column that holds the struct.
        column: String,
        /// The name.
        name: String,
    },
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

/// Writes batches in one of the formats. Encoders are large: there is one of each, wherever it writes to.
pub(crate) struct RowWriter<'o>(Inner<Box<dyn Write + Send + 'o>>);

enum Inner<W: Write + Send> {
    Csv(CsvWriter<W>),
    Json(Writer<W, JsonArray>),
    Ndjson(Writer<W, LineDelimited>),
    Parquet(Box<ArrowWriter<W>>),
    Arrow(StreamWriter<W>),
}

impl<'o> RowWriter<'o> {
    /// Begins with what stands before all rows.
    pub(crate) fn new(
        format: RowFormat,
        schema: &SchemaRef,
        out: impl Write + Send + 'o,
    ) -> Result<Self, RowError> {
        one_name_each(schema)?;
        let out: Box<dyn Write + Send + 'o> = Box::new(out);
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

    /// Ends with what stands after all rows.
    pub(crate) fn finish(self) -> Result<(), RowError> {
        match self.0 {
            Inner::Csv(_) => {}
            Inner::Json(mut out) => {
                out.finish()?;
                out.into_inner().write_all(b"\n")?;
            }
            Inner::Ndjson(mut out) => out.finish()?,
            Inner::Parquet(out) => drop(out.close()?),
            Inner::Arrow(mut out) => out.finish()?,
        }
        Ok(())
    }
}

/// Readers keep one of two columns of a name, or cannot open the file. So it is with the fields of a struct.
pub(crate) fn one_name_each(schema: &SchemaRef) -> Result<(), RowError> {
    if let Some(name) = twice(schema.fields()) {
        return Err(RowError::Twice(name));
    }
    one_field_each(schema)
}

/// The same of the fields of structs alone.
pub(crate) fn one_field_each(schema: &Schema) -> Result<(), RowError> {
    schema.fields().iter().try_for_each(|field| match twice_within(field.data_type()) {
        Some(name) => Err(RowError::FieldTwice { column: field.name().clone(), name }),
        None => Ok(()),
    })
}

fn twice(fields: &Fields) -> Option<String> {
    let mut names = HashSet::new();
    fields.iter().find(|field| !names.insert(field.name())).map(|field| field.name().clone())
}

/// A name that two fields of one struct in values of a type have.
fn twice_within(kind: &DataType) -> Option<String> {
    match kind {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _)
        | DataType::RunEndEncoded(_, field) => twice_within(field.data_type()),
        DataType::Struct(fields) => {
            twice(fields).or_else(|| fields.iter().find_map(|field| twice_within(field.data_type())))
        }
        DataType::Dictionary(_, of) => twice_within(of),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::Field;

    use super::*;

    fn said(kind: DataType) -> String {
        let schema = Arc::new(Schema::new(vec![Field::new("s", kind, true)]));
        one_name_each(&schema).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_struct_has_one_field_of_a_name() {
        let field = |name: &str| Field::new(name, DataType::Int64, true);
        let two = |a: &str, b: &str| DataType::Struct(vec![field(a), field(b)].into());
        let list = |kind| DataType::List(Arc::new(Field::new_list_field(kind, true)));
        assert_eq!(said(two("a", "b")), "");
        assert_eq!(said(list(two("a", "A"))), "");
        assert!(said(two("a", "a")).starts_with("two fields of the struct s are called a\n(hint: "));
        assert!(said(list(list(two("b", "b")))).starts_with("two fields of the struct s are called b\n"));
    }
}
