//! A header for a query: what somebody chose, as the lines that say it.

use super::header::{KEYS, is_key};
use super::spec::{Mark, Plot};

/// The title of a query that has none.
const TITLE: &str = "-- What does the query find?";

impl Plot {
    /// The names of the marks.
    pub fn marks() -> impl Iterator<Item = &'static str> {
        Mark::ALL.into_iter().map(|(name, _)| name)
    }

    /// A query with lines of these keys in place of those that it has. Its title, its parameters and whatever else its
    /// comments say stay.
    pub fn with_header(text: &str, keys: &[(&str, &str)]) -> String {
        let count = text.lines().take_while(|line| line.starts_with("--")).count();
        let mut lines = text.lines();
        let (mut kept, mut goes_on) = (Vec::new(), false);
        for line in lines.by_ref().take(count) {
            let said = line.trim_start_matches('-');
            let is_more = said.starts_with("   ") && !kept.is_empty();
            goes_on = if is_more { goes_on } else { is_key(said.trim()) };
            if !goes_on {
                kept.push(line.to_owned());
            }
        }
        if kept.first().is_none_or(|line| line.trim_start_matches('-').trim().starts_with("param ")) {
            kept.insert(0, TITLE.to_owned());
        }
        let given = keys.iter().filter(|(key, value)| KEYS.contains(key) && !value.is_empty());
        kept.extend(given.map(|(key, value)| format!("-- {key}: {value}")));
        let body: Vec<&str> = lines.collect();
        format!("{}\n{}", kept.join("\n"), body.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_takes_the_place_of_another() {
        let keys = [("mark", "bar"), ("x", "n"), ("y", "user"), ("color", "")];
        let plain = Plot::with_header("select n, user from t\nwhere n > 0", &keys);
        assert_eq!(
            plain,
            "-- What does the query find?\n-- mark: bar\n-- x: n\n-- y: user\nselect n, user from t\nwhere n > 0"
        );
        assert!(Plot::is_one(&plain));
        assert_eq!(Plot::with_header(&plain, &keys), plain);
        let own = "-- Who?\n-- mark: point\n-- caption: one\n--    and more\n-- param a=1: least\n-- size: s\nselect 1";
        assert_eq!(
            Plot::with_header(own, &keys[..2]),
            "-- Who?\n-- param a=1: least\n-- mark: bar\n-- x: n\nselect 1"
        );
        let params = Plot::with_header("-- param a=1: least\nselect 1", &[]);
        assert_eq!(params, format!("{TITLE}\n-- param a=1: least\nselect 1"));
    }
}
