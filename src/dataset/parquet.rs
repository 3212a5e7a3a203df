//! The needed columns of a Parquet file.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::LogicalType;

use super::cell::Cells;
use super::error::DatasetError;
use super::hint::Spot;
use super::id;
use super::open::{fingerprint, shown};
use super::place::Lines;
use super::rules::Rules;
use super::table::{Column, Layout, Needed, Table, Users, Values};

/// Reads the needed columns, and the user column if there is one.
pub(super) fn read(
    path: &Path,
    file: File,
    needed: &[Needed],
    user: Option<&str>,
    rules: &Rules,
) -> Result<Table, DatasetError> {
    let name = shown(path);
    let fingerprint = fingerprint(path)?;
    // The Parquet reader asserts some of what it reads in a file's metadata; a damaged file must
    // not end the run.
    catch_unwind(AssertUnwindSafe(|| read_columns(&name, file, needed, user, rules, fingerprint)))
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
    rules: &Rules,
    fingerprint: String,
) -> Result<Table, DatasetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| corrupt(name, &error))?;
    let header: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let layout = Layout::find(name, &header, needed, user, "")?;
    let mut roots: Vec<usize> = layout.positions.iter().flatten().copied().collect();
    roots.extend(layout.user);
    roots.sort_unstable();
    roots.dedup();
    let user = user
        .zip(layout.user)
        .map(|(column, position)| UserColumn { column, uuid: is_uuid(&builder, position) });
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots.iter().copied());
    let batches = builder.with_projection(mask).build().map_err(|error| corrupt(name, &error))?;
    let mut table = empty(needed, &layout, fingerprint);
    let mut users = Users::default();
    let mut lines = Vec::new();
    for batch in batches {
        let batch = batch.map_err(|error| corrupt(name, &error))?;
        let file = Reading { file: name, needed, layout: &layout, roots: &roots, rules, user };
        append(&file, &batch, &mut table, &mut users, &mut lines)?;
    }
    table.lines = Lines::new(lines);
    table.users = users.names;
    table.nobodys = users.nobodys;
    Ok(table)
}

/// A table without rows.
fn empty(needed: &[Needed], layout: &Layout, fingerprint: String) -> Table {
    let columns = needed
        .iter()
        .zip(&layout.positions)
        .map(|(column, position)| position.as_ref().map(|_| Column::new(column.text)).map_err(Clone::clone));
    Table {
        lines: Lines::default(),
        columns: columns.collect(),
        owners: Vec::new(),
        users: Vec::new(),
        nobodys: None,
        fingerprint,
    }
}

/// The user column of a file.
#[derive(Clone, Copy)]
struct UserColumn<'a> {
    column: &'a str,
    /// Whether the file marks it as UUIDs.
    uuid: bool,
}

/// A file that is being read.
struct Reading<'a> {
    file: &'a str,
    needed: &'a [Needed],
    layout: &'a Layout,
    roots: &'a [usize],
    rules: &'a Rules,
    user: Option<UserColumn<'a>>,
}

/// Whether the file marks a column as UUIDs.
fn is_uuid(builder: &ParquetRecordBatchReaderBuilder<File>, position: usize) -> bool {
    let fields = builder.parquet_schema().root_schema().get_fields();
    let kind = fields.get(position).and_then(|field| field.get_basic_info().logical_type_ref());
    matches!(kind, Some(LogicalType::Uuid))
}

/// Adds the rows of a batch.
fn append(
    from: &Reading<'_>,
    batch: &RecordBatch,
    table: &mut Table,
    users: &mut Users,
    lines: &mut Vec<u64>,
) -> Result<(), DatasetError> {
    let array = |position: usize| {
        from.roots.iter().position(|&root| root == position).map(|index| batch.column(index))
    };
    let first = lines.len() as u64 + 1;
    let mut owners = vec![0; batch.num_rows()];
    if let (Some(user), Some(values)) = (from.user, from.layout.user.and_then(array)) {
        let ids =
            id::of_column(&from.rules.cells, values, user.uuid).map_err(|reason| DatasetError::UserId {
                file: from.file.to_owned(),
                line: first + first_bad_id(&from.rules.cells, values, user.uuid),
                column: user.column.to_owned(),
                reason,
            })?;
        for ((owner, id), line) in owners.iter_mut().zip(ids).zip(first..) {
            *owner = users.number(id.as_deref(), line);
        }
        table.owners.extend(&owners);
    }
    for ((column, position), into) in from.needed.iter().zip(&from.layout.positions).zip(&mut table.columns) {
        let Some(values) = position.as_ref().ok().copied().and_then(array) else {
            continue;
        };
        // A type that cannot be read fails only who needs the column.
        let failed = match into {
            Ok(into) => append_column(from, column, values, first, &owners, into).err(),
            Err(_) => None,
        };
        if let Some(error) = failed {
            *into = Err(error);
        }
    }
    lines.extend(first..first + batch.num_rows() as u64);
    Ok(())
}

/// The first row whose id cannot be one.
fn first_bad_id(cells: &Cells, values: &ArrayRef, uuid: bool) -> u64 {
    let bad = |row: &usize| id::of_column(cells, &values.slice(*row, 1), uuid).is_err();
    (0..values.len()).find(bad).unwrap_or_default() as u64
}

/// Adds one column of a batch.
fn append_column(
    from: &Reading<'_>,
    column: &Needed,
    values: &ArrayRef,
    first: u64,
    owners: &[u32],
    into: &mut Column,
) -> Result<(), DatasetError> {
    let cells = &from.rules.cells;
    if !column.text && !is_text(values.data_type()) {
        let mut found = numbers(from.file, column, values)?;
        if cells.marks_numbers() {
            for value in &mut found {
                *value = cells.present(*value);
            }
        }
        if let Values::Numbers(numbers) = &mut into.values {
            numbers.extend(found);
        }
        return Ok(());
    }
    let texts = id::texts(values, false).map_err(|_| DatasetError::ColumnType {
        file: from.file.to_owned(),
        column: column.name.clone(),
        found: values.data_type().to_string(),
        wanted: "text".to_owned(),
    })?;
    for (row, text) in texts.into_iter().enumerate() {
        let spot = Spot {
            file: from.file,
            line: first + row as u64,
            first: false,
            column: &column.name,
            separator: b',',
        };
        into.push(cells, text.unwrap_or_default().as_bytes(), owners[row], spot);
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
    use DataType::{Date32, Date64, Dictionary, Duration, Float64, Int64, Timestamp};
    if let Dictionary(_, inner) = values.data_type() {
        return as_numbers(&cast(values, inner)?);
    }
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

#[cfg(test)]
mod tests;
