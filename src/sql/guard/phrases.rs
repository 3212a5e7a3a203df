//! More of what the engine says, in other words: columns that are neither grouped nor summarised, whole numbers that
//! overflow within functions, lengths of time.

use super::types::in_sql;

/// Messages that say what is wrong and not what to write.
const HINTS: [(&str, &str); 13] = [
    (
        "Aggregate function calls cannot be nested",
        "an inner query first: SELECT max(s) FROM (SELECT sum(x) AS s FROM … GROUP BY …)",
    ),
    (
        "Order by column out of bounds",
        "ORDER BY takes the number of a column of the select list, or its name",
    ),
    (
        "Cannot find column with position",
        "GROUP BY takes the number of a column of the select list, or its name",
    ),
    ("Invalid input syntax for type interval", "INTERVAL '3 days', '2 hours', '90 seconds', '1 month'"),
    ("Date part '", "year, quarter, month, week, day, hour, minute, second, dow, doy or epoch"),
    ("negative count not allowed", "a length is 0 or more"),
    ("LIMIT must be >= 0", "leave LIMIT out for all rows"),
    ("Invalid qualifier", "the name of a table of FROM, or the one that AS gives it"),
    ("is not defined!", "WINDOW w AS (PARTITION BY …) at the end of the query defines one"),
    (
        "In an aggregate with DISTINCT, ORDER BY",
        "order by what is aggregated, or aggregate the rows of (SELECT DISTINCT … FROM …)",
    ),
    (
        "is too large to store in a D",
        "CAST(… AS DECIMAL(38, 2)) holds more digits, CAST(… AS DOUBLE) larger numbers",
    ),
    ("Unable to represent ", "a length of time has at most 2147483647 days or months"),
    ("takes one argument, and", "the values alone, as in f(x)"),
];

/// What there is in place of statements that are none here.
const ONLY_QUERIES: &str = "queries only read here: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES; \
                            `results sql --output FILE` writes the rows of one to a file";

/// A message that needs other words.
pub(super) fn known(text: &str) -> Option<String> {
    if let Some((_, hint)) = HINTS.iter().find(|(words, _)| text.contains(words)) {
        return Some(format!("{}\n(hint: {hint})", in_sql(text)));
    }
    statements(text).or_else(|| conditions(text)).or_else(|| others(text))
}

/// Statements that are no queries.
fn statements(text: &str) -> Option<String> {
    let is_copy = text.contains("Format not explicitly set and unable to get file extension");
    let word = match text.strip_prefix("Unsupported SQL statement: ") {
        Some(statement) => statement.split_whitespace().next()?,
        None if is_copy => "COPY",
        None => return None,
    };
    Some(format!("{word} is not a query\n(hint: {ONLY_QUERIES})"))
}

/// Values and conditions of another type than is wanted.
fn conditions(text: &str) -> Option<String> {
    if let Some(kinds) = text.strip_prefix("Cannot coerce arithmetic expression ") {
        let kinds = in_sql(kinds.trim_end_matches(" to valid types"));
        return Some(format!(
            "{kinds} cannot be calculated\n(hint: CAST makes one type of another, as in CAST(x AS DOUBLE); || joins texts)"
        ));
    }
    if let Some(rest) = text.strip_prefix("Cannot create filter with non-boolean predicate ") {
        let rest = in_sql(rest);
        let (what, kind) = rest.split_once(" returning ")?;
        return Some(format!(
            "a condition is true or false, and {what} is {kind}\n(hint: compare it, as in x > 0 or x = 'a')"
        ));
    }
    if let Some((value, _)) =
        text.strip_prefix("Error parsing timestamp from '").and_then(|rest| rest.split_once("': "))
    {
        return Some(format!(
            "'{value}' is not a time\n(hint: to_timestamp(x, '%d.%m.%Y %H:%M') reads other forms; TRY_CAST(x AS \
             TIMESTAMP) gives null for what is none)"
        ));
    }
    let (what, _) =
        text.strip_prefix("HAVING clause references: ")?.split_once(" must appear in the GROUP BY clause")?;
    Some(format!(
        "HAVING is a condition on groups, and {} is neither grouped nor an aggregate\n(hint: WHERE is one on rows)",
        in_sql(what)
    ))
}

fn others(text: &str) -> Option<String> {
    if text.contains("must appear in the GROUP BY clause") {
        let column = text.split('"').nth(1)?;
        let name = column.rsplit('.').next().unwrap_or(column);
        return Some(format!(
            "{column} has several values where there is one row a group\n\
             (hint: GROUP BY {name} too, or an aggregate of it, as in min({name}))"
        ));
    }
    if text.starts_with("COUNT DISTINCT with multiple arguments") {
        return Some(
            "count(DISTINCT …) takes one column\n(hint: SELECT count(*) FROM (SELECT DISTINCT a, b FROM …))"
                .to_owned(),
        );
    }
    if text.starts_with("MINUS ") {
        return Some(
            "MINUS is not known here\n(hint: EXCEPT, or EXCEPT ALL, which takes away copies one by one)"
                .to_owned(),
        );
    }
    if text.starts_with("Too many columns! The subquery") {
        return Some(
            "a query that stands for a value, or beside IN, ANY or ALL, has one column\n\
             (hint: of several columns, EXISTS (SELECT 1 FROM … s WHERE s.a = t.a AND s.b = t.b), or a join)"
                .to_owned(),
        );
    }
    if let Some((name, _)) = text.strip_prefix("Support for '").and_then(|rest| rest.split_once('\''))
        && text.contains("for data type")
    {
        return Some(format!(
            "{name} does not take values of this type\n\
             (hint: CAST makes one type of another; count(DISTINCT x) counts values of any)"
        ));
    }
    if text.starts_with("Unsupported Value '") {
        return Some(
            "a value is written in a way that is not known here\n\
             (hint: texts stand in '…', E'…' with \\n and the like, or $$…$$; bytes in X'…')"
                .to_owned(),
        );
    }
    let overflow = text.strip_prefix("Overflow happened on ");
    let overflow = overflow.or_else(|| text.split_once("integer overflow in ").map(|(_, what)| what));
    if let Some(what) = overflow {
        return Some(format!(
            "{what} is too large for a whole number\n(hint: smaller numbers, or power(…) and exp(…) with decimals)"
        ));
    }
    if text.contains("to Interval(") || text.contains("Interval(MonthDayNano)") {
        return Some(
            "a length of time cannot be had or used so\n\
             (hint: INTERVAL '3 days' is added to a time or taken from it; extract(epoch FROM x) makes a number of one)"
                .to_owned(),
        );
    }
    None
}
