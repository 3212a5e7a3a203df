//! The words of a statement, as far as a door must know them: where statements end, which one it is, what it names. Nothing
//! here understands SQL; quotes and comments are read as the engine reads them.

/// What a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// A keyword or a name.
    Word,
    /// A name in quotes.
    Name,
    /// A text.
    Text,
    /// A number.
    Number,
    /// `$1`: its number.
    Parameter(u32),
    /// Any other letter.
    Sign(char),
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) piece: Piece,
    /// As it stands there.
    pub(super) text: &'a str,
    /// Where it begins.
    pub(super) at: usize,
}

impl Token<'_> {
    /// Whether it is a keyword.
    pub(super) fn is(&self, word: &str) -> bool {
        self.piece == Piece::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is a sign.
    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.piece == Piece::Sign(sign)
    }

    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// What it says, without quotes.
    pub(super) fn plain(&self) -> String {
        match self.piece {
            Piece::Name | Piece::Text if self.text.len() >= 2 => {
                let quote = self.text.chars().next().unwrap_or('"');
                let inner = &self.text[1..self.text.len() - 1];
                inner.replace(&format!("{quote}{quote}"), &quote.to_string())
            }
            _ => self.text.to_owned(),
        }
    }
}

/// The pieces of a text, without spaces and comments.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = sql[at..].chars().next() {
        let (piece, length) = piece(&sql[at..], first);
        if let Some(piece) = piece {
            found.push(Token { piece, text: &sql[at..at + length], at });
        }
        at += length.max(1);
    }
    found
}

/// What a text begins with, and how long that is.
fn piece(rest: &str, first: char) -> (Option<Piece>, usize) {
    let long = |fits: fn(char) -> bool| rest.find(|c| !fits(c)).unwrap_or(rest.len());
    match first {
        c if c.is_whitespace() => (None, long(char::is_whitespace)),
        '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => (None, comment(rest)),
        '\'' => (Some(Piece::Text), quoted(rest, '\'', false)),
        '"' | '`' => (Some(Piece::Name), quoted(rest, first, false)),
        'e' | 'E' if rest[1..].starts_with('\'') => (Some(Piece::Text), 1 + quoted(&rest[1..], '\'', true)),
        '$' => dollar(rest),
        c if c.is_ascii_digit() => (Some(Piece::Number), long(|c| c.is_ascii_alphanumeric() || c == '.')),
        c if is_word(c) => (Some(Piece::Word), long(|c| is_word(c) || c == '$')),
        c => (Some(Piece::Sign(c)), c.len_utf8()),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of a comment, others in it.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    let bytes = rest.as_bytes();
    while at < bytes.len() {
        match &bytes[at..(at + 2).min(bytes.len())] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of what stands in quotes.
fn quoted(rest: &str, quote: char, escapes: bool) -> usize {
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = letters.next() {
        match c {
            '\\' if escapes => {
                letters.next();
            }
            c if c == quote && letters.peek().is_some_and(|(_, next)| *next == quote) => {
                letters.next();
            }
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `$1`, `$name`, `$$text$$` or `$tag$text$tag$`.
fn dollar(rest: &str) -> (Option<Piece>, usize) {
    let tag = 1 + rest[1..].find(|c| !is_word(c)).unwrap_or(rest.len() - 1);
    if rest[tag..].starts_with('$') && !rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
        let mark = &rest[..=tag];
        let end = rest[mark.len()..].find(mark).map_or(rest.len(), |end| end + 2 * mark.len());
        return (Some(Piece::Text), end);
    }
    match rest[1..tag].parse() {
        Ok(number) => (Some(Piece::Parameter(number)), tag),
        Err(_) => (Some(Piece::Sign('$')), 1),
    }
}

/// The statements of a text, each without its `;`; those that say nothing are left out.
pub(super) fn statements(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut from, mut says) = (0, false);
    for token in tokens(sql) {
        if token.is_sign(';') {
            if says {
                found.push(&sql[from..token.at]);
            }
            (from, says) = (token.end(), false);
        } else {
            says = true;
        }
    }
    if says {
        found.push(&sql[from..]);
    }
    found
}

/// How many parameters a statement takes.
pub(super) fn parameters(sql: &str) -> u32 {
    let number = |token: &Token<'_>| match token.piece {
        Piece::Parameter(number) => Some(number),
        _ => None,
    };
    tokens(sql).iter().filter_map(number).max().unwrap_or_default()
}

/// Whether a parameter stands for a list: `x = any($1)`.
pub(super) fn is_list(sql: &str, number: u32) -> bool {
    tokens(sql).windows(4).any(|four| {
        ["any", "all", "some"].iter().any(|word| four[0].is(word))
            && four[1].is_sign('(')
            && four[2].piece == Piece::Parameter(number)
            && four[3].is_sign(')')
    })
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
            "select /* ; /* nested; */ ; */ 1",
            "select 1 -- ;\n+ 2",
            "select 'ä;\n;'",
        ] {
            assert_eq!(statements(&format!("{text};select 2;;")), [text, "select 2"]);
        }
        for text in [
            "select ';",
            "select E'a\\';",
            "select $$;",
            "select /* ;",
            "select \";",
            "$",
            "$1$",
            "'",
            "/",
            "-",
        ] {
            assert_eq!(statements(text), [text]);
        }
        assert!(statements("-- nothing\n/* here */ ; ;").is_empty());
    }

    #[test]
    fn parameters_are_no_texts() {
        assert_eq!(parameters("select $2, '$9', \"$8\", $$ $7 $$, $1 -- $6"), 2);
        assert_eq!(parameters("select 1"), 0);
        assert_eq!(parameters("select $12::int,$3"), 12);
        assert!(is_list("x = ANY ( $2 )", 2) && !is_list("any($2)", 1) && !is_list("any($1::text[])", 1));
    }

    #[test]
    fn quotes_are_taken_off() {
        let plain = |text| tokens(text)[0].plain();
        assert_eq!(
            (plain("\"a\"\"b\""), plain("'it''s'"), plain("Word")),
            ("a\"b".into(), "it's".into(), "Word".into())
        );
    }

    proptest::proptest! {
        #[test]
        fn every_text_is_read_to_its_end(text in "[\\PC$'\"/*;a1 -]{0,60}") {
            let all = tokens(&text);
            proptest::prop_assert!(all.iter().all(|t| !t.text.is_empty() && text[t.at..].starts_with(t.text)));
            proptest::prop_assert!(all.windows(2).all(|w| w[0].end() <= w[1].at));
        }
    }
}
