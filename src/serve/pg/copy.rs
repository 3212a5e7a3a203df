//! `COPY … TO STDOUT`: what is asked, and rows in its three formats.

use bytes::{BufMut, BytesMut};

use super::fault::Fault;
use super::scan::{Piece, Token};

/// What a `COPY` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopyOut {
    /// The query.
    pub(super) query: String,
    /// Where it begins in the text, if it stands there.
    pub(super) at: usize,
    /// How rows are written.
    pub(super) form: Form,
}

/// How rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Tabs, and `\N` for nothing.
    Text(Marks),
    /// Commas and quotes.
    Csv(Marks),
    /// Lengths and bytes.
    Binary,
}

/// The letters of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) delimiter: u8,
    pub(super) null: String,
    pub(super) quote: u8,
    pub(super) escape: u8,
    pub(super) header: bool,
    pub(super) force_quote: bool,
}

impl Marks {
    fn text() -> Self {
        let null = "\\N".into();
        Self { delimiter: b'\t', null, quote: b'"', escape: b'"', header: false, force_quote: false }
    }
}

/// What stands before binary rows.
pub(super) const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

impl CopyOut {
    /// From what follows the word `COPY`.
    pub(super) fn of(rest: &[Token<'_>], sql: &str) -> Result<Self, Fault> {
        let (query, at, rest) = match rest.first() {
            Some(open) if open.is_sign('(') => inner(rest, sql)?,
            _ => table(rest, sql)?,
        };
        let (direction, rest) = rest.split_first().ok_or_else(incomplete)?;
        let (target, options) = rest.split_first().ok_or_else(incomplete)?;
        if direction.is("from") {
            return Err(writes());
        }
        if !direction.is("to") {
            return Err(incomplete());
        }
        if !target.is("stdout") {
            return Err(writes());
        }
        Ok(Self { query, at, form: form(options)? })
    }
}

/// Into a table, or to a file or a program on this machine.
fn writes() -> Fault {
    Fault::with_hint(
        "25006",
        "COPY is not a query",
        "queries only read here; \\copy (QUERY) TO 'FILE' writes a file of yours",
    )
}

fn incomplete() -> Fault {
    Fault::new("42601", "COPY needs `(QUERY) TO STDOUT` or `TABLE TO STDOUT`")
}

type Source<'a, 'b> = (String, usize, &'a [Token<'b>]);

/// A query in parentheses.
fn inner<'a, 'b>(rest: &'a [Token<'b>], sql: &str) -> Result<Source<'a, 'b>, Fault> {
    let mut depth = 0usize;
    for (place, token) in rest.iter().enumerate() {
        if token.is_sign('(') {
            depth += 1;
        } else if token.is_sign(')') {
            depth -= 1;
            if depth == 0 {
                let from = rest[0].end();
                return Ok((sql[from..token.at].to_owned(), from, &rest[place + 1..]));
            }
        }
    }
    Err(incomplete())
}

/// A table, some of its columns maybe.
fn table<'a, 'b>(rest: &'a [Token<'b>], sql: &str) -> Result<Source<'a, 'b>, Fault> {
    let is_part = |token: &Token<'_>| matches!(token.piece, Piece::Word | Piece::Name) || token.is_sign('.');
    let ends = |token: &Token<'_>| token.is("to") || token.is("from") || token.is_sign('(');
    let parts = rest.iter().take_while(|token| is_part(token) && !ends(token)).count();
    let (first, last) = match &rest[..parts] {
        [] => return Err(incomplete()),
        parts => (&parts[0], &parts[parts.len() - 1]),
    };
    let name = &sql[first.at..last.end()];
    let rest = &rest[parts..];
    if rest.first().is_some_and(|token| token.is_sign('(')) {
        let (columns, _, rest) = inner(rest, sql)?;
        return Ok((format!("SELECT {columns} FROM {name}"), 0, rest));
    }
    Ok((format!("SELECT * FROM {name}"), 0, rest))
}

/// Options, of both grammars.
fn form(options: &[Token<'_>]) -> Result<Form, Fault> {
    let quiet = |token: &&Token<'_>| {
        !(token.is("with") || token.is("as") || ['(', ')', ','].iter().any(|sign| token.is_sign(*sign)))
    };
    let words: Vec<&Token<'_>> = options.iter().filter(quiet).collect();
    let mut kind = "text".to_owned();
    let mut given: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let name = word.text.to_ascii_lowercase();
        let value = words.get(at + 1).map(|token| value(token));
        at += 1;
        match name.as_str() {
            "csv" | "binary" | "text" => kind = name,
            "format" => {
                kind = value.unwrap_or_default().to_ascii_lowercase();
                at += 1;
            }
            "header" => {
                let said = value.unwrap_or_default().to_ascii_lowercase();
                let is_said = ["true", "false", "on", "off", "1", "0", "match"].contains(&said.as_str());
                at += usize::from(is_said);
                given.push((name, if is_said { said } else { "true".into() }));
            }
            "delimiter" | "null" | "quote" | "escape" | "encoding" => {
                given.push((name, value.ok_or_else(incomplete)?));
                at += 1;
            }
            "force" | "force_quote" => {
                at += usize::from(value.as_deref().is_some_and(|v| v.eq_ignore_ascii_case("quote")));
                let all = words.get(at).is_some_and(|token| token.is_sign('*'));
                if !all {
                    return Err(Fault::new("0A000", "FORCE_QUOTE takes * here: all columns or none"));
                }
                at += 1;
                given.push(("force_quote".into(), String::new()));
            }
            other => return Err(Fault::new("42601", format!("COPY has no option {other}"))),
        }
    }
    made(&kind, given)
}

fn value(token: &Token<'_>) -> String {
    let plain = token.plain();
    if token.text.starts_with(['e', 'E']) && token.piece == Piece::Text {
        return plain.trim_start_matches('\'').trim_end_matches('\'').replace("\\t", "\t");
    }
    plain
}

fn made(kind: &str, given: Vec<(String, String)>) -> Result<Form, Fault> {
    let mut marks = Marks::text();
    let is_csv = kind == "csv";
    if is_csv {
        marks = Marks { delimiter: b',', null: String::new(), ..marks };
    }
    for (name, value) in given {
        let letter = || match value.as_bytes() {
            [letter] if letter.is_ascii() && ![b'\n', b'\r'].contains(letter) => Ok(*letter),
            _ => Err(Fault::new("22023", format!("{name} of COPY must be one letter of ASCII"))),
        };
        match name.as_str() {
            "delimiter" => marks.delimiter = letter()?,
            "quote" if is_csv => {
                marks.quote = letter()?;
                marks.escape = marks.quote;
            }
            "escape" if is_csv => marks.escape = letter()?,
            "null" => marks.null = value,
            "header" => marks.header = !["false", "off", "0"].contains(&value.as_str()),
            "force_quote" if is_csv => marks.force_quote = true,
            "encoding" if ["utf8", "utf-8", "unicode"].contains(&value.to_lowercase().as_str()) => {}
            "encoding" => return Err(Fault::new("22023", "texts come as UTF-8")),
            other => return Err(Fault::new("42601", format!("{other} of COPY goes with csv"))),
        }
    }
    match kind {
        "csv" => Ok(Form::Csv(marks)),
        "text" => Ok(Form::Text(marks)),
        "binary" => Ok(Form::Binary),
        other => Err(Fault::new("22023", format!("COPY has no format {other}"))),
    }
}

impl Marks {
    /// A value as text.
    pub(super) fn put_text(&self, value: Option<&[u8]>, out: &mut BytesMut) {
        let Some(value) = value else { return out.put_slice(self.null.as_bytes()) };
        for byte in value {
            let letter = match byte {
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                8 => b'b',
                11 => b'v',
                12 => b'f',
                b'\\' => b'\\',
                byte if *byte == self.delimiter => *byte,
                byte => {
                    out.put_u8(*byte);
                    continue;
                }
            };
            out.put_slice(&[b'\\', letter]);
        }
    }

    /// A value as CSV.
    pub(super) fn put_csv(&self, value: Option<&[u8]>, out: &mut BytesMut) {
        let Some(value) = value else { return out.put_slice(self.null.as_bytes()) };
        let special = |byte: &u8| [self.delimiter, self.quote, b'\n', b'\r'].contains(byte);
        let is_quoted =
            self.force_quote || value == self.null.as_bytes() || value == b"\\." || value.iter().any(special);
        if !is_quoted {
            return out.put_slice(value);
        }
        out.put_u8(self.quote);
        for byte in value {
            if *byte == self.quote || *byte == self.escape {
                out.put_u8(self.escape);
            }
            out.put_u8(*byte);
        }
        out.put_u8(self.quote);
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::tokens;
    use super::*;

    fn of(sql: &str) -> Result<CopyOut, Fault> {
        CopyOut::of(&tokens(sql)[1..], sql)
    }

    #[test]
    fn both_grammars_are_read() {
        for sql in [
            "COPY ( select ')' , (1) ) TO STDOUT csv header",
            "copy ( select ')' , (1) ) to stdout with (format csv, header)",
            "copy ( select ')' , (1) ) to stdout (header true, format 'csv', delimiter ',', encoding 'UTF8')",
            "copy ( select ')' , (1) ) to stdout with csv header quote as '\"'",
        ] {
            let copy = of(sql).unwrap();
            assert_eq!((copy.query.as_str(), copy.at), (" select ')' , (1) ", 6), "{sql}");
            let Form::Csv(marks) = copy.form else { panic!("{sql}") };
            assert!(marks.header && marks.delimiter == b',' && marks.null.is_empty(), "{sql}");
        }
        let copy = of("COPY raw.\"a b\" (x, \"y\") TO STDOUT (FORMAT binary)").unwrap();
        assert_eq!((copy.query.as_str(), copy.form), ("SELECT x, \"y\" FROM raw.\"a b\"", Form::Binary));
        assert_eq!(of("COPY te TO STDOUT").unwrap().query, "SELECT * FROM te");
        for (sql, code) in [
            ("copy te from stdin", "25006"),
            ("copy te to '/etc/passwd'", "25006"),
            ("copy te to program 'rm'", "25006"),
            ("copy (select 1 to stdout", "42601"),
            ("copy te to stdout (format parquet)", "22023"),
            ("copy te to stdout (delimiter 'ab')", "22023"),
            ("copy te to stdout (freeze)", "42601"),
            ("copy", "42601"),
        ] {
            let Err(Fault::Said(words)) = of(sql) else { panic!("{sql}") };
            assert_eq!(words.code, code, "{sql}");
        }
    }

    #[test]
    fn what_would_be_read_as_something_else_is_escaped() {
        let put = |marks: &Marks, csv: bool, value: Option<&str>| {
            let mut out = BytesMut::new();
            let value = value.map(str::as_bytes);
            if csv {
                marks.put_csv(value, &mut out);
            } else {
                marks.put_text(value, &mut out);
            }
            String::from_utf8(out.to_vec()).unwrap()
        };
        let text = Marks::text();
        assert_eq!(put(&text, false, Some("a\tb\\N\n")), "a\\tb\\\\N\\n");
        assert_eq!(put(&text, false, None), "\\N");
        let csv = Marks { delimiter: b',', null: String::new(), ..Marks::text() };
        assert_eq!(put(&csv, true, Some("a,\"b\"")), "\"a,\"\"b\"\"\"");
        assert_eq!((put(&csv, true, Some("")), put(&csv, true, None)), ("\"\"".into(), String::new()));
        assert_eq!(put(&csv, true, Some("=1+1")), "=1+1");
    }
}
