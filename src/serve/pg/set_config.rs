//! `SELECT set_config('name', 'value', false)`, which is `SET` in other words.

use super::scan::{Piece, Token};

/// A setting that is given a value by a query of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetConfig {
    /// In small letters.
    pub(super) name: String,
    pub(super) value: String,
    /// What the one column is called.
    pub(super) column: String,
}

impl SetConfig {
    /// From what follows the word `SELECT`. A child refuses it in any other query, as it has no settings to change.
    pub(super) fn of(rest: &[Token<'_>]) -> Option<Self> {
        let rest = match rest {
            [space, dot, rest @ ..] if space.is("pg_catalog") && dot.is_sign('.') => rest,
            rest => rest,
        };
        let [function, open, name, comma, value, second, local, close, rest @ ..] = rest else { return None };
        let is_call = function.is("set_config") && open.is_sign('(') && close.is_sign(')');
        let is_of_three =
            comma.is_sign(',') && second.is_sign(',') && (local.is("true") || local.is("false"));
        let is_text = |token: &Token<'_>| token.piece == Piece::Text && token.text.starts_with('\'');
        let column = match rest {
            [] => "set_config".to_owned(),
            [word, column] if word.is("as") && matches!(column.piece, Piece::Word | Piece::Name) => {
                column.plain()
            }
            _ => return None,
        };
        let is_one = is_call && is_of_three && is_text(name) && is_text(value);
        is_one.then(|| Self { name: name.plain().to_lowercase(), value: value.plain(), column })
    }

    /// Whether it is about who somebody is, of which `SET` has words of its own.
    pub(super) fn is_role(&self) -> bool {
        self.name == "role"
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::tokens;
    use super::*;

    #[test]
    fn only_a_query_of_its_own_is_one() {
        let of = |sql: &str| SetConfig::of(&tokens(sql)[1..]).map(|set| (set.name, set.value, set.column));
        let is = |name: &str, value: &str, column: &str| {
            Some((name.to_owned(), value.to_owned(), column.to_owned()))
        };
        assert_eq!(of("select set_config('Search_Path', '', false)"), is("search_path", "", "set_config"));
        assert_eq!(
            of("SELECT pg_catalog.set_config('role','it''s',TRUE) as \"A b\""),
            is("role", "it's", "A b")
        );
        for sql in [
            "select 1",
            "select set_config('role', 'anna')",
            "select set_config('role', $1, false)",
            "select set_config('role', 'anna', false), 1",
            "select set_config('role', 'anna', false) from te",
            "select set_config('role', 'anna' || 'x', false)",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }
}
