//! What kind of error it is: its name for the ledger, and what it does to a unit and a run.

use super::DatasetError;

impl DatasetError {
    /// A short stable name of the kind of error, for the ledger and for SQL.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "folder",
            Self::NoFiles { .. } => "no_files",
            Self::NobodysRows { .. } => "no_users",
            Self::Pattern { .. } => "pattern",
            Self::FileName { .. } => "file_name",
            Self::DuplicateUser { .. } => "duplicate_user",
            Self::Expression { .. } => "expression",
            Self::UnknownMode { .. } => "unknown_mode",
            Self::Unreadable { .. } => "unreadable",
            Self::EmptyFile { .. } => "empty_file",
            Self::NotCsv { .. } => "not_csv",
            Self::MissingColumn { .. } => "missing_column",
            Self::DuplicateColumn { .. } => "duplicate_column",
            Self::NotANumber { .. } => "not_a_number",
            Self::NotText { .. } => "not_text",
            Self::UserId { .. } => "user_id",
            Self::RaggedRow { .. } => "ragged_row",
            Self::OpenQuote { .. } => "open_quote",
            Self::BehindPacked { .. } => "behind_gzip",
            Self::Truncated { .. } => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::ColumnType { .. } => "column_type",
            Self::Evaluation { .. } => "evaluation",
            Self::Recovered { .. } => "recovered",
            Self::UserGone { .. } => "user_gone",
            Self::MissingTimestamp { .. } => "missing_timestamp",
            Self::ImplausibleTimestamp { .. } => "implausible_timestamp",
            Self::DuplicateTimestamp { .. } => "duplicate_timestamp",
            Self::NotASymbol { .. } => "not_a_symbol",
            Self::Infinite { .. } => "infinite",
            Self::NoLabels { .. } => "no_labels",
            Self::TooFewRows { .. } => "too_few_rows",
            Self::NoVariance { .. } => "no_variance",
            Self::OneBin { .. } => "one_bin",
            Self::OfUser { error, .. } => error.code(),
        }
    }

    /// Whether the input could be read but holds too little to analyse: the unit is `skipped`.
    pub fn is_skip(&self) -> bool {
        match self {
            Self::OfUser { error, .. } => error.is_skip(),
            Self::NoLabels { .. }
            | Self::TooFewRows { .. }
            | Self::NoVariance { .. }
            | Self::OneBin { .. } => true,
            _ => false,
        }
    }

    /// Whether the input is unreadable or wrong: the unit is `failed`.
    pub fn is_failure(&self) -> bool {
        !self.is_skip()
    }

    /// Whether nothing but the configuration or the data folder is at fault, so that no user can
    /// be analysed and a run must not start.
    pub fn is_config(&self) -> bool {
        matches!(
            self,
            Self::Folder { .. }
                | Self::NoFiles { .. }
                | Self::Pattern { .. }
                | Self::FileName { .. }
                | Self::DuplicateUser { .. }
                | Self::Expression { .. }
                | Self::UnknownMode { .. }
                | Self::NobodysRows { .. }
        )
    }
}
