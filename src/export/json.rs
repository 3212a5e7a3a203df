//! Rows as JSON.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;

use crate::sql::in_calendar;

/// Absent values are `null`: every object has every column.
pub(super) fn builder() -> WriterBuilder {
    WriterBuilder::new().with_explicit_nulls(true)
}

/// The rows, if all of them can be written: in the place of a time that is out of range the writer would put its
/// complaint, as a text.
pub(super) fn writable(batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
    batch.columns().iter().try_for_each(in_calendar)?;
    Ok(batch)
}
