//! Completion at the prompt, and lines that belong together.

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::command::COMMANDS;
use super::pieces::pieces;
use crate::error::Failure;
use crate::sql::Session;

const KEYWORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "USING",
    "ON",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "IS",
    "IN",
    "LIKE",
    "AS",
    "DISTINCT",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "DESC",
    "OVER",
    "PARTITION BY",
    "WITH",
    "HAVING",
    "QUALIFY",
    "FILTER",
    "BETWEEN",
    "UNION ALL",
    "EXPLAIN",
    "CAST",
];

/// What can be completed.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// `te`, `raw.te`, ….
    pub(super) tables: Vec<String>,
    /// Columns of any table.
    pub(super) columns: Vec<String>,
    /// Functions.
    pub(super) functions: Vec<String>,
    /// Parameters that have a value.
    pub(super) params: Vec<String>,
}

impl Words {
    /// Tables, columns and functions of a session.
    pub(super) async fn of(session: &Session) -> Result<Self, Failure> {
        let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' \
                      UNION SELECT concat('raw.', table_name) FROM information_schema.tables \
                      WHERE table_schema = 'raw' ORDER BY 1";
        let columns = "SELECT DISTINCT column_name FROM information_schema.columns \
                       WHERE table_schema IN ('public', 'raw') ORDER BY 1";
        let state = session.context().state();
        let functions = state.scalar_functions().keys().chain(state.aggregate_functions().keys());
        let mut functions: Vec<String> = functions.chain(state.window_functions().keys()).cloned().collect();
        functions.sort();
        functions.dedup();
        let columns = texts(session, columns).await?;
        Ok(Self { tables: texts(session, tables).await?, columns, functions, params: Vec::new() })
    }

    /// What may stand in place of `typed`.
    fn fitting(&self, typed: &str) -> Vec<Pair> {
        let small = typed.to_lowercase();
        let starts = |word: &&str| word.to_lowercase().starts_with(&small);
        let same = |word: &str| Pair { display: word.to_owned(), replacement: word.to_owned() };
        let names = self.tables.iter().chain(&self.columns).map(String::as_str).filter(starts);
        let mut found: Vec<Pair> = names.map(same).collect();
        let functions = self.functions.iter().map(String::as_str).filter(starts);
        found.extend(functions.map(|f| Pair { display: format!("{f}()"), replacement: format!("{f}(") }));
        let keywords = KEYWORDS.iter().copied().filter(starts);
        found.extend(keywords.map(|k| if typed == small { same(&k.to_lowercase()) } else { same(k) }));
        // `te.TE_…`: a column behind a table or its alias.
        if let Some((table, column)) = typed.rsplit_once('.') {
            let column = column.to_lowercase();
            let columns = self.columns.iter().filter(|c| c.to_lowercase().starts_with(&column));
            found.extend(columns.map(|c| Pair { display: c.clone(), replacement: format!("{table}.{c}") }));
        }
        // `te` is more likely `te` than `TE_A2S`.
        found.sort_by_key(|pair| !pair.replacement.starts_with(typed));
        found
    }

    fn complete_word(&self, before: &str) -> (usize, Vec<Pair>) {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let last = before.char_indices().rev().find(|(_, c)| !word(*c));
        let start = last.map_or(0, |(i, c)| i + c.len_utf8());
        let typed = &before[start..];
        if last.is_some_and(|(_, c)| c == '$') {
            let fitting = self.params.iter().filter(|p| p.starts_with(typed));
            let pairs = fitting.map(|p| Pair { display: format!("${p}"), replacement: p.clone() });
            return (start, pairs.collect());
        }
        (start, if typed.is_empty() { Vec::new() } else { self.fitting(typed) })
    }

    /// After a backslash: commands, then what belongs to one.
    fn complete_command(&self, before: &str) -> (usize, Vec<Pair>) {
        let Some((command, _)) = before.split_once(char::is_whitespace) else {
            let fitting = COMMANDS.iter().map(|c| c.name).filter(|name| name.starts_with(&before[1..]));
            let mut fitting: Vec<String> = fitting.map(|name| format!("\\{name}")).collect();
            fitting.dedup();
            return (0, fitting.into_iter().map(|c| Pair { display: c.clone(), replacement: c }).collect());
        };
        if command != "\\d" {
            return (before.len(), Vec::new());
        }
        let start = before.rfind(char::is_whitespace).map_or(0, |i| i + 1);
        let fitting = self.tables.iter().filter(|t| t.starts_with(&before[start..]));
        (start, fitting.map(|t| Pair { display: t.clone(), replacement: t.clone() }).collect())
    }
}

async fn texts(session: &Session, sql: &str) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for batch in session.collect(sql).await.map_err(Failure::error)? {
        let column = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8);
        let column = column.map_err(Failure::error)?;
        let column = arrow::array::AsArray::as_string::<i32>(&column);
        found.extend(column.iter().flatten().map(str::to_owned));
    }
    Ok(found)
}

impl Helper for Words {}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let whole = pieces(input).whole || ["exit", "quit"].contains(&input.trim());
        Ok(if whole { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..pos];
        if before.starts_with("\\i ") {
            return FilenameCompleter::new().complete_path(line, pos);
        }
        Ok(if before.starts_with('\\') { self.complete_command(before) } else { self.complete_word(before) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(line: &str) -> (usize, Vec<String>) {
        let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        let words = Words {
            tables: own(&["te", "usage", "raw.te"]),
            columns: own(&["TE_A2S", "tau", "user_id"]),
            functions: own(&["bh_qvalue", "count"]),
            params: own(&["alpha"]),
        };
        let history = rustyline::history::DefaultHistory::new();
        let (at, found) = words.complete(line, line.len(), &Context::new(&history)).unwrap();
        (at, found.into_iter().map(|p| p.replacement).collect())
    }

    #[test]
    fn names_functions_and_words_are_offered() {
        assert_eq!(offers("select te").1, ["te", "TE_A2S"]);
        assert_eq!(offers("select us").1, ["usage", "user_id", "using"]);
        assert_eq!(offers("SELECT US").1, ["USING", "usage", "user_id"]);
        assert_eq!(offers("select ä, bh"), (11, vec!["bh_qvalue(".to_owned()]));
        assert_eq!(offers("select r.ta").1, ["r.tau"]);
        assert_eq!(offers("select * from raw.").1, ["raw.te", "raw.TE_A2S", "raw.tau", "raw.user_id"]);
        assert_eq!(offers("where q < $a"), (11, vec!["alpha".to_owned()]));
        assert!(offers("select ").1.is_empty());
    }

    #[test]
    fn commands_and_their_tables_are_offered() {
        assert_eq!(offers("\\t"), (0, vec!["\\timing".to_owned()]));
        assert_eq!(offers("\\d u"), (3, vec!["usage".to_owned()]));
        assert!(offers("\\").1.len() >= 8);
    }
}
