//! Where the table of a text begins and what separates its fields, when no column is known by name.

use super::marks::{Spelling, of_rows};
use crate::dataset::{Value, fields, form_of, separators, value};

/// Lines among which a table is looked for.
const MOST_LINES: usize = 1000;
/// Rows that are looked at below a line that may be the header.
const ROWS: usize = 20;
/// Lines of a run of lines among which its header is looked for.
const MOST_HEADERS: usize = 40;

/// How a text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// What stands between fields.
    pub(super) separator: u8,
    /// Lines before the header.
    pub(super) skip: usize,
    /// Whether numbers have a decimal comma.
    pub(super) decimal_comma: bool,
    /// Whether the line below the header holds units.
    pub(super) has_units: bool,
}

/// What is found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// A table with a header.
    Headed(Layout),
    /// Rows of so many fields, from this line (counted from 1) on, and no names above them.
    Headless { line: usize, width: usize, separator: u8 },
    /// Nothing but a line of names.
    NoRows,
    /// None of these.
    None,
}

/// Lines of one number of fields.
struct Run {
    separator: u8,
    /// Number and fields of its lines; blank ones left out.
    lines: Vec<(usize, Vec<String>)>,
}

/// Finds the table of a text.
pub(super) fn find(text: &[u8]) -> Table {
    let lines: Vec<&[u8]> = text
        .split(|&byte| byte == b'\n')
        .take(MOST_LINES)
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    let (blank, usual): (Vec<_>, Vec<_>) = separators().iter().partition(|(byte, _)| *byte == b' ');
    for candidates in [usual, blank] {
        let runs: Vec<Run> = candidates.iter().flat_map(|(separator, _)| runs(&lines, *separator)).collect();
        let headed = runs.iter().rev().filter_map(|run| header(run).map(|(at, columns)| (run, at, columns)));
        let best = headed.max_by_key(|(run, at, columns)| (*columns > 0, run.lines.len() - at, *columns));
        if let Some((run, at, _)) = best {
            let rows = run.lines[at + 1..].iter().map(|(_, fields)| &fields[..]);
            let marks = of_rows(rows, run.lines[at].1.len());
            let has_units = at > 0 && is_units(&run.lines[at - 1].1, &run.lines[at].1);
            return Table::Headed(Layout {
                separator: run.separator,
                skip: run.lines[at - usize::from(has_units)].0,
                decimal_comma: Spelling::of(&marks, run.separator).decimal_comma,
                has_units,
            });
        }
        let longest = runs.iter().max_by_key(|run| run.lines.len()).filter(|run| run.lines.len() > 2);
        if let Some(run) = longest {
            let is_row = |cells: &[String]| {
                cells.iter().any(|c| is_value(c)) && !cells.iter().any(|c| c.ends_with(':'))
            };
            let first = run.lines.iter().find(|(_, cells)| is_row(cells)).unwrap_or(&run.lines[0]);
            let (line, fields) = first;
            return Table::Headless { line: line + 1, width: fields.len(), separator: run.separator };
        }
    }
    if is_names_alone(&lines) { Table::NoRows } else { Table::None }
}

/// Whether a text is one line of names.
fn is_names_alone(lines: &[&[u8]]) -> bool {
    let mut filled = lines.iter().filter(|line| !line.trim_ascii().is_empty());
    let (Some(only), None) = (filled.next(), filled.next()) else { return false };
    let usual = separators().iter().filter(|(byte, _)| *byte != b' ');
    let mut cells = usual.filter_map(|(byte, _)| fields(only, *byte));
    cells.any(|cells| cells.len() > 1 && is_header(&cells))
}

/// The runs of lines with one number of fields.
fn runs(lines: &[&[u8]], separator: u8) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Some(mut cells) = fields(line, separator) else { continue };
        if let Some((_, last)) = runs.last().and_then(|run| run.lines.last()) {
            // The last row of some programs has no separator behind it, as all others have.
            if cells.len() + 1 == last.len() && last.last().is_some_and(String::is_empty) {
                cells.push(String::new());
            }
            if cells.len() == last.len() {
                if let Some(run) = runs.last_mut() {
                    run.lines.push((number, cells));
                }
                continue;
            }
        }
        runs.push(Run { separator, lines: vec![(number, cells)] });
    }
    runs.retain(|run| run.lines.len() > 1 && run.lines[0].1.len() > 1);
    runs
}

/// Which line of a run is its header, and how many columns below it hold values and no names.
fn header(run: &Run) -> Option<(usize, usize)> {
    let last = (run.lines.len() - 1).min(MOST_HEADERS);
    let headers = (0..last).filter(|&at| is_header(&run.lines[at].1));
    let columns = |at: usize| {
        let rows = &run.lines[at + 1..run.lines.len().min(at + 1 + ROWS)];
        let width = run.lines[at].1.len();
        (0..width).filter(|&column| rows.iter().all(|(_, cells)| is_value(&cells[column]))).count()
    };
    // Of equal ones the first.
    headers.map(|at| (at, columns(at))).rev().max_by_key(|(_, columns)| *columns)
}

/// Whether the fields of a line may be names.
fn is_header(cells: &[String]) -> bool {
    let named = cells.iter().filter(|cell| !cell.is_empty()).count();
    // Row names of R have no name, nor has what stands behind a separator at the end.
    let is_name = |cell: &String| cell.is_empty() || !is_value(cell) && !cell.ends_with(':');
    named > 0 && named + 2 >= cells.len() && cells.iter().all(is_name)
}

/// Units, letters and signs as they are written, in lower case.
const UNITS: [&str; 60] = [
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "ms",
    "us",
    "ns",
    "min",
    "mins",
    "minutes",
    "h",
    "hours",
    "d",
    "days",
    "n",
    "no",
    "#",
    "count",
    "counts",
    "counts/min",
    "cpm",
    "steps",
    "steps/min",
    "g",
    "mg",
    "m/s2",
    "m/s^2",
    "m/s²",
    "m",
    "cm",
    "mm",
    "km",
    "km/h",
    "m/s",
    "hz",
    "c",
    "°c",
    "degc",
    "f",
    "°f",
    "k",
    "lux",
    "lx",
    "bpm",
    "1/min",
    "v",
    "mv",
    "a",
    "w",
    "kcal",
    "kj",
    "met",
    "mets",
    "deg",
    "rad",
    "°",
    "%",
    "unix",
    "utc",
];

/// Whether fields are the units of these names.
fn is_units(names: &[String], fields: &[String]) -> bool {
    let named = names.iter().filter(|name| !name.is_empty()).count();
    let is_mark = |unit: &str| unit.chars().all(|c| "-–—./".contains(c));
    let is_form = |unit: &str| unit.len() > 3 && unit.chars().all(|c| "ymdhs -/.:t".contains(c));
    let is_bracketed = |unit: &str| {
        [('(', ')'), ('[', ']')].iter().any(|&(open, close)| unit.starts_with(open) && unit.ends_with(close))
    };
    let mut known = 0;
    let all = fields.iter().all(|unit| {
        let unit = unit.to_lowercase();
        let is_unit = UNITS.contains(&unit.as_str()) || is_bracketed(&unit) || is_form(&unit);
        known += usize::from(is_unit);
        is_unit || is_mark(&unit)
    });
    all && known > 0 && named + 1 >= fields.len() && is_header(names)
}

/// Whether a cell holds a number, a time or nothing, which no name does.
fn is_value(cell: &str) -> bool {
    let number = |comma: bool| !matches!(value(cell, comma), Value::Text(_));
    number(false) || number(true) || form_of(cell).is_some() || is_clock(cell) || is_date(cell)
}

/// Whether a cell is a date, in whatever order.
pub(super) fn is_date(cell: &str) -> bool {
    let Some(mark) = cell.chars().find(|c| "./-".contains(*c)) else { return false };
    let parts: Vec<&str> = cell.split(mark).collect();
    let figures = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let month = |text: &str| text.len() >= 3 && text.chars().all(char::is_alphabetic);
    matches!(parts[..], [first, second, third] if figures(first) && figures(third) && (figures(second) || month(second)))
}

/// Whether a cell is a time of the day.
pub(super) fn is_clock(cell: &str) -> bool {
    let (digits, rest) = cell.split_once(':').unwrap_or((cell, ""));
    let figures =
        |text: &str| !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    figures(digits) && rest.get(..2).is_some_and(figures)
}

#[cfg(test)]
mod tests {
    use super::{Layout, Table, find};

    fn headed(text: &str) -> (char, usize, bool) {
        match find(text.as_bytes()) {
            Table::Headed(Layout { separator, skip, decimal_comma, .. }) => {
                (char::from(separator), skip, decimal_comma)
            }
            other => panic!("{other:?}: {text}"),
        }
    }

    #[test]
    fn tables_are_found_without_names() {
        assert_eq!(headed("time,steps\n1,2\n2,3\n"), (',', 0, false));
        assert_eq!(headed("time;steps\n1;2,5\n2;3,5\n"), (';', 0, true));
        assert_eq!(headed("zeit\twert\n05.01.2026 13:05:00\t2,5\n05.01.2026 13:06:00\t3\n"), ('\t', 0, true));
        assert_eq!(headed("a|b\n1|2\n3|4\n"), ('|', 0, false));
        assert_eq!(headed("time steps\n1 2\n3 4\n"), (' ', 0, false));
        assert_eq!(headed("sep=;\ntime;steps\n1;2\n3;4\n"), (';', 1, false));
        assert_eq!(headed("Name,Bob\nSerial,7\ntime,steps\n1,2\n2,3\n"), (',', 2, false));
        assert_eq!(headed("\"\",\"time\",\"x\"\n\"1\",5,6\n\"2\",6,7\n"), (',', 0, false));
        assert_eq!(headed("t,x,\n\n\"1\",\"0,5\",\n\"2\",\"1,5\"\n"), (',', 0, true));
        assert_eq!(headed("state,who\nup,a\ndown,b\n"), (',', 0, false), "texts alone: the first line");
        assert_eq!(
            headed(
                "--- ActiGraph, made ---\nStart Time 09:00:00\nDate,Time,Axis1\n1/5/2026,09:00:00,3\n1/5/2026,09:00:10,5\n"
            ),
            (',', 2, false)
        );
    }

    #[test]
    fn units_below_names_are_no_names() {
        let of = |text: &str| match find(text.as_bytes()) {
            Table::Headed(layout) => (layout.skip, layout.has_units),
            other => panic!("{other:?}"),
        };
        assert_eq!(of("time,steps,sit\ns,n,-\n1,2,0\n2,3,1\n"), (0, true));
        assert_eq!(of("made by,x,y\ntime,acc,sit\n[s],[mg],\n1,2,0\n2,3,1\n"), (1, true));
        assert_eq!(
            of("when,acc,sit\nyyyy-mm-dd hh:mm,(g),-\n2026-01-05 00:00,2,0\n2026-01-05 00:01,3,1\n"),
            (0, true)
        );
        assert_eq!(of("wrist,wrist,all\nx,y,state\n1,2,0\n2,3,1\n"), (1, false));
        assert_eq!(find(b"time,steps,sit\n"), Table::NoRows);
        assert_eq!(find(b"a note\n"), Table::None);
    }

    #[test]
    fn what_has_no_names_is_said_to_have_none() {
        let text = "Serial:,a,b\nType:,x,y\nRate:,1,1\n2026-01-05,1,2\n2026-01-05,3,4\n2026-01-05,3,4\n";
        assert_eq!(find(text.as_bytes()), Table::Headless { line: 4, width: 3, separator: b',' });
        let text =
            "Start: now\n\n2026-01-05 13:05:00,1,2\n2026-01-05 13:06:00,3,4\n2026-01-05 13:07:00,3,4\n";
        assert_eq!(find(text.as_bytes()), Table::Headless { line: 3, width: 3, separator: b',' });
        assert_eq!(find(b"1\n2\n3\n"), Table::None);
        assert_eq!(find(b""), Table::None);
    }
}
