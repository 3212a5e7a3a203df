//! What a cell means: bytes to a number, a text, or nothing.
//!
//! One rule for every kind of column and file: blanks around a cell are no part of it, the same words
//! mean "no value" among numbers, texts and ids, and what else means that is said by the configuration.

use std::borrow::Cow;

use crate::config::Reading;

/// Texts that mean "no value", besides the empty one; compared without regard to case.
const MISSING: [&str; 14] = [
    "nan", "na", "n/a", "null", "none", "nil", "-nan", "+nan", "<na>", "#n/a", "#na", "nat", "1.#qnan",
    "-1.#ind",
];

/// Longest cell that can be a number.
const LONGEST_NUMBER: usize = 400;

/// A cell that is neither a value of its column nor a missing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Text where a number is needed.
    Number,
    /// Bytes that are not UTF-8, or hold NUL, where a text is needed.
    Text,
}

/// The rules by which cells are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    /// Whether numbers have a decimal comma.
    pub(super) decimal_comma: bool,
    /// Further words that mean "no value", in lower case.
    words: Vec<String>,
    /// The numbers among them.
    numbers: Vec<f64>,
    /// Words that are values after all, in lower case.
    values: Vec<String>,
}

impl Cells {
    /// The rules of a configuration.
    pub(super) fn new(reading: &Reading) -> Self {
        let lower = |words: &[String]| words.iter().map(|word| word.to_lowercase()).collect::<Vec<_>>();
        let words = lower(&reading.missing_values);
        Self {
            decimal_comma: reading.decimal == Some(','),
            numbers: words.iter().filter_map(|word| word.replace(',', ".").parse().ok()).collect(),
            words,
            values: lower(&reading.not_missing),
        }
    }

    /// The number in a cell, NaN if there is none.
    ///
    /// `inf` and `infinity` are accepted with either sign; whether they make sense is for the
    /// preparation to judge. True and false are 1 and 0, as they are in Parquet.
    pub(super) fn number(&self, cell: &[u8]) -> Result<f64, Unfit> {
        let cell = trimmed(cell);
        if cell.is_empty() {
            return Ok(f64::NAN);
        }
        let text = std::str::from_utf8(cell).map_err(|_| Unfit::Number)?;
        let value = if self.decimal_comma { with_comma(text) } else { text.parse().ok() };
        // Rust's own parser takes `nan` too; it is correctly rounded.
        if let Some(value) = value {
            return Ok(self.present(value));
        }
        if self.is_missing(text) {
            return Ok(f64::NAN);
        }
        if text.eq_ignore_ascii_case("true") {
            return Ok(1.0);
        }
        if text.eq_ignore_ascii_case("false") {
            return Ok(0.0);
        }
        Err(Unfit::Number)
    }

    /// A number that was stored as one: NaN if it is one of those that mean "no value".
    pub(super) fn present(&self, value: f64) -> f64 {
        if self.numbers.is_empty() || !self.numbers.contains(&value) { value } else { f64::NAN }
    }

    /// Whether some number stands for "no value".
    pub(super) fn marks_numbers(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// The text in a cell; none if there is none.
    pub(super) fn text<'a>(&self, cell: &'a [u8]) -> Result<Option<Cow<'a, str>>, Unfit> {
        let bare = trimmed(cell);
        if bare.is_empty() {
            return Ok(None);
        }
        let text = std::str::from_utf8(bare).map_err(|_| Unfit::Text)?;
        if text.contains('\0') {
            return Err(Unfit::Text);
        }
        let text = behind_blanks(cell, text);
        Ok((!text.is_empty() && !self.is_missing(&text)).then_some(text))
    }

    /// Whether a trimmed text stands for a missing value.
    pub(super) fn is_missing(&self, text: &str) -> bool {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if MISSING.iter().any(|word| is(word)) {
            return !self.values.iter().any(|word| is(word));
        }
        !self.words.is_empty() && self.words.contains(&text.to_lowercase())
    }
}

/// A cell without the blanks around it, no-break ones and other blanks of Unicode included.
pub(super) fn trimmed(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    let (Some(first), Some(last)) = (cell.first(), cell.last()) else { return cell };
    if first.is_ascii() && last.is_ascii() {
        return cell;
    }
    std::str::from_utf8(cell).map_or(cell, |text| text.trim_matches(is_blank).as_bytes())
}

/// Blanks, and marks that are as invisible.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}')
}

/// A text whose quotes stood behind blanks (`1, "sit"`), where splitting takes them for part of it.
fn behind_blanks<'a>(cell: &[u8], text: &'a str) -> Cow<'a, str> {
    let blanks_first = cell.first().is_some_and(u8::is_ascii_whitespace);
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if blanks_first => {
            let inner = inner.trim_matches(is_blank);
            if inner.contains("\"\"") {
                Cow::Owned(inner.replace("\"\"", "\""))
            } else {
                Cow::Borrowed(inner)
            }
        }
        _ => Cow::Borrowed(text),
    }
}

/// A number whose decimal mark is a comma; one with a point is none, it might be thousands.
fn with_comma(text: &str) -> Option<f64> {
    if text.len() > LONGEST_NUMBER || text.contains('.') {
        return None;
    }
    if text.contains(',') { text.replacen(',', ".", 1).parse().ok() } else { text.parse().ok() }
}

/// A cell as it is shown in an error: at most 40 characters, control and invisible characters escaped.
pub(crate) fn shown(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell);
    let mut shown = String::new();
    for c in text.chars().take(40) {
        if c.is_whitespace() && c != ' ' || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}') {
            shown.extend(c.escape_default());
        } else {
            shown.extend(c.escape_debug());
        }
    }
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Cells, Unfit, shown};
    use crate::config::Reading;

    fn number(cell: &str) -> Result<f64, Unfit> {
        Cells::default().number(cell.as_bytes())
    }

    fn text(cell: &str) -> Option<String> {
        Cells::default().text(cell.as_bytes()).unwrap().map(std::borrow::Cow::into_owned)
    }

    #[test]
    fn numbers() {
        assert_eq!(number(" 1.5 "), Ok(1.5));
        assert_eq!(number("\u{a0}1.5\u{202f}"), Ok(1.5));
        assert_eq!(number("-1e-3"), Ok(-1e-3));
        assert_eq!(number("inf"), Ok(f64::INFINITY));
        assert_eq!(number("-Infinity"), Ok(f64::NEG_INFINITY));
        for (word, value) in [("true", 1.0), ("True", 1.0), ("TRUE", 1.0), ("false", 0.0), (" False", 0.0)] {
            assert_eq!(number(word), Ok(value));
        }
    }

    #[test]
    fn missing_words_mean_the_same_among_numbers_and_texts() {
        for word in ["", "  ", "nan", "NaN", "NA", "null", "N/A", "None", "\t", "#N/A", "<NA>", "NaT", " NA "]
        {
            assert!(number(word).is_ok_and(f64::is_nan), "{word:?}");
            assert_eq!(text(word), None, "{word:?}");
        }
    }

    #[test]
    fn texts_are_trimmed_as_numbers_are() {
        for cell in
            ["sit", " sit", "sit ", "\tsit", "\u{a0}sit\u{a0}", " \"sit\"", " \" sit \"", "\u{feff}sit"]
        {
            assert_eq!(text(cell).as_deref(), Some("sit"), "{cell:?}");
        }
        assert_eq!(text("say \"sit\"").as_deref(), Some("say \"sit\""));
        assert_eq!(text(" \"a \"\"b\"\"\"").as_deref(), Some("a \"b\""));
        assert_eq!(text("\"x\"").as_deref(), Some("\"x\""), "quotes that were doubled are part of the text");
        assert_eq!(text(" \"\""), None);
        assert_eq!(Cells::default().text(b"Spa\xdf"), Err(Unfit::Text));
        assert_eq!(Cells::default().text(b"a\0"), Err(Unfit::Text));
    }

    #[test]
    fn anything_else_is_no_number() {
        for cell in ["x", "1,5", "1,234", "1.5s", "0x10", "--1", "yes", ".", "-", "1 234"] {
            assert!(number(cell).is_err(), "{cell:?}");
        }
        assert!(Cells::default().number(b"\xff").is_err());
    }

    #[test]
    fn decimal_commas() {
        let comma = Cells::new(&Reading { decimal: Some(','), ..Reading::default() });
        assert_eq!(comma.number(b" 5,75 "), Ok(5.75));
        assert_eq!(comma.number(b"1,234"), Ok(1.234));
        assert_eq!(comma.number(b"-1,5E+02"), Ok(-150.0));
        assert_eq!(comma.number(b"1767571200"), Ok(1_767_571_200.0));
        assert!(comma.number(b"NA").is_ok_and(f64::is_nan));
        for cell in ["1.234", "1.234,5", "1,234,5", "1,5,"] {
            assert!(comma.number(cell.as_bytes()).is_err(), "{cell}");
        }
    }

    #[test]
    fn words_and_numbers_that_mean_missing_can_be_set() {
        let words = [".", "-999", "\\N", "#DIV/0!", "?"].map(str::to_owned).to_vec();
        let cells = Cells::new(&Reading { missing_values: words, ..Reading::default() });
        for cell in [".", " . ", "-999", "-999.0", "\\N", "#DIV/0!", "?", "NA"] {
            assert!(cells.number(cell.as_bytes()).is_ok_and(f64::is_nan), "{cell}");
        }
        assert_eq!(cells.text(b"?"), Ok(None));
        assert!(cells.present(-999.0).is_nan() && !cells.present(-998.0).is_nan());
        let cells = Cells::new(&Reading { not_missing: vec!["NA".to_owned()], ..Reading::default() });
        assert_eq!(cells.text(b"NA").unwrap().as_deref(), Some("NA"));
        assert_eq!(cells.text(b"NaN"), Ok(None));
    }

    #[test]
    fn invisible_characters_are_shown() {
        assert_eq!(shown("5\u{a0}000".as_bytes()), "5\\u{a0}000");
        assert_eq!(shown("\u{feff}1\0".as_bytes()), "\\u{feff}1\\0");
    }
}
