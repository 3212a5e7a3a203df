//! Values of arguments that rooms have enums for.

use crate::export::ExportFormat;
use crate::merge::{self, AcceptSkipped};

/// Format of exported files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// CSV with the file name and column order of the schema
    Csv,
    /// Parquet with all columns
    Parquet,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Parquet => Self::Parquet,
        }
    }
}

/// What to do when two attempts of a unit differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OnConflict {
    /// Refuse, and show where they differ
    Stop,
    /// Take the attempt that ended last
    Latest,
    /// Take the attempt that ended first
    First,
}

impl From<OnConflict> for merge::OnConflict {
    fn from(choice: OnConflict) -> Self {
        match choice {
            OnConflict::Stop => Self::Stop,
            OnConflict::Latest => Self::Latest,
            OnConflict::First => Self::First,
        }
    }
}

/// `--accept-skipped`: a number as it is written usually is one of units, everything else names users.
pub(super) fn accept_skipped(texts: Vec<String>) -> Option<AcceptSkipped> {
    let number = |text: &String| text.parse().ok().filter(|n: &u64| n.to_string() == *text);
    match &texts[..] {
        [] => None,
        [one] if let Some(n) = number(one) => Some(AcceptSkipped::Units(n)),
        _ => Some(AcceptSkipped::Users(texts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_one_of_units_and_all_else_are_names() {
        let read = |texts: &[&str]| accept_skipped(texts.iter().map(|&text| text.into()).collect());
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["3"]), Some(AcceptSkipped::Units(3)));
        for names in [&["007"][..], &["3,"], &["u1,u2"], &["3", "4"], &["-1"], &["1.5"]] {
            let users = names.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(read(names), Some(AcceptSkipped::Users(users)), "{names:?}");
        }
    }
}
