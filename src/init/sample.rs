//! The beginning of one file as a table.

use super::device::{Device, without_names, without_table, without_times};
use super::error::InitError;
use super::layout::{Layout, Table, find, has_decimal_commas};
use super::survey::DataFile;
use crate::dataset::{Glimpse, GlimpsedColumn, GlimpsedText, fields, table, value};

/// Most bytes of text of a file that are looked at.
pub(super) const MOST_BYTES: usize = 4 << 20;
/// Most rows of a Parquet file that are looked at.
pub(super) const MOST_ROWS: usize = 100_000;
/// Bytes and rows of further files, of which only names and ids are asked.
const FEW_BYTES: usize = 256 << 10;
const FEW_ROWS: usize = 2000;

/// The beginning of a file.
#[derive(Debug)]
pub(super) struct Sample {
    /// The file.
    pub(super) file: DataFile,
    /// Its columns.
    pub(super) columns: Vec<GlimpsedColumn>,
    /// Its text and how it is laid out; none of Parquet.
    pub(super) text: Option<(GlimpsedText, Layout)>,
    /// Where it comes from.
    pub(super) device: Option<Device>,
    /// Whether all of its rows were looked at.
    pub(super) is_whole: bool,
}

impl Sample {
    /// The beginning of a file, of which much or little is looked at.
    pub(super) fn of(folder: &str, file: &DataFile, thorough: bool) -> Result<Self, InitError> {
        let (bytes, rows) = if thorough { (MOST_BYTES, MOST_ROWS) } else { (FEW_BYTES, FEW_ROWS) };
        match Glimpse::of(&file.path, bytes, rows)? {
            Glimpse::Parquet(columns, all) => {
                let read = columns.first().map_or(0, |column| column.values.len());
                let is_whole = read as u64 == all;
                Ok(Self { file: file.clone(), columns, text: None, device: None, is_whole })
            }
            Glimpse::Text(text) => Self::of_text(folder, file, text, rows),
        }
    }

    fn of_text(folder: &str, file: &DataFile, text: GlimpsedText, rows: usize) -> Result<Self, InitError> {
        let no_table =
            |what: String, hint: String| Err(InitError::NoTable { file: file.name.clone(), what, hint });
        if let Some((what, hint)) = without_table(folder, &file.name, &text.text) {
            return no_table(what, hint);
        }
        let mut layout = match find(&text.text) {
            Table::Headed(layout) => layout,
            Table::Headless { line, width, separator } => {
                let line_at = |at: usize| {
                    let line = text.text.split(|&byte| byte == b'\n').nth(at).unwrap_or_default();
                    fields(line.trim_ascii_end(), separator).unwrap_or_default()
                };
                let (above, first) = (line.checked_sub(2).map_or(Vec::new(), line_at), line_at(line - 1));
                return no_table(
                    format!("rows of {width} columns begin at line {line}, and no names stand above them"),
                    without_times(folder, &text.text)
                        .unwrap_or_else(|| without_names(&file.name, line, separator, &above, &first)),
                );
            }
            Table::None => {
                return no_table(
                    "no table was found in it: no lines with the same number of two or more fields".to_owned(),
                    "a table has a line of names and below it a row a line, with a column for the source and one for the \
                     target; a file that is no recording can lie elsewhere"
                        .to_owned(),
                );
            }
        };
        let (header, cells) = table(&text.text, layout.separator, layout.skip, rows);
        layout.decimal_comma = has_decimal_commas(cells.iter().map(|column| &column[..]));
        let device = Device::of(&text.text, &header);
        let columns = header
            .into_iter()
            .zip(cells)
            .map(|(name, cells)| GlimpsedColumn {
                name,
                values: cells.iter().map(|cell| value(cell, layout.decimal_comma)).collect(),
                is_time: false,
                is_text: false,
            })
            .collect();
        let is_whole = text.is_whole;
        Ok(Self { file: file.clone(), columns, text: Some((text, layout)), device, is_whole })
    }

    /// Names of the columns.
    pub(super) fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    /// Rows that were looked at.
    pub(super) fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }
}
