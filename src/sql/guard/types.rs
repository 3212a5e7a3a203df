//! Types, which the engine has names of its own for, and the values that it writes with them.

/// Names of types as SQL has them.
const TYPES: &[(&str, &str)] = &[
    ("Timestamp(", "TIMESTAMP"),
    ("Time32(", "TIME"),
    ("Time64(", "TIME"),
    ("Interval(", "INTERVAL"),
    ("Duration(", "INTERVAL"),
    ("Utf8View", "text"),
    ("LargeUtf8", "text"),
    ("Utf8", "text"),
    ("Int8", "TINYINT"),
    ("Int16", "SMALLINT"),
    ("Int32", "INT"),
    ("Int64", "BIGINT"),
    ("UInt8", "TINYINT UNSIGNED"),
    ("UInt16", "SMALLINT UNSIGNED"),
    ("UInt32", "INT UNSIGNED"),
    ("UInt64", "BIGINT UNSIGNED"),
    ("Float32", "REAL"),
    ("Float64", "DOUBLE"),
    ("Boolean", "BOOLEAN"),
    ("Date32", "DATE"),
    ("Decimal128", "DECIMAL"),
];

/// Types whose name stands before a value in parentheses.
const OF_VALUES: &[&str] = &[
    "Utf8View",
    "LargeUtf8",
    "Utf8",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Float16",
    "Float32",
    "Float64",
    "Boolean",
    "IntervalMonthDayNano",
    "Date32",
];

pub(super) fn type_in(text: &str) -> &str {
    // The longest name is meant: UInt64 holds Int64.
    let found = TYPES.iter().filter(|(engine, _)| text.contains(engine));
    found.max_by_key(|(engine, _)| engine.len()).map_or("the type asked for", |(_, sql)| sql)
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The text with types and values as SQL has them.
pub(super) fn in_sql(text: &str) -> String {
    let text = values_in_sql(text);
    let mut told = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let known = TYPES.iter().find(|(engine, _)| engine.trim_end_matches('(') == word);
        told += known.map_or(word, |(_, sql)| sql);
        // The unit and the zone of a time are the engine's.
        let is_of_time = known.is_some_and(|(engine, _)| engine.ends_with('('));
        rest = match after.find(')') {
            Some(close) if is_of_time && after.starts_with('(') => &after[close + 1..],
            _ => after,
        };
        let next = rest.find(is_of_word).unwrap_or(rest.len());
        told += &rest[..next];
        rest = &rest[next..];
    }
    told
}

/// The text with values as SQL has them: `1` for `Int64(1)`, `'a'` for `Utf8("a")`.
pub(super) fn values_in_sql(text: &str) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some((before, value, after)) = next_value(rest) {
        told += before;
        told += &value;
        rest = after;
    }
    told + rest
}

/// What stands before the first value with its type, the value, and what stands behind it.
fn next_value(text: &str) -> Option<(&str, String, &str)> {
    let is_apart = |at: usize| !text[..at].ends_with(is_of_word);
    let mut starts = text.match_indices('(').filter_map(|(open, _)| {
        let ends = |kind: &&&str| text[..open].ends_with(**kind) && is_apart(open - kind.len());
        Some((open - OF_VALUES.iter().find(ends)?.len(), open + 1))
    });
    starts.find_map(|(at, inside)| {
        let (value, end) = value_at(&text[inside..])?;
        Some((&text[..at], value, &text[inside + end..]))
    })
}

/// A value up to the parenthesis behind it, and where that ends.
fn value_at(text: &str) -> Option<(String, usize)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let close = quoted.find("\")")?;
        let value = length(&quoted[..close]).map(|length| format!("INTERVAL '{length}'"));
        let value = value.unwrap_or_else(|| format!("'{}'", quoted[..close].replace('\'', "''")));
        return Some((value, close + 3));
    }
    let close = text.find(')')?;
    let is_value = |c: char| c.is_ascii_alphanumeric() || ['.', '-', '+'].contains(&c);
    let value = &text[..close];
    (!value.is_empty() && value.chars().all(is_value)).then(|| (value.to_owned(), close + 1))
}

/// A length of time, `1 month 3 days 0.5 seconds`.
fn length(written: &str) -> Option<String> {
    let parts = written.strip_prefix("IntervalMonthDayNano { months: ")?.strip_suffix(" }")?;
    let (months, parts) = parts.split_once(", days: ")?;
    let (days, nanos) = parts.split_once(", nanoseconds: ")?;
    let seconds = (nanos.parse::<f64>().ok()? / 1e9).to_string();
    let all = [(months, "month"), (days, "day"), (seconds.as_str(), "second")];
    let told = all.iter().filter(|(number, _)| *number != "0").map(|(number, unit)| match *number {
        "1" => format!("1 {unit}"),
        number => format!("{number} {unit}s"),
    });
    let told: Vec<String> = told.collect();
    Some(if told.is_empty() { "0 days".to_owned() } else { told.join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_values_are_as_in_a_query() {
        for (engine, sql) in [
            ("te.tau + Int64(1)", "te.tau + 1"),
            ("concat(te.user_id, Utf8(\"it's (so)\"))", "concat(te.user_id, 'it''s (so)')"),
            ("Float64(0.5) * Int64(-3) - Float64(1e20)", "0.5 * -3 - 1e20"),
            ("Utf8(NULL) = Boolean(true)", "NULL = true"),
            ("corr(Int64, Utf8View)", "corr(BIGINT, text)"),
            ("Timestamp(µs, \"UTC\") + Int64", "TIMESTAMP + BIGINT"),
            ("Time64(ns) - Interval(MonthDayNano)", "TIME - INTERVAL"),
            ("List(Int64)", "List(BIGINT)"),
            ("Decimal128(38, 10)", "DECIMAL(38, 10)"),
            (
                "t + IntervalMonthDayNano(\"IntervalMonthDayNano { months: 1, days: 3, nanoseconds: 500000000 }\")",
                "t + INTERVAL '1 month 3 days 0.5 seconds'",
            ),
            ("my_Int64(1), Int64(a b)", "my_Int64(1), BIGINT(a b)"),
        ] {
            assert_eq!(in_sql(engine), sql);
        }
        assert_eq!(values_in_sql("te.tau + Int64(1)"), "te.tau + 1");
        assert_eq!(values_in_sql("Int64, my_Int64(1), UInt64(2)"), "Int64, my_Int64(1), 2");
        assert_eq!(type_in("UInt64"), "BIGINT UNSIGNED");
        assert_eq!(type_in("value of Int32 type"), "INT");
    }
}
