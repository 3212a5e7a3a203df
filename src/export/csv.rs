//! CSV, the same bytes for the same rows.
//!
//! Numbers are written as Python writes them: the shortest text that reads back to the same double,
//! with an exponent below 1e-4 and from 1e16 on. Absent values are empty (`""` where they are the whole line), empty texts
//! are `""`,
//! truth values are `True` and `False`, bytes hexadecimal digits, times are RFC 3339 in UTC. Lines end with a line feed.

use std::io::{self, Write};

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options, max, min};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::sql::in_calendar;

/// Writes batches as CSV.
#[derive(Debug)]
pub(crate) struct CsvWriter<W: Write> {
    out: W,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header.
    pub(crate) fn new(mut out: W, header: &[&str]) -> io::Result<Self> {
        out.write_all(&csv_header(header))?;
        Ok(Self { out })
    }

    /// Writes the rows of a batch.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.out.write_all(&csv_rows(batch.columns()).map_err(io::Error::other)?)
    }

    /// Gives the writer below back.
    pub(crate) fn into_inner(self) -> W {
        self.out
    }
}

/// The first line.
pub(super) fn csv_header(names: &[&str]) -> Vec<u8> {
    let mut line = Vec::new();
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            line.push(b',');
        }
        push_text(&mut line, name);
    }
    line.push(b'\n');
    line
}

/// The lines of some rows.
pub(super) fn csv_rows(columns: &[ArrayRef]) -> Result<Vec<u8>, ArrowError> {
    let rows = columns.first().map_or(0, Array::len);
    let columns = columns.iter().map(Column::new).collect::<Result<Vec<_>, _>>()?;
    let mut out = Vec::with_capacity(rows * columns.len() * 12);
    for row in 0..rows {
        let start = out.len();
        for column in &columns {
            column.push(&mut out, row);
            out.push(b',');
        }
        // A line without anything in it is none to most readers.
        if out.len() == start + 1 {
            out.splice(start..start, *b"\"\"");
        }
        // The comma after the last value.
        if let Some(last) = out.last_mut() {
            *last = b'\n';
        }
    }
    Ok(out)
}

enum Column {
    /// Texts, and whether none of them needs quotes.
    Text(StringArray, bool),
    Int(Int64Array),
    Float(Float64Array),
    Bool(BooleanArray),
    Time(TimestampMicrosecondArray),
}

impl Column {
    fn new(array: &ArrayRef) -> Result<Self, ArrowError> {
        use DataType as T;
        // A value that cannot be written is an error: without this it would be absent.
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let cast = |to| cast_with_options(array, &to, &options);
        Ok(match array.data_type() {
            T::Boolean => Self::Bool(array.as_boolean().clone()),
            T::Float16 | T::Float32 | T::Float64 => {
                Self::Float(cast(T::Float64)?.as_primitive::<Float64Type>().clone())
            }
            T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 => {
                Self::Int(cast(T::Int64)?.as_primitive::<Int64Type>().clone())
            }
            T::Timestamp(..) => {
                let micros = cast(T::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?;
                Self::time(micros.as_primitive::<TimestampMicrosecondType>())?
            }
            kind if kind.is_binary() || kind.is_nested() || !can_cast_types(kind, &T::Utf8) => {
                in_calendar(array)?;
                Self::text(&shown(array)?)
            }
            T::Duration(_) => {
                in_calendar(array)?;
                Self::text(&cast(T::Utf8)?)
            }
            _ => Self::text(&cast(T::Utf8)?),
        })
    }

    /// Times that a calendar has.
    fn time(times: &TimestampMicrosecondArray) -> Result<Self, ArrowError> {
        for time in [min(times), max(times)].into_iter().flatten() {
            if chrono::DateTime::from_timestamp_micros(time).is_none() {
                let message = format!("the time {time} (microseconds since 1970) is in no calendar");
                return Err(ArrowError::InvalidArgumentError(message));
            }
        }
        Ok(Self::Time(times.clone()))
    }

    fn text(array: &ArrayRef) -> Self {
        let texts = array.as_string::<i32>().clone();
        let (from, to) = (texts.value_offsets().first(), texts.value_offsets().last());
        let bytes = match (from, to) {
            (Some(from), Some(to)) => &texts.value_data()[*from as usize..*to as usize],
            _ => &[],
        };
        let plain = !bytes.iter().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r'));
        Self::Text(texts, plain)
    }

    fn push(&self, line: &mut Vec<u8>, row: usize) {
        match self {
            Self::Text(a, _) if a.is_null(row) => {}
            Self::Text(a, true) if !a.value(row).is_empty() => {
                line.extend_from_slice(a.value(row).as_bytes());
            }
            Self::Text(a, _) => push_text(line, a.value(row)),
            Self::Int(a) if a.is_valid(row) => {
                line.extend_from_slice(itoa::Buffer::new().format(a.value(row)).as_bytes());
            }
            Self::Float(a) if a.is_valid(row) => push_float(line, a.value(row)),
            Self::Bool(a) if a.is_valid(row) => {
                line.extend_from_slice(if a.value(row) { b"True" } else { b"False" });
            }
            Self::Time(a) if a.is_valid(row) => {
                if let Some(time) = chrono::DateTime::from_timestamp_micros(a.value(row)) {
                    let text = time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
                    line.extend_from_slice(text.as_bytes());
                }
            }
            _ => {}
        }
    }
}

/// Lists and structs as the text Arrow shows, bytes as hexadecimal digits.
fn shown(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    // A value that cannot be shown is an error, not a complaint in its place.
    let options = arrow::util::display::FormatOptions::default().with_display_error(false);
    let formatter = arrow::util::display::ArrayFormatter::try_new(array, &options)?;
    let texts = (0..array.len())
        .map(|i| array.is_valid(i).then(|| formatter.value(i).try_to_string()).transpose())
        .collect::<Result<StringArray, ArrowError>>()?;
    Ok(std::sync::Arc::new(texts))
}

fn push_text(line: &mut Vec<u8>, text: &str) {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    line.push(b'"');
    line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    line.push(b'"');
}

/// The shortest text that reads back to the same double, in Python's notation.
fn push_float(line: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        line.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        line.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    } else if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
        line.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        line.extend_from_slice(format!("{digits}e{sign}{:02}", exponent.abs()).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn float(value: f64) -> String {
        let mut line = Vec::new();
        push_float(&mut line, value);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn floats_look_as_in_python() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e15, "1000000000000000.0"),
            (5e-324, "5e-324"),
            (1e300, "1e+300"),
            (-2.5, "-2.5"),
        ];
        for (value, text) in cases {
            assert_eq!(float(value), text);
        }
    }

    proptest! {
        #[test]
        fn floats_read_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(float(value).parse::<f64>().unwrap().to_bits(), bits);
            if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
                // Of two shortest texts that are equally near, either will do.
                prop_assert_eq!(float(value).len(), format!("{value:?}").len());
            }
        }
    }

    #[test]
    fn rows_are_quoted_where_needed() {
        let batch = RecordBatch::try_from_iter([
            ("a", Arc::new(StringArray::from(vec![Some("x,y"), None, Some("")])) as ArrayRef),
            ("b", Arc::new(Float64Array::from(vec![Some(0.5), None, Some(1e-9)])) as ArrayRef),
            ("c", Arc::new(BooleanArray::from(vec![true, false, true])) as ArrayRef),
        ])
        .unwrap();
        let mut writer = CsvWriter::new(Vec::new(), &["a", "b \"2\"", "c"]).unwrap();
        writer.write(&batch).unwrap();
        let text = String::from_utf8(writer.into_inner()).unwrap();
        assert_eq!(text, "a,\"b \"\"2\"\"\",c\n\"x,y\",0.5,True\n,,False\n\"\",1e-09,True\n");
    }

    fn lines(column: impl Array + 'static) -> Result<String, ArrowError> {
        csv_rows(&[Arc::new(column) as ArrayRef]).map(|rows| String::from_utf8(rows).unwrap())
    }

    #[test]
    fn no_value_becomes_nothing() {
        use arrow::array::{BinaryArray, TimestampSecondArray};
        assert_eq!(lines(Float64Array::from(vec![Some(0.5), None])).unwrap(), "0.5\n\"\"\n");
        assert_eq!(lines(StringArray::from(vec![Some("a"), None, Some("")])).unwrap(), "a\n\"\"\n\"\"\n");
        assert_eq!(lines(BinaryArray::from(vec![Some(&[0xff, 0][..]), None])).unwrap(), "ff00\n\"\"\n");
        assert!(lines(TimestampSecondArray::from(vec![i64::MAX])).is_err());
        assert!(lines(TimestampMicrosecondArray::from(vec![0, i64::MAX])).is_err());
    }
}
