//! Values as people read them.

use serde_json::Value;

use super::super::link;
use crate::progress::duration;
use crate::serve::answer::ColumnOf;

/// A column of a table of a page.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) unit: Option<String>,
    pub(super) description: Option<String>,
    pub(super) is_number: bool,
    /// Where a click sorts by it, if it does.
    pub(super) sorts: Option<String>,
    /// `ascending`, `descending` or `none`, as assistive programs call it.
    pub(super) sorted: &'static str,
}

/// A value of a table of a page.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) is_number: bool,
    pub(super) is_absent: bool,
    /// All digits, where fewer are shown.
    pub(super) whole: Option<String>,
    /// Where it leads.
    pub(super) link: Option<String>,
}

/// Heads without an order.
pub(super) fn heads(columns: &[ColumnOf]) -> Vec<Head> {
    let head = |column: &ColumnOf| Head {
        name: column.name.clone(),
        unit: column.unit.clone(),
        description: column.description.clone(),
        is_number: column.kind == "number",
        sorts: None,
        sorted: "none",
    };
    columns.iter().map(head).collect()
}

/// The rows of an answer in JSON lines.
pub(super) fn rows(body: &[u8], columns: &[ColumnOf], run: &str) -> Vec<Vec<Cell>> {
    let lines = body.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let rows = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    rows.map(|row| cells(&row, columns, run)).collect()
}

/// The values of a row in the order of the columns.
pub(super) fn cells(row: &Value, columns: &[ColumnOf], run: &str) -> Vec<Cell> {
    columns.iter().map(|column| cell(&row[&column.name], column, run)).collect()
}

fn cell(value: &Value, column: &ColumnOf, run: &str) -> Cell {
    let text = match value {
        Value::Null => "absent".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let short = value.as_f64().filter(|_| !value.is_i64() && !value.is_u64()).map(six_digits);
    let short = short.filter(|short| short.len() < text.len());
    let (text, whole) = match short {
        Some(short) => (short, Some(text)),
        None => (text, None),
    };
    let is_user = column.name == crate::schema::USER && value.is_string();
    let link = is_user.then(|| format!("/run/{}/user/{}", link::part(run), link::part(&text)));
    Cell { text, is_number: column.kind == "number", is_absent: value.is_null(), whole, link }
}

/// A number with six digits that count; downloads and queries have all of them.
fn six_digits(value: f64) -> String {
    let exact = format!("{value:.5e}");
    let power = exact.rsplit_once('e').and_then(|(_, power)| power.parse::<i32>().ok()).unwrap_or(0);
    let trimmed = |text: &str| {
        let end = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
        end.to_owned()
    };
    if (-4..6).contains(&power) {
        let decimals = usize::try_from(5 - power).unwrap_or(0);
        return trimmed(&format!("{value:.decimals$}"));
    }
    let (digits, power) = exact.split_once('e').unwrap_or((&exact, "0"));
    format!("{}e{power}", trimmed(digits))
}

/// `1,204`.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time that is left.
pub(super) fn left(seconds: Option<u64>) -> String {
    seconds.map_or_else(String::new, |seconds| duration(seconds * 1000))
}

/// Percent of a whole, for a bar.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    (part * 100).checked_div(whole).unwrap_or(0).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        assert_eq!([0, 999, 1204, 1_000_000].map(number), ["0", "999", "1,204", "1,000,000"]);
        assert_eq!(
            [0.123_456_789_012, -3.5, 0.0, 1e-17 / 3.0, 123_456.789, 0.000_123_456_78, 2e300 / 7.0]
                .map(six_digits),
            ["0.123457", "-3.5", "0", "3.33333e-18", "123457", "0.000123457", "2.85714e299"]
        );
        assert_eq!((percent(1, 0), percent(1, 3), percent(9, 3)), (0, 33, 100));
    }
}
