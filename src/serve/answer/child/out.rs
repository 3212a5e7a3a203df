//! The child's standard output: frames, and rows as frames.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::frame::{self, ColumnOf, Done, Frame};
use super::super::job::Format;
use super::sink::Sink;
use super::told::of_engine;
use crate::export::{RowFormat, RowWriter};
use crate::schema::TableSchema;
use crate::serve::access::{Ended, Ending};
use crate::system;

/// Standard output. Nothing else of the program writes to it.
pub(super) struct Out {
    to: BufWriter<Stdout>,
    since: Instant,
}

impl Out {
    /// Begins; the time of the answer counts from here.
    pub(super) fn begin() -> Self {
        Self { to: BufWriter::with_capacity(64 << 10, io::stdout()), since: Instant::now() }
    }

    /// Writes a frame.
    pub(super) fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        frame::write(&mut self.to, frame)?;
        self.to.flush()
    }

    /// The same for whoever may have gone.
    fn send(&mut self, frame: &Frame) -> Result<(), Ended> {
        self.frame(frame).map_err(gone)
    }

    /// What must be known before the rows.
    pub(super) fn notes(&mut self, notes: &[String]) -> Result<(), Ended> {
        if notes.is_empty() { Ok(()) } else { self.send(&Frame::Notes(notes.to_vec())) }
    }

    /// Time and memory beside what was counted.
    pub(super) fn finished(&self, done: Done) -> Done {
        let ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Done { ms, memory: system::peak_memory_bytes().unwrap_or_default(), ..done }
    }

    /// Something as JSON, all at once.
    pub(super) fn document(&mut self, value: &impl Serialize) -> Result<Done, Ended> {
        self.bytes(serde_json::to_vec(value).map_err(|e| Ended::new(Ending::Died, e.to_string()))?)
    }

    /// Bytes, all at once.
    pub(super) fn bytes(&mut self, bytes: Vec<u8>) -> Result<Done, Ended> {
        self.frame(&Frame::Bytes(bytes)).map_err(gone)?;
        Ok(Done { rows: 1, ..Done::default() })
    }

    /// Columns and rows of a query, in a format.
    pub(super) async fn rows(
        &mut self,
        rows: SendableRecordBatchStream,
        how: How<'_>,
    ) -> Result<Done, Ended> {
        self.columns(&how.shown(&rows.schema())?, how.schema)?;
        self.body(rows, how).await
    }

    fn columns(&mut self, schema: &SchemaRef, table: Option<&TableSchema>) -> Result<(), Ended> {
        let columns = schema.fields().iter().map(|field| {
            let known = table.and_then(|table| table.column(field.name()));
            column(field.name(), field.data_type(), field.is_nullable(), known)
        });
        self.frame(&Frame::Columns(columns.collect())).map_err(gone)
    }

    async fn body(&mut self, mut rows: SendableRecordBatchStream, how: How<'_>) -> Result<Done, Ended> {
        let shown = how.shown(&rows.schema())?;
        let mut sink = Sink::of(how.format, &shown)?;
        sink.begin(&mut |frame| self.send(&frame))?;
        let mut done = Done::default();
        let most = how.most.unwrap_or(u64::MAX);
        let mut last = None;
        while let Some(batch) = rows.next().await {
            let mut batch = batch.map_err(of_engine)?;
            let left = most - done.rows;
            if batch.num_rows() as u64 > left {
                done.more = true;
                batch = batch.slice(0, usize::try_from(left).unwrap_or(usize::MAX));
            }
            done.rows += batch.num_rows() as u64;
            if batch.num_rows() > 0 {
                last = Some(batch.slice(batch.num_rows() - 1, 1));
            }
            sink.write(&how.project(batch)?, &mut |frame| self.send(&frame))?;
            if done.more {
                break;
            }
            tokio::task::yield_now().await;
        }
        sink.finish(&mut |frame| self.send(&frame))?;
        if let (true, Some(order), Some(last)) = (done.more, how.order, last) {
            done.next = Some(values(&last, order)?);
        }
        Ok(done)
    }
}

/// How rows are written.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    /// In which format.
    pub(super) format: Format,
    /// So many at most.
    pub(super) most: Option<u64>,
    /// What is known of the columns.
    pub(super) schema: Option<&'a TableSchema>,
    /// Columns that are shown, the first of them; all if it is not said.
    pub(super) first: Option<usize>,
    /// Columns whose values in the last row tell where to go on.
    pub(super) order: Option<&'a [String]>,
}

impl How<'_> {
    /// All rows in a format, and all columns.
    pub(super) fn all(format: Format) -> Self {
        Self { format, most: None, schema: None, first: None, order: None }
    }

    fn shown(&self, schema: &SchemaRef) -> Result<SchemaRef, Ended> {
        let Some(first) = self.first else { return Ok(SchemaRef::clone(schema)) };
        let places: Vec<usize> = (0..first).collect();
        schema.project(&places).map(Arc::new).map_err(|e| of_engine(e.into()))
    }

    fn project(&self, batch: RecordBatch) -> Result<RecordBatch, Ended> {
        let Some(first) = self.first else { return Ok(batch) };
        let places: Vec<usize> = (0..first).collect();
        batch.project(&places).map_err(|e| of_engine(e.into()))
    }
}

/// A column as a client sees it.
pub(super) fn column(
    name: &str,
    kind: &DataType,
    nullable: bool,
    known: Option<&crate::schema::Column>,
) -> ColumnOf {
    ColumnOf {
        name: name.to_owned(),
        kind: kind_of(kind).to_owned(),
        engine: kind.to_string(),
        nullable,
        unit: known.and_then(|column| column.unit.clone()),
        description: known.map(|column| column.description.clone()).filter(|text| !text.is_empty()),
    }
}

fn kind_of(kind: &DataType) -> &'static str {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Boolean => "bool",
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => "time",
        DataType::Dictionary(_, of) => kind_of(of),
        kind if kind.is_numeric() => "number",
        _ => "other",
    }
}

/// Whoever asked reads no more.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn gone(error: io::Error) -> Ended {
    Ended::new(Ending::Cancelled, error.to_string())
}

/// The values of a row in some columns, as JSON.
pub(super) fn values(row: &RecordBatch, columns: &[String]) -> Result<Vec<Value>, Ended> {
    let failed = |what: String| Ended::new(Ending::Failed, what);
    let places = columns.iter().map(|name| row.schema().index_of(name)).collect::<Result<Vec<_>, _>>();
    let row = places.and_then(|places| row.project(&places)).map_err(|e| failed(e.to_string()))?;
    let mut bytes = Vec::new();
    let written = RowWriter::new(RowFormat::Ndjson, &row.schema(), &mut bytes)
        .and_then(|mut writer| writer.write(row).map(|()| writer))
        .and_then(RowWriter::finish);
    written.map_err(|e| failed(e.to_string()))?;
    let object: Value = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!({}));
    Ok(columns.iter().map(|name| object[name].clone()).collect())
}
