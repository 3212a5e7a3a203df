//! `?` in a query, which the engine takes for the name of a parameter: each is the next one.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::guard::Refusal;

/// A query whose `?` are `$1`, `$2`, …, from left to right. Those in texts, comments and quoted names are none. What
/// cannot be read stays as it is: planning says what is wrong with it.
///
/// # Errors
/// It has parameters of another kind too.
pub fn numbered(sql: &str) -> Result<String, Refusal> {
    let mut tokens = Vec::new();
    let whole = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location_into_buf(&mut tokens);
    if whole.is_err() {
        return Ok(sql.to_owned());
    }
    let named = tokens.iter().find_map(|token| match &token.token {
        Token::Placeholder(name) if name != "?" => Some(name.clone()),
        _ => None,
    });
    let mut marks = tokens.iter().filter(|token| token.token == Token::Placeholder("?".into())).peekable();
    if let (Some(named), Some(_)) = (named, marks.peek()) {
        let what = format!("the query has parameters of two kinds, ? and {named}");
        return Err(Refusal::new(&what, "either ? for each, in order, or names like $1 and $alpha"));
    }
    let mut text = String::with_capacity(sql.len());
    let (mut line, mut column, mut number) = (1, 1, 0);
    let mut letters = sql.chars().peekable();
    while let Some(c) = letters.next() {
        let is_mark =
            marks.peek().is_some_and(|mark| (mark.span.start.line, mark.span.start.column) == (line, column));
        if is_mark {
            number += 1;
            marks.next();
            text.push_str(&format!("${number}"));
            // `?as b` is `? as b`; behind a number the word would be part of the name.
            if letters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_') {
                text.push(' ');
            }
        } else {
            text.push(c);
        }
        if c == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_numbered_and_others_left_alone() {
        for (from, to) in [
            ("select ?, ? + ?", "select $1, $2 + $3"),
            (
                "select '?', \"?\", `?` -- ?\n, ? /* ? /* ? */ */",
                "select '?', \"?\", `?` -- ?\n, $1 /* ? /* ? */ */",
            ),
            ("select 'it''s ?', E'\\'?', $$ ? $$, ?", "select 'it''s ?', E'\\'?', $$ ? $$, $1"),
            ("select ?as b, ?_c", "select $1 as b, $2 _c"),
            ("select 'ä\n?' ,\n ?", "select 'ä\n?' ,\n $1"),
            ("select $1, $alpha", "select $1, $alpha"),
            ("select '?", "select '?"),
        ] {
            assert_eq!(numbered(from).unwrap(), to, "{from}");
        }
        let said = numbered("select ?, $1").unwrap_err().to_string();
        assert!(said.starts_with("the query has parameters of two kinds, ? and $1"), "{said}");
    }
}
