//! Functions that put something into words: sizes, rights, and texts with places to be filled.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::execution::context::SessionContext;

use super::functions::{numbers, register, strings};

/// Rights as one text: the lists of them are texts here.
pub(super) const RIGHTS: &str = "acl_to_string";

/// Makes them known.
pub(super) fn register_all(ctx: &SessionContext) {
    register(ctx, "pg_size_pretty", DataType::Utf8, |args, rows| {
        let asked = args.first().map(numbers).transpose()?.unwrap_or_else(|| vec![None; rows]);
        Ok(Arc::new(asked.into_iter().map(|bytes| bytes.map(size)).collect::<StringArray>()))
    });
    register(ctx, RIGHTS, DataType::Utf8, |args, rows| {
        let [rights, between, ..] = args else { return Ok(Arc::new(StringArray::new_null(rows))) };
        if rights.data_type().is_nested() {
            return Ok(Arc::new(StringArray::new_null(rows)));
        }
        let pairs = strings(rights)?.into_iter().zip(strings(between)?);
        let joined = pairs.map(|(rights, between)| {
            let rights = rights?;
            let inner = rights.trim_matches(['{', '}', '[', ']']);
            Some(inner.split(',').map(str::trim).collect::<Vec<_>>().join(&between?))
        });
        Ok(Arc::new(joined.collect::<StringArray>()))
    });
    register(ctx, "format", DataType::Utf8, |args, rows| {
        let columns = args.iter().map(strings).collect::<Result<Vec<_>>>()?;
        let row = |row: usize| {
            let (form, values) = columns.split_first()?;
            let values: Vec<&str> = values.iter().map(|of| of[row].as_deref().unwrap_or_default()).collect();
            Some(filled(form[row].as_deref()?, &values))
        };
        Ok(Arc::new((0..rows).map(row).collect::<StringArray>()))
    });
}

/// A number of bytes as Postgres says it.
fn size(bytes: i64) -> String {
    let mut left = bytes;
    for unit in ["bytes", "kB", "MB", "GB", "TB"] {
        if left.unsigned_abs() < 10 * 1024 {
            return format!("{left} {unit}");
        }
        left = left / 1024 + (left % 1024) / 512;
    }
    format!("{left} PB")
}

/// A text with its values in place of `%s`, `%I` and `%L`.
fn filled(form: &str, values: &[&str]) -> String {
    let (mut text, mut values, mut letters) = (String::new(), values.iter(), form.chars());
    let mut next = || values.next().copied().unwrap_or_default();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let _ = match letters.next() {
            Some('s') => write!(text, "{}", next()),
            Some('I') => write!(text, "\"{}\"", next().replace('"', "\"\"")),
            Some('L') => write!(text, "'{}'", next().replace('\'', "''")),
            other => write!(text, "{}", other.unwrap_or('%')),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_texts_are_said_as_postgres_says_them() {
        for (bytes, is) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (-20_480, "-20 kB"),
            (123_456_789, "118 MB"),
        ] {
            assert_eq!(size(bytes), is);
        }
        assert_eq!(filled("%s of %I: %L, 5 %%", &["a", "b\"", "c'"]), "a of \"b\"\"\": 'c''', 5 %");
        assert_eq!(filled("%s %", &[]), " %");
    }
}
