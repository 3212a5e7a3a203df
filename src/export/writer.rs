//! A table into its CSV and Parquet files at once: rows are encoded beside each other and written in order.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;

use super::csv::{csv_header, csv_rows};
use super::error::ExportError;
use crate::schema::{Facts, Lists, TableSchema};

/// Batches that are being encoded while one is written.
const AHEAD: usize = 4;

/// Rows that may still have to be put together; that is done beside the encoding of others.
pub(crate) type Rows = Box<dyn FnOnce() -> Result<RecordBatch, ExportError> + Send>;

/// What a batch has become.
struct Encoded {
    batch: RecordBatch,
    csv: Vec<u8>,
    facts: Facts,
}

/// The files of a table.
pub(crate) struct TableWriter {
    csv: Option<Csv>,
    parquet: Option<Parquet>,
    waiting: VecDeque<Receiver<Result<Encoded, ExportError>>>,
    facts: Facts,
    lists: Arc<Lists>,
    rows: u64,
    is_flushed: bool,
}

struct Parquet {
    path: PathBuf,
    file: File,
    /// Writes to the same file.
    writer: ArrowWriter<Box<dyn Write + Send>>,
}

struct Csv {
    path: PathBuf,
    file: File,
    /// Places of its columns among those of the rows.
    columns: Arc<Vec<usize>>,
}

/// The columns by which rows are sorted, where a key says so.
fn sorted_by(schema: &TableSchema, columns: &SchemaRef) -> Option<Vec<SortingColumn>> {
    // Places in the footer are those of leaves.
    let is_flat = columns.fields().iter().all(|field| !field.data_type().is_nested());
    let place = |name: &str| {
        let column_idx = i32::try_from(columns.index_of(name).ok()?).ok()?;
        Some(SortingColumn { column_idx, descending: false, nulls_first: false })
    };
    (is_flat && !schema.key.is_empty()).then(|| schema.full_key().map(place).collect()).flatten()
}

impl TableWriter {
    /// For rows of the given columns.
    pub(crate) fn new(columns: &SchemaRef) -> Self {
        let facts = Facts::of(columns);
        let lists = Arc::default();
        Self { csv: None, parquet: None, waiting: VecDeque::new(), facts, lists, rows: 0, is_flushed: true }
    }

    /// For files that are there for a while, and are compared with what was written before they are used: not flushed.
    pub(crate) fn for_a_while(mut self) -> Self {
        self.is_flushed = false;
        self
    }

    /// Looks in passing whether values are among those that a schema lists.
    pub(crate) fn looking_at(mut self, schema: &TableSchema, columns: &SchemaRef) -> Self {
        self.lists = Arc::new(Lists::of(schema, columns));
        self
    }

    /// Writes the named columns as CSV to a file that must not exist, their names first if asked.
    pub(crate) fn csv(
        mut self,
        path: &Path,
        columns: &SchemaRef,
        names: &[&str],
        with_header: bool,
    ) -> Result<Self, ExportError> {
        let places = names.iter().map(|name| columns.index_of(name)).collect::<Result<Vec<_>, _>>()?;
        let mut file = File::create_new(path).map_err(at(path))?;
        if with_header {
            file.write_all(&csv_header(names)).map_err(at(path))?;
        }
        self.csv = Some(Csv { path: path.to_owned(), file, columns: Arc::new(places) });
        Ok(self)
    }

    /// Writes all columns as Parquet to a file that must not exist; `metadata` goes into its footer, and
    /// of which schema the rows have the order, if of one.
    pub(crate) fn parquet(
        mut self,
        path: &Path,
        columns: &SchemaRef,
        sorted: Option<&TableSchema>,
        metadata: Vec<(String, String)>,
    ) -> Result<Self, ExportError> {
        let metadata = metadata.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(metadata))
            .set_created_by(format!("results version {}", env!("CARGO_PKG_VERSION")))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_sorting_columns(sorted.and_then(|schema| sorted_by(schema, columns)))
            .build();
        let file = File::create_new(path).map_err(at(path))?;
        let out: Box<dyn Write + Send> = Box::new(file.try_clone().map_err(at(path))?);
        let writer = ArrowWriter::try_new(out, Arc::clone(columns), Some(properties))?;
        self.parquet = Some(Parquet { path: path.to_owned(), file, writer });
        Ok(self)
    }

    /// Takes the next rows.
    pub(crate) fn push(&mut self, rows: Rows) -> Result<(), ExportError> {
        let (send, receive) = sync_channel(1);
        let columns = self.csv.as_ref().map(|csv| Arc::clone(&csv.columns));
        let lists = Arc::clone(&self.lists);
        rayon::spawn(move || {
            // Nobody waits any more if the export has been given up.
            let _ = send.send(encode(rows, columns.as_deref(), &lists));
        });
        self.waiting.push_back(receive);
        while self.waiting.len() > AHEAD {
            self.write_next()?;
        }
        Ok(())
    }

    /// Takes the rows of a query.
    pub(crate) async fn push_all(&mut self, mut rows: SendableRecordBatchStream) -> Result<(), ExportError> {
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            self.push(Box::new(move || Ok(batch)))?;
        }
        Ok(())
    }

    /// Writes what is left, down to the disk if it is to last; gives the number of rows and what was seen of their values.
    pub(crate) fn finish(mut self) -> Result<(u64, Facts), ExportError> {
        while !self.waiting.is_empty() {
            self.write_next()?;
        }
        let flush = |file: &File| if self.is_flushed { file.sync_all() } else { Ok(()) };
        if let Some(csv) = &self.csv {
            flush(&csv.file).map_err(at(&csv.path))?;
        }
        if let Some(Parquet { path, file, writer }) = self.parquet {
            writer.close()?;
            flush(&file).map_err(at(&path))?;
        }
        Ok((self.rows, self.facts))
    }

    fn write_next(&mut self) -> Result<(), ExportError> {
        let Some(next) = self.waiting.pop_front() else { return Ok(()) };
        let Encoded { batch, csv: lines, facts } = next.recv().map_err(|_| ExportError::Encoder)??;
        self.rows += batch.num_rows() as u64;
        self.facts.add(&facts);
        if let Some(csv) = &mut self.csv {
            csv.file.write_all(&lines).map_err(at(&csv.path))?;
        }
        if let Some(parquet) = &mut self.parquet {
            parquet.writer.write(&batch)?;
        }
        Ok(())
    }
}

/// Rows of a row group of an export: what is in memory before it is written.
const ROW_GROUP: usize = 1 << 17;

fn encode(rows: Rows, columns: Option<&Vec<usize>>, lists: &Lists) -> Result<Encoded, ExportError> {
    let batch = rows()?;
    let csv = match columns {
        Some(places) => {
            let columns: Vec<_> = places.iter().map(|place| Arc::clone(batch.column(*place))).collect();
            csv_rows(&columns)?
        }
        None => Vec::new(),
    };
    let facts = Facts::seen(&batch, lists);
    Ok(Encoded { batch, csv, facts })
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> ExportError {
    let path = path.to_owned();
    move |source| ExportError::Write { path, source }
}
