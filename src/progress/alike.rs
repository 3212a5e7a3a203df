//! Units that failed for one reason: it is told once, with how many there are.

use std::collections::HashMap;

/// What of a reason is not about one user alone: without the user's id, and without numbers, unless they are part
/// of a name.
fn gist(reason: &str, user_id: &str) -> String {
    let mut gist = String::with_capacity(reason.len());
    let mut before: Option<char> = None;
    let mut rest = reason;
    while let Some(next) = rest.chars().next() {
        let is_start = !before.is_some_and(char::is_alphanumeric);
        if is_start && !user_id.is_empty() && is_word_of(rest, user_id) {
            gist.push_str("<user>");
            (before, rest) = (user_id.chars().next_back(), &rest[user_id.len()..]);
            continue;
        }
        // The T is that of times.
        if next.is_ascii_digit() && !before.is_some_and(|c| (c.is_alphabetic() && c != 'T') || c == '_') {
            gist.push('#');
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            before = Some('0');
            continue;
        }
        gist.push(next);
        (before, rest) = (Some(next), &rest[next.len_utf8()..]);
    }
    gist
}

/// Whether a text begins with a word.
fn is_word_of(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Units with the same gist, in the order of the first of each.
pub(crate) fn grouped<T>(all: &[T], reason: impl Fn(&T) -> (&str, &str)) -> Vec<Vec<&T>> {
    let mut groups: Vec<Vec<&T>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for one in all {
        let (reason, user) = reason(one);
        let place = *places.entry(gist(reason, user)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// A line that says of whom else the line before holds; none if of nobody.
pub(crate) fn others<'a>(indent: &str, users: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let n = users.len();
    if n == 0 {
        return String::new();
    }
    let names: Vec<&str> = users.take(SHOWN).collect();
    let more = if n > SHOWN { ", …" } else { "" };
    format!("{indent}  and {n} more alike: {}{more}\n", names.join(", "))
}

/// Reasons that were told already.
#[derive(Debug, Default)]
pub(super) struct Told(HashMap<String, (String, u64)>);

impl Told {
    /// For a reason that is not new, the first user that had it, and how many there are by now.
    pub(super) fn before(&mut self, user_id: &str, reason: &str) -> Option<(&str, u64)> {
        let (first, count) = self.0.entry(gist(reason, user_id)).or_insert_with(|| (user_id.to_owned(), 0));
        *count += 1;
        (*count > 1).then_some((first, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_user_to_user_is_left_out() {
        let text = |user: &str, day: &str, line: u32| {
            format!("/data/{user}.csv, line {line}, column `x1`: `{day}T00:00:00` is not a number")
        };
        let one = gist(&text("u1", "2026-01-05", 2), "u1");
        assert_eq!(one, "/data/<user>.csv, line #, column `x1`: `#-#-#T#:#:#` is not a number");
        assert_eq!(one, gist(&text("7", "2025-11-05", 13), "7"));
        assert_ne!(one, gist(&text("u1", "2026-01-05", 2).replace("x1", "x2"), "u1"));
        assert_eq!(gist("a cat", "a"), "<user> cat");
        assert_eq!(gist("é1 µ 1é", ""), "é1 µ #é");
    }

    #[test]
    fn units_are_grouped_in_their_order() {
        let all = [("no rows", "a"), ("line 1 of c", "c"), ("no rows", "b"), ("line 2 of d", "d")];
        let groups = grouped(&all, |one| (one.0, one.1));
        let users: Vec<Vec<&str>> = groups.iter().map(|g| g.iter().map(|one| one.1).collect()).collect();
        assert_eq!(users, [["a", "b"], ["c", "d"]]);
        assert_eq!(others("  ", ["b"].into_iter()), "    and 1 more alike: b\n");
        assert_eq!(others("", [""; 0].into_iter()), "");
        let mut told = Told::default();
        assert_eq!(told.before("a", "no rows"), None);
        assert_eq!(told.before("b", "no rows"), Some(("a", 2)));
        assert_eq!(told.before("b", "other"), None);
    }
}
