//! What can go wrong between a data folder and a series.

/// Why users could not be listed, a user's input not be read, or a unit not be analysed.
///
/// Messages are fragments that fit after "failed to …:"; a remedy, where there is one, follows as
/// `(hint: …)`. [`DatasetError::code`] is stable and is what the ledger stores.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The data folder is not there or cannot be listed.
    #[error("cannot list the data folder {folder}: {reason} (hint: set `data_root` or `--data`)")]
    Folder {
        /// The folder as configured.
        folder: String,
        /// The system's words.
        reason: String,
    },
    /// No file of the folder fits the pattern.
    #[error(
        "no file in {folder} matches `{pattern}`; it holds {others} other file(s) \
         (hint: set `data_root` or `data.files`)"
    )]
    NoFiles {
        /// The folder as configured.
        folder: String,
        /// The pattern as configured.
        pattern: String,
        /// Files there that do not fit.
        others: usize,
    },
    /// The pattern names folders.
    #[error(
        "`data.files: {pattern}` contains a `/` (hint: it is matched against file names; put folders into `data_root`)"
    )]
    Pattern {
        /// The pattern as configured.
        pattern: String,
    },
    /// A matching file's name is not UTF-8, so it cannot be a user id.
    #[error("the file name {name} in {folder} is not UTF-8 (hint: rename it)")]
    FileName {
        /// The folder as configured.
        folder: String,
        /// The name, with the offending bytes replaced.
        name: String,
    },
    /// Two files give the same user id.
    #[error(
        "{first} and {second} both give the user id `{id}` (hint: remove or rename one, or narrow `data.files`)"
    )]
    DuplicateUser {
        /// The id.
        id: String,
        /// The first file.
        first: String,
        /// The second file.
        second: String,
    },
    /// An expression of the configuration is not usable.
    #[error("`{setting}: {sql}` is not a usable SQL expression: {reason}")]
    Expression {
        /// The setting, e.g. `data.sources.composite`.
        setting: String,
        /// The expression.
        sql: String,
        /// Why not.
        reason: String,
    },
    /// A feature mode without a source expression.
    #[error("unknown feature mode `{mode}`{}; known are {known}", nearest_hint(nearest.as_ref()))]
    UnknownMode {
        /// The mode asked for.
        mode: String,
        /// All known modes, comma-separated.
        known: String,
        /// The known mode most like it.
        nearest: Option<String>,
    },
    /// The system could not open or read a file.
    #[error("cannot read {file}: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// The system's words.
        reason: String,
    },
    /// A file without a byte.
    #[error("{file} is empty")]
    EmptyFile {
        /// The file.
        file: String,
    },
    /// A file with a header and no rows.
    #[error("{file} has a header but no rows")]
    NoRows {
        /// The file.
        file: String,
    },
    /// A file whose first line cannot be a CSV header.
    #[error("{file} is not a CSV file: {reason}")]
    NotCsv {
        /// The file.
        file: String,
        /// What its header holds.
        reason: String,
    },
    /// A needed column is not there.
    #[error("{file} has no column `{column}`{}{hint}", nearest_hint(nearest.as_ref()))]
    MissingColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The column of the file most like it.
        nearest: Option<String>,
        /// A remark on the header as a whole; often empty.
        hint: String,
    },
    /// A needed column is there more than once.
    #[error("{file} has more than one column `{column}` (hint: rename or remove all but one)")]
    DuplicateColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
    },
    /// Text where a number is needed.
    #[error(
        "{file}, line {line}, column `{column}`: `{text}` is not a number \
         (hint: leave missing values empty; list text columns under `data.text_columns`)"
    )]
    NotANumber {
        /// The file.
        file: String,
        /// Line in the file, the header being line 1 (row number in Parquet).
        line: u64,
        /// The column.
        column: String,
        /// The text found, shortened.
        text: String,
    },
    /// A row with more or fewer fields than the header.
    #[error("{file}, line {line}: {found} fields where the header has {expected}")]
    RaggedRow {
        /// The file.
        file: String,
        /// Line in the file.
        line: u64,
        /// Fields in the row.
        found: usize,
        /// Fields in the header.
        expected: usize,
    },
    /// A quote that is never closed.
    #[error("{file}, line {line}: the quoted field that starts here never ends")]
    OpenQuote {
        /// The file.
        file: String,
        /// Line in the file.
        line: u64,
    },
    /// A gzip file that stops before its end.
    #[error(
        "{file} is truncated: the gzip data ends in the middle, {rows} rows read (hint: copy the file again)"
    )]
    Truncated {
        /// The file.
        file: String,
        /// Whole rows before the end.
        rows: usize,
    },
    /// A gzip or Parquet file that does not decode.
    #[error("{file} is corrupt: {reason} (hint: copy the file again)")]
    Corrupt {
        /// The file.
        file: String,
        /// The decoder's words.
        reason: String,
    },
    /// A Parquet column of a type that is neither number nor text.
    #[error("{file}, column `{column}`: the type {found} cannot be read as {wanted}")]
    ColumnType {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The file's type.
        found: String,
        /// `a number` or `text`.
        wanted: String,
    },
    /// An expression that fails on this user's values.
    #[error("`{setting}: {sql}` fails at {place}: {reason}")]
    Evaluation {
        /// The setting.
        setting: String,
        /// The expression.
        sql: String,
        /// The first row it fails for.
        place: String,
        /// The values there, and why.
        reason: String,
    },
    /// The user has no row in the files (they changed since the users were listed).
    #[error("user `{id}` has no row in the input files (hint: they changed since the users were listed)")]
    UserGone {
        /// The id.
        id: String,
    },
    /// A row without a time.
    #[error("line {line} has no timestamp (hint: remove the row, or set `data.timestamp` to none)")]
    MissingTimestamp {
        /// Line in the file.
        line: u64,
    },
    /// A timestamp that cannot be epoch seconds.
    #[error("line {line}: timestamp {value} {reason}")]
    ImplausibleTimestamp {
        /// Line in the file.
        line: u64,
        /// The value.
        value: f64,
        /// Why not, and what to do.
        reason: String,
    },
    /// Two rows at the same time.
    #[error(
        "lines {first} and {second} have the same timestamp {timestamp} (hint: remove one; `data.order: file` keeps both)"
    )]
    DuplicateTimestamp {
        /// The time.
        timestamp: f64,
        /// Line of the first row.
        first: u64,
        /// Line of the second row.
        second: u64,
    },
    /// A value that cannot be a symbol.
    #[error("line {line}: {role} value {value} {reason}")]
    NotASymbol {
        /// `source`, `target` or `condition`.
        role: &'static str,
        /// Line in the file.
        line: u64,
        /// The value.
        value: f64,
        /// Why not.
        reason: &'static str,
    },
    /// Values that no z-score can be taken of.
    #[error("the {role} has {count} infinite value(s), the first at line {line}")]
    Infinite {
        /// `source` or `target`.
        role: &'static str,
        /// How many.
        count: usize,
        /// Line of the first.
        line: u64,
    },
    /// No row has a target value.
    #[error("no labels: the target is missing in all {rows} rows")]
    NoLabels {
        /// Rows of the user.
        rows: usize,
    },
    /// Fewer rows than asked for.
    #[error(
        "Insufficient data (N={found}): at least {needed} rows with a value are needed, {read} were read"
    )]
    TooFewRows {
        /// Rows kept.
        found: usize,
        /// Rows needed.
        needed: usize,
        /// Rows read.
        read: usize,
    },
    /// All values are equal.
    #[error("zero variance: the {role} has the same value in all {rows} rows and cannot be discretised")]
    NoVariance {
        /// `source` or `target`.
        role: &'static str,
        /// Rows kept.
        rows: usize,
    },
    /// The bins collapsed into one.
    #[error(
        "one bin: all {rows} values of the {role} fall into one bin because too many are equal \
         (hint: `rule: ranked` keeps {distinct} distinct values apart)"
    )]
    OneBin {
        /// `source` or `target`.
        role: &'static str,
        /// Rows kept.
        rows: usize,
        /// Distinct values.
        distinct: usize,
    },
}

/// The middle part of a message that proposes a name.
fn nearest_hint(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

impl DatasetError {
    /// A short stable name of the kind of error, for the ledger and for SQL.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "folder",
            Self::NoFiles { .. } => "no_files",
            Self::Pattern { .. } => "pattern",
            Self::FileName { .. } => "file_name",
            Self::DuplicateUser { .. } => "duplicate_user",
            Self::Expression { .. } => "expression",
            Self::UnknownMode { .. } => "unknown_mode",
            Self::Unreadable { .. } => "unreadable",
            Self::EmptyFile { .. } => "empty_file",
            Self::NoRows { .. } => "no_rows",
            Self::NotCsv { .. } => "not_csv",
            Self::MissingColumn { .. } => "missing_column",
            Self::DuplicateColumn { .. } => "duplicate_column",
            Self::NotANumber { .. } => "not_a_number",
            Self::RaggedRow { .. } => "ragged_row",
            Self::OpenQuote { .. } => "open_quote",
            Self::Truncated { .. } => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::ColumnType { .. } => "column_type",
            Self::Evaluation { .. } => "evaluation",
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
        }
    }

    /// Whether the input could be read but holds too little to analyse: the unit is `skipped`.
    pub fn is_skip(&self) -> bool {
        matches!(
            self,
            Self::NoLabels { .. } | Self::TooFewRows { .. } | Self::NoVariance { .. } | Self::OneBin { .. }
        )
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
        )
    }
}
