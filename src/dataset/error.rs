//! What can go wrong between a data folder and a series.

mod code;

use super::hint::of_type;
use super::place::Place;

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
        "no file in {folder} matches `{pattern}`; it holds {others} other file(s) and {folders} folder(s) \
         (hint: {hint})"
    )]
    NoFiles {
        /// The folder as configured.
        folder: String,
        /// The pattern as configured.
        pattern: String,
        /// Files there that do not fit.
        others: usize,
        /// Folders there.
        folders: usize,
        /// What to do.
        hint: String,
    },
    /// No row of any file has a user id.
    #[error(
        "no row of the data has a user id in the column `{column}` (hint: set `data.user` and `data.files`)"
    )]
    NobodysRows {
        /// The user column.
        column: String,
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
    #[error("the file name {name} in {folder} is not UTF-8, so it cannot be a user id (hint: {rename})")]
    FileName {
        /// The folder as configured.
        folder: String,
        /// The name, with the offending bytes replaced.
        name: String,
        /// The command that mends it.
        rename: String,
    },
    /// Two files give the same user id.
    #[error(
        "{first} and {second} both give the user id `{id}`{} (hint: move one of \
         them out of the folder or rename it; of two forms of one table, `data.files` takes one, as in \
         `data.files: \"*.parquet\"`)",
        match others { 0 => String::new(), n => format!(", and so it is with {n} more file(s)") }
    )]
    DuplicateUser {
        /// The id.
        id: String,
        /// The first file.
        first: String,
        /// The second file.
        second: String,
        /// Further files whose id is another one's.
        others: usize,
    },
    /// An expression of the configuration is not usable.
    #[error("`{setting}: {sql}` is not a usable SQL expression: {reason}")]
    Expression {
        /// The setting, e.g. `data.source.composite`.
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
    #[error("{file} is empty (hint: copy it again, or leave it out with `data.files`)")]
    EmptyFile {
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
    #[error("{file}, line {line}, column `{column}`: `{text}` is not a number (hint: {hint})")]
    NotANumber {
        /// The file.
        file: String,
        /// Line in the file, the header being line 1 (row number in Parquet).
        line: u64,
        /// The column.
        column: String,
        /// The text found, shortened.
        text: String,
        /// What to do.
        hint: String,
    },
    /// Bytes that are no text where a text is needed.
    #[error("{file}, line {line}, column `{column}`: `{text}` is not UTF-8 text (hint: {hint})")]
    NotText {
        /// The file.
        file: String,
        /// Line in the file, the header being line 1 (row number in Parquet).
        line: u64,
        /// The column.
        column: String,
        /// What was found, shortened.
        text: String,
        /// What to do.
        hint: String,
    },
    /// A user id that cannot be one.
    #[error("{file}, line {line}, column `{column}`: {reason}")]
    UserId {
        /// The file.
        file: String,
        /// Line in the file, the header being line 1 (of Parquet: a row number).
        line: u64,
        /// The column.
        column: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A row with more or fewer fields than the header.
    #[error("{file}, line {line}: {found} fields where the header has {expected}{hint}")]
    RaggedRow {
        /// The file.
        file: String,
        /// Line in the file.
        line: u64,
        /// Fields in the row.
        found: usize,
        /// Fields in the header.
        expected: usize,
        /// What it looks like, and what to do; often empty.
        hint: String,
    },
    /// A quote that is never closed.
    #[error(
        "{file}, line {line}: the quoted field that starts here never ends (hint: close it; a quote inside a text is doubled)"
    )]
    OpenQuote {
        /// The file.
        file: String,
        /// Line in the file.
        line: u64,
    },
    /// Other bytes behind the end of compressed data.
    #[error(
        "{file}: other bytes stand behind the end of the {packing} data (hint: `{unpack} | gzip > NEW.csv.gz` leaves \
         them out)"
    )]
    BehindPacked {
        /// The file.
        file: String,
        /// How the data are compressed.
        packing: &'static str,
        /// What unpacks them.
        unpack: String,
    },
    /// A compressed file that stops before its end.
    #[error(
        "{file} is truncated: the compressed data end in the middle, {rows} rows read (hint: copy the file again)"
    )]
    Truncated {
        /// The file.
        file: String,
        /// Whole rows before the end.
        rows: usize,
    },
    /// A compressed or Parquet file that does not decode.
    #[error("{file} is corrupt: {reason} (hint: copy the file again)")]
    Corrupt {
        /// The file.
        file: String,
        /// The decoder's words.
        reason: String,
    },
    /// A Parquet column of a type that is neither number nor text.
    #[error(
        "{file}, column `{column}`: the type {found} cannot be read as {wanted} (hint: {})",
        of_type(found)
    )]
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
    /// A shared file that could not be read when the run was planned, and can be now.
    #[error("{file} can be read now, and the run was planned without it (hint: start a new run)")]
    Recovered {
        /// The file.
        file: String,
    },
    /// The user has no row in the files (they changed since the users were listed).
    #[error("user `{id}` has no row in the input files (hint: they changed since the users were listed)")]
    UserGone {
        /// The id.
        id: String,
    },
    /// A row without a time.
    #[error(
        "{place} has no timestamp (hint: remove the row; without `data.timestamp` rows are consecutive steps)"
    )]
    MissingTimestamp {
        /// Where.
        place: Place,
    },
    /// A timestamp that cannot be epoch seconds.
    #[error("{place}: timestamp {value} {reason}")]
    ImplausibleTimestamp {
        /// Where.
        place: Place,
        /// The value.
        value: f64,
        /// Why not, and what to do.
        reason: String,
    },
    /// Two rows at the same time.
    #[error("{} have the same timestamp {timestamp} (hint: {hint})", first.and(second))]
    DuplicateTimestamp {
        /// The time.
        timestamp: f64,
        /// The first row.
        first: Place,
        /// The second row.
        second: Place,
        /// What to do.
        hint: String,
    },
    /// A value that cannot be a symbol.
    #[error("{place}: {role} value {value} {reason}")]
    NotASymbol {
        /// `source`, `target` or `condition`.
        role: &'static str,
        /// Where.
        place: Place,
        /// The value.
        value: f64,
        /// Why not.
        reason: &'static str,
    },
    /// Values that no z-score can be taken of.
    #[error(
        "the {role} has {count} infinite value(s), the first at {place} (hint: a division by zero? `nullif(x, 0)` \
         makes it a missing value; `rule: ranked` takes infinite values as the largest and smallest)"
    )]
    Infinite {
        /// `source` or `target`.
        role: &'static str,
        /// How many.
        count: usize,
        /// Where the first is.
        place: Place,
    },
    /// Of one of two users who are put beside each other.
    #[error("user `{id}`: {error}")]
    OfUser {
        /// The user.
        id: String,
        /// What is wrong.
        error: Box<DatasetError>,
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

impl DatasetError {
    /// The same, with whose it is.
    pub(super) fn of(self, user: &str) -> Self {
        Self::OfUser { id: user.to_owned(), error: Box::new(self) }
    }
}

/// The middle part of a message that proposes a name.
fn nearest_hint(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}
