//! Lists within quotes, as Postgres reads them: `'{1,2}'::int8[]` and `x = any('{1,2}')`. The engine takes `ARRAY['1', '2']`.

use std::borrow::Cow;

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::serve::access::{Ended, Ending};

/// Types by their first word: what a list may be cast to.
const TYPES: [&str; 19] = [
    "bigint",
    "bool",
    "boolean",
    "date",
    "decimal",
    "double",
    "float4",
    "float8",
    "int",
    "int2",
    "int4",
    "int8",
    "integer",
    "numeric",
    "real",
    "smallint",
    "text",
    "timestamp",
    "varchar",
];

/// A query with its lists as the engine takes them.
pub(in super::super) fn with_lists(sql: &str) -> Result<Cow<'_, str>, Ended> {
    let may_have = sql.contains("'{") || sql.contains("[]") && sql.contains('\'');
    if !may_have {
        return Ok(Cow::Borrowed(sql));
    }
    // What cannot be read is told elsewhere.
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location() else {
        return Ok(Cow::Borrowed(sql));
    };
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let (mut text, mut from) = (String::new(), 0);
    for (place, token) in tokens.iter().enumerate() {
        let Token::SingleQuotedString(value) = &token.token else { continue };
        let Some(list) = list(&tokens, place, value)? else { continue };
        let (Some(start), Some(end)) = (at(sql, token.span.start), at(sql, token.span.end)) else { continue };
        // The words of a tokenizer are believed only where a literal stands.
        if start < from
            || !sql.get(start..end).is_some_and(|part| part.starts_with('\'') && part.ends_with('\''))
        {
            continue;
        }
        text.push_str(&sql[from..start]);
        text.push_str(&list);
        from = end;
    }
    if from == 0 {
        return Ok(Cow::Borrowed(sql));
    }
    text.push_str(&sql[from..]);
    Ok(Cow::Owned(text))
}

/// What stands for a literal, if it is one of a list.
fn list(tokens: &[TokenWithSpan], place: usize, value: &str) -> Result<Option<String>, Ended> {
    let token = |place: usize| tokens.get(place).map(|token| &token.token);
    let is = |place: usize, word: &str| matches!(token(place), Some(Token::Word(found)) if found.value.eq_ignore_ascii_case(word));
    let is_cast = token(place + 1) == Some(&Token::DoubleColon) || is(place + 1, "as");
    if is_cast && let Some(kind) = kind(tokens, place + 2) {
        let Some(parts) = parts(value) else {
            let words = format!(
                "'{value}' is not a value of {kind}\n(hint: a list is written as '{{1,2}}' or as ARRAY[1, 2])"
            );
            return Err(Ended::new(Ending::WrongType, words));
        };
        return Ok(Some(written(&parts, false)));
    }
    let is_compared = place >= 2
        && token(place - 1) == Some(&Token::LParen)
        && token(place + 1) == Some(&Token::RParen)
        && ["any", "all", "some"].iter().any(|word| is(place - 2, word));
    let parts = if is_compared { parts(value) } else { None };
    Ok(parts.map(|parts| written(&parts, true)))
}

/// The type of lists that stands at a place.
fn kind(tokens: &[TokenWithSpan], place: usize) -> Option<String> {
    let Token::Word(word) = &tokens.get(place)?.token else { return None };
    let name = word.value.to_lowercase();
    if word.quote_style.is_some() || !TYPES.contains(&name.as_str()) {
        return None;
    }
    let next = place + 1 + usize::from(name == "double");
    let is_list =
        tokens.get(next)?.token == Token::LBracket && tokens.get(next + 1)?.token == Token::RBracket;
    is_list.then(|| format!("{}[]", name.to_uppercase()))
}

/// The byte of a place of the tokenizer, which counts lines and letters from 1.
fn at(sql: &str, place: Location) -> Option<usize> {
    let lines = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let before: usize = sql.split_inclusive('\n').take(lines).map(str::len).sum();
    let letters = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let line = sql.get(before..)?;
    Some(before + line.char_indices().nth(letters).map_or(line.len(), |(byte, _)| byte))
}

/// The parts of `{1,NULL,"a b"}`, and whether each was within quotes; nothing if it isn't one, or one of lists.
fn parts(text: &str) -> Option<Vec<(Option<String>, bool)>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut parts = Vec::new();
    let mut letters = inner.chars().peekable();
    if inner.trim().is_empty() {
        return Some(parts);
    }
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let (mut part, is_quoted) = (String::new(), letters.next_if_eq(&'"').is_some());
        let is_last = loop {
            match letters.next() {
                Some('\\') => part.push(letters.next()?),
                Some('"') if is_quoted => {
                    while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
                    match letters.next() {
                        Some(',') => break false,
                        None => break true,
                        Some(_) => return None,
                    }
                }
                Some(',') if !is_quoted => break false,
                Some('{' | '}' | '"') if !is_quoted => return None,
                Some(letter) => part.push(letter),
                None if is_quoted => return None,
                None => break true,
            }
        };
        let plain = if is_quoted { part } else { part.trim_end().to_owned() };
        if plain.is_empty() && !is_quoted {
            return None;
        }
        let is_null = !is_quoted && plain.eq_ignore_ascii_case("null");
        parts.push((Some(plain).filter(|_| !is_null), is_quoted));
        if is_last {
            return Some(parts);
        }
    }
}

/// As the engine reads it; numbers as such where nothing says what they are.
fn written(parts: &[(Option<String>, bool)], may_be_numbers: bool) -> String {
    let is_number = |part: &str| {
        part.parse::<f64>().is_ok()
            && part.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-')
    };
    let are_numbers = may_be_numbers
        && parts.iter().all(|(part, is_quoted)| !is_quoted && part.as_deref().is_none_or(is_number));
    let one = |(part, _): &(Option<String>, bool)| match part {
        None => "NULL".to_owned(),
        Some(part) if are_numbers => part.clone(),
        Some(part) => format!("'{}'", part.replace('\'', "''")),
    };
    format!("ARRAY[{}]", parts.iter().map(one).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_within_quotes_are_taken_apart() {
        for (sql, is) in [
            ("select '{1,2}'::int8[]", "select ARRAY['1', '2']::int8[]"),
            (
                "select é,\n '{}' :: double precision [] -- x",
                "select é,\n ARRAY[] :: double precision [] -- x",
            ),
            (
                "select cast('{a, \"b,''\\\"\", NULL}' as text[])",
                "select cast(ARRAY['a', 'b,''\"', NULL] as text[])",
            ),
            ("select 1 where tau = any('{1,-2}')", "select 1 where tau = any(ARRAY[1, -2])"),
            (
                "select 1 where a = ANY ('{x,2}') and b = 1",
                "select 1 where a = ANY (ARRAY['x', '2']) and b = 1",
            ),
            ("select '{1,2}'", "select '{1,2}'"),
            ("select '{\"a\": 1}'::json", "select '{\"a\": 1}'::json"),
            ("select 'a', x[1], '{1}'::text", "select 'a', x[1], '{1}'::text"),
            ("select f('{1}')", "select f('{1}')"),
        ] {
            assert_eq!(with_lists(sql).unwrap(), is);
        }
        for sql in ["select 'x'::int8[]", "select '{1,{2}}'::int8[]", "select '{1,}'::int8[]"] {
            let ended = with_lists(sql).unwrap_err();
            assert!(ended.detail.ends_with("is not a value of INT8[]"), "{ended:?}");
        }
    }
}
