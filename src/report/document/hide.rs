//! Ids of people, replaced by numbers in the order of the plan.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// An id that is shorter is replaced where it stands alone only: `1` is part of every number.
const SHORTEST: usize = 3;

/// Which ids are replaced, and by what.
#[derive(Debug, Default)]
pub(super) struct Hide {
    names: HashMap<String, String>,
    /// Lengths of the ids in bytes, the longest first.
    lengths: BTreeSet<usize>,
}

impl Hide {
    /// The ids in the order of the plan: u001, u002, ….
    pub(super) fn of(ids: &[String]) -> Self {
        let digits = ids.len().to_string().len().max(3);
        let mut hide = Self::default();
        for (at, id) in ids.iter().enumerate() {
            hide.add(id, &format!("u{:0digits$}", at + 1));
        }
        hide
    }

    fn add(&mut self, id: &str, name: &str) {
        // Paths hold ids percent-encoded, a control holds two of them.
        let encoded: String = id.bytes().map(encoded).collect();
        for form in [id.to_owned(), encoded] {
            if form.len() >= SHORTEST {
                self.lengths.insert(form.len());
            }
            self.names.entry(form).or_insert_with(|| name.to_owned());
        }
    }

    /// Whether nothing is replaced.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of an id.
    pub(super) fn id<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }

    /// A text with every id in it replaced.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        if let Some(name) = self.names.get(text) {
            return Cow::Owned(name.clone());
        }
        let mut out = String::new();
        let (mut at, mut done) = (0, 0);
        while at < text.len() {
            match self.starting(text, at) {
                Some((length, name)) => {
                    out.push_str(&text[done..at]);
                    out.push_str(name);
                    at += length;
                    done = at;
                }
                None => at += text[at..].chars().next().map_or(1, char::len_utf8),
            }
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }

    /// The id that begins at a place; the longest, if there are several.
    fn starting(&self, text: &str, at: usize) -> Option<(usize, &str)> {
        self.lengths.iter().rev().find_map(|length| {
            let part = text.get(at..at + length)?;
            self.names.get(part).map(|name| (*length, name.as_str()))
        })
    }
}

fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_replaced_wherever_they_stand() {
        let ids = ["anna".to_owned(), "anna b".to_owned(), "7".to_owned()];
        let hide = Hide::of(&ids);
        assert_eq!(hide.id("anna"), "u001");
        assert_eq!(hide.text("cannot read /data/anna.csv of anna b"), "cannot read /data/u001.csv of u002");
        assert_eq!(hide.text("anna%20b|anna"), "u002|u001");
        assert_eq!((hide.text("7"), hide.text("17 of 7 rows")), ("u003".into(), "17 of 7 rows".into()));
        assert_eq!(Hide::default().text("anna"), "anna");
    }
}
