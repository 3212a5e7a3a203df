//! A field as Python wrote it, as a value of a column.

use super::form::has_comma;
use crate::dataset::means_missing;
use crate::schema::{Cell, ColumnType};

/// Texts for no value that a database, a statistics program or a spreadsheet in between writes, besides those of
/// Python.
const MISSING: [&str; 6] = ["", "\\N", ".", "#NUM!", "#DIV/0!", "#VALUE!"];

/// Words for true and false: those of Python and of databases, and those of spreadsheets in a few languages.
const TRUE: [&str; 9] = ["true", "1", "1.0", "t", "yes", "y", "wahr", "vrai", "verdadero"];
const FALSE: [&str; 9] = ["false", "0", "0.0", "f", "no", "n", "falsch", "faux", "falso"];

/// Largest whole number that a double holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value of a field, or what is wrong with it.
pub(super) fn cell(kind: ColumnType, text: &str) -> Result<Cell, String> {
    let text = text.trim();
    if MISSING.contains(&text) || means_missing(text) {
        return Ok(Cell::Null);
    }
    match kind {
        ColumnType::Text => Ok(Cell::Text(text.to_owned())),
        ColumnType::Bool => {
            let is_one_of = |words: &[&str]| words.contains(&text.to_lowercase().as_str());
            match (is_one_of(&TRUE), is_one_of(&FALSE)) {
                (true, _) => Ok(Cell::Bool(true)),
                (_, true) => Ok(Cell::Bool(false)),
                _ => Err(format!("`{}` is neither True nor False", shown(text))),
            }
        }
        ColumnType::Int => int(text).map(Cell::Int),
        ColumnType::Float => float(text).map(Cell::Float),
        ColumnType::Timestamp => Err("is a time, which no file of the predecessor has".to_owned()),
    }
}

/// A whole number; pandas writes `3.0` for 3 where the column has gaps.
pub(super) fn int(text: &str) -> Result<i64, String> {
    if let Ok(whole) = text.trim().parse::<i64>() {
        return Ok(whole);
    }
    match text.trim().parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < EXACT => Ok(value as i64),
        _ => Err(format!("`{}` is not a whole number", shown(text))),
    }
}

fn float(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(value) if value.is_infinite() => Err("is infinite, which no table holds".to_owned()),
        // Without the number, so that thousands of rows are told in one line.
        _ if has_comma(text) => Err("is a number with a comma".to_owned()),
        _ => Err(format!("`{}` is not a number", shown(text))),
    }
}

/// A field as it is shown: at most 40 characters, control characters escaped.
pub(super) fn shown(text: &str) -> String {
    crate::dataset::shown(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes() {
        use ColumnType::{Bool, Float, Int, Text};
        assert_eq!(cell(Bool, "True"), Ok(Cell::Bool(true)));
        assert_eq!(cell(Bool, "0.0"), Ok(Cell::Bool(false)));
        assert_eq!(cell(Int, "3.0"), Ok(Cell::Int(3)));
        assert_eq!(cell(Float, "1e-05"), Ok(Cell::Float(1e-5)));
        assert_eq!(cell(Text, "[0, 4]"), Ok(Cell::Text("[0, 4]".into())));
        for kind in [Bool, Float, Int, Text] {
            assert_eq!(cell(kind, "nan"), Ok(Cell::Null));
            assert_eq!(cell(kind, " "), Ok(Cell::Null));
            for text in ["\\N", "NULL", "#N/A", "n/a", ".", "#NUM!", "-nan"] {
                assert_eq!(cell(kind, text), Ok(Cell::Null), "{text}");
            }
        }
        for (text, value) in [("t", true), ("F", false), ("yes", true), ("FALSCH", false), ("VRAI", true)] {
            assert_eq!(cell(Bool, text), Ok(Cell::Bool(value)), "{text}");
        }
        for (kind, text) in
            [(Bool, "2"), (Bool, "maybe"), (Int, "3.5"), (Int, "1e300"), (Float, "inf"), (Float, "0.8x")]
        {
            assert!(cell(kind, text).is_err(), "{text}");
        }
    }
}
