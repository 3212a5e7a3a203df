//! Text that others wrote, without what a terminal or a page would obey.

/// Without control characters, escape sequences and marks that turn the direction of text.
pub(super) fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip(&mut chars),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_turning(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// What follows an escape: `[` to a letter, `]` to a bell or another escape, or one character.
fn skip(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        Some(']') => while chars.next().is_some_and(|c| c != '\x07' && c != '\x1b') {},
        _ => {}
    }
}

fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_obeyed() {
        let text = b"\x1b[31mred\x1b[0m\x1b]0;title\x07 a\x08b\r\nc\rd\xff \xe2\x80\xaee";
        assert_eq!(plain(text), "red ab\nc\nd\u{fffd} e");
        assert_eq!(plain(b"\x1b"), "");
        assert_eq!(plain(b"a\x1b["), "a");
    }
}
