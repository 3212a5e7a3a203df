//! Texts of data, and of programs, as people may see them: a terminal obeys what is not printed.

use std::borrow::Cow;

/// The text with a blank in the place of every control character that is no end of a line.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| c.is_control() && c != '\n';
    if text.contains(is_hidden) { Cow::Owned(text.replace(is_hidden, " ")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_reaches_a_terminal_but_what_is_printed() {
        assert_eq!(printable("a\u{1b}[31mb\r\u{7}\tc\u{9b}2J\nd"), "a [31mb   c 2J\nd");
        assert!(matches!(printable("ü \n(hint: …)"), std::borrow::Cow::Borrowed(_)));
    }
}
