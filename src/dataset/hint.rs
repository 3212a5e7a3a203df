//! What to do about a cell or a row that cannot be read, by what it looks like.

use super::cell::{Cells, is_invisible, shown, trimmed};
use super::fields::SEPARATORS;
use super::text_time;

/// Where a cell stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    /// The file.
    pub(super) file: &'a str,
    /// The line, or the row of a Parquet file.
    pub(super) line: u64,
    /// Whether it is the first row below the header.
    pub(super) first: bool,
    /// The column.
    pub(super) column: &'a str,
    /// What separates the fields of the file.
    pub(super) separator: u8,
    /// Whether its line begins as comments do.
    pub(super) comment: bool,
}

/// What to do about a text that is not a number.
pub(super) fn of_number(cells: &Cells, cell: &[u8], spot: Spot<'_>) -> String {
    let Ok(text) = std::str::from_utf8(trimmed(cell)) else {
        return "the cell is not UTF-8 text; name its encoding, as in `data.encoding: windows-1252`"
            .to_owned();
    };
    if text == spot.column {
        return format!(
            "line {} repeats the header, as files that were put together do; remove the line",
            spot.line
        );
    }
    if spot.comment || is_comment(text) {
        return COMMENT.to_owned();
    }
    grouped(cells, text, spot)
        .or_else(|| marked(text))
        .or_else(|| dated(text, spot))
        .or_else(|| decorated(text))
        .or_else(|| with_unit(text, spot))
        .or_else(|| word(text, spot))
        .unwrap_or_else(|| {
            let below = if spot.first {
                "a line of units or notes below the header has to be removed; else "
            } else {
                ""
            };
            format!(
                "{below}leave missing values empty, or list the word under `data.missing_values`; list a column of \
                 words under `data.text_columns` and compare it, as in `{}`",
                equals(spot.column, text)
            )
        })
}

/// What to do about a line that is no row.
const COMMENT: &str = "a comment; remove the line";

/// Whether a text is the begin of a comment; errors of spreadsheets such as `#DIV/0!` are none.
fn is_comment(text: &str) -> bool {
    let rest = text.trim_start_matches('#');
    let is_word = rest.trim_start().starts_with(char::is_alphabetic);
    rest.len() < text.len() && is_word && (rest.starts_with(' ') || rest.contains(char::is_lowercase))
}

/// The comparison of a column with a text.
fn equals(column: &str, text: &str) -> String {
    let text = shown(text.as_bytes()).replace("\\'", "''").replace("\\\"", "\"");
    format!("\"{column}\" = '{text}'")
}

/// What to do about a cell that is not text.
pub(super) fn of_text(cell: &[u8]) -> &'static str {
    if cell.contains(&0) {
        "NUL bytes are what a crash of the machine leaves in a file; copy the file again, or remove the line"
    } else {
        "name the encoding of the file, as in `data.encoding: windows-1252`"
    }
}

/// Commas, points and blanks in a number.
fn grouped(cells: &Cells, text: &str, spot: Spot<'_>) -> Option<String> {
    let plain = |text: &str| text.parse::<f64>().is_ok();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if cells.decimal_comma && text.contains('.') {
        return Some(
            "a point, although `data.decimal` is a comma: thousands are not separated, and all numbers of a file \
             have one decimal mark"
                .to_owned(),
        );
    }
    let blanks: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '’' | '_')).collect();
    let between = text.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c))
        && text.ends_with(|c: char| c.is_ascii_digit());
    if between && blanks != text && plain(&blanks.replace(',', ".")) {
        return Some("thousands are separated; write the file without thousands separators".to_owned());
    }
    if !text.contains(',') || !plain(&text.replace([',', '.'], "")) {
        return None;
    }
    if text.rfind('.').is_some_and(|point| text.find(',').is_some_and(|comma| point < comma)) {
        return Some(
            "points between thousands and a decimal comma; write the numbers without the points, and set \
             `data.decimal: \",\"`"
                .to_owned(),
        );
    }
    let behind = text.split(',').skip(1).all(|part| part.len() == 3 && digits(part));
    let name = SEPARATORS[1..].iter().find(|(byte, _)| *byte == spot.separator).map(|(_, name)| name);
    let fields =
        name.map_or_else(String::new, |name| format!("; the fields are read as separated by {name}"));
    let comma = format!("set `data.decimal: \",\"` if the comma is a decimal mark{fields}");
    Some(match (behind, text.matches(',').count()) {
        (true, 1) if !text.contains('.') => format!("{comma}; thousands have to be written without commas"),
        (false, 1) if !text.contains('.') => comma,
        _ => "commas between thousands are not read; write the numbers without them".to_owned(),
    })
}

/// Numbers in another notation.
fn marked(text: &str) -> Option<String> {
    let plain = |text: &str| text.parse::<f64>().is_ok();
    if let Some(rest) = text.strip_suffix('%').map(str::trim)
        && plain(&rest.replace(',', "."))
    {
        return Some(
            "a percentage; list the column under `data.text_columns` and write \
             `cast(replace(\"column\", '%', '') as double)`"
                .to_owned(),
        );
    }
    if text.contains(['\u{2212}', '\u{2013}', '\u{2010}']) {
        return Some("the minus is a dash of typography; write a hyphen-minus (-)".to_owned());
    }
    if text.contains(['d', 'D']) && plain(&text.replace(['d', 'D'], "e")) {
        return Some("an exponent of Fortran; write E instead of D".to_owned());
    }
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    if hex.is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Some("a hexadecimal number; write it in decimal".to_owned());
    }
    if text.contains(".#") && text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Some("what C programs write for NaN; list it under `data.missing_values`".to_owned());
    }
    if text.contains('\0') {
        return Some(of_text(&[0]).to_owned());
    }
    if text.contains('\u{1a}') {
        return Some("a control character (0x1A, Ctrl-Z) marks the end of old files; remove it".to_owned());
    }
    text.chars()
        .any(|c| c.is_control() || is_invisible(c))
        .then(|| "it holds characters that are not seen; write the number again without them".to_owned())
}

/// Dates, times of day and lengths of time as text.
fn dated(text: &str, spot: Spot<'_>) -> Option<String> {
    let column = spot.column;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let clock = |text: &str| {
        let parts: Vec<&str> = text.split(':').collect();
        (2..=3).contains(&parts.len())
            && parts.iter().all(|part| part.parse::<f64>().is_ok_and(|value| value < 1000.0))
    };
    if clock(text) {
        return Some(format!(
            "a time of day; with its date in another column, list both under `data.text_columns` and write \
             `to_timestamp(\"date\" || ' ' || \"{column}\")`; of a length of time write the seconds"
        ));
    }
    if text.split_once(" days").is_some_and(|(days, _)| days.parse::<i64>().is_ok()) || text.starts_with("PT")
    {
        return Some("a length of time as text; write its seconds as a number".to_owned());
    }
    let Some(form) = text_time::form_of(text) else {
        let dated = text.len() >= 8 && text.matches(['-', '/', ':', '.']).count() >= 2 && digits >= 5;
        return dated.then(|| {
            format!(
                "a date or time as text: list `{column}` under `data.text_columns` and write `to_timestamp(\"{column}\", \
                 …)` with its form, as in '%d.%m.%Y %H:%M'"
            )
        });
    };
    Some(format!(
        "a date or time as text: list `{column}` under `data.text_columns` and write {}",
        form.call(&format!("\"{column}\""))
    ))
}

/// Signs around a number.
fn decorated(text: &str) -> Option<String> {
    let number = text.trim_matches(|c: char| !c.is_ascii_digit());
    let bare = text.strip_prefix('=').unwrap_or(text).trim_matches(['\'', '"']);
    if bare != text && bare.parse::<f64>().is_ok() {
        return Some(
            "quotes or an equals sign, as spreadsheets keep texts; write the number alone".to_owned(),
        );
    }
    let inner = text.trim_matches(|c: char| "()[]{}".contains(c)).trim();
    if inner != text && inner.replace(',', ".").parse::<f64>().is_ok() {
        return Some(if text.starts_with('(') {
            format!(
                "brackets around a number, as accountants write negative ones; write -{inner}, or the number alone"
            )
        } else {
            "brackets around a number; write the number alone".to_owned()
        });
    }
    if text.starts_with(['<', '>', '≤', '≥', '~', '±', '≈']) && number.parse::<f64>().is_ok() {
        return Some(
            "a limit or an estimate, not a value; write a number, or list it under `data.missing_values`"
                .to_owned(),
        );
    }
    None
}

/// A number with its unit, a row of units.
fn with_unit(text: &str, spot: Spot<'_>) -> Option<String> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.,".contains(c)))?;
    let number = text[..end].trim_end_matches(['+', '-']).replace(',', ".");
    if number.parse::<f64>().is_ok() {
        return Some(format!(
            "a number with `{}` behind it; write the unit into the header only, or list the column under \
             `data.text_columns` and take the number out with `regexp_replace`",
            text[end..].trim().chars().take(20).collect::<String>()
        ));
    }
    let bracketed = text.starts_with(['(', '[']) && text.ends_with([')', ']']);
    (spot.first && !text.starts_with('#') && (bracketed || text.contains(['/', '°', '²'])))
        .then(|| format!("line {} seems to hold units; remove the line", spot.line))
}

/// Words for true and false that are not read as such.
const TRUTHS: [&str; 20] = [
    "yes", "no", "y", "n", "t", "f", "on", "off", "true", "false", "ja", "nein", "oui", "non", "si", "sì",
    "wahr", "falsch", "vrai", "faux",
];

/// Words for truth, for nothing.
fn word(text: &str, spot: Spot<'_>) -> Option<String> {
    let lower = text.to_lowercase();
    if TRUTHS.contains(&lower.trim_matches('.')) {
        return Some(format!(
            "true and false are read as 1 and 0; for other words list the column under `data.text_columns` and \
             write `{}`",
            equals(spot.column, text)
        ));
    }
    let nothing = !text.chars().any(char::is_alphanumeric) || text.starts_with(['#', '\\']);
    (nothing && text.chars().count() <= 10).then(|| {
        let quoted = if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") };
        format!("if it stands for a missing value, add it to `data.missing_values`, as in [{quoted}]; else leave the cell empty")
    })
}

/// What to do about a type of Parquet.
pub(super) fn of_type(found: &str) -> &'static str {
    if found.starts_with("Time") {
        "a time of day has no date; write date and time as one timestamp"
    } else if found.contains("Binary") {
        "its bytes aren't text; write the column as numbers or text"
    } else {
        "write a column with one number or text a row"
    }
}

/// What to do about a row with another number of fields than the header.
pub(super) fn of_row(record: &[u8], header: &[String], found: usize, last_empty: bool) -> String {
    if record.contains(&0) {
        return format!(" (hint: {})", of_text(record));
    }
    let one_more = found == header.len() + 1;
    let hint = if record.contains(&0x1a) {
        "a control character (0x1A, Ctrl-Z) marks the end of old files; remove it"
    } else if record.contains(&b'\r') || header.iter().any(|name| name.contains('\r')) {
        "some lines end in a carriage return alone and others in a line feed; give all lines one kind of end"
    } else if record.trim_ascii_start().starts_with(b"#") {
        COMMENT
    } else if found == 1 && header.len() > 1 && is_in_quotes(record) {
        "the whole line stands in quotes, and is one field; write the lines without the quotes around them"
    } else if one_more && last_empty {
        "rows end in a separator and the header does not; add one to the header, or remove those of the rows"
    } else if one_more {
        "does the header lack a name, as row names of R do (`write.csv(…, row.names = FALSE)`), or does a number \
         have a decimal comma (quote it, and set `data.decimal: \",\"`)?"
    } else if found > header.len() {
        "a text that holds separators needs double quotes around it; lines before the header are passed over with \
         `data.skip_lines`"
    } else if found == 1 {
        "a note or a total below the table? remove the line; a row that is cut off? copy the file again"
    } else {
        "a row that is cut off? copy the file again, or remove the line"
    };
    format!(" (hint: {hint})")
}

/// Whether quotes are around all fields of a line.
pub(super) fn is_in_quotes(line: &[u8]) -> bool {
    let inner = trimmed(line).strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    // Quotes within are doubled, unless they are those of the fields.
    let of_fields = |inner: &[u8]| String::from_utf8_lossy(inner).replace("\"\"", "").contains('"');
    inner.is_some_and(|inner| {
        SEPARATORS[..4].iter().any(|(byte, _)| inner.contains(byte)) && !of_fields(inner)
    })
}

#[cfg(test)]
mod tests;
