//! A file whose rows are in the order of the key, read batch by batch into the columns that are asked for.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array, StringBuilder, new_null_array};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::data_type::AsBytes;
use parquet::file::statistics::Statistics;
use serde::{Deserialize, Serialize};

use crate::schema::{ATTEMPT, RUN, SHARD, USER};
use crate::store::{ParquetParts, Storage, StoreError, read_whole, sort_by};

/// Whose rows a file has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Owner {
    /// One attempt's: user and attempt are told by the ledger, and the order of rows is the analysis' own.
    Unit {
        /// The user.
        user_id: String,
        /// The attempt.
        attempt: String,
    },
    /// Those of many: they are columns, and rows are sorted.
    Group,
}

/// Where rows are.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Stored { storage: Arc<dyn Storage>, path: String, groups: Option<Range<usize>> },
    Here(RecordBatch),
}

/// A file of a merge.
#[derive(Debug, Clone)]
pub struct SortedFile {
    /// Index of its run.
    pub run: usize,
    /// Name of its run.
    pub run_name: String,
    /// Shard of the plan.
    pub shard: u32,
    pub(super) owner: Owner,
    pub(super) place: Place,
}

impl SortedFile {
    /// A file of a run.
    pub fn stored(
        run: usize,
        run_name: &str,
        shard: u32,
        owner: Owner,
        storage: &Arc<dyn Storage>,
        path: &str,
    ) -> Self {
        let place = Place::Stored { storage: Arc::clone(storage), path: path.to_owned(), groups: None };
        Self { run, run_name: run_name.to_owned(), shard, owner, place }
    }

    /// Of its rows, those of some of its row groups only.
    #[must_use]
    pub fn only(mut self, only: Range<usize>) -> Self {
        if let Place::Stored { groups, .. } = &mut self.place {
            *groups = Some(only);
        }
        self
    }

    /// Rows that are in memory, in the order of the key.
    pub fn rows(run: usize, run_name: &str, batch: RecordBatch) -> Self {
        Self { run, run_name: run_name.to_owned(), shard: 0, owner: Owner::Group, place: Place::Here(batch) }
    }

    /// Path relative to its run; empty if it is in memory.
    pub fn path(&self) -> &str {
        match &self.place {
            Place::Stored { path, .. } => path,
            Place::Here(_) => "",
        }
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Stored { storage, path, .. } => format!("{}/{path}", storage.name()),
            Place::Here(_) => format!("rows of {}", self.run_name),
        }
    }

    /// The error that it cannot be used.
    pub fn damaged(&self, what: impl std::fmt::Display) -> StoreError {
        StoreError::Damaged { file: self.name(), what: what.to_string() }
    }

    /// The error that it is not there. Without locks, a compaction may have removed what it replaced long ago.
    fn gone(&self, storage: &dyn Storage) -> StoreError {
        let damaged = storage.keeps_locks();
        if damaged {
            self.damaged("the file is missing")
        } else {
            StoreError::Changed { dir: storage.name() }
        }
    }

    /// Whether it has the rows of one attempt.
    pub fn is_of_unit(&self) -> bool {
        matches!(self.owner, Owner::Unit { .. })
    }

    /// The user of a unit's file.
    pub fn user(&self) -> &str {
        match &self.owner {
            Owner::Unit { user_id, .. } => user_id,
            Owner::Group => "",
        }
    }

    /// The attempt of a unit's file.
    pub fn attempt(&self) -> &str {
        match &self.owner {
            Owner::Unit { attempt, .. } => attempt,
            Owner::Group => "",
        }
    }

    /// All its bytes.
    pub(super) fn bytes(&self) -> Result<Bytes, StoreError> {
        let Place::Stored { storage, path, .. } = &self.place else {
            return Err(self.damaged("isn't a file"));
        };
        storage.read(path)?.map(Bytes::from).ok_or_else(|| self.gone(&**storage))
    }

    /// Its size; none if it is not there.
    pub(super) fn size(&self) -> Option<u64> {
        let Place::Stored { storage, path, .. } = &self.place else { return None };
        storage.size(path).ok().flatten()
    }

    /// Whether it was stored, and is not there.
    pub(super) fn is_gone(&self) -> bool {
        matches!(&self.place, Place::Stored { storage, path, .. } if matches!(storage.size(path), Ok(None)))
    }

    /// Where it is stored; none if it is in memory.
    pub fn storage(&self) -> Option<&Arc<dyn Storage>> {
        match &self.place {
            Place::Stored { storage, .. } => Some(storage),
            Place::Here(_) => None,
        }
    }

    /// All its bytes if they are what was written, or why they are not.
    pub(super) fn verified(&self, bytes: u64, checksum: &str) -> Result<Bytes, String> {
        let Place::Stored { storage, path, .. } = &self.place else { return Err("isn't a file".into()) };
        read_whole(&**storage, path, bytes, checksum)
    }

    /// All its rows, decoded at once from its bytes.
    pub(super) fn whole(&self, bytes: Bytes, columns: &SchemaRef) -> Result<RecordBatch, StoreError> {
        // The types of Parquet say enough; the copy of Arrow's own takes longer to read than the rows.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options);
        let reader = builder.and_then(ParquetRecordBatchReaderBuilder::build).map_err(|e| self.damaged(e))?;
        let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|e| self.damaged(e))?;
        let parts =
            batches.iter().map(|batch| self.adapt(batch, columns, &[])).collect::<Result<Vec<_>, _>>()?;
        match parts.as_slice() {
            [only] => Ok(only.clone()),
            parts => Ok(concat_batches(columns, parts)?),
        }
    }

    /// Smallest and largest user, where they can be told without reading rows.
    pub(super) fn users(&self) -> Result<Option<(String, String)>, StoreError> {
        match (&self.owner, &self.place) {
            (Owner::Unit { user_id, .. }, _) => Ok(Some((user_id.clone(), user_id.clone()))),
            (Owner::Group, Place::Here(_)) => Ok(None),
            (Owner::Group, Place::Stored { .. }) => {
                let metadata = self.metadata(&self.parts()?)?;
                Ok(users_of(&metadata, self.groups()))
            }
        }
    }

    /// The row groups that are read; none if all are.
    fn groups(&self) -> Option<&Range<usize>> {
        match &self.place {
            Place::Stored { groups, .. } => groups.as_ref(),
            Place::Here(_) => None,
        }
    }

    fn parts(&self) -> Result<ParquetParts, StoreError> {
        let Place::Stored { storage, path, .. } = &self.place else {
            return Err(self.damaged("isn't a file"));
        };
        storage.open(path)?.map(ParquetParts).ok_or_else(|| self.gone(&**storage))
    }

    fn metadata(&self, parts: &ParquetParts) -> Result<ArrowReaderMetadata, StoreError> {
        ArrowReaderMetadata::load(parts, ArrowReaderOptions::new()).map_err(|e| self.damaged(e))
    }

    /// Starts reading.
    pub(super) fn open(&self, columns: &SchemaRef, rows: usize) -> Result<OpenFile, StoreError> {
        let batches = match &self.place {
            Place::Here(batch) => Batches::Here { batch: batch.clone(), at: 0, rows },
            Place::Stored { .. } => Batches::Stored(Box::new(self.reader(columns, rows)?)),
        };
        Ok(OpenFile { batches })
    }

    fn reader(&self, columns: &SchemaRef, rows: usize) -> Result<ParquetRecordBatchReader, StoreError> {
        let parts = self.parts()?;
        let metadata = self.with_dictionaries(self.metadata(&parts)?, columns)?;
        let wanted: Vec<usize> = metadata
            .schema()
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| columns.column_with_name(field.name()).is_some())
            .map(|(place, _)| place)
            .collect();
        let mask = ProjectionMask::roots(metadata.parquet_schema(), wanted);
        parts.expect(metadata.metadata(), &mask, self.groups());
        // The rows of a unit are sorted here, so they are needed at once; they are few.
        let rows = match self.owner {
            Owner::Unit { .. } => {
                usize::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(rows)
            }
            Owner::Group => rows,
        };
        let mut reader = ParquetRecordBatchReaderBuilder::new_with_metadata(parts, metadata)
            .with_projection(mask)
            .with_batch_size(rows.max(1));
        if let Some(groups) = self.groups() {
            reader = reader.with_row_groups(groups.clone().collect());
        }
        reader.build().map_err(|e| self.damaged(e))
    }

    /// Columns asked for as dictionaries are read as such: long texts that repeat are not copied for each row.
    fn with_dictionaries(
        &self,
        metadata: ArrowReaderMetadata,
        columns: &SchemaRef,
    ) -> Result<ArrowReaderMetadata, StoreError> {
        let as_asked = |field: &FieldRef| match columns.column_with_name(field.name()) {
            Some((_, asked)) if matches!(asked.data_type(), DataType::Dictionary(..)) => {
                Arc::new(field.as_ref().clone().with_data_type(asked.data_type().clone()))
            }
            _ => Arc::clone(field),
        };
        let fields: Vec<FieldRef> = metadata.schema().fields().iter().map(as_asked).collect();
        if fields.iter().eq(metadata.schema().fields().iter()) {
            return Ok(metadata);
        }
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(|e| self.damaged(e))
    }

    /// A batch of the file in the columns asked for; those the file lacks come from the ledger, or are null.
    fn adapt(
        &self,
        batch: &RecordBatch,
        columns: &SchemaRef,
        key: &[usize],
    ) -> Result<RecordBatch, StoreError> {
        let adapted = adapt(batch, columns, &[(self, batch.num_rows())])?;
        if matches!(self.owner, Owner::Group) || key.is_empty() || batch.num_rows() < 2 {
            return Ok(adapted);
        }
        sort_by(&adapted, key)
    }
}

/// Rows of several files of one schema, one file after the other, in the columns asked for; those the files lack
/// come from the ledger, or are null.
pub(super) fn adapt(
    batch: &RecordBatch,
    columns: &SchemaRef,
    files: &[(&SortedFile, usize)],
) -> Result<RecordBatch, StoreError> {
    let Some((first, _)) = files.first() else { return Ok(RecordBatch::new_empty(Arc::clone(columns))) };
    let arrays = columns.fields().iter().map(|field| column(batch, field, files));
    let arrays = arrays.collect::<Result<Vec<ArrayRef>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(columns), arrays, &options).map_err(|e| first.damaged(e))
}

fn column(
    batch: &RecordBatch,
    field: &Field,
    files: &[(&SortedFile, usize)],
) -> Result<ArrayRef, StoreError> {
    let (first, _) = files[0];
    if let Some(values) = batch.column_by_name(field.name()) {
        if values.data_type() == field.data_type() {
            return Ok(Arc::clone(values));
        }
        let cast = cast(values, field.data_type());
        return cast.map_err(|e| first.damaged(format!("column {}: {e}", field.name())));
    }
    let is_of_unit = matches!(first.owner, Owner::Unit { .. });
    Ok(match field.name().as_str() {
        USER if is_of_unit => texts(files, SortedFile::user),
        ATTEMPT if is_of_unit => texts(files, SortedFile::attempt),
        SHARD => {
            let shards = files.iter().flat_map(|(file, rows)| std::iter::repeat_n(file.shard as i32, *rows));
            Arc::new(shards.collect::<Int32Array>())
        }
        RUN => texts(files, |file| &file.run_name),
        _ if field.is_nullable() => new_null_array(field.data_type(), batch.num_rows()),
        name => return Err(first.damaged(format!("it has no column {name}"))),
    })
}

/// What is said of each file, for each of its rows.
fn texts<'f>(files: &[(&'f SortedFile, usize)], told: impl Fn(&'f SortedFile) -> &'f str) -> ArrayRef {
    let mut texts = StringBuilder::new();
    for (file, rows) in files {
        (0..*rows).for_each(|_| texts.append_value(told(file)));
    }
    Arc::new(texts.finish())
}

/// A file that is being read.
#[derive(Debug)]
pub(super) struct OpenFile {
    batches: Batches,
}

enum Batches {
    Here { batch: RecordBatch, at: usize, rows: usize },
    Stored(Box<ParquetRecordBatchReader>),
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batches")
    }
}

impl OpenFile {
    /// The next rows, in the columns asked for.
    pub(super) fn next(
        &mut self,
        file: &SortedFile,
        columns: &SchemaRef,
        key: &[usize],
    ) -> Result<Option<RecordBatch>, StoreError> {
        let batch = match &mut self.batches {
            Batches::Here { batch, at, rows } => {
                let length = (*rows).min(batch.num_rows() - *at);
                let part = batch.slice(*at, length);
                *at += length;
                (length > 0).then_some(part)
            }
            Batches::Stored(reader) => reader.next().transpose().map_err(|e| file.damaged(e))?,
        };
        batch.map(|batch| file.adapt(&batch, columns, key)).transpose()
    }
}

/// The range of `user_id` by the statistics of the file; bounds may be wider than the values.
fn users_of(metadata: &ArrowReaderMetadata, groups: Option<&Range<usize>>) -> Option<(String, String)> {
    let parquet = metadata.metadata();
    let place = parquet.file_metadata().schema_descr().columns().iter().position(|c| c.name() == USER)?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let mut range: Option<(String, String)> = None;
    let all = parquet.row_groups();
    for group in groups.map_or(all, |groups| all.get(groups.clone()).unwrap_or_default()) {
        let Some(Statistics::ByteArray(found)) = group.column(place).statistics() else { return None };
        let (low, high) = (text(found.min_opt()?.as_bytes())?, text(found.max_opt()?.as_bytes())?);
        range = Some(match range {
            Some((least, most)) => (least.min(low), most.max(high)),
            None => (low, high),
        });
    }
    range
}
