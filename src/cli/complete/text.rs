//! Tables and columns in a query that is being typed.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap_complete::CompletionCandidate;

use super::line::loaded;
use crate::schema::Schemas;

/// Queries that go on with a table or a column.
pub(super) fn sql(typed: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(typed), Some(loaded)) = (typed.to_str(), loaded()) else { return Vec::new() };
    // Some shells give the quote that is open, and none takes it back.
    let typed = typed.strip_prefix(['"', '\'']).unwrap_or(typed);
    go_on(typed, &loaded.schemas).into_iter().map(CompletionCandidate::new).collect()
}

/// The text with each of the names that its last word begins.
fn go_on(text: &str, schemas: &Schemas) -> Vec<String> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let start = text
        .rfind(|letter| !is_word(letter))
        .map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    let (before, typed) = text.split_at(start);
    let last = before.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    let is_table = ["from", "join"].contains(&last.as_str()) && before.ends_with(char::is_whitespace);
    // The first word of a query is a word of SQL, and of nothing that is typed there would be too much.
    if before.is_empty() || (typed.is_empty() && !is_table && !before.ends_with('.')) {
        return Vec::new();
    }
    let tables = schemas.iter().map(|schema| schema.table.as_str());
    let columns = schemas.iter().flat_map(|schema| schema.columns.iter().map(|column| column.name.as_str()));
    let mut names: BTreeSet<&str> = tables.collect();
    if !is_table {
        names.extend(columns.chain(["user_id"]));
    }
    let small = typed.to_lowercase();
    let fitting = names.into_iter().filter(|name| name.to_lowercase().starts_with(&small));
    fitting.map(|name| format!("{before}{name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_goes_on_with_names() {
        let schemas = Schemas::load(None).unwrap();
        let on = |text: &str| go_on(text, &schemas);
        assert_eq!(on("select user_"), ["select user_id"]);
        assert_eq!(on("select count(*) from ste"), ["select count(*) from ste"]);
        assert_eq!(on("select x from te a join hour"), ["select x from te a join hour_bins"]);
        assert_eq!(on("select max(te_a2s"), ["select max(TE_A2S"]);
        assert_eq!(on("select é, te.q_a2"), ["select é, te.q_A2S"]);
        assert!(on("select x from ").contains(&"select x from te".to_owned()));
        assert!(!on("select x from ").contains(&"select x from tau".to_owned()));
        for nothing in ["", "sel", "select ", "select 'ü", "select nothing_of_this"] {
            assert_eq!(on(nothing), [""; 0], "{nothing}");
        }
    }
}
