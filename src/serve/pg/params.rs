//! Values of parameters: as clients send them, and as a child takes them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    IntervalMonthDayNanoArray, ListArray, NullArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::concat;
use arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use arrow::datatypes::{DataType, Date32Type, Field, IntervalMonthDayNano, Schema, SchemaRef};
use arrow::ipc::writer::StreamWriter;
use bytes::{Buf, Bytes};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use pgwire::api::Type;

use super::fault::Fault;
use super::types::{Formats, element, type_of};

/// Days from 1970-01-01 to 2000-01-01, from which Postgres counts.
const DAYS: i32 = 10_957;

/// Values for a statement.
pub(super) struct Given<'a> {
    /// Numbers of types as the client says them; 0 is none.
    pub(super) types: &'a [u32],
    /// What the statement takes, as far as it is known.
    pub(super) wanted: Option<&'a SchemaRef>,
    pub(super) formats: Formats,
    pub(super) values: &'a [Option<Bytes>],
}

impl Given<'_> {
    /// A stream of Arrow with one row, a column a parameter.
    pub(super) fn stream(&self) -> Result<Vec<u8>, Fault> {
        let arrays = (0..self.values.len()).map(|place| self.value(place)).collect::<Result<Vec<_>, _>>()?;
        let fields: Vec<Field> = arrays
            .iter()
            .enumerate()
            .map(|(place, array)| Field::new((place + 1).to_string(), array.data_type().clone(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let failed = |error: arrow::error::ArrowError| Fault::new("XX000", error.to_string());
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(failed)?;
        let mut writer = StreamWriter::try_new(Vec::new(), &schema).map_err(failed)?;
        writer.write(&batch).map_err(failed)?;
        writer.into_inner().map_err(failed)
    }

    fn value(&self, place: usize) -> Result<ArrayRef, Fault> {
        let wanted = self.wanted.and_then(|schema| schema.fields().get(place));
        let said = self.types.get(place).copied().filter(|said| *said != 0);
        let kind = said.and_then(Type::from_oid).filter(|kind| *kind != Type::UNKNOWN);
        let kind = kind.or_else(|| wanted.map(type_of)).unwrap_or(Type::TEXT);
        let wanted = wanted.map(|field| field.data_type());
        let Some(bytes) = &self.values[place] else {
            return Ok(wanted
                .map_or_else(|| Arc::new(NullArray::new(1)) as ArrayRef, |kind| new_null_array(kind, 1)));
        };
        let read = if self.formats.is_binary(place) { binary(bytes, &kind) } else { text(bytes, &kind) };
        let Some(array) = read else {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
            let shown = if self.formats.is_binary(place) {
                format!("{} bytes", bytes.len())
            } else {
                format!("`{shown}`")
            };
            // Times have a code of their own, as Postgres has it.
            let is_time = [Type::DATE, Type::TIMESTAMP, Type::TIMESTAMPTZ].contains(&kind);
            let code = if is_time { "22007" } else { "22P02" };
            return Err(Fault::new(
                code,
                format!("parameter ${}: {shown} isn't a value of {kind}", place + 1),
            ));
        };
        Ok(fitted(array, wanted))
    }
}

/// The same in the type that the statement wants, where nothing is lost by that.
fn fitted(array: ArrayRef, wanted: Option<&DataType>) -> ArrayRef {
    let Some(wanted) = wanted.filter(|wanted| *wanted != array.data_type()) else { return array };
    let widens = |from: &DataType| from.is_integer() && wanted.is_numeric() || *wanted == DataType::Utf8;
    let fits = match array.data_type() {
        DataType::List(_) => matches!(wanted, DataType::List(_)),
        from => widens(from) || matches!(wanted, DataType::Timestamp(..)) && !from.is_numeric(),
    };
    let options = arrow::compute::CastOptions { safe: false, ..Default::default() };
    match arrow::compute::cast_with_options(&array, wanted, &options) {
        Ok(cast) if fits => cast,
        _ => array,
    }
}

/// A value in binary; `None` if it isn't one of its type.
fn binary(bytes: &[u8], kind: &Type) -> Option<ArrayRef> {
    if let Some(element) = element(kind) {
        return binary_list(bytes, &element);
    }
    Some(match *kind {
        Type::BOOL => Arc::new(BooleanArray::from(vec![bytes == [1]])),
        Type::INT2 => int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::INT4 => int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::OID => int(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::INT8 => int(i64::from_be_bytes(bytes.try_into().ok()?)),
        Type::FLOAT4 => float(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::FLOAT8 => float(f64::from_be_bytes(bytes.try_into().ok()?)),
        Type::DATE => {
            Arc::new(Date32Array::from(vec![i32::from_be_bytes(bytes.try_into().ok()?).checked_add(DAYS)?]))
        }
        Type::TIMESTAMP | Type::TIMESTAMPTZ => {
            let micros =
                i64::from_be_bytes(bytes.try_into().ok()?).checked_add(i64::from(DAYS) * 86_400_000_000)?;
            times(vec![Some(micros)], kind)
        }
        Type::BYTEA => Arc::new(BinaryArray::from(vec![bytes])),
        Type::NUMERIC => decimal(&numeric(bytes)?)?,
        Type::INTERVAL => interval(bytes)?,
        Type::UUID => texts(&uuid(bytes.try_into().ok()?)),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::CHAR | Type::UNKNOWN => {
            texts(std::str::from_utf8(bytes).ok()?)
        }
        _ => return None,
    })
}

fn int(value: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![value]))
}

fn float(value: f64) -> ArrayRef {
    Arc::new(Float64Array::from(vec![value]))
}

fn texts(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

fn times(micros: Vec<Option<i64>>, kind: &Type) -> ArrayRef {
    let times = TimestampMicrosecondArray::from(micros);
    Arc::new(if *kind == Type::TIMESTAMPTZ { times.with_timezone("UTC") } else { times })
}

/// A span of time: microseconds, days, months.
fn interval(mut bytes: &[u8]) -> Option<ArrayRef> {
    let (micros, days, months) =
        (bytes.try_get_i64().ok()?, bytes.try_get_i32().ok()?, bytes.try_get_i32().ok()?);
    let nanos = micros.checked_mul(1_000).filter(|_| bytes.is_empty())?;
    Some(Arc::new(IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(months, days, nanos)])))
}

/// `00112233-4455-6677-8899-aabbccddeeff`
fn uuid(bytes: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let part = |from: usize, to: usize| &digits[from..to];
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// A number of fixed point, as it would be written: digits of 10,000 each.
fn numeric(mut bytes: &[u8]) -> Option<String> {
    let digits = bytes.try_get_i16().ok()?;
    let weight = i32::from(bytes.try_get_i16().ok()?);
    let sign = bytes.try_get_u16().ok()?;
    let scale = usize::from(bytes.try_get_u16().ok()?);
    let sign = match sign {
        0 => "",
        0x4000 => "-",
        0xC000 => return Some("NaN".into()),
        0xD000 => return Some("Infinity".into()),
        0xF000 => return Some("-Infinity".into()),
        _ => return None,
    };
    let mut groups = Vec::new();
    for _ in 0..digits {
        groups.push(bytes.try_get_u16().ok().filter(|group| *group < 10_000)?);
    }
    let group = |place: i32| {
        let place = usize::try_from(weight - place).ok();
        place.and_then(|place| groups.get(place)).copied().unwrap_or_default()
    };
    let digits = |places: &mut dyn Iterator<Item = i32>| {
        places.map(|place| format!("{:04}", group(place))).collect::<Vec<_>>().concat()
    };
    let mut text = digits(&mut (0..=weight.max(0)).rev());
    let kept = text.trim_start_matches('0').len().max(1);
    text.drain(..text.len() - kept);
    if scale > 0 {
        let places = i32::try_from(scale.div_ceil(4)).ok()?;
        let behind = digits(&mut (1..=places).map(|place| -place));
        text.push('.');
        text.push_str(&behind[..scale]);
    }
    Some(format!("{sign}{text}"))
}

/// Digits that a floating number keeps, and those of the longest number of fixed point.
const KEPT: usize = 15;
const LONGEST: usize = 38;

/// A number as floating one, unless it has digits that would be lost by that.
fn decimal(text: &str) -> Option<ArrayRef> {
    let fixed = || {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, behind) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{behind}");
        let count = all.trim_start_matches('0').len();
        let is_long = all.bytes().all(|byte| byte.is_ascii_digit())
            && all.trim_matches('0').len() > KEPT
            && count.max(behind.len()) <= LONGEST;
        let value = sign * all.parse::<i128>().ok().filter(|_| is_long)?;
        let (precision, scale) =
            (u8::try_from(count.max(behind.len())).ok()?, i8::try_from(behind.len()).ok()?);
        Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).ok()
    };
    match fixed() {
        Some(array) => Some(Arc::new(array)),
        None => Some(float(text.parse().ok()?)),
    }
}

/// A value as text; `None` if it isn't one of its type.
fn text(bytes: &[u8], kind: &Type) -> Option<ArrayRef> {
    let text = std::str::from_utf8(bytes).ok()?;
    let trimmed = text.trim();
    if let Some(element) = element(kind) {
        return text_list(trimmed, &element);
    }
    Some(match *kind {
        Type::BOOL => match trimmed.to_ascii_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => Arc::new(BooleanArray::from(vec![true])),
            "f" | "false" | "n" | "no" | "off" | "0" => Arc::new(BooleanArray::from(vec![false])),
            _ => return None,
        },
        Type::INT2 => int(trimmed.parse::<i16>().ok()?.into()),
        Type::INT4 => int(trimmed.parse::<i32>().ok()?.into()),
        Type::INT8 | Type::OID => int(trimmed.parse().ok()?),
        Type::FLOAT4 | Type::FLOAT8 => float(trimmed.parse().ok()?),
        Type::NUMERIC => decimal(trimmed)?,
        Type::DATE => {
            let short = || {
                let day = NaiveDate::parse_from_str(trimmed, "%Y-%m-%d").ok()?;
                i32::try_from((day - NaiveDate::from_ymd_opt(1970, 1, 1)?).num_days()).ok()
            };
            Arc::new(Date32Array::from(vec![
                short().or_else(|| Date32Type::parse(trimmed.is_ascii().then_some(trimmed)?))?,
            ]))
        }
        Type::TIMESTAMP | Type::TIMESTAMPTZ => times(vec![Some(time(trimmed)?)], kind),
        Type::UUID => {
            let digits: String = trimmed.chars().filter(|letter| !"{-}".contains(*letter)).collect();
            let is_whole = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = u128::from_str_radix(&digits, 16).ok().filter(|_| is_whole)?;
            texts(&uuid(number.to_be_bytes()))
        }
        Type::BYTEA => {
            let digits = trimmed.strip_prefix("\\x")?.as_bytes();
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            let bytes = digits.chunks(2).map(byte).collect::<Option<Vec<u8>>>()?;
            Arc::new(BinaryArray::from(vec![bytes.as_slice()]))
        }
        _ => texts(text),
    })
}

/// Microseconds since 1970.
fn time(text: &str) -> Option<i64> {
    let text = text.replacen('T', " ", 1);
    let short = || {
        Some(format!("{}00", text.get(..)?))
            .filter(|_| text.len() > 13 && text[text.len() - 3..].starts_with(['+', '-']))
    };
    let with_zone = |text: &str| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok();
    if let Some(time) = with_zone(&text).or_else(|| with_zone(&short()?)) {
        return Some(time.timestamp_micros());
    }
    let naive = NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y-%m-%d %H:%M:%S%.f").ok();
    let day = || NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    // And whatever else a cast reads.
    let cast = || Some(string_to_datetime(&Utc, text.is_ascii().then_some(&text)?).ok()?.naive_utc());
    Some(naive.or_else(day).or_else(cast)?.and_utc().timestamp_micros())
}

fn list(parts: Vec<Option<ArrayRef>>, kind: &Type) -> Option<ArrayRef> {
    let of = match *kind {
        Type::BOOL => DataType::Boolean,
        Type::INT2 | Type::INT4 | Type::INT8 => DataType::Int64,
        Type::FLOAT4 | Type::FLOAT8 => DataType::Float64,
        Type::TEXT => DataType::Utf8,
        _ => parts.iter().flatten().next()?.data_type().clone(),
    };
    let count = parts.len();
    let parts: Vec<ArrayRef> =
        parts.into_iter().map(|part| part.unwrap_or_else(|| new_null_array(&of, 1))).collect();
    let parts: Vec<&dyn arrow::array::Array> = parts.iter().map(AsRef::as_ref).collect();
    let values = if parts.is_empty() { new_null_array(&of, 0) } else { concat(&parts).ok()? };
    let field = Arc::new(Field::new_list_field(of, true));
    Some(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths([count]), values, None).ok()?))
}

fn binary_list(mut bytes: &[u8], kind: &Type) -> Option<ArrayRef> {
    let dimensions = bytes.try_get_i32().ok()?;
    bytes.try_get_i32().ok()?;
    let said = Type::from_oid(bytes.try_get_u32().ok()?)?;
    if dimensions == 0 {
        return list(Vec::new(), kind);
    }
    let count = bytes.try_get_i32().ok().filter(|_| dimensions == 1)?;
    bytes.try_get_i32().ok()?;
    let mut parts = Vec::new();
    for _ in 0..count {
        let length = bytes.try_get_i32().ok()?;
        if length == -1 {
            parts.push(None);
            continue;
        }
        let (part, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
        parts.push(Some(binary(part, &said)?));
        bytes = rest;
    }
    list(parts, kind)
}

/// `{1,NULL,"a b"}`.
fn text_list(text: &str, kind: &Type) -> Option<ArrayRef> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut parts = Vec::new();
    let mut letters = inner.chars().peekable();
    while letters.peek().is_some() {
        let mut part = String::new();
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let is_quoted = letters.next_if_eq(&'"').is_some();
        loop {
            match letters.next() {
                Some('\\') => part.push(letters.next()?),
                Some('"') if is_quoted => {
                    letters.next_if_eq(&',');
                    break;
                }
                Some(',') if !is_quoted => break,
                Some('{' | '}' | '"') if !is_quoted => return None,
                Some(letter) => part.push(letter),
                None if is_quoted => return None,
                None => break,
            }
        }
        let is_null = !is_quoted && part.eq_ignore_ascii_case("null");
        parts.push(if is_null { None } else { Some(self::text(part.as_bytes(), kind)?) });
    }
    list(parts, kind)
}

#[cfg(test)]
mod tests;
