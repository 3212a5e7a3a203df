//! Text of a cell to a number.

/// Texts that mean "no value", besides the empty one; compared without regard to case.
const MISSING: [&str; 14] = [
    "nan", "na", "n/a", "null", "none", "nil", "-nan", "+nan", "<na>", "#n/a", "#na", "nat", "1.#qnan",
    "-1.#ind",
];

/// The number in a cell: NaN if there is none, `Err` if the text is something else.
///
/// `inf` and `infinity` are accepted with either sign; whether they make sense is for the
/// preparation to judge.
pub(super) fn parse(cell: &[u8]) -> Result<f64, ()> {
    let cell = cell.trim_ascii();
    if cell.is_empty() {
        return Ok(f64::NAN);
    }
    let text = std::str::from_utf8(cell).map_err(|_| ())?;
    // Rust's own parser takes `nan` too; both are correctly rounded.
    if let Ok(value) = text.parse::<f64>() {
        return Ok(value);
    }
    if is_missing(text) {
        return Ok(f64::NAN);
    }
    Err(())
}

/// Whether a trimmed text stands for a missing value.
fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A cell as it is shown in an error: at most 40 characters, control characters escaped.
pub(crate) fn shown(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell);
    let mut shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn numbers() {
        assert_eq!(parse(b" 1.5 "), Ok(1.5));
        assert_eq!(parse(b"-1e-3"), Ok(-1e-3));
        assert_eq!(parse(b"inf"), Ok(f64::INFINITY));
        assert_eq!(parse(b"-Infinity"), Ok(f64::NEG_INFINITY));
    }

    #[test]
    fn missing() {
        for text in ["", "  ", "nan", "NaN", "NA", "null", "N/A", "None", "\t", "#N/A"] {
            assert!(parse(text.as_bytes()).is_ok_and(f64::is_nan), "{text:?}");
        }
    }

    #[test]
    fn anything_else() {
        for text in ["x", "1,5", "1.5s", "0x10", "--1", "true"] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(parse(b"\xff").is_err());
    }
}
