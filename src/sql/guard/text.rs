//! Where a query ends in a text.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};

/// The first statement of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstStatement {
    /// Where its `;` is, or the end of the text.
    pub end: usize,
    /// Whether there is a `;`.
    pub is_closed: bool,
    /// Whether the text ends in quotes or a comment.
    pub is_open: bool,
    /// Whether there is more than comments.
    pub says_something: bool,
}

impl FirstStatement {
    /// Of a text, read as the engine reads it: a `;` in any kind of quotes or in a comment ends nothing.
    pub fn of(text: &str) -> Self {
        let mut tokens = Vec::new();
        let whole = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location_into_buf(&mut tokens);
        let mut says_something = false;
        for token in &tokens {
            match &token.token {
                Token::SemiColon => {
                    let end = place(text, token.span.start);
                    return Self { end, is_closed: true, is_open: false, says_something };
                }
                Token::Whitespace(_) | Token::EOF => {}
                _ => says_something = true,
            }
        }
        let is_open = whole.is_err();
        // What is open may be a comment, which says nothing.
        let after = tokens.last().map_or(0, |token| place(text, token.span.end));
        says_something |= is_open && !text[after..].trim_start().starts_with("/*");
        Self { end: text.len(), is_closed: false, is_open, says_something }
    }
}

/// Bytes before a line and column, which count characters from 1.
fn place(text: &str, at: Location) -> usize {
    let (mut line, mut column) = (1, 1);
    for (byte, c) in text.char_indices() {
        if (line, column) >= (at.line, at.column) {
            return byte;
        }
        if c == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_in_any_quotes_ends_nothing() {
        for text in [
            "select ';'",
            "select 'it''s; '",
            r"select E'it\'s; ok'",
            "select $$a;b$$",
            "select $t$a;$$b$t$",
            "select \"a;b\"",
            "select `a;b`",
            "select N'a;b', U&'a;b'",
            "select /* ; /* nested; */ ; */ 1",
            "select 1 -- ;\n+ 2",
            "select 'ä;\n;'",
        ] {
            let found = FirstStatement::of(&format!("{text}; select 2"));
            assert_eq!((found.end, found.is_closed), (text.len(), true), "{text}");
        }
        for text in ["select ';", "select E'a\\';", "select $$;", "select /* ;", "select \";"] {
            let found = FirstStatement::of(text);
            assert!(found.is_open && !found.is_closed, "{text}");
        }
        assert!(!FirstStatement::of("-- nothing\n/* here */").says_something);
    }
}
