//! The needed columns of a file, parsed.

use std::collections::{BTreeMap, HashMap};

use super::cell::{Cells, Unfit, shown};
use super::error::DatasetError;
use super::hint::{self, Spot};
use super::id::NOBODY;
use super::place::Lines;

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

    /// Adds a cell.
    pub(super) fn push(&mut self, cells: &Cells, cell: &[u8], owner: u32, spot: Spot<'_>) {
        let unfit = match &mut self.values {
            Values::Numbers(numbers) => {
                let number = cells.number(cell);
                numbers.push(number.unwrap_or(f64::NAN));
                number.err()
            }
            Values::Text(texts) => {
                let text = cells.text(cell);
                let unfit = text.as_ref().err().copied();
                texts.push(text.ok().flatten().map(std::borrow::Cow::into_owned));
                unfit
            }
        };
        if let Some(unfit) = unfit {
            self.bad.entry(owner).or_insert_with(|| unfit_cell(cells, cell, unfit, spot));
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

/// The error of a cell.
fn unfit_cell(cells: &Cells, cell: &[u8], unfit: Unfit, spot: Spot<'_>) -> DatasetError {
    let (file, line, column) = (spot.file.to_owned(), spot.line, spot.column.to_owned());
    let text = shown(cell);
    match unfit {
        Unfit::Number => {
            DatasetError::NotANumber { hint: hint::of_number(cells, cell, spot), file, line, column, text }
        }
        Unfit::Text => {
            DatasetError::NotText { hint: hint::of_text(cell).to_owned(), file, line, column, text }
        }
    }
}

/// The needed columns of a file.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Where each row stands: its line (the header is line 1), or its number from 1 in Parquet.
    pub(super) lines: Lines,
    /// In the order of the needed columns; a column that is not in the file is its error.
    pub(super) columns: Vec<Result<Column, DatasetError>>,
    /// User of each row, as an index into `users` or [`NOBODY`]; empty if the file has one user.
    pub(super) owners: Vec<u32>,
    /// The users, in order of appearance.
    pub(super) users: Vec<String>,
    /// Rows without an id, and the line of the first.
    pub(super) nobodys: Option<(usize, u64)>,
    /// Rows with something that cannot be an id, and what is wrong with the first.
    pub(super) odd: Option<(usize, DatasetError)>,
    /// Hash (hex) of the file's bytes.
    pub(super) fingerprint: String,
}

/// Numbers the users of a file in order of appearance.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// The users so far.
    pub(super) names: Vec<String>,
    /// Rows without an id, and the line of the first.
    pub(super) nobodys: Option<(usize, u64)>,
    /// Rows with something that cannot be an id, and what is wrong with the first.
    pub(super) odd: Option<(usize, DatasetError)>,
    numbers: HashMap<String, u32>,
}

impl Users {
    /// The number of the user of a row.
    pub(super) fn number(&mut self, id: Option<&str>, line: u64) -> u32 {
        let Some(id) = id else {
            self.nobodys.get_or_insert((0, line)).0 += 1;
            return NOBODY;
        };
        if let Some(&number) = self.numbers.get(id) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(id.to_owned());
        self.numbers.insert(id.to_owned(), number);
        number
    }

    /// Counts a row whose id cannot be one: it is nobody's.
    pub(super) fn odd(&mut self, error: impl FnOnce() -> DatasetError) -> u32 {
        self.odd.get_or_insert_with(|| (0, error())).0 += 1;
        NOBODY
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
    /// Finds columns by exact name; `remark` is said about a header that lacks one.
    pub(super) fn find(
        file: &str,
        header: &[String],
        needed: &[Needed],
        user: Option<&str>,
        remark: &str,
    ) -> Result<Self, DatasetError> {
        let find = |name: &str| position(file, header, name, remark);
        Ok(Self {
            positions: needed.iter().map(|column| find(&column.name)).collect(),
            user: user.map(find).transpose()?,
        })
    }
}

/// Position of the one column of that name.
fn position(file: &str, header: &[String], name: &str, remark: &str) -> Result<usize, DatasetError> {
    let mut found = header.iter().enumerate().filter(|(_, column)| *column == name);
    match (found.next(), found.next()) {
        (Some((position, _)), None) => Ok(position),
        (Some(_), Some(_)) => {
            Err(DatasetError::DuplicateColumn { file: file.to_owned(), column: name.to_owned() })
        }
        (None, _) => {
            let nearest = nearest(name, header.iter().map(String::as_str));
            // `acc-x` without quotes is a difference.
            let is_part = |whole: &String| {
                let rest = whole.strip_prefix(name);
                rest.is_some_and(|rest| rest.starts_with(|c: char| "-+*/% ".contains(c)))
            };
            let hint = match nearest.as_ref().filter(|whole| is_part(whole)) {
                Some(whole) => format!(" (hint: such a name stands in double quotes: '\"{whole}\"')"),
                None => remark.to_owned(),
            };
            Err(DatasetError::MissingColumn { file: file.to_owned(), column: name.to_owned(), nearest, hint })
        }
    }
}

/// The candidate most like `name`, if any is like it at all.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let lower = name.to_lowercase();
    candidates
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| shown(candidate.as_bytes()))
}
