//! Patterns of times: `%Y-%m-%d` here, `YYYY-MM-DD` or `yyyy-MM-dd` elsewhere.

use chrono::format::{Item, StrftimeItems};

use super::refusal::Refusal;

/// Functions that take patterns behind their first argument.
pub(super) const TAKE: &[&str] = &[
    "to_char",
    "to_date",
    "to_time",
    "to_timestamp",
    "to_timestamp_micros",
    "to_timestamp_millis",
    "to_timestamp_nanos",
    "to_timestamp_seconds",
    "to_unixtime",
];

/// Words for lengths of time, in place of a pattern.
const OF_LENGTHS: &[&str] = &["pretty", "iso8601"];

/// Parts of patterns in other databases, the longest of those that begin alike first.
const PARTS: &[(&str, &str)] = &[
    ("YYYY", "%Y"),
    ("IYYY", "%G"),
    ("YY", "%y"),
    ("MONTH", "%B"),
    ("MON", "%b"),
    ("MM", "%m"),
    ("DDD", "%j"),
    ("DD", "%d"),
    ("DAY", "%A"),
    ("DY", "%a"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("HH", "%I"),
    ("MI", "%M"),
    ("SS", "%S"),
    ("MS", "%3f"),
    ("US", "%6f"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("IW", "%V"),
];

/// The same where capitals tell months from minutes.
const OF_JAVA: &[(&str, &str)] = &[
    ("yyyy", "%Y"),
    ("YYYY", "%Y"),
    ("yy", "%y"),
    ("MMMM", "%B"),
    ("MMM", "%b"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("dd", "%d"),
    ("EEEE", "%A"),
    ("EEE", "%a"),
    ("HH", "%H"),
    ("hh", "%I"),
    ("mm", "%M"),
    ("SSS", "%3f"),
    ("ss", "%S"),
    ("a", "%p"),
];

/// A pattern that is not one of here.
pub(super) fn refused(function: &str, pattern: &str) -> Option<Refusal> {
    if OF_LENGTHS.contains(&pattern) {
        return None;
    }
    if !pattern.contains('%') {
        return Some(Refusal::new(
            format!("{function} has the pattern '{pattern}', in which no part begins with %"),
            format!("'{}'", here(pattern)),
        ));
    }
    let is_known = StrftimeItems::new(pattern).all(|item| item != Item::Error);
    (!is_known).then(|| {
        Refusal::new(
            format!("{function} has the pattern '{pattern}', in which one part behind a % is not known"),
            "%Y %m %d are year, month and day, %H %M %S hour, minute and second, %j the day of the year, %A that of \
             the week, %B the month in words, %% a %",
        )
    })
}

/// The pattern as it is written here, or one as an example.
fn here(pattern: &str) -> String {
    let is_java = is_of_java(pattern);
    let parts = if is_java { OF_JAVA } else { PARTS };
    let mut told = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let is_next = |part: &&(&str, &str)| match rest.get(..part.0.len()) {
            Some(begin) => begin == part.0 || !is_java && begin.eq_ignore_ascii_case(part.0),
            None => false,
        };
        if let Some((part, sign)) = parts.iter().find(is_next) {
            told += sign;
            rest = &rest[part.len()..];
        } else {
            told.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    if told.contains('%') { told } else { "%Y-%m-%d %H:%M".to_owned() }
}

fn is_of_java(pattern: &str) -> bool {
    let has = |part| pattern.contains(part);
    has("mm") && (has("HH") || has("hh") || has("MM")) && !has("HH24") && !has("hh24")
        || has("MM") && (has("yy") || has("dd") || has("EEE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_other_databases_are_translated() {
        for (elsewhere, pattern) in [
            ("YYYY-MM-DD HH24:MI", "%Y-%m-%d %H:%M"),
            ("yyyy-mm-dd hh24:mi:ss", "%Y-%m-%d %H:%M:%S"),
            ("DD.MM.YY HH12:MI AM", "%d.%m.%y %I:%M %p"),
            ("Day, DD Mon YYYY", "%A, %d %b %Y"),
            ("yyyy-MM-dd HH:mm:ss.SSS", "%Y-%m-%d %H:%M:%S.%3f"),
            ("HH:mm", "%H:%M"),
            ("…", "%Y-%m-%d %H:%M"),
        ] {
            assert_eq!(here(elsewhere), pattern, "{elsewhere}");
        }
        for pattern in ["%Y-%m-%d", "%3f", "100 %%", "pretty", "%-d.%-m."] {
            assert!(refused("to_char", pattern).is_none(), "{pattern}");
        }
        assert!(refused("to_char", "%Q").is_some());
    }
}
