//! Rows as Arrow streams: one after another on standard output, each of one table.

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;

use super::fault::{Fault, excerpt};
use super::rows::{Place, Rows};
use super::values::Values;

/// The streams so far.
#[derive(Debug, Default)]
pub(super) struct Streams {
    decoder: StreamDecoder,
    /// Rows of the current stream.
    rows: u64,
    /// Its first bytes, to say what came if it is no stream.
    head: Vec<u8>,
}

impl Streams {
    /// Takes a piece of the output.
    pub(super) fn piece(&mut self, piece: Vec<u8>, rows: &mut Rows<'_>) -> Result<(), Fault> {
        let mut buffer = Buffer::from_vec(piece);
        while !buffer.is_empty() {
            self.look(&buffer)?;
            match decode(&mut self.decoder, &mut buffer) {
                Ok(Some(batch)) => self.batch(&batch, rows)?,
                Ok(None) => {}
                // Only a decoder that has seen the end of its stream is finished here: the next begins.
                Err(_) if self.decoder.finish().is_ok() => self.next(rows)?,
                Err(error) => return Err(self.damaged(&error)),
            }
        }
        Ok(())
    }

    /// The output is at its end.
    pub(super) fn finish(mut self, rows: &mut Rows<'_>) -> Result<(), Fault> {
        if self.decoder.finish().is_err() {
            return Err(Fault::CutOff("an Arrow stream".to_owned()));
        }
        self.next(rows)
    }

    /// Also a stream without batches must be of a table.
    fn next(&mut self, rows: &mut Rows<'_>) -> Result<(), Fault> {
        if let Some(schema) = self.decoder.schema() {
            self.batch(&RecordBatch::new_empty(schema), rows)?;
        }
        *self = Self::default();
        Ok(())
    }

    /// Everything that is not Arrow is told apart by its first bytes, before they are taken for a length.
    fn look(&mut self, buffer: &[u8]) -> Result<(), Fault> {
        if self.head.len() < 4 {
            self.head.extend_from_slice(&buffer[..buffer.len().min(64)]);
            if !self.head.iter().take(4).all(|byte| *byte == 0xff) {
                let shown = excerpt(&self.head, 60);
                return Err(Fault::Output(format!(
                    "the output isn't an Arrow stream; it begins with `{shown}`\n(hint: write the IPC stream format, not a file; for lines of JSON set `rows: ndjson`; messages belong on standard error)"
                )));
            }
        }
        Ok(())
    }

    fn damaged(&self, error: &str) -> Fault {
        let table = self.decoder.schema().and_then(|s| s.metadata().get("table").cloned());
        let table = table.map_or(String::new(), |table| format!(" of table `{table}`"));
        Fault::Output(format!(
            "the Arrow stream{table} cannot be read: {error}\n(hint: write it without compression, one schema a stream)"
        ))
    }

    fn batch(&mut self, batch: &RecordBatch, rows: &mut Rows<'_>) -> Result<(), Fault> {
        let schema = batch.schema();
        let Some(table) = schema.metadata().get("table") else {
            let hint = "(hint: schema.with_metadata({\"table\": \"te\"}) in Python)";
            return Err(Fault::Row(format!(
                "an Arrow stream has no `table` in the metadata of its schema\n{hint}"
            )));
        };
        rows.knows(table, schema.fields().iter().map(|field| field.name().as_str()))?;
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            let values = Values::of(array)
                .map_err(|what| Fault::Row(format!("table {table}, column {}: {what}", field.name())))?;
            columns.push((field.name(), values));
        }
        for i in 0..batch.num_rows() {
            self.rows += 1;
            let values = columns.iter().map(|(name, values)| (*name, values.get(i)));
            rows.add(table, Place::Row(self.rows), values)?;
        }
        Ok(())
    }
}

/// The reader trusts some of what it reads; a stream it stumbles over must not take us down.
fn decode(decoder: &mut StreamDecoder, buffer: &mut Buffer) -> Result<Option<RecordBatch>, String> {
    match catch_unwind(AssertUnwindSafe(|| decoder.decode(buffer))) {
        Ok(Ok(batch)) => Ok(batch),
        Ok(Err(ArrowError::IpcError(error))) => Err(error),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it is damaged".to_owned()),
    }
}
