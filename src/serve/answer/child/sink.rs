//! Where rows go: into bytes of a format, or into messages.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::super::frame::Frame;
use super::super::job::Format;
use super::messages::{Messages, step};
use super::told::of_rows;
use crate::export::{RowFormat, RowWriter, one_field_each};
use crate::serve::access::Ended;

/// Where rows go.
pub(super) enum Sink {
    /// Into the bytes of a format.
    Bytes(RowWriter<'static>, Body),
    /// Into messages.
    Messages(Messages),
}

impl Sink {
    /// For rows of a schema.
    pub(super) fn of(format: Format, schema: &SchemaRef) -> Result<Self, Ended> {
        let format = match format {
            Format::Messages => {
                one_field_each(schema).map_err(of_rows)?;
                return Ok(Self::Messages(Messages::of(schema)));
            }
            Format::Json => RowFormat::Json,
            Format::Ndjson => RowFormat::Ndjson,
            Format::Csv => RowFormat::Csv,
            Format::Arrow => RowFormat::Arrow,
            Format::Parquet => RowFormat::Parquet,
        };
        let body = Body::default();
        Ok(Self::Bytes(RowWriter::new(format, schema, body.clone()).map_err(of_rows)?, body))
    }

    /// What stands before all rows, where somebody may look at it before there are any.
    pub(super) fn begin(&mut self, send: &mut impl FnMut(Frame) -> Result<(), Ended>) -> Result<(), Ended> {
        match self {
            Self::Bytes(..) => Ok(()),
            Self::Messages(messages) => send(Frame::Message(messages.schema())),
        }
    }

    /// Rows.
    pub(super) fn write(
        &mut self,
        batch: &RecordBatch,
        send: &mut impl FnMut(Frame) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        match self {
            Self::Bytes(writer, body) => {
                let (rows, step) = (batch.num_rows(), step(batch));
                for from in (0..rows).step_by(step) {
                    writer.write(batch.slice(from, step.min(rows - from))).map_err(of_rows)?;
                    // Each message of Arrow is a frame, and whoever reads sees rows as they come.
                    body.send(send)?;
                }
                Ok(())
            }
            Self::Messages(messages) => messages.rows(batch, &mut |message| send(Frame::Message(message))),
        }
    }

    /// What stands after all rows.
    pub(super) fn finish(self, send: &mut impl FnMut(Frame) -> Result<(), Ended>) -> Result<(), Ended> {
        match self {
            Self::Bytes(writer, body) => {
                writer.finish().map_err(of_rows)?;
                body.send(send)
            }
            Self::Messages(_) => Ok(()),
        }
    }
}

/// What was written and is not sent yet.
#[derive(Clone, Default)]
pub(super) struct Body(Arc<Mutex<Vec<u8>>>);

impl Body {
    fn send(&self, send: &mut impl FnMut(Frame) -> Result<(), Ended>) -> Result<(), Ended> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if bytes.is_empty() { Ok(()) } else { send(Frame::Bytes(bytes)) }
    }
}

impl Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    #[test]
    fn whatever_the_format_a_struct_has_one_field_of_a_name() {
        let twice = Field::new_struct("s", vec![Field::new("a", DataType::Int64, true); 2], true);
        let schema = Arc::new(Schema::new(vec![twice]));
        for format in [Format::Json, Format::Arrow, Format::Messages] {
            let Err(ended) = Sink::of(format, &schema) else { panic!("{format:?} is answered") };
            assert_eq!(
                (ended.detail.as_str(), ended.sqlstate()),
                ("two fields of the struct s are called a", "42712")
            );
        }
    }
}
