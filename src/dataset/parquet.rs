//! The needed columns of a Parquet file.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::error::DatasetError;
use super::open::{fingerprint, shown};
use super::table::{Column, Layout, Needed, Table, Users, Values};

/// Reads the needed columns, and the user column if there is one.
pub(super) fn read(
    path: &Path,
    file: File,
    needed: &[Needed],
    user: Option<&str>,
) -> Result<Table, DatasetError> {
    let name = shown(path);
    let fingerprint = fingerprint(path)?;
    // The Parquet reader asserts some of what it reads in a file's metadata; a damaged file must
    // not end the run.
    catch_unwind(AssertUnwindSafe(|| read_columns(&name, file, needed, user, fingerprint)))
        .unwrap_or_else(|_| Err(corrupt(&name, &"its metadata contradict themselves")))
}

/// A file that does not decode.
fn corrupt(file: &str, reason: &dyn std::fmt::Display) -> DatasetError {
    DatasetError::Corrupt { file: file.to_owned(), reason: reason.to_string() }
}

/// Reads a file that may be damaged in ways that the reader asserts against.
fn read_columns(
    name: &str,
    file: File,
    needed: &[Needed],
    user: Option<&str>,
    fingerprint: String,
) -> Result<Table, DatasetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| corrupt(name, &error))?;
    let header: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let layout = Layout::find(name, &header, needed, user)?;
    let mut roots: Vec<usize> = layout.positions.iter().flatten().copied().collect();
    roots.extend(layout.user);
    roots.sort_unstable();
    roots.dedup();
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots.iter().copied());
    let batches = builder.with_projection(mask).build().map_err(|error| corrupt(name, &error))?;
    let mut table = empty(needed, &layout, fingerprint);
    let mut users = Users::default();
    for batch in batches {
        let batch = batch.map_err(|error| corrupt(name, &error))?;
        append(name, &batch, needed, &layout, &roots, &mut table, &mut users)?;
    }
    if table.lines.is_empty() {
        return Err(DatasetError::NoRows { file: name.to_owned() });
    }
    table.users = users.names;
    Ok(table)
}

/// A table without rows.
fn empty(needed: &[Needed], layout: &Layout, fingerprint: String) -> Table {
    let columns = needed
        .iter()
        .zip(&layout.positions)
        .map(|(column, position)| position.as_ref().map(|_| Column::new(column.text)).map_err(Clone::clone));
    Table {
        lines: Vec::new(),
        columns: columns.collect(),
        owners: Vec::new(),
        users: Vec::new(),
        fingerprint,
    }
}

/// Adds the rows of a batch.
fn append(
    file: &str,
    batch: &RecordBatch,
    needed: &[Needed],
    layout: &Layout,
    roots: &[usize],
    table: &mut Table,
    users: &mut Users,
) -> Result<(), DatasetError> {
    let array =
        |position: usize| roots.iter().position(|&root| root == position).map(|index| batch.column(index));
    let first = table.lines.len() as u64 + 1;
    let mut owners = vec![0; batch.num_rows()];
    if let Some(user) = layout.user.and_then(array) {
        let column = Needed { name: "user".to_owned(), text: true };
        let names = texts(file, &column, user)?;
        for (owner, name) in owners.iter_mut().zip(names) {
            *owner = users.number(name.as_deref().unwrap_or("").trim());
        }
        table.owners.extend(&owners);
    }
    for ((column, position), into) in needed.iter().zip(&layout.positions).zip(&mut table.columns) {
        let Some(values) = position.as_ref().ok().copied().and_then(array) else {
            continue;
        };
        // A type that cannot be read fails only who needs the column.
        let failed = match into {
            Ok(into) => append_column(file, column, values, first, &owners, into).err(),
            Err(_) => None,
        };
        if let Some(error) = failed {
            *into = Err(error);
        }
    }
    table.lines.extend(first..first + batch.num_rows() as u64);
    Ok(())
}

/// Adds one column of a batch.
fn append_column(
    file: &str,
    column: &Needed,
    values: &ArrayRef,
    first: u64,
    owners: &[u32],
    into: &mut Column,
) -> Result<(), DatasetError> {
    if !column.text && !is_text(values.data_type()) {
        let found = numbers(file, column, values)?;
        if let Values::Numbers(numbers) = &mut into.values {
            numbers.extend(found);
        }
        return Ok(());
    }
    for (row, text) in texts(file, column, values)?.into_iter().enumerate() {
        let cell = text.unwrap_or_default();
        into.push(cell.as_bytes(), owners[row], |cell| DatasetError::NotANumber {
            file: file.to_owned(),
            line: first + row as u64,
            column: column.name.clone(),
            text: super::number::shown(cell),
        });
    }
    Ok(())
}

/// Whether values of a type are text, perhaps dictionary-encoded.
fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Values as numbers, NaN where missing; dates and times become epoch seconds.
pub(super) fn numbers(file: &str, column: &Needed, values: &ArrayRef) -> Result<Vec<f64>, DatasetError> {
    as_numbers(values).map_err(|_| DatasetError::ColumnType {
        file: file.to_owned(),
        column: column.name.clone(),
        found: values.data_type().to_string(),
        wanted: "a number".to_owned(),
    })
}

/// Values as numbers, NaN where missing; dates and times become epoch seconds, durations seconds.
pub(super) fn as_numbers(values: &ArrayRef) -> Result<Vec<f64>, arrow::error::ArrowError> {
    use DataType::{Date32, Date64, Duration, Float64, Int64, Timestamp};
    if let Duration(unit) = values.data_type() {
        let ticks_per_second = match unit {
            TimeUnit::Second => 1.0,
            TimeUnit::Millisecond => 1e3,
            TimeUnit::Microsecond => 1e6,
            TimeUnit::Nanosecond => 1e9,
        };
        let ticks = cast(values, &Int64)?;
        let seconds = |ticks: Option<i64>| ticks.map_or(f64::NAN, |ticks| ticks as f64 / ticks_per_second);
        return Ok(ticks.as_primitive::<Int64Type>().iter().map(seconds).collect());
    }
    if matches!(values.data_type(), Timestamp(..) | Date32 | Date64) {
        let micros = cast(&cast(values, &Timestamp(TimeUnit::Microsecond, None))?, &Int64)?;
        let seconds = |micros: Option<i64>| micros.map_or(f64::NAN, |micros| micros as f64 / 1e6);
        return Ok(micros.as_primitive::<Int64Type>().iter().map(seconds).collect());
    }
    let numbers = cast(values, &Float64)?;
    Ok(numbers.as_primitive::<Float64Type>().iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

/// Values as text.
fn texts(file: &str, column: &Needed, values: &ArrayRef) -> Result<Vec<Option<String>>, DatasetError> {
    let texts = cast(values, &DataType::Utf8).map_err(|_| DatasetError::ColumnType {
        file: file.to_owned(),
        column: column.name.clone(),
        found: values.data_type().to_string(),
        wanted: "text".to_owned(),
    })?;
    Ok(texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
}
