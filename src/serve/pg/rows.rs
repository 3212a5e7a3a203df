//! Rows of an answer, from wherever they come, and as messages.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::read_record_batch;
use arrow::ipc::root_as_message;
use bytes::{BufMut, BytesMut};
use chrono_tz::Tz;

use super::copy::{Form, Marks, SIGNATURE};
use super::fault::Fault;
use super::spool::Spool;
use super::types::Formats;
use super::values::{Column, is_absent};
use super::wire::FULL;
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Frame, Message};
use crate::serve::desk::Begun;

/// Where rows come from.
enum Source {
    /// A child that is at it.
    Child(Box<Begun>),
    /// The disk.
    Spool(Spool),
    /// There are no more.
    Over,
}

/// The rows of an answer that are not given yet.
pub(super) struct Rows {
    source: Source,
    schema: SchemaRef,
    batch: Option<(RecordBatch, usize)>,
    /// What whoever reads them must know.
    pub(super) notes: Vec<String>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Rows {
    /// Those of an answer that has begun.
    pub(super) async fn begin(mut begun: Begun) -> Result<Self, Ended> {
        match begun.next().await? {
            Some(Frame::Message(message)) => {
                let schema = Arc::new(schema_of(&message)?);
                let notes = std::mem::take(&mut begun.notes);
                Ok(Self { source: Source::Child(Box::new(begun)), schema, batch: None, notes })
            }
            Some(Frame::Error(ended)) => Err(ended),
            _ => Err(torn("without columns")),
        }
    }

    /// Rows of texts that are known here.
    pub(super) fn known(names: &[&str], rows: &[Vec<String>]) -> Result<Self, Fault> {
        let fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let column = |place| {
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row: &Vec<String>| &row[place])))
                as ArrayRef
        };
        let batch = RecordBatch::try_new(Arc::clone(&schema), (0..names.len()).map(column).collect());
        let batch = batch.map_err(|error| Fault::new("XX000", error.to_string()))?;
        Ok(Self { source: Source::Over, schema, batch: Some((batch, 0)), notes: Vec::new() })
    }

    /// Their columns.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Lets the child go: what is left waits on the disk.
    pub(super) fn put_aside(&mut self, folder: &Path, most: u64) -> Result<(), Fault> {
        self.source = match std::mem::replace(&mut self.source, Source::Over) {
            Source::Child(begun) => {
                let spool = Spool::begin(*begun, folder, most);
                Source::Spool(spool.map_err(|error| Fault::new("53100", error.to_string()))?)
            }
            other => other,
        };
        Ok(())
    }

    /// Waits until there are rows to be given; false if there are no more. It may be given up in between.
    pub(super) async fn ready(&mut self) -> Result<bool, Ended> {
        loop {
            if self.batch.as_ref().is_some_and(|(batch, at)| *at < batch.num_rows()) {
                return Ok(true);
            }
            self.batch = None;
            let frame = match &mut self.source {
                Source::Child(begun) => begun.next().await?.ok_or_else(|| torn("without an end"))?,
                Source::Spool(spool) => spool.next().await?,
                Source::Over => return Ok(false),
            };
            match frame {
                Frame::Message(message) => self.batch = Some((batch_of(&message, &self.schema)?, 0)),
                Frame::Done(_) => self.source = Source::Over,
                Frame::Error(ended) => return Err(ended),
                Frame::Columns(_) | Frame::Notes(_) | Frame::Bytes(_) => {}
            }
        }
    }

    /// Writes rows that are there, up to a number of bytes; how many.
    pub(super) fn write(&mut self, writer: &mut Writer, most: u64, out: &mut BytesMut) -> Result<u64, Fault> {
        let Some((batch, at)) = &mut self.batch else { return Ok(0) };
        let from = *at;
        let left = batch.num_rows() - from;
        let to = from + usize::try_from(most).map_or(left, |most| left.min(most));
        while *at < to && (*at == from || out.len() < FULL) {
            writer.row(batch, *at, out)?;
            *at += 1;
        }
        Ok((*at - from) as u64)
    }

    /// Passes over rows that are there; how many.
    pub(super) fn pass(&mut self, most: u64) -> u64 {
        let Some((batch, at)) = &mut self.batch else { return 0 };
        let left = batch.num_rows() - *at;
        let passed = usize::try_from(most).map_or(left, |most| left.min(most));
        *at += passed;
        passed as u64
    }
}

fn torn(how: &str) -> Ended {
    Ended::new(Ending::Died, format!("the answer is torn: {how}"))
}

fn schema_of(message: &Message) -> Result<Schema, Ended> {
    let head = root_as_message(&message.head).map_err(|error| torn(&error.to_string()))?;
    Ok(fb_to_schema(head.header_as_schema().ok_or_else(|| torn("without columns"))?))
}

fn batch_of(message: &Message, schema: &SchemaRef) -> Result<RecordBatch, Ended> {
    let head = root_as_message(&message.head).map_err(|error| torn(&error.to_string()))?;
    let rows = head.header_as_record_batch().ok_or_else(|| torn("without rows"))?;
    let body = Buffer::from(message.body.clone());
    let batch =
        read_record_batch(&body, rows, Arc::clone(schema), &HashMap::default(), None, &head.version());
    batch.map_err(|error| torn(&error.to_string()))
}

/// How rows are written.
pub(super) struct Writer {
    columns: Vec<Column>,
    form: Option<Form>,
    /// What stands in front of the first row, in one message with it.
    head: &'static [u8],
}

impl Writer {
    /// As rows of the protocol.
    pub(super) fn rows(schema: &SchemaRef, formats: &Formats, zone: Tz) -> Self {
        let column = |(place, field)| Column::new(field, formats.is_binary(place), zone);
        Self { columns: schema.fields().iter().enumerate().map(column).collect(), form: None, head: b"" }
    }

    /// As parts of a stream.
    pub(super) fn copy(schema: &SchemaRef, form: &Form, zone: Tz) -> Self {
        let column = |field| Column::new(field, *form == Form::Binary, zone);
        let head = if *form == Form::Binary { SIGNATURE } else { b"" };
        Self { columns: schema.fields().iter().map(column).collect(), form: Some(form.clone()), head }
    }

    /// What stands before the rows of a stream.
    pub(super) fn before(&self, schema: &SchemaRef, out: &mut BytesMut) {
        let seen: Vec<String> = schema.fields().iter().map(|field| field.name().replace('\0', "")).collect();
        let names: Vec<&[u8]> = seen.iter().map(String::as_bytes).collect();
        match &self.form {
            Some(Form::Csv(marks)) if marks.header => framed(b'd', out, |out| {
                line(marks, out, &names, |name, out| marks.put_csv(Some(name), out));
            }),
            Some(Form::Text(marks)) if marks.header => framed(b'd', out, |out| {
                line(marks, out, &names, |name, out| marks.put_text(Some(name), out));
            }),
            _ => {}
        }
    }

    /// What stands after them.
    pub(super) fn after(&mut self, out: &mut BytesMut) {
        if self.form == Some(Form::Binary) {
            let head = std::mem::take(&mut self.head);
            framed(b'd', out, |out| {
                out.put_slice(head);
                out.put_i16(-1);
            });
        }
    }

    /// A row as a message. Of one that cannot be written nothing is written.
    fn row(&mut self, batch: &RecordBatch, row: usize, out: &mut BytesMut) -> Result<(), Fault> {
        let before = out.len();
        let head = std::mem::take(&mut self.head);
        let mut wrong = None;
        let kind = if self.form.is_some() { b'd' } else { b'D' };
        framed(kind, out, |out| {
            out.put_slice(head);
            wrong = self.cells(batch, row, out).err();
        });
        match wrong {
            None if i32::try_from(out.len() - before).is_ok() => Ok(()),
            wrong => {
                out.truncate(before);
                Err(Fault::new("22003", wrong.unwrap_or_else(|| "a row that is too long".into())))
            }
        }
    }

    fn cells(&self, batch: &RecordBatch, row: usize, out: &mut BytesMut) -> Result<(), String> {
        let cells = self.columns.iter().zip(batch.columns());
        let marks = match &self.form {
            Some(Form::Text(marks)) => (marks, false),
            Some(Form::Csv(marks)) => (marks, true),
            Some(Form::Binary) | None => {
                out.put_i16(i16::try_from(self.columns.len()).map_err(|_| "too many columns".to_owned())?);
                for (column, array) in cells {
                    if is_absent(array, row) {
                        out.put_i32(-1);
                        continue;
                    }
                    let at = out.len();
                    out.put_i32(0);
                    column.put(array, row, out)?;
                    set_length(out, at, 4);
                }
                return Ok(());
            }
        };
        let (marks, is_csv) = marks;
        let mut cell = BytesMut::new();
        for (place, (column, array)) in cells.enumerate() {
            if place > 0 {
                out.put_u8(marks.delimiter);
            }
            cell.clear();
            let is_there = !is_absent(array, row);
            if is_there {
                column.put(array, row, &mut cell)?;
            }
            let value = is_there.then_some(&cell[..]);
            if is_csv { marks.put_csv(value, out) } else { marks.put_text(value, out) }
        }
        out.put_u8(b'\n');
        Ok(())
    }
}

fn line(marks: &Marks, out: &mut BytesMut, parts: &[&[u8]], put: impl Fn(&[u8], &mut BytesMut)) {
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            out.put_u8(marks.delimiter);
        }
        put(part, out);
    }
    out.put_u8(b'\n');
}

/// A message of a kind, whose length is that of what is put into it.
fn framed(kind: u8, out: &mut BytesMut, put: impl FnOnce(&mut BytesMut)) {
    out.put_u8(kind);
    let at = out.len();
    out.put_i32(0);
    put(out);
    set_length(out, at, 0);
}

/// Writes how long something is that begins at a place with its length; what of it does not count.
fn set_length(out: &mut BytesMut, at: usize, without: usize) {
    let length = (out.len() - at - without) as u32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}
