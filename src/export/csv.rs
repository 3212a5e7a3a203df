//! CSV, the same bytes for the same rows.
//!
//! Numbers are written as Python writes them: the shortest text that reads back to the same double,
//! with an exponent below 1e-4 and from 1e16 on. Absent values are empty, empty texts are `""`,
//! truth values are `True` and `False`, times are RFC 3339 in UTC. Lines end with a line feed.

use std::io::{self, Write};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

/// Writes batches as CSV.
#[derive(Debug)]
pub struct CsvWriter<W: Write> {
    out: W,
    line: String,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header.
    pub fn new(out: W, header: &[&str]) -> io::Result<Self> {
        let mut writer = Self { out, line: String::new() };
        for (i, name) in header.iter().enumerate() {
            if i > 0 {
                writer.line.push(',');
            }
            push_text(&mut writer.line, name);
        }
        writer.end_line()?;
        Ok(writer)
    }

    /// Writes the rows of a batch.
    pub fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let columns = batch
            .columns()
            .iter()
            .map(Column::new)
            .collect::<Result<Vec<_>, _>>()
            .map_err(io::Error::other)?;
        for row in 0..batch.num_rows() {
            for (i, column) in columns.iter().enumerate() {
                if i > 0 {
                    self.line.push(',');
                }
                column.push(&mut self.line, row);
            }
            self.end_line()?;
        }
        Ok(())
    }

    /// Gives the writer below back.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

enum Column {
    Text(ArrayRef),
    Int(ArrayRef),
    Float(ArrayRef),
    Bool(ArrayRef),
    Time(ArrayRef),
}

impl Column {
    fn new(array: &ArrayRef) -> Result<Self, ArrowError> {
        use DataType as T;
        let cast = |to| arrow::compute::cast(array, &to);
        Ok(match array.data_type() {
            T::Boolean => Self::Bool(cast(T::Boolean)?),
            T::Float16 | T::Float32 | T::Float64 => Self::Float(cast(T::Float64)?),
            T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 => {
                Self::Int(cast(T::Int64)?)
            }
            T::Timestamp(..) => Self::Time(cast(T::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?),
            T::Struct(_) | T::List(_) | T::LargeList(_) | T::Map(..) => Self::Text(nested(array)?),
            _ => Self::Text(cast(T::Utf8)?),
        })
    }

    fn push(&self, line: &mut String, row: usize) {
        let array = match self {
            Self::Text(a) | Self::Int(a) | Self::Float(a) | Self::Bool(a) | Self::Time(a) => a,
        };
        if array.is_null(row) {
            return;
        }
        match self {
            Self::Text(a) => push_text(line, a.as_string::<i32>().value(row)),
            Self::Int(a) => {
                use std::fmt::Write as _;
                let _ = write!(line, "{}", a.as_primitive::<Int64Type>().value(row));
            }
            Self::Float(a) => push_float(line, a.as_primitive::<Float64Type>().value(row)),
            Self::Bool(a) => line.push_str(if a.as_boolean().value(row) { "True" } else { "False" }),
            Self::Time(a) => {
                let micros = a.as_primitive::<TimestampMicrosecondType>().value(row);
                if let Some(time) = chrono::DateTime::from_timestamp_micros(micros) {
                    line.push_str(&time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true));
                }
            }
        }
    }
}

/// Lists and structs as the text Arrow shows.
fn nested(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = arrow::util::display::FormatOptions::default();
    let formatter = arrow::util::display::ArrayFormatter::try_new(array, &options)?;
    let texts = (0..array.len())
        .map(|i| array.is_valid(i).then(|| formatter.value(i).to_string()))
        .collect::<arrow::array::StringArray>();
    Ok(std::sync::Arc::new(texts))
}

fn push_text(line: &mut String, text: &str) {
    let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']);
    if plain {
        line.push_str(text);
        return;
    }
    line.push('"');
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

/// The shortest text that reads back to the same double, in Python's notation.
fn push_float(line: &mut String, value: f64) {
    use std::fmt::Write as _;
    if value.is_nan() {
        line.push_str("nan");
    } else if value.is_infinite() {
        line.push_str(if value > 0.0 { "inf" } else { "-inf" });
    } else if value != 0.0 && !(1e-4..1e16).contains(&value.abs()) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let _ = write!(line, "{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    } else {
        let _ = write!(line, "{value:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Float64Array, StringArray};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn float(value: f64) -> String {
        let mut line = String::new();
        push_float(&mut line, value);
        line
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
}
