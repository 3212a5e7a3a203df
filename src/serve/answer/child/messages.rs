//! Rows as messages of Arrow IPC, in columns that every client of the protocol can read.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::{
    DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteContext, IpcWriteOptions,
};

use super::super::frame::Message;
use super::told::of_engine;
use crate::serve::access::Ended;

/// Bytes of a message at most: clients take 4 MiB unless they are told otherwise, and the head of a call is beside it.
const LONGEST: usize = 4_000_000;

/// Bytes of values in a message, as far as rows allow.
const USUAL: usize = 1 << 20;

/// Writes messages.
pub(super) struct Messages {
    schema: SchemaRef,
    options: IpcWriteOptions,
    generator: IpcDataGenerator,
    known: DictionaryTracker,
    context: IpcWriteContext,
}

impl Messages {
    /// Of rows of a schema.
    pub(super) fn of(schema: &Schema) -> Self {
        Self {
            schema: plain(schema),
            options: IpcWriteOptions::default(),
            generator: IpcDataGenerator::default(),
            known: DictionaryTracker::new(false),
            context: IpcWriteContext::default(),
        }
    }

    /// The message that comes first.
    pub(super) fn schema(&mut self) -> Message {
        message(self.generator.schema_to_bytes_with_dictionary_tracker(
            &self.schema,
            &mut self.known,
            &self.options,
        ))
    }

    /// The rows of a batch, in as many messages as their length asks for.
    pub(super) fn rows(
        &mut self,
        batch: &RecordBatch,
        send: &mut impl FnMut(Message) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        let failed = |error: ArrowError| of_engine(error.into());
        let batch = with_plain_columns(batch, &self.schema).map_err(failed)?;
        let rows = batch.num_rows();
        let (mut from, mut step) = (0, step(&batch));
        while from < rows {
            let part = batch.slice(from, step.min(rows - from));
            let (_, encoded) = self
                .generator
                .encode(&part, &mut self.known, &self.options, &mut self.context)
                .map_err(failed)?;
            let message = message(encoded);
            // Rows are of different lengths.
            if message.head.len() + message.body.len() > LONGEST && part.num_rows() > 1 {
                step = (part.num_rows() / 2).max(1);
                continue;
            }
            from += part.num_rows();
            send(message)?;
        }
        Ok(())
    }
}

/// Rows of a batch that go together, so that what they become is not too long.
pub(super) fn step(batch: &RecordBatch) -> usize {
    let (bytes, rows) = (batch.get_array_memory_size().max(1), batch.num_rows());
    if bytes > USUAL { (rows * USUAL / bytes).max(1) } else { rows.max(1) }
}

fn message(encoded: EncodedData) -> Message {
    Message { head: encoded.ipc_message.into(), body: encoded.arrow_data.into() }
}

/// A schema without views, which break drivers of JDBC, and without dictionaries and runs. Any column may have nulls: what is told
/// before there are rows must be what comes with them, and plans change their mind about nulls in between.
pub(super) fn plain(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| plain_field(field).as_ref().clone().with_nullable(true));
    let fields: Fields = fields.collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn plain_field(field: &Arc<Field>) -> Arc<Field> {
    Arc::new(field.as_ref().clone().with_data_type(plain_type(field.data_type())))
}

fn plain_type(kind: &DataType) -> DataType {
    match kind {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, of) => plain_type(of),
        DataType::RunEndEncoded(_, of) => plain_type(of.data_type()),
        DataType::List(of) | DataType::ListView(of) => DataType::List(plain_field(of)),
        DataType::LargeList(of) | DataType::LargeListView(of) => DataType::LargeList(plain_field(of)),
        DataType::FixedSizeList(of, n) => DataType::FixedSizeList(plain_field(of), *n),
        DataType::Map(of, sorted) => DataType::Map(plain_field(of), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        other => other.clone(),
    }
}

fn with_plain_columns(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() {
            return Ok(Arc::clone(column));
        }
        cast(column, field.data_type())
    });
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect::<Result<_, _>>()?, &options)
}

#[cfg(test)]
mod tests;
