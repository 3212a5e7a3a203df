//! Sources that a query names besides its own: `"k6 old".public.te`.

/// Whether a text has the name of a source in front of a schema and a table. One in a comment counts too: it is only
/// opened for nothing.
pub(super) fn names(sql: &str, source: &str) -> bool {
    let quoted = format!("\"{}\"", source.replace('"', "\"\""));
    let is_plain = source.chars().all(is_word) && !source.starts_with(|c: char| c.is_ascii_digit());
    let plain = is_plain.then_some(source);
    [Some(quoted.as_str()), plain].into_iter().flatten().any(|name| {
        sql.match_indices(name).any(|(at, _)| {
            let before = sql[..at].chars().next_back();
            !before.is_some_and(|c| is_word(c) || c == '"' || c == '.') && leads_on(&sql[at + name.len()..])
        })
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `.schema.` follows.
fn leads_on(rest: &str) -> bool {
    let after_dot =
        |text: &'_ str| text.trim_start().strip_prefix('.').map(|rest| rest.trim_start().to_owned());
    let Some(rest) = after_dot(rest) else { return false };
    let schema = match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"').map_or(rest.len(), |end| end + 2),
        None => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
    };
    schema > 0 && rest.get(schema..).and_then(after_dot).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_in_front_of_schema_and_table() {
        for sql in ["select * from k6.public.te", "from \"k6\" . \"public\" . te", "join k6.raw.te t on true"]
        {
            assert!(names(sql, "k6"), "{sql}");
        }
        for sql in
            ["select k6.tau from te k6", "from ak6.public.te", "from k6_old.public.te", "from x.k6.te", "k6."]
        {
            assert!(!names(sql, "k6"), "{sql}");
        }
        assert!(names("from \"k6 old\".public.te", "k6 old") && !names("from k6 old.public.te", "k6 old"));
        assert!(names("from \"a\"\"b\".public.te", "a\"b") && names("from \"ä\".\"x\".y", "ä"));
    }
}
