//! Rows as JSON.

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Absent values are `null`: every object has every column.
pub(super) fn builder() -> WriterBuilder {
    WriterBuilder::new().with_explicit_nulls(true)
}

/// The rows, if all of them can be written: in the place of a time that is out of range the writer would put its
/// complaint, as a text.
pub(super) fn writable(batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
    let strict = FormatOptions::default().with_display_error(false);
    for column in batch.columns().iter().filter(|column| has_times(column.data_type())) {
        let shown = ArrayFormatter::try_new(column, &strict)?;
        (0..column.len()).try_for_each(|row| shown.value(row).try_to_string().map(drop))?;
    }
    Ok(batch)
}

fn has_times(kind: &DataType) -> bool {
    match kind {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => has_times(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_times(field.data_type())),
        DataType::Dictionary(_, of) => has_times(of),
        kind => kind.is_temporal(),
    }
}
