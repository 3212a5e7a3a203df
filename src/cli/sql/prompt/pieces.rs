//! Text into statements and commands of the prompt.

use crate::sql::FirstStatement;

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// SQL, without its `;`.
    Statement(&'a str),
    /// A line that starts with a backslash, without the backslash.
    Command(&'a str),
}

/// A text in pieces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pieces<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    /// Whether the last statement has its `;`, so that no more lines belong to it.
    pub(super) whole: bool,
}

/// Takes a text apart. A `;` in quotes or comments ends nothing.
pub(super) fn pieces(text: &str) -> Pieces<'_> {
    let mut pieces = Vec::new();
    let mut rest = past_comments(text);
    while !rest.is_empty() {
        if let Some(command) = rest.strip_prefix('\\') {
            let (line, tail) = command.split_once('\n').unwrap_or((command, ""));
            pieces.push(Piece::Command(line.trim().trim_end_matches(';').trim_end()));
            rest = past_comments(tail);
            continue;
        }
        let end = FirstStatement::of(rest);
        let statement = rest[..end.end].trim();
        if end.says_something {
            pieces.push(Piece::Statement(statement));
        }
        if !end.is_closed {
            return Pieces { pieces, whole: !end.says_something && !end.is_open };
        }
        rest = past_comments(&rest[end.end + 1..]);
    }
    Pieces { pieces, whole: true }
}

/// What follows white space and comments, at a place where a command may stand.
fn past_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let after = if rest.starts_with("--") {
            rest.find('\n').map_or("", |end| &rest[end..])
        } else if let Some(after) = past_comment(rest) {
            after
        } else {
            return rest;
        };
        rest = after.trim_start();
    }
}

/// What follows the comment that a text begins with. Comments nest, as the engine reads them.
fn past_comment(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix("/*")?;
    let mut open = 1;
    while open > 0 {
        let at = rest.find(['/', '*'])?;
        let (mark, length) = match rest.get(at..at + 2) {
            Some("/*") => (1, 2),
            Some("*/") => (-1, 2),
            _ => (0, 1),
        };
        open += mark;
        rest = &rest[at + length..];
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Piece::{Command, Statement};

    fn parts(text: &str) -> (Vec<Piece<'_>>, bool) {
        let Pieces { pieces, whole } = pieces(text);
        (pieces, whole)
    }

    #[test]
    fn statements_end_at_their_semicolon() {
        assert_eq!(parts(""), (vec![], true));
        assert_eq!(parts("select 1"), (vec![Statement("select 1")], false));
        assert_eq!(parts("select 1;\n"), (vec![Statement("select 1")], true));
        assert_eq!(
            parts("select 1; select\n2 ;"),
            (vec![Statement("select 1"), Statement("select\n2")], true)
        );
        assert_eq!(parts(";;"), (vec![], true));
    }

    #[test]
    fn quotes_and_comments_hide_semicolons() {
        for text in
            ["select ';'", "select 'it''s; '", "select \"a;b\"", "select 1 -- ;\n+ 2", "select /* ; */ 'ä;'"]
        {
            assert_eq!(parts(&format!("{text};")), (vec![Statement(text)], true), "{text}");
        }
        for text in ["select ';", "select /* ;", "select \";", "/* ;", "-- ;\nselect 1 -- ;"] {
            assert!(!parts(text).1, "{text}");
        }
        assert_eq!(parts("select 1; -- done;\n/* really */"), (vec![Statement("select 1")], true));
    }

    #[test]
    fn commands_end_with_their_line() {
        assert_eq!(
            parts("\\d te;\n\\x\nselect 1;\n\\q"),
            (vec![Command("d te"), Command("x"), Statement("select 1"), Command("q")], true)
        );
        assert_eq!(parts("-- one ;\n/* two */ \\x\n").0, vec![Command("x")]);
        assert_eq!(parts("/* a /* b; */ c; */ select 1;").0, vec![Statement("select 1")]);
        assert!(!parts("/* a /* b */ select 1;").1, "the outer one is open");
        assert_eq!(parts("select\n\\x;").0, vec![Statement("select\n\\x")]);
    }
}
