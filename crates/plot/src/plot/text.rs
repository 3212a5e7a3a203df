//! Texts of other people in a picture: without what would break it or turn it round, and no longer than there is room.
//! And in the page around it: without what would break that.

/// Half of a text that is too long stays at each end.
const GAP: char = '…';

/// Stands for a character that may not be there.
const UNKNOWN: char = '\u{fffd}';

/// A text as it may stand in a picture: no control characters, no marks of direction, at most so many characters.
pub(super) fn shown(text: &str, most: usize) -> String {
    // No more is looked at than can be shown: a label may be of any length.
    let long = text.chars().nth(most).is_some();
    if !long {
        return text.chars().map(harmless).collect();
    }
    let head = most.saturating_sub(1).div_ceil(2);
    let tail = most.saturating_sub(1) / 2;
    let end: Vec<char> = text.chars().rev().take(tail).collect();
    let start = text.chars().take(head);
    start.chain([GAP]).chain(end.into_iter().rev()).map(harmless).collect()
}

fn harmless(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        // Marks of direction turn what follows them round; the others are not allowed in XML, or unseen.
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{61c}'
        | '\u{fffe}'
        | '\u{ffff}'
        | '\u{feff}' => UNKNOWN,
        c if c.is_control() => UNKNOWN,
        c => c,
    }
}

/// A page of HTML without the characters that it cannot have, whichever way they are written.
pub fn allowed_html(page: String) -> String {
    if !page.contains(is_forbidden) {
        return page;
    }
    page.chars().map(|c| if is_forbidden(c) { UNKNOWN } else { c }).collect()
}

/// Whether HTML forbids a character: what is no character of any script, and controls that are no blanks.
fn is_forbidden(c: char) -> bool {
    let is_none = ('\u{fdd0}'..='\u{fdef}').contains(&c) || u32::from(c) & 0xfffe == 0xfffe;
    is_none || (c.is_control() && !matches!(c, '\t' | '\n' | '\u{c}' | '\r'))
}

/// A text between the tags or in an attribute of XML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// How wide a text is about, at a size of the font.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | '(' | ')' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
        c if u32::from(c) >= 0x1100 => 1.0,
        c if c.is_uppercase() => 0.7,
        _ => 0.62,
    };
    text.chars().map(of).sum::<f64>() * size
}

/// A text in no more than so much room.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> String {
    let mut most = 80;
    loop {
        let short = shown(text, most);
        if most <= 3 || width(&short, size) <= room {
            return short;
        }
        most -= 1 + most / 10;
    }
}

/// A text in lines of no more than so much room, broken between words.
pub(super) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in shown(text, 600).split_whitespace() {
        let word = fitted(word, size, room);
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_picture_is_taken_out() {
        assert_eq!(shown("a\nb\u{202e}c\u{0}d", 40), "a b\u{fffd}c\u{fffd}d");
        assert_eq!(escaped("<script>\"&'"), "&lt;script&gt;&quot;&amp;&#39;");
        let long = shown(&format!("{}z", "a".repeat(10_000)), 9);
        assert_eq!(long, "aaaa…aaaz");
        assert_eq!(shown("", 5), "");
    }

    #[test]
    fn a_page_has_no_character_that_html_forbids() {
        assert_eq!(
            allowed_html("<p>a\u{0}\u{1}b\u{7f}\u{85}c\u{fffe}\u{fdd0}\u{1ffff}</p>".to_owned()),
            "<p>a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}c\u{fffd}\u{fffd}\u{fffd}</p>"
        );
        let sound = "<p>a\t\r\n\u{c}é\u{202e}\u{fffd}🙂\u{fdcf}\u{fdf0}</p>";
        assert_eq!(allowed_html(sound.to_owned()), sound);
    }

    #[test]
    fn what_is_too_wide_is_shortened() {
        let short = fitted("a_long_identifier_of_a_person", 11.0, 80.0);
        assert!(width(&short, 11.0) <= 80.0 && short.contains('…') && short.starts_with("a_"), "{short}");
        assert_eq!(fitted("u01", 11.0, 80.0), "u01");
    }
}
