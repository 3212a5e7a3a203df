//! What was found in a folder, in values.

use serde::Serialize;

use super::layout::Layout;
use super::time::Clock;
use crate::dataset::GlimpsedText;

/// What was found in a folder.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    /// The folder, as it was named.
    pub data: String,
    /// Files that belong together.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The pattern that takes them.
    pub pattern: String,
    /// `extrasensory`, `csv` or `parquet`.
    pub format: &'static str,
    /// Whether they are compressed.
    pub is_compressed: bool,
    /// The recorder or program they come from, if it is known.
    pub from: Option<&'static str>,
    /// How their text is written; none of Parquet.
    pub text: Option<TextFound>,
    /// How much of them was looked at.
    pub looked_at: LookedAt,
    /// Name of the column of user ids; none if a file is a user.
    pub user_column: Option<String>,
    /// Why that column was taken.
    pub user_why: Option<String>,
    /// The time; none if there is none.
    pub time: Option<TimeFound>,
    /// All columns.
    pub columns: Vec<FoundColumn>,
    /// What may be the source, the likeliest first.
    pub sources: Vec<Candidate>,
    /// What may be the target, the likeliest first.
    pub targets: Vec<Candidate>,
    /// What else has to be said.
    pub notes: Vec<String>,
    /// Words and numbers that stand for missing values, by column.
    #[serde(skip)]
    pub(super) missing: Vec<(String, String)>,
    /// Columns whose numbers SQL makes of texts.
    #[serde(skip)]
    pub(super) mended: Vec<(String, String)>,
    /// How each text that was looked at is laid out.
    #[serde(skip)]
    pub(super) layouts: Vec<(GlimpsedText, Layout)>,
    /// The files that are tried, with their sizes.
    #[serde(skip)]
    pub(super) tried: Vec<(std::path::PathBuf, u64)>,
    #[serde(skip)]
    pub(super) clock: Option<Clock>,
}

/// How the text of files is written.
#[derive(Debug, Serialize)]
pub(crate) struct TextFound {
    /// The encoding.
    pub encoding: &'static str,
    /// Whether the configuration has to name it.
    #[serde(skip)]
    pub(super) name_encoding: bool,
    /// What stands between fields.
    pub separator: &'static str,
    /// `.` or `,`.
    pub decimal: char,
    /// Lines before the header.
    pub lines_before_header: usize,
}

/// How much was looked at.
#[derive(Debug, Serialize)]
pub(crate) struct LookedAt {
    /// Files.
    pub files: usize,
    /// Rows of the first.
    pub rows: usize,
    /// Whether that is all.
    pub is_all: bool,
    /// Bytes of text of a file that are looked at, at most.
    pub most_bytes: usize,
    /// The same in rows.
    pub most_rows: usize,
}

/// The time.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TimeFound {
    /// The columns.
    pub columns: Vec<String>,
    /// What their values are.
    pub unit: String,
    /// The expression that makes seconds since 1970 of them.
    pub sql: String,
    /// Whether hours of the day are those of UTC unless a zone is set.
    pub is_utc: bool,
}

/// A column.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FoundColumn {
    /// Its name.
    pub name: String,
    /// `time`, `user id`, `label` (0 and 1), `symbols` (few whole numbers), `number`, `constant`, `text` or `empty`.
    pub kind: &'static str,
    /// Share of values that are missing.
    pub missing: f64,
    /// Different values.
    pub distinct: usize,
    /// The least number.
    pub least: Option<f64>,
    /// The largest.
    pub most: Option<f64>,
    /// Some of its texts.
    pub texts: Vec<String>,
    /// What is suspicious.
    pub doubts: Vec<String>,
}

/// What may be the source or the target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Candidate {
    /// The column.
    pub name: String,
    /// The expression.
    pub sql: String,
    /// What it holds.
    pub why: String,
    /// Whether its values have to be cut into few.
    pub is_number: bool,
}

impl Found {
    /// Whether there is nothing to ask.
    pub(crate) fn is_settled(&self) -> bool {
        self.format == "extrasensory"
    }

    /// What a word stands for: a column, or SQL over columns, which is checked when it is planned.
    pub(crate) fn wish(&self, option: &str, wish: &str) -> Candidate {
        let (likely, others) =
            if option == "target" { (&self.targets, &self.sources) } else { (&self.sources, &self.targets) };
        if let Some(candidate) = likely.iter().chain(others).find(|candidate| candidate.name == wish) {
            return candidate.clone();
        }
        let column = self.columns.iter().find(|column| column.name == wish);
        if let Some(column) = column {
            let is_number = column.kind == "number";
            let mended = self.mended.iter().find(|(name, _)| name == wish).map(|(_, sql)| sql.clone());
            let (name, sql) = (wish.to_owned(), mended.unwrap_or_else(|| super::sql::quoted(wish)));
            return Candidate { name, sql, why: "as told".to_owned(), is_number };
        }
        let why = "as told".to_owned();
        Candidate { name: wish.to_owned(), sql: wish.to_owned(), why, is_number: false }
    }

    /// The error of a column that is not there.
    pub(crate) fn unknown(&self, option: &'static str, name: &str) -> super::InitError {
        let names = || self.columns.iter().map(|column| column.name.as_str());
        let near = crate::config::nearest(name, names());
        super::InitError::NoColumn {
            option,
            name: name.to_owned(),
            file: self.tried.first().map_or(String::new(), |(path, _)| path.display().to_string()),
            near: near.map_or(String::new(), |near| format!("; did you mean `{near}`?")),
            known: names().take(20).collect::<Vec<_>>().join(", "),
        }
    }
}
