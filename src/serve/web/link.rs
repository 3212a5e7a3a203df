//! Addresses, with what others named in them.

/// A part of an address: whatever is not a letter, digit or `-._~` as bytes.
pub(super) fn part(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // A browser takes these two for steps in a path.
    match out.as_str() {
        "." => "%2E".into(),
        ".." => "%2E%2E".into(),
        _ => out,
    }
}

/// A path with parameters behind it.
pub(super) fn with<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{}={}", part(name), part(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// A text for a shell, which takes it as it is.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_leads_elsewhere() {
        assert_eq!(part("a b/ü?&=%2f.x~2"), "a%20b%2F%C3%BC%3F%26%3D%252f.x~2");
        assert_eq!(part(".."), "%2E%2E");
        assert_eq!(with("/x", [("a", "1 2"), ("p.b", "\"")]), "/x?a=1%202&p.b=%22");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
