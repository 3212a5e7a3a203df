//! Tables of rows that are known: only what is not usual is said of a row.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int16Builder, Int64Array, ListBuilder, RecordBatch, StringArray,
    new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::Result;

/// A value of a row.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Int(i64),
    Text(String),
    Bool(bool),
    Shorts(Vec<i16>),
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// A row: what is said of it.
pub(super) type Row = Vec<(&'static str, Cell)>;

/// A table of a schema. What is not said is null, or where there must be a value nothing: 0, an empty text, false.
pub(super) fn table(schema: &SchemaRef, rows: &[Row]) -> Result<Arc<dyn TableProvider>> {
    let columns = schema.fields().iter().map(|field| column(field, rows)).collect::<Result<Vec<_>>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?;
    Ok(Arc::new(MemTable::try_new(Arc::clone(schema), vec![vec![batch]])?))
}

/// A schema of columns that are texts, numbers, or yes and no.
pub(super) fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<Field> =
        columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
    Arc::new(Schema::new(fields))
}

fn column(field: &Field, rows: &[Row]) -> Result<ArrayRef> {
    let cells =
        || rows.iter().map(|row| row.iter().find(|(name, _)| *name == field.name()).map(|(_, cell)| cell));
    let nothing = !field.is_nullable();
    let array: ArrayRef = match field.data_type() {
        DataType::Boolean => Arc::new(
            cells()
                .map(|cell| match cell {
                    Some(Cell::Bool(value)) => Some(*value),
                    _ => nothing.then_some(false),
                })
                .collect::<BooleanArray>(),
        ),
        kind if kind.is_numeric() => Arc::new(
            cells()
                .map(|cell| match cell {
                    Some(Cell::Int(value)) => Some(*value),
                    _ => nothing.then_some(0),
                })
                .collect::<Int64Array>(),
        ),
        DataType::List(of) if *of.data_type() != DataType::Utf8 => {
            let mut builder = ListBuilder::new(Int16Builder::new());
            for cell in cells() {
                match cell {
                    Some(Cell::Shorts(values)) => {
                        builder.values().append_slice(values);
                        builder.append(true);
                    }
                    _ => builder.append(nothing),
                }
            }
            Arc::new(builder.finish())
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Arc::new(
            cells()
                .map(|cell| match cell {
                    Some(Cell::Text(value)) => Some(value.as_str()),
                    _ => nothing.then_some(""),
                })
                .collect::<StringArray>(),
        ),
        kind => new_null_array(kind, rows.len()),
    };
    if array.data_type() == field.data_type() { Ok(array) } else { Ok(cast(&array, field.data_type())?) }
}
