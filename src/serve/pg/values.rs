//! Values of Arrow as Postgres writes them, in text and in binary.

#[cfg(test)]
mod tests;

use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, FieldRef, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow_pg::encoder::encode_value;
use bytes::{BufMut, BytesMut};
use chrono::{DateTime, NaiveDate, Offset};
use chrono_tz::Tz;
use pgwire::api::Type;
use pgwire::api::results::{DataRowEncoder, FieldFormat, FieldInfo};

use super::types::{element, type_of};

/// Days from 1970-01-01 to 2000-01-01, from which Postgres counts, and microseconds.
const DAYS: i32 = 10_957;
const MICROS: i64 = DAYS as i64 * 86_400_000_000;

/// A column of rows that are written.
pub(super) struct Column {
    field: FieldRef,
    kind: Type,
    binary: bool,
    zone: Tz,
}

/// A value as it is, of those that have a form of their own here.
enum Value<'a> {
    Bool(bool),
    Int(i64),
    Small(f32),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Day(i32),
    Time(i64),
    List(ArrayRef),
    Other,
}

impl Column {
    pub(super) fn new(field: &FieldRef, binary: bool, zone: Tz) -> Self {
        Self { field: FieldRef::clone(field), kind: type_of(field), binary, zone }
    }

    /// Writes a value, which is not absent.
    pub(super) fn put(&self, array: &ArrayRef, row: usize, out: &mut BytesMut) -> Result<(), String> {
        let value = value(array, row)?;
        if self.binary {
            binary(&value, &self.kind, out).map_or_else(|| self.other(array, row, out), Ok)
        } else {
            text(&value, &self.kind, self.zone, out).map_or_else(|| self.other(array, row, out), Ok)
        }
    }

    /// What is seldom: numbers of fixed point, spans of time; and what Postgres does not know, as text.
    fn other(&self, array: &ArrayRef, row: usize, out: &mut BytesMut) -> Result<(), String> {
        if self.kind == Type::TEXT {
            let options = FormatOptions::new();
            let shown = ArrayFormatter::try_new(array, &options).map_err(|e| e.to_string())?;
            write!(out, "{}", shown.value(row)).map_err(|e| e.to_string())?;
            return Ok(());
        }
        let format = if self.binary { FieldFormat::Binary } else { FieldFormat::Text };
        let info = FieldInfo::new(String::new(), None, None, self.kind.clone(), format);
        let mut encoder = DataRowEncoder::new(std::sync::Arc::new(vec![info.clone()]));
        encode_value(&mut encoder, array, row, &self.field, &info).map_err(|e| e.to_string())?;
        out.put_slice(encoder.take_row().data.get(4..).unwrap_or_default());
        Ok(())
    }
}

fn value(array: &ArrayRef, row: usize) -> Result<Value<'_>, String> {
    let int = |value: i64| Value::Int(value);
    Ok(match array.data_type() {
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => int(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => int(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => int(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => int(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => int(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => int(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => int(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => {
            let value = array.as_primitive::<UInt64Type>().value(row);
            int(i64::try_from(value).map_err(|_| format!("{value} is out of range for bigint"))?)
        }
        DataType::Float16 => Value::Small(array.as_primitive::<Float16Type>().value(row).to_f32()),
        DataType::Float32 => Value::Small(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => Value::Float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(row)),
        DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Value::Bytes(array.as_binary::<i64>().value(row)),
        DataType::FixedSizeBinary(_) => Value::Bytes(array.as_fixed_size_binary().value(row)),
        DataType::Date32 => Value::Day(array.as_primitive::<Date32Type>().value(row)),
        DataType::Date64 => {
            let days = array.as_primitive::<Date64Type>().value(row).div_euclid(86_400_000);
            Value::Day(i32::try_from(days).map_err(|_| "a day that is out of range".to_owned())?)
        }
        DataType::Timestamp(unit, _) => Value::Time(micros(array, *unit, row)?),
        DataType::List(_) => Value::List(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Value::List(array.as_list::<i64>().value(row)),
        _ => Value::Other,
    })
}

/// Microseconds since 1970.
fn micros(array: &ArrayRef, unit: TimeUnit, row: usize) -> Result<i64, String> {
    let wide =
        |value: i64, by: i64| value.checked_mul(by).ok_or_else(|| "a time that is out of range".to_owned());
    match unit {
        TimeUnit::Second => wide(array.as_primitive::<TimestampSecondType>().value(row), 1_000_000),
        TimeUnit::Millisecond => wide(array.as_primitive::<TimestampMillisecondType>().value(row), 1_000),
        TimeUnit::Microsecond => Ok(array.as_primitive::<TimestampMicrosecondType>().value(row)),
        TimeUnit::Nanosecond => {
            Ok(array.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1_000))
        }
    }
}

/// A value in binary; `None` if it has no form here.
fn binary(value: &Value<'_>, kind: &Type, out: &mut BytesMut) -> Option<()> {
    match (value, kind) {
        (Value::Bool(value), _) => out.put_u8(u8::from(*value)),
        (Value::Int(value), &Type::INT2) => out.put_i16(i16::try_from(*value).ok()?),
        (Value::Int(value), &Type::INT8) => out.put_i64(*value),
        // Whole numbers of 4 bytes, and numbers of things in the catalogue.
        (Value::Int(value), _) => out.put_i32(i32::try_from(*value).ok()?),
        (Value::Small(value), _) => out.put_f32(*value),
        (Value::Float(value), _) => out.put_f64(*value),
        (Value::Text(value), _) => out.put_slice(value.as_bytes()),
        (Value::Bytes(value), &Type::BYTEA) => out.put_slice(value),
        (Value::Day(value), &Type::DATE) => out.put_i32(value.checked_sub(DAYS)?),
        (Value::Time(value), &(Type::TIMESTAMP | Type::TIMESTAMPTZ)) => {
            out.put_i64(value.checked_sub(MICROS)?);
        }
        (Value::List(values), kind) => binary_list(values, &element(kind)?, out)?,
        _ => return None,
    }
    Some(())
}

fn binary_list(values: &ArrayRef, kind: &Type, out: &mut BytesMut) -> Option<()> {
    let count = i32::try_from(values.len()).ok()?;
    out.put_i32(i32::from(count > 0));
    out.put_i32(i32::from(values.null_count() > 0));
    out.put_u32(kind.oid());
    if count > 0 {
        out.put_i32(count);
        out.put_i32(1);
    }
    for row in 0..values.len() {
        if is_absent(values, row) {
            out.put_i32(-1);
            continue;
        }
        let at = out.len();
        out.put_i32(0);
        binary(&self::value(values, row).ok()?, kind, out)?;
        let length = i32::try_from(out.len() - at - 4).ok()?;
        out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
    Some(())
}

/// Whether there is no value.
pub(super) fn is_absent(array: &ArrayRef, row: usize) -> bool {
    *array.data_type() == DataType::Null || array.is_null(row)
}

/// A value as text; `None` if it has no form here.
fn text(value: &Value<'_>, kind: &Type, zone: Tz, out: &mut BytesMut) -> Option<()> {
    match value {
        Value::Bool(value) => out.put_u8(if *value { b't' } else { b'f' }),
        Value::Int(value) => out.put_slice(itoa::Buffer::new().format(*value).as_bytes()),
        Value::Small(value) => float(f64::from(*value), &format!("{value:e}"), 6, out)?,
        Value::Float(value) => float(*value, &format!("{value:e}"), 15, out)?,
        Value::Text(value) => out.put_slice(value.as_bytes()),
        Value::Bytes(value) => {
            out.put_slice(b"\\x");
            value.iter().try_for_each(|byte| write!(out, "{byte:02x}")).ok()?;
        }
        Value::Day(value) => {
            let day = NaiveDate::from_ymd_opt(1970, 1, 1)?
                .checked_add_signed(chrono::TimeDelta::days((*value).into()))?;
            write!(out, "{}", day.format("%Y-%m-%d")).ok()?;
        }
        Value::Time(value) => time(*value, *kind == Type::TIMESTAMPTZ, zone, out)?,
        Value::List(values) => text_list(values, &element(kind)?, zone, out)?,
        Value::Other => return None,
    }
    Some(())
}

fn time(micros: i64, with_zone: bool, zone: Tz, out: &mut BytesMut) -> Option<()> {
    let utc = DateTime::from_timestamp_micros(micros)?;
    let (naive, offset) = if with_zone {
        let there = utc.with_timezone(&zone);
        (there.naive_local(), there.offset().fix().local_minus_utc())
    } else {
        (utc.naive_utc(), 0)
    };
    write!(out, "{}", naive.format("%Y-%m-%d %H:%M:%S")).ok()?;
    let part = micros.rem_euclid(1_000_000);
    if part != 0 {
        out.put_slice(format!(".{part:06}").trim_end_matches('0').as_bytes());
    }
    if with_zone {
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
        write!(out, "{sign}{:02}", minutes / 60).ok()?;
        if minutes % 60 != 0 {
            write!(out, ":{:02}", minutes % 60).ok()?;
        }
    }
    Some(())
}

/// The fewest digits that are read back as the same number, as Postgres puts them: those of numbers below `plain` digits
/// without an exponent.
fn float(value: f64, shortest: &str, plain: i32, out: &mut BytesMut) -> Option<()> {
    if !value.is_finite() {
        let word = if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        out.put_slice(word.as_bytes());
        return Some(());
    }
    let (digits, exponent) = shortest.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if !(-4..plain).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{digits}e{sign}{:02}", exponent.abs()).ok()?;
        return Some(());
    }
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    out.put_slice(sign.as_bytes());
    let whole = usize::try_from(exponent + 1).unwrap_or_default();
    if exponent < 0 {
        out.put_slice(b"0.");
        out.put_bytes(b'0', usize::try_from(-exponent - 1).ok()?);
        out.put_slice(digits.as_bytes());
    } else if digits.len() <= whole {
        out.put_slice(digits.as_bytes());
        out.put_bytes(b'0', whole - digits.len());
    } else {
        out.put_slice(&digits.as_bytes()[..whole]);
        out.put_u8(b'.');
        out.put_slice(&digits.as_bytes()[whole..]);
    }
    Some(())
}

fn text_list(values: &ArrayRef, kind: &Type, zone: Tz, out: &mut BytesMut) -> Option<()> {
    out.put_u8(b'{');
    for row in 0..values.len() {
        if row > 0 {
            out.put_u8(b',');
        }
        if is_absent(values, row) {
            out.put_slice(b"NULL");
            continue;
        }
        let mut part = BytesMut::new();
        text(&self::value(values, row).ok()?, kind, zone, &mut part)?;
        let special = |byte: &u8| b"{},\"\\".contains(byte) || byte.is_ascii_whitespace();
        if part.is_empty() || part.eq_ignore_ascii_case(b"null") || part.iter().any(special) {
            out.put_u8(b'"');
            for byte in &part {
                if b"\"\\".contains(byte) {
                    out.put_u8(b'\\');
                }
                out.put_u8(*byte);
            }
            out.put_u8(b'"');
        } else {
            out.put_slice(&part);
        }
    }
    out.put_u8(b'}');
    Some(())
}
