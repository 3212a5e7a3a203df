//! The needed columns of a Parquet file.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{LogicalType, Type as PhysicalType};
use parquet::schema::types::TypePtr;

use super::error::DatasetError;
use super::fingerprint;
use super::hint::Spot;
use super::id;
use super::open::shown;
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
    let fingerprint = fingerprint::of(path, &file)?;
    // The Parquet reader asserts some of what it reads in a file's metadata; a damaged file must
    // not end the run.
    catch_unwind(AssertUnwindSafe(|| read_columns(&name, file, needed, user, rules, fingerprint)))
        .unwrap_or_else(|_| Err(corrupt(&name, &"its metadata contradict themselves")))
}

/// A file that does not decode.
fn corrupt(file: &str, reason: &dyn std::fmt::Display) -> DatasetError {
    DatasetError::Corrupt { file: file.to_owned(), reason: reason.to_string() }
}

/// A reader of a file. Timestamps of 96 bits, as Spark and Hive write them, are read in microseconds: in nanoseconds those
/// outside of 1677 to 2262, such as one in place of a missing time, would wrap into others.
pub(super) fn opened(name: &str, file: File) -> Result<ParquetRecordBatchReaderBuilder<File>, DatasetError> {
    let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
    let plain = plain.map_err(|error| corrupt(name, &error))?;
    let roots = plain.parquet_schema().root_schema().get_fields();
    let is_wide = |root: &TypePtr| root.is_primitive() && root.get_physical_type() == PhysicalType::INT96;
    if !roots.iter().any(is_wide) {
        return Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, plain));
    }
    let in_micros = |(field, root): (&FieldRef, &TypePtr)| match field.data_type() {
        DataType::Timestamp(_, zone) if is_wide(root) => {
            let kind = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
            Arc::new(field.as_ref().clone().with_data_type(kind))
        }
        _ => Arc::clone(field),
    };
    let fields: Vec<FieldRef> = plain.schema().fields().iter().zip(roots).map(in_micros).collect();
    let schema = Schema::new_with_metadata(fields, plain.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    let read = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options);
    let read = read.map_err(|error| corrupt(name, &error))?;
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, read))
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
    let builder = opened(name, file)?;
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
    table.odd = users.odd;
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
        odd: None,
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
        let wrong = |line: u64, reason: String| DatasetError::UserId {
            file: from.file.to_owned(),
            line,
            column: user.column.to_owned(),
            reason,
        };
        let ids = id::of_column(&from.rules.cells, values, user.uuid);
        let ids = ids.map_err(|reason| wrong(first, reason))?;
        for ((owner, id), line) in owners.iter_mut().zip(ids).zip(first..) {
            *owner = match id {
                Ok(id) => users.number(id.as_deref(), line),
                Err(reason) => users.odd(|| wrong(line, reason)),
            };
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
    let texts = id::texts(values, false).and_then(|texts| texts.into_iter().collect::<Result<Vec<_>, _>>());
    let texts = texts.map_err(|_| DatasetError::ColumnType {
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
            comment: false,
        };
        into.push(cells, text.unwrap_or_default().as_bytes(), owners[row], spot);
    }
    Ok(())
}

/// Whether values of a type are text, perhaps dictionary-encoded.
pub(super) fn is_text(data_type: &DataType) -> bool {
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
