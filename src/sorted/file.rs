//! A file whose rows are in the order of the key, read batch by batch into the columns that are asked for.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array, StringArray, new_null_array};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::data_type::AsBytes;
use parquet::file::statistics::Statistics;

use crate::store::{ParquetParts, Storage, StoreError, sort_by};

/// Whose rows a file has.
#[derive(Debug, Clone)]
pub(crate) enum Owner {
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
    Stored { storage: Arc<dyn Storage>, path: String },
    Here(RecordBatch),
}

/// A file of a merge.
#[derive(Debug, Clone)]
pub(crate) struct SortedFile {
    /// Index of its run.
    pub(crate) run: usize,
    /// Name of its run.
    pub(crate) run_name: String,
    /// Shard of the plan.
    pub(crate) shard: u32,
    pub(super) owner: Owner,
    pub(super) place: Place,
}

impl SortedFile {
    /// A file of a run.
    pub(crate) fn stored(
        run: usize,
        run_name: &str,
        shard: u32,
        owner: Owner,
        storage: &Arc<dyn Storage>,
        path: &str,
    ) -> Self {
        let place = Place::Stored { storage: Arc::clone(storage), path: path.to_owned() };
        Self { run, run_name: run_name.to_owned(), shard, owner, place }
    }

    /// Rows that are in memory, in the order of the key.
    pub(crate) fn rows(run: usize, run_name: &str, batch: RecordBatch) -> Self {
        Self { run, run_name: run_name.to_owned(), shard: 0, owner: Owner::Group, place: Place::Here(batch) }
    }

    /// Path relative to its run; empty if it is in memory.
    pub(crate) fn path(&self) -> &str {
        match &self.place {
            Place::Stored { path, .. } => path,
            Place::Here(_) => "",
        }
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> String {
        match &self.place {
            Place::Stored { storage, path } => storage.root().join(path).display().to_string(),
            Place::Here(_) => format!("rows of {}", self.run_name),
        }
    }

    /// The error that it cannot be used.
    pub(crate) fn damaged(&self, what: impl std::fmt::Display) -> StoreError {
        StoreError::Damaged { file: self.name(), what: what.to_string() }
    }

    /// The user of a unit's file.
    pub(super) fn user(&self) -> &str {
        match &self.owner {
            Owner::Unit { user_id, .. } => user_id,
            Owner::Group => "",
        }
    }

    /// All rows of a small file, read at once.
    pub(super) fn whole(&self, columns: &SchemaRef) -> Result<RecordBatch, StoreError> {
        let Place::Stored { storage, path } = &self.place else { return Err(self.damaged("is no file")) };
        let bytes = storage.read(path)?.ok_or_else(|| self.damaged("the file is missing"))?;
        // The types of Parquet say enough; the copy of Arrow's own takes longer to read than the rows.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(bytes::Bytes::from(bytes), options);
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
                Ok(users_of(&metadata))
            }
        }
    }

    fn parts(&self) -> Result<ParquetParts, StoreError> {
        let Place::Stored { storage, path } = &self.place else { return Err(self.damaged("is no file")) };
        storage.open(path)?.map(ParquetParts).ok_or_else(|| self.damaged("the file is missing"))
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
        // The rows of a unit are sorted here, so they are needed at once; they are few.
        let rows = match self.owner {
            Owner::Unit { .. } => {
                usize::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(rows)
            }
            Owner::Group => rows,
        };
        ParquetRecordBatchReaderBuilder::new_with_metadata(parts, metadata)
            .with_projection(mask)
            .with_batch_size(rows.max(1))
            .build()
            .map_err(|e| self.damaged(e))
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
        let arrays = columns
            .fields()
            .iter()
            .map(|field| self.column(batch, field))
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let adapted = RecordBatch::try_new_with_options(Arc::clone(columns), arrays, &options)
            .map_err(|e| self.damaged(e))?;
        if matches!(self.owner, Owner::Group) || key.is_empty() || batch.num_rows() < 2 {
            return Ok(adapted);
        }
        sort_by(&adapted, key)
    }

    fn column(&self, batch: &RecordBatch, field: &Field) -> Result<ArrayRef, StoreError> {
        let rows = batch.num_rows();
        if let Some(values) = batch.column_by_name(field.name()) {
            if values.data_type() == field.data_type() {
                return Ok(Arc::clone(values));
            }
            let cast = cast(values, field.data_type());
            return cast.map_err(|e| self.damaged(format!("column {}: {e}", field.name())));
        }
        let text = |value: &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, rows)))
        };
        Ok(match (field.name().as_str(), &self.owner) {
            ("user_id", Owner::Unit { user_id, .. }) => text(user_id),
            ("attempt", Owner::Unit { attempt, .. }) => text(attempt),
            ("shard", _) => Arc::new(Int32Array::from_value(self.shard as i32, rows)),
            ("run", _) => text(&self.run_name),
            _ if field.is_nullable() => new_null_array(field.data_type(), rows),
            (name, _) => return Err(self.damaged(format!("it has no column {name}"))),
        })
    }
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
fn users_of(metadata: &ArrowReaderMetadata) -> Option<(String, String)> {
    let parquet = metadata.metadata();
    let place =
        parquet.file_metadata().schema_descr().columns().iter().position(|c| c.name() == "user_id")?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let mut range: Option<(String, String)> = None;
    for group in parquet.row_groups() {
        let Some(Statistics::ByteArray(found)) = group.column(place).statistics() else { return None };
        let (low, high) = (text(found.min_opt()?.as_bytes())?, text(found.max_opt()?.as_bytes())?);
        range = Some(match range {
            Some((least, most)) => (least.min(low), most.max(high)),
            None => (low, high),
        });
    }
    range
}
