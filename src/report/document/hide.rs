//! Ids of people, replaced by numbers in the order of the plan.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::queries::literal;
use crate::store::encode_id;

/// What stands before a number that is a place or a bound, and nobody's.
const OF_NOBODY: [&str; 11] = [
    "N=",
    "line ",
    "lines ",
    "row ",
    ".sql:",
    "shard ",
    "shard=",
    "exit code ",
    "signal ",
    "fewer than ",
    "longer than ",
];

/// What stands before and behind a number of things.
const COUNTS: [&str; 5] = ["least ", "all ", "of ", "has ", ", "];
const COUNTED: [&str; 3] = [" rows", " values", " were read"];

/// Which ids are replaced, and by what.
#[derive(Debug, Default)]
pub(super) struct Hide {
    names: HashMap<String, String>,
    /// Lengths of the ids in bytes.
    lengths: BTreeSet<usize>,
    /// What follows an id in the name of its file.
    endings: Vec<String>,
}

impl Hide {
    /// The ids in the order of the plan: u001, u002, ….
    pub(super) fn of(ids: &[String]) -> Self {
        let mut hide = Self::default();
        hide.add(ids.iter().map(String::as_str), 'u');
        hide
    }

    /// The people of pairs too, whose ids are `source~target`: p001, p002, ….
    pub(super) fn with_people_of(mut self, pairs: &[String]) -> Self {
        let people = pairs.iter().flat_map(|pair| {
            pair.match_indices('~').flat_map(move |(at, mark)| [&pair[..at], &pair[at + mark.len()..]])
        });
        self.add(people, 'p');
        self
    }

    /// With what follows an id in the name of a file; without it, an id ends where a word does.
    pub(super) fn with_endings(mut self, endings: &[String]) -> Self {
        self.endings = endings.iter().filter(|ending| !ending.is_empty()).cloned().collect();
        self
    }

    fn add<'a>(&mut self, ids: impl Iterator<Item = &'a str>, letter: char) {
        let mut seen = HashSet::new();
        let is_new = |id: &&'a str| !id.is_empty() && !self.names.contains_key(*id) && seen.insert(*id);
        let new: Vec<&str> = ids.filter(is_new).collect();
        let digits = new.len().to_string().len().max(3);
        let names = || (1..=new.len()).map(|at| format!("{letter}{at:0digits$}"));
        self.names.extend(new.iter().map(|id| (*id).to_owned()).zip(names()));
        // Paths hold ids encoded; where that is another one's id, it is that one's.
        for (form, name) in new.iter().map(|id| encode_id(id)).zip(names()) {
            self.names.entry(form).or_insert(name);
        }
        self.lengths = self.names.keys().map(String::len).collect();
    }

    /// Whether nothing is replaced.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of an id.
    pub(super) fn id<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }

    /// What is said of a person, as in `anna (median)`.
    pub(super) fn person(&self, text: &str) -> String {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        match text.rsplit_once(" (").and_then(|(id, rest)| Some((self.names.get(id)?, rest))) {
            Some((name, rest)) => format!("{name} ({rest}"),
            None => self.text(text).into_owned(),
        }
    }

    /// A text with every id in it replaced that is a word of its own.
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

    /// A query with ids replaced in its texts and remarks only: a number of it is a number.
    pub(super) fn sql(&self, sql: &str) -> String {
        let mut out = String::with_capacity(sql.len());
        let mut rest = sql;
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(first_part(rest));
            let quoted = part.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            match quoted.map(|text| text.replace("''", "'")) {
                Some(text) => out.push_str(&literal(&self.text(&text))),
                None if part.starts_with("--") || part.starts_with("/*") => out.push_str(&self.text(part)),
                None => out.push_str(part),
            }
            rest = behind;
        }
        out
    }

    /// The id that begins at a place; the longest, if there are several.
    fn starting(&self, text: &str, at: usize) -> Option<(usize, &str)> {
        self.lengths.iter().rev().find_map(|length| {
            let part = text.get(at..at + length)?;
            let name = self.names.get(part)?;
            self.is_named(text, at, part).then_some((*length, name.as_str()))
        })
    }

    /// Whether what stands at a place is an id, and not a part of another word or a number of something.
    fn is_named(&self, text: &str, at: usize, id: &str) -> bool {
        let (before, behind) = (&text[..at], &text[at + id.len()..]);
        let is_file = self.endings.iter().any(|ending| begins_with(behind, ending));
        let begins = !(id.starts_with(is_of_word) && before.ends_with(is_of_word)) || ends_encoded(before);
        let ends = is_file || !(id.ends_with(is_of_word) && behind.starts_with(is_of_word));
        let is_other = || {
            let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
            let is_sign = id.bytes().all(|byte| byte.is_ascii_punctuation() || byte == b' ');
            (is_number && is_amount(before, behind)) || (is_sign && !is_alone(before, behind))
        };
        begins && ends && (is_file || !is_other())
    }
}

/// Whether a character makes one word with such another; what is written without blanks has no words.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{2e80}'
}

/// Whether a text ends in an encoded character, such as `%20`.
fn ends_encoded(text: &str) -> bool {
    let last = text.as_bytes().last_chunk::<3>();
    last.is_some_and(|last| last[0] == b'%' && last[1..].iter().all(u8::is_ascii_hexdigit))
}

fn begins_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start))
}

/// Whether a number counts something, is a place, or a part of a longer number.
fn is_amount(before: &str, behind: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    let is_part = before.strip_suffix('.').is_some_and(|rest| rest.ends_with(digit))
        || behind.strip_prefix('.').is_some_and(|rest| rest.starts_with(digit));
    let is_place = OF_NOBODY.iter().any(|words| before.ends_with(*words));
    let is_count = COUNTS.iter().any(|words| before.ends_with(*words))
        && COUNTED.iter().any(|words| behind.starts_with(*words));
    is_part || is_place || is_count
}

/// Whether a sign has no other beside it than those that stand around a name.
fn is_alone(before: &str, behind: &str) -> bool {
    let is_around = |c: char| c.is_whitespace() || "/`'\"()[]{},;:|=~".contains(c);
    let begins = before.is_empty() || before.ends_with(is_around);
    let is_ending = behind.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    begins && (behind.is_empty() || behind.starts_with(is_around) || is_ending)
}

/// Bytes of what a query begins with: a text or a name in quotes, a remark, or what stands before the next of these.
fn first_part(sql: &str) -> usize {
    let until = |end: &str, at: usize| sql[at..].find(end).map_or(sql.len(), |found| at + found + end.len());
    match sql.as_bytes() {
        [quote @ (b'\'' | b'"'), ..] => {
            let quote = if *quote == b'"' { "\"" } else { "'" };
            let mut at = until(quote, 1);
            // Twice it is the sign itself.
            while sql[at..].starts_with(quote) {
                at = until(quote, at + 1);
            }
            at
        }
        [b'-', b'-', ..] => until("\n", 2),
        [b'/', b'*', ..] => until("*/", 2),
        _ => {
            let starts = ["'", "\"", "--", "/*"];
            let begins = |at: usize| starts.iter().any(|start| sql[at..].starts_with(*start));
            let places = sql.char_indices().map(|(at, _)| at).skip(1);
            places.into_iter().find(|at| begins(*at)).unwrap_or(sql.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hiding(ids: &[&str]) -> Hide {
        Hide::of(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>())
    }

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

    #[test]
    fn an_id_of_any_length_is_a_word_of_its_own() {
        let hide =
            hiding(&["Qd", "x", "d,e'f", "(a)", "é", "用户", "-"]).with_endings(&["acc.csv".to_owned()]);
        for (from, to) in [
            ("Qd (composite): Insufficient data", "u001 (composite): Insufficient data"),
            ("/data/Qd.csv, Qdacc.csv, QdACC.CSV", "/data/u001.csv, u001acc.csv, u001ACC.CSV"),
            ("te/shard=0/user_id=Qd/a.parquet", "te/shard=0/user_id=u001/a.parquet"),
            ("Qd_1 `Qd` a%20Qd Qd%20a", "u001_1 `u001` a%20u001 u001%20a"),
            ("Qdx xQd aQd Qd1", "Qdx xQd aQd Qd1"),
            ("text, d,e'f; (a)b(a) d%2Ce%27f", "text, u003; u004bu004 u003"),
            ("é éa aé 这用户的", "u005 éa aé 这u006的"),
            ("2026-01-05 - /-/ /-.csv", "2026-01-05 u007 /u007/ /u007.csv"),
        ] {
            assert_eq!(hide.text(from), to, "{from}");
        }
        assert_eq!(hide.person("Qd (median)"), "u001 (median)");
        assert_eq!(hide.person("x (x)"), "u002 (x)");
    }

    #[test]
    fn a_number_that_counts_is_nobody() {
        let hide = hiding(&["100", "20", "3"]);
        let counts = "Insufficient data (N=20): at least 100 rows with a value are needed, 20 were read";
        assert_eq!(hide.text(counts), counts);
        for same in ["100.5 s, 0.20", "all 20 values", "a.csv, line 3, column `x`", "shard 3", "1000 v3"] {
            assert_eq!(hide.text(same), same);
        }
        assert_eq!(hide.text("participant 100 has 3 rows; 20"), "participant u001 has 3 rows; u002");
        assert_eq!(hide.text("/data/100.csv, user `20`: 3."), "/data/u001.csv, user `u002`: u003.");
    }

    #[test]
    fn of_a_query_texts_and_remarks_are_changed() {
        let hide = hiding(&["100", "it's", "anna"]);
        assert_eq!(
            hide.sql(
                "select \"100\", x / 100.0, 100 -- of 100\nwhere u in ('it''s', 'an ''a''') /* anna */ or '"
            ),
            "select \"100\", x / 100.0, 100 -- of u001\nwhere u in ('u002', 'an ''a''') /* u003 */ or '"
        );
    }

    #[test]
    fn people_of_pairs_have_names() {
        let pairs = ["a~b".to_owned(), "b~c".to_owned()];
        let hide = Hide::of(&pairs).with_people_of(&pairs);
        assert_eq!(hide.text("a~b, b~c: user `b`: /c.csv"), "u001, u002: user `p002`: /p003.csv");
    }
}
