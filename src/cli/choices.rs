//! Values of arguments that rooms have enums for.

use crate::export::ExportFormat;
use crate::merge;

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
