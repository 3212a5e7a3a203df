//! Texts of data, and of programs, as people may see them: a terminal obeys what is not printed.

use std::borrow::Cow;

/// The text with a blank in the place of every control character that is no end of a line.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| c.is_control() && c != '\n';
    if text.contains(is_hidden) { Cow::Owned(text.replace(is_hidden, " ")) } else { Cow::Borrowed(text) }
}

/// A text as HTML, with what stands in backticks as code. Every character of the text stays a character of the page.
pub fn prose(text: &(impl AsRef<str> + ?Sized)) -> String {
    let mut html = String::new();
    let mut rest = text.as_ref();
    while let Some((before, (code, after))) =
        rest.split_once('`').and_then(|(before, rest)| Some((before, rest.split_once('`')?)))
    {
        html.push_str(&format!("{}<code>{}</code>", escaped(before), escaped(code)));
        rest = after;
    }
    html + &escaped(rest)
}

/// A text in HTML, as the templates write it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '"' | '\'' => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{printable, prose};

    #[test]
    fn what_stands_in_backticks_is_code() {
        assert_eq!(
            prose("`results validate` does it; <b> & `a\"b` and one ` alone"),
            "<code>results validate</code> does it; &#60;b&#62; &#38; <code>a&#34;b</code> and one ` alone"
        );
        assert_eq!(prose(&String::from("plain")), "plain");
    }

    #[test]
    fn nothing_reaches_a_terminal_but_what_is_printed() {
        assert_eq!(printable("a\u{1b}[31mb\r\u{7}\tc\u{9b}2J\nd"), "a [31mb   c 2J\nd");
        assert!(matches!(printable("ü \n(hint: …)"), std::borrow::Cow::Borrowed(_)));
    }
}
