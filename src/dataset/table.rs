//! The needed columns of a file, parsed.

use std::collections::BTreeMap;

use super::error::DatasetError;
use super::number;

/// A column an expression needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Needed {
    /// Name in the header, exactly.
    pub(super) name: String,
    /// Whether it stays text; numbers otherwise.
    pub(super) text: bool,
}

/// Values of a column, one a row.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// NaN where the value is missing.
    Numbers(Vec<f64>),
    /// `None` where the value is missing.
    Text(Vec<Option<String>>),
}

/// One column, with what was wrong in it.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its values.
    pub(super) values: Values,
    /// Per owner (see [`Table::owners`]) the first cell that could not be read.
    pub(super) bad: BTreeMap<u32, DatasetError>,
}

impl Column {
    /// An empty column.
    pub(super) fn new(text: bool) -> Self {
        let values = if text { Values::Text(Vec::new()) } else { Values::Numbers(Vec::new()) };
        Self { values, bad: BTreeMap::new() }
    }

    /// Adds a cell; `error` makes the error of a cell that is no number.
    pub(super) fn push(&mut self, cell: &[u8], owner: u32, error: impl FnOnce(&[u8]) -> DatasetError) {
        match &mut self.values {
            Values::Numbers(numbers) => numbers.push(number::parse(cell).unwrap_or_else(|()| {
                self.bad.entry(owner).or_insert_with(|| error(cell));
                f64::NAN
            })),
            Values::Text(texts) => {
                texts.push((!cell.is_empty()).then(|| String::from_utf8_lossy(cell).into_owned()));
            }
        }
    }

    /// Takes the rows `rows` of this column and appends them to `to`, a column of the same type.
    pub(super) fn append_rows(&self, rows: &[u32], to: &mut Self) {
        match (&self.values, &mut to.values) {
            (Values::Numbers(from), Values::Numbers(into)) => {
                into.extend(rows.iter().map(|&row| from[row as usize]));
            }
            (Values::Text(from), Values::Text(into)) => {
                into.extend(rows.iter().map(|&row| from[row as usize].clone()));
            }
            // Both come from the same list of needed columns.
            _ => {}
        }
    }
}

/// The needed columns of a file.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Line in the file of each row (the header is line 1); row number from 1 in Parquet.
    pub(super) lines: Vec<u64>,
    /// In the order of the needed columns; a column that is not in the file is its error.
    pub(super) columns: Vec<Result<Column, DatasetError>>,
    /// User of each row, as an index into `users`; empty if the file has one user.
    pub(super) owners: Vec<u32>,
    /// The users, in order of appearance.
    pub(super) users: Vec<String>,
    /// Hash (hex) of the file's bytes.
    pub(super) fingerprint: String,
}

/// Numbers the users of a file in order of appearance.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// The users so far.
    pub(super) names: Vec<String>,
    numbers: std::collections::HashMap<String, u32>,
}

impl Users {
    /// The number of a user.
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

/// Where the needed columns are in a header.
#[derive(Debug)]
pub(super) struct Layout {
    /// Position of each needed column, or the error that it is not there.
    pub(super) positions: Vec<Result<usize, DatasetError>>,
    /// Position of the user column, if there is one.
    pub(super) user: Option<usize>,
}

impl Layout {
    /// Finds columns by exact name.
    pub(super) fn find(
        file: &str,
        header: &[String],
        needed: &[Needed],
        user: Option<&str>,
    ) -> Result<Self, DatasetError> {
        Ok(Self {
            positions: needed.iter().map(|column| position(file, header, &column.name)).collect(),
            user: user.map(|name| position(file, header, name)).transpose()?,
        })
    }
}

/// Position of the one column of that name.
fn position(file: &str, header: &[String], name: &str) -> Result<usize, DatasetError> {
    let mut found = header.iter().enumerate().filter(|(_, column)| *column == name);
    match (found.next(), found.next()) {
        (Some((position, _)), None) => Ok(position),
        (Some(_), Some(_)) => {
            Err(DatasetError::DuplicateColumn { file: file.to_owned(), column: name.to_owned() })
        }
        (None, _) => Err(DatasetError::MissingColumn {
            file: file.to_owned(),
            column: name.to_owned(),
            nearest: nearest(name, header.iter().map(String::as_str)),
            hint: separator_hint(header),
        }),
    }
}

/// The candidate most like `name`, if any is like it at all.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let lower = name.to_lowercase();
    candidates
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// A remark if the header looks as if another character than a comma separates its fields.
fn separator_hint(header: &[String]) -> String {
    let [only] = header else { return String::new() };
    [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")]
        .into_iter()
        .find(|(separator, _)| only.contains(*separator))
        .map_or_else(String::new, |(_, name)| {
            format!(" (hint: the header seems separated by {name}; commas are needed)")
        })
}
