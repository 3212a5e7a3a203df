//! Whole numbers as they stand in a line: of those that no type holds exactly, only that shows that they were rounded.

use serde_json::Value;

/// Whole numbers from here on are not exact as floating-point numbers.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// The numbers among the values of a line, if one of them may have been rounded; else none.
pub(super) fn literals<'a>(line: &'a [u8], entries: &[(String, Value)]) -> Vec<&'a str> {
    let is_large = |value: &Value| {
        value.as_i64().is_none()
            && value.as_u64().is_none()
            && value.as_f64().is_some_and(|v| v.abs() >= EXACT)
    };
    if entries.iter().any(|(_, value)| is_large(value)) { numbers(line) } else { Vec::new() }
}

/// The numbers that are values of an object of JSON, as they are written, in their order.
fn numbers(object: &[u8]) -> Vec<&str> {
    let (mut found, mut depth, mut at) = (Vec::new(), 0, 0);
    while let Some(&byte) = object.get(at) {
        match byte {
            b'"' => at = behind_string(object, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let length = object[at..].iter().take_while(is_part).count();
                if depth == 1 {
                    found.extend(std::str::from_utf8(&object[at..at + length]));
                }
                at += length - 1;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Where the quote that ends a string is.
fn behind_string(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// The digits of a whole number that is another one as a floating-point number. What has a decimal point is one already.
pub(super) fn rounded(literal: &str, value: f64) -> Option<String> {
    let is_whole = literal.strip_prefix('-').unwrap_or(literal).bytes().all(|byte| byte.is_ascii_digit());
    (is_whole && value.abs() >= EXACT && format!("{value:.0}") != literal).then(|| literal.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_as_they_are_written() {
        let line = br#" {"a\"1": -1.50, "b": "2,\\", "c":[3, {"d": 4}],"e":5e3 , "f" :18446744073709551617}"#;
        assert_eq!(numbers(line), ["-1.50", "5e3", "18446744073709551617"]);
        let entries: Vec<(String, Value)> = vec![("x".to_owned(), Value::from(1.5))];
        assert!(literals(b"{\"x\": 1.5}", &entries).is_empty(), "nothing can be rounded");
    }

    #[test]
    fn whole_numbers_that_are_rounded_are_told_apart() {
        for (literal, told) in [
            ("18446744073709551617", Some("18446744073709551617")),
            ("18446744073709551616", None),
            ("-9223372036854775809", Some("-9223372036854775809")),
            ("9007199254740993.0", None),
            ("1.8446744073709551617e19", None),
            ("100000000000000000000000", Some("100000000000000000000000")),
            ("0.1", None),
        ] {
            assert_eq!(rounded(literal, literal.parse().unwrap()).as_deref(), told, "{literal}");
        }
    }
}
