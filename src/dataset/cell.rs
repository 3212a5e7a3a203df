//! What a cell means: bytes to a number, a text, or nothing.
//!
//! One rule for every kind of column and file: blanks around a cell are no part of it, the same words
//! mean "no value" among numbers, texts and ids, and what else means that is said by the configuration.

use std::borrow::Cow;

use crate::config::Reading;

/// Texts that mean "no value", besides the empty one; compared without regard to case.
const MISSING: [&str; 18] = [
    "nan", "na", "n/a", "null", "none", "nil", "-nan", "+nan", "<na>", "#n/a", "#na", "nat", "1.#qnan",
    "-1.#qnan", "1.#ind", "-1.#ind", "1.#snan", "-1.#snan",
];

/// How C programs on Windows write infinite numbers.
const INFINITE: [(&str, f64); 2] = [("1.#inf", f64::INFINITY), ("-1.#inf", f64::NEG_INFINITY)];

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
    pub(super) fn number(&self, whole: &[u8]) -> Result<f64, Unfit> {
        let cell = trimmed(whole);
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
        if let Some((_, value)) = INFINITE.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)) {
            return Ok(*value);
        }
        match bare(whole) {
            Cow::Borrowed(inner) if inner.len() < cell.len() => self.number(inner),
            _ => Err(Unfit::Number),
        }
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
        if means_missing(text) {
            return !self.values.iter().any(|word| is(word));
        }
        !self.words.is_empty() && self.words.contains(&text.to_lowercase())
    }
}

/// Whether a trimmed text stands for a missing value wherever no configuration says otherwise.
pub(crate) fn means_missing(text: &str) -> bool {
    MISSING.iter().any(|word| text.eq_ignore_ascii_case(word))
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
    c.is_whitespace() || is_invisible(c)
}

/// Marks that nobody sees: byte-order marks, soft hyphens, joiners, directions of writing.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// A cell or a name without the blanks around it, and without quotes that stood behind blanks.
pub(super) fn bare(cell: &[u8]) -> Cow<'_, [u8]> {
    let inner = trimmed(cell);
    match std::str::from_utf8(inner).map(|text| behind_blanks(cell, text)) {
        Ok(Cow::Borrowed(text)) => Cow::Borrowed(text.as_bytes()),
        Ok(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
        Err(_) => Cow::Borrowed(inner),
    }
}

/// A text whose quotes stood behind blanks (`1, "sit"`), where splitting takes them for part of it.
fn behind_blanks<'a>(cell: &[u8], text: &'a str) -> Cow<'a, str> {
    let blanks_first = cell.first() != Some(&b'"');
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
        if c.is_whitespace() && c != ' ' || is_invisible(c) {
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
mod tests;
