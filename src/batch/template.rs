//! Texts of an engine file with places that are filled: `{name}`.

use std::borrow::Cow;

/// What stands at the places, by name; none for what was not asked for.
pub(super) type Values<'a> = [(&'a str, Option<Cow<'a, str>>)];

/// The names of the places of a text. `${name}` is the shell's, and so is whatever is no plain word.
pub(super) fn places(text: &str) -> Vec<&str> {
    pieces(text).filter_map(|piece| if let Piece::Place(name) = piece { Some(name) } else { None }).collect()
}

/// The text with its places filled; none if one of them has no value.
pub(super) fn filled(text: &str, values: &Values<'_>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Place(name) => {
                let (_, value) = values.iter().find(|(known, _)| *known == name)?;
                out.push_str(value.as_deref()?);
            }
        }
    }
    Some(out)
}

/// The same, with nothing where there is no value.
pub(super) fn filled_or_empty(text: &str, values: &Values<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Place(name) => {
                let value = values.iter().find(|(known, _)| *known == name);
                out.push_str(value.and_then(|(_, value)| value.as_deref()).unwrap_or_default());
            }
        }
    }
    out
}

enum Piece<'a> {
    Text(&'a str),
    Place(&'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut place = None;
    std::iter::from_fn(move || {
        if let Some(name) = place.take() {
            return Some(Piece::Place(name));
        }
        if rest.is_empty() {
            return None;
        }
        let Some((start, name)) = next_place(rest) else {
            return Some(Piece::Text(std::mem::take(&mut rest)));
        };
        let before = &rest[..start];
        rest = &rest[start + name.len() + 2..];
        place = Some(name);
        Some(Piece::Text(before))
    })
}

/// Where the next place begins, and its name.
fn next_place(text: &str) -> Option<(usize, &str)> {
    text.match_indices('{').find_map(|(at, _)| {
        let end = text[at..].find('}')? + at;
        let name = &text[at + 1..end];
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        (is_name && !text[..at].ends_with('$')).then_some((at, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once_and_the_shells_left_alone() {
        let values: &Values<'_> = &[("a", Some("{b}".into())), ("b", Some("2".into())), ("c", None)];
        assert_eq!(filled("x{a}y{b}{b}", values).as_deref(), Some("x{b}y22"));
        assert_eq!(filled("x{c}", values), None);
        assert_eq!(filled_or_empty("x{c}-{b}", values), "x-2");
        assert_eq!(filled("${a} {A} {} { b } {b", values).as_deref(), Some("${a} {A} {} { b } {b"));
        assert_eq!(places("${a} {b}{c_d}"), ["b", "c_d"]);
    }
}
