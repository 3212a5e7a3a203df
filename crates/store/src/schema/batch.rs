//! Rows into Arrow columns, refused when they break the contract.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::record_batch::RecordBatch;
use thiserror::Error;

use super::cell::{Cell, Row};
use super::columns::stored;
use super::table::{Column, ColumnType, TableSchema};

/// A row that breaks the contract of its table.
#[derive(Debug, Error)]
#[error("table {table}, row {row}, column {column}: {fault}")]
pub struct BatchError {
    /// The table.
    pub table: String,
    /// Number of the row within the batch, from 0.
    pub row: usize,
    /// The column.
    pub column: String,
    /// What is wrong.
    pub fault: String,
}

/// The rows as one batch of the table's stored columns.
///
/// # Errors
/// A value of the wrong type, outside the column's range or set, an absent value where the schema
/// forbids it, or a column the table does not have.
pub fn record_batch(table: &TableSchema, rows: &[Row]) -> Result<RecordBatch, BatchError> {
    for (i, row) in rows.iter().enumerate() {
        if let Some((name, _)) =
            row.0.iter().find(|(name, _)| table.column(name).is_none_or(|c| c.derived.is_some()))
        {
            return Err(fault(table, i, name, "isn't a stored column of the table"));
        }
    }
    let columns =
        table.stored().map(|column| array(table, column, rows)).collect::<Result<Vec<ArrayRef>, _>>()?;
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(stored(table), columns, &options)
        .map_err(|e| fault(table, 0, "*", &e.to_string()))
}

fn fault(table: &TableSchema, row: usize, column: &str, fault: &str) -> BatchError {
    BatchError { table: table.table.clone(), row, column: column.to_owned(), fault: fault.to_owned() }
}

fn array(table: &TableSchema, column: &Column, rows: &[Row]) -> Result<ArrayRef, BatchError> {
    let mut builder = Builder::new(column.kind, rows.len());
    for (i, row) in rows.iter().enumerate() {
        let cell = row.0.iter().find(|(name, _)| *name == column.name).map_or(&Cell::Null, |(_, c)| c);
        check(column, cell)
            .and_then(|()| builder.push(cell))
            .map_err(|message| fault(table, i, &column.name, &message))?;
    }
    Ok(builder.finish())
}

fn check(column: &Column, cell: &Cell) -> Result<(), String> {
    let number = match cell {
        Cell::Null if column.nullable => return Ok(()),
        Cell::Null => return Err("has no value, and the schema asks for one".into()),
        Cell::Text(text) => {
            return match &column.values {
                Some(values) if !values.contains(text) => {
                    Err(format!("`{text}` isn't one of {}", values.join(", ")))
                }
                _ => Ok(()),
            };
        }
        Cell::Bool(_) => return Ok(()),
        Cell::Int(v) => *v as f64,
        Cell::Float(v) => *v,
    };
    if number.is_nan() {
        return Err("is NaN".into());
    }
    if column.min.is_some_and(|min| number < min) || column.max.is_some_and(|max| number > max) {
        let bound = |b: Option<f64>| b.map_or("…".to_owned(), |b| b.to_string());
        return Err(format!("{number} is outside {} to {}", bound(column.min), bound(column.max)));
    }
    Ok(())
}

enum Builder {
    Text(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl Builder {
    /// Of exactly the size: units that wait to be committed are held by the thousand.
    fn new(kind: ColumnType, rows: usize) -> Self {
        match kind {
            ColumnType::Text => Self::Text(StringBuilder::with_capacity(rows, 16 * rows)),
            ColumnType::Int => Self::Int(Int64Builder::with_capacity(rows)),
            ColumnType::Float => Self::Float(Float64Builder::with_capacity(rows)),
            ColumnType::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
            ColumnType::Timestamp => {
                Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC"))
            }
        }
    }

    fn push(&mut self, cell: &Cell) -> Result<(), String> {
        match (self, cell) {
            (Self::Text(b), Cell::Text(v)) => b.append_value(v),
            (Self::Text(b), Cell::Null) => b.append_null(),
            (Self::Int(b), Cell::Int(v)) => b.append_value(*v),
            (Self::Int(b), Cell::Null) => b.append_null(),
            (Self::Float(b), Cell::Float(v)) => b.append_value(*v),
            (Self::Float(b), Cell::Int(v)) => b.append_value(*v as f64),
            (Self::Float(b), Cell::Null) => b.append_null(),
            (Self::Bool(b), Cell::Bool(v)) => b.append_value(*v),
            (Self::Bool(b), Cell::Null) => b.append_null(),
            (Self::Timestamp(b), Cell::Int(v)) => b.append_value(*v),
            (Self::Timestamp(b), Cell::Null) => b.append_null(),
            (_, cell) => return Err(format!("{cell:?} is of another type")),
        }
        Ok(())
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut b) => Arc::new(b.finish()),
            Self::Int(mut b) => Arc::new(b.finish()),
            Self::Float(mut b) => Arc::new(b.finish()),
            Self::Bool(mut b) => Arc::new(b.finish()),
            Self::Timestamp(mut b) => Arc::new(b.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::from_yaml;

    fn table() -> TableSchema {
        from_yaml(
            "table: t\nversion: 1\ndescription: d\ncolumns:\n  - {name: p, type: float, max: 1.0}\n  - {name: m, type: text, nullable: false, values: [a, b]}\n",
        )
        .unwrap()
    }

    #[test]
    fn rows_become_columns() {
        let rows = [Row::new().with("p", 0.5).with("m", "a"), Row::new().with("m", "b")];
        let batch = record_batch(&table(), &rows).unwrap();
        assert_eq!((batch.num_rows(), batch.num_columns()), (2, 2));
        assert_eq!(batch.column(0).null_count(), 1);
        assert_eq!(record_batch(&table(), &[]).unwrap().num_rows(), 0);
    }

    #[test]
    fn broken_contracts_are_named() {
        let error = |row| record_batch(&table(), &[row]).unwrap_err().to_string();
        assert_eq!(
            error(Row::new().with("p", 1.5).with("m", "a")),
            "table t, row 0, column p: 1.5 is outside … to 1"
        );
        assert!(error(Row::new().with("p", 0.1)).contains("has no value"));
        assert!(error(Row::new().with("m", "c")).contains("one of a, b"));
        assert!(error(Row::new().with("m", 1u32)).contains("another type"));
        assert!(error(Row::new().with("m", "a").with("x", 1u32)).contains("isn't a stored column"));
    }
}
