//! More of what the engine says, in other words: columns that are neither grouped nor summarised, whole numbers that
//! overflow within functions, lengths of time.

use super::types::in_sql;

/// Messages that say what is wrong and not what to write.
const HINTS: &[(&str, &str)] = &[
    (
        "Aggregate function calls cannot be nested",
        "an inner query first: SELECT max(s) FROM (SELECT sum(x) AS s FROM … GROUP BY …)",
    ),
    ("Order by column out of bounds", BY_NUMBER),
    ("Order by index starts at 1", BY_NUMBER),
    (
        "Cannot find column with position",
        "GROUP BY takes the number of a column of the select list, or its name",
    ),
    ("Invalid input syntax for type interval", "INTERVAL '3 days', '2 hours', '90 seconds', '1 month'"),
    ("Date part '", "year, quarter, month, week, day, hour, minute, second, dow, doy or epoch"),
    ("Unsupported date_trunc granularity", "one of those in quotes, as in date_trunc('hour', t)"),
    ("DATE_BIN stride must be", "a length of time above 0, as in date_bin(INTERVAL '15 minutes', t)"),
    ("negative count not allowed", "a length is 0 or more"),
    ("LIMIT must be >= 0", "leave LIMIT out for all rows"),
    ("OFFSET must be >=0", "leave OFFSET out to begin with the first row"),
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
    (
        "should satisfy `0 < precision",
        "DECIMAL(38, 10) has 38 digits, 10 of them behind the point; DOUBLE holds larger numbers",
    ),
    ("Unable to represent ", "a length of time has at most 2147483647 days or months"),
    ("takes one argument, and", "the values alone, as in f(x)"),
    (
        "queries have different number of columns",
        "name the same columns in each SELECT, with NULL AS x where one has no such column",
    ),
    (
        "must have the same number of columns",
        "both SELECTs of WITH RECURSIVE give the same columns in the same order",
    ),
    ("Unary operator '-' only supports", "CAST(x AS DOUBLE) makes a number of a text that holds one"),
    ("Unary operator 'NOT' requires", "compare it, as in NOT (x > 0)"),
    ("table function '", "generate_series(first, last) and unnest(list) can stand in FROM"),
    (
        "Invalid window frame: start bound",
        "the earlier end comes first: ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
    ),
    ("frame offsets for ROWS", "a distance is a whole number from 0 on: ROWS 3 PRECEDING"),
    (
        "RANGE requires exactly one ORDER BY",
        "ROWS counts rows, in any order; RANGE takes one column in ORDER BY",
    ),
    ("NTILE requires a positive", "ntile(4) makes four parts"),
    ("Expected an integer value", "a whole number of rows, as in lag(x, 1)"),
    ("SELECT DISTINCT ON expressions must match", "ORDER BY begins with the columns of DISTINCT ON"),
    (
        "For SELECT DISTINCT, ORDER BY",
        "order by a column that is selected, or sort in a query around this one",
    ),
    ("grouping function is not in grouping columns", "grouping(x) takes a column of GROUP BY"),
    ("must be between 0.0 and 1.0", "a share: 0.5 is the median, 0.95 the quantile above 95 % of the values"),
    ("invalid Unicode scalar value", "chr takes the number of a character, as in chr(65), which is A"),
    ("field position must not be zero", "split_part counts from 1, and with -1 from the end"),
    ("cannot take square root of a negative", "CASE WHEN x >= 0 THEN sqrt(x) END is null there"),
    ("factorial of a negative", "a whole number from 0 to 20"),
    ("is out of supported i32 range", "digits are a small whole number, as in round(x, 2)"),
    ("was not provided a value", "--param NAME=VALUE gives $NAME one, \\set NAME VALUE at the prompt"),
    ("is not a variable which can be viewed", SHOW),
    ("Unsupported SQL statement: SHOW", SHOW),
    ("specified more than once", "give each query of WITH a name of its own"),
    (
        "Inconsistent data length across values",
        "as many values in each row as in the first, with NULL for none",
    ),
    ("unnest() can only be applied", "a column that holds lists, or a list, as in unnest([1, 2])"),
    ("Step cannot be zero", "generate_series(1, 10, 2) goes in steps of 2"),
    ("must be an INTEGER, TIMESTAMP, DATE", "generate_series(1, 10), or two times and an INTERVAL"),
    ("function requires 1 to 3 arguments", "generate_series(first, last, step)"),
    ("not found in struct", "s['name'] takes the name of a field as it was given"),
    ("Cannot access field at argument", "a column of a table is t.x; s['name'] is a field of a struct"),
    ("map key must be unique", "each key once"),
    ("Overflow while rounding", "CAST(x AS DOUBLE) before it is rounded"),
];

const BY_NUMBER: &str = "ORDER BY takes the number of a column of the select list, or its name";
const SHOW: &str = "SHOW TABLES, SHOW COLUMNS FROM te, SHOW FUNCTIONS and DESCRIBE te are there";

/// Messages that are about parts of the engine, what they say, and what to write.
const REWORDED: &[(&str, &str, &str)] = &[
    (
        "Aggregate function calls cannot contain window",
        "an aggregate cannot be of a function with OVER",
        "an inner query first: SELECT sum(r) FROM (SELECT row_number() OVER (…) AS r FROM …)",
    ),
    (
        "Window function calls cannot be nested",
        "a function with OVER cannot be of another one",
        "an inner query first: SELECT lag(s) OVER (…) FROM (SELECT sum(x) OVER (…) AS s FROM …)",
    ),
    (
        "Cannot infer common argument type for logical boolean",
        "AND and OR connect conditions",
        "compare each side, as in x > 0 AND y = 'a'",
    ),
    ("in LIKE expression", "LIKE compares texts", "CAST(x AS VARCHAR) LIKE '1%'"),
    (
        "Cannot infer common argument type for regex",
        "regular expressions look at texts",
        "CAST(x AS VARCHAR) ~ '^1'",
    ),
    (
        "Cannot infer common type for bitwise",
        "bits are those of whole numbers",
        "a <> b of two conditions; CAST(x AS BIGINT) of what holds whole numbers",
    ),
    (
        "QUALIFY clause requires window functions",
        "QUALIFY is a condition on functions with OVER, and there are none",
        "WHERE is a condition on rows, HAVING on groups",
    ),
    (
        "Join condition must be boolean",
        "ON takes a condition",
        "ON a.user_id = b.user_id, or USING (user_id)",
    ),
    (
        "Unsupported JOIN operator",
        "this kind of join is not known here",
        "JOIN, LEFT JOIN, FULL JOIN … ON, CROSS JOIN, LEFT SEMI JOIN or LEFT ANTI JOIN",
    ),
    ("Unsupported ast node in sqltorel: Convert", "CONVERT is not known here", "CAST(x AS DOUBLE)"),
    (
        "Unsupported SQL unary operator BitwiseNot",
        "~x is not known here",
        "-x - 1 has the other bits of a whole number",
    ),
    (
        "Unnest should be rewritten",
        "unnest cannot stand there",
        "in the select list of an inner query: SELECT x FROM (SELECT unnest(list) AS x FROM …) WHERE x = 1",
    ),
    (
        "column types must match schema types",
        "a function with OVER lacks what it is of",
        "first_value(x) OVER (ORDER BY …)",
    ),
    (
        "unnest() does not support null",
        "unnest takes a list, and NULL without a type isn't one",
        "unnest(CAST(NULL AS BIGINT[])) gives no rows",
    ),
    ("AvgAccumulator for (Null", "avg does not take a NULL without a type", "CAST(NULL AS DOUBLE) has one"),
    (
        "Unsupported binary operator",
        "this operator is not known here",
        "SHOW FUNCTIONS lists what there may be in its place",
    ),
    (
        "is not supported in the physical expr",
        "this operator does not take values of these types",
        "@> and <@ compare lists, as in [1, 2] @> [1]; contains(x, 'a') looks into a text",
    ),
    (
        "regex parse error",
        "the regular expression cannot be read",
        "a backslash takes the meaning from a sign, as in '\\(' or '\\.'",
    ),
];

/// Values of types that do not go together in one place, which the engine names.
const TOGETHER: &[(&str, &str)] = &[
    ("Inconsistent data type across values", "CAST in one of the rows makes the types of a column equal"),
    ("Failed to coerce then", "CAST(x AS VARCHAR) in one of them makes the types equal"),
    ("Can not find compatible types to compare", "CAST(x AS VARCHAR) in one of them makes the types equal"),
    ("EXPLAIN VERBOSE with FORMAT", "leave one of the two out"),
];

/// A message that needs other words.
pub(super) fn known(text: &str) -> Option<String> {
    if let Some((_, what, hint)) = REWORDED.iter().find(|(words, ..)| text.contains(words)) {
        return Some(format!("{what}\n(hint: {hint})"));
    }
    if let Some((_, hint)) = HINTS.iter().chain(TOGETHER).find(|(words, _)| text.contains(words)) {
        return Some(format!("{}\n(hint: {hint})", in_sql(text)));
    }
    conditions(text).or_else(|| kinds(text)).or_else(|| untaken(text)).or_else(|| others(text))
}

/// Types and words that something does not take.
fn untaken(text: &str) -> Option<String> {
    if let Some((_, kinds)) = text.split_once("common string type for string concat operation ") {
        let (left, right) = kinds.split_once(" || ")?;
        return Some(format!(
            "|| joins texts or lists, and neither {} nor {} is one\n(hint: CAST(x AS VARCHAR) || y, or concat(x, y))",
            in_sql(left),
            in_sql(right)
        ));
    }
    if let Some((_, rest)) = text.split_once("[return_type] ") {
        let (function, kind) = rest.split_once(" not supported for ")?;
        let what = if kind == "Null" { "a NULL without a type".to_owned() } else { in_sql(kind) };
        return Some(format!(
            "{} does not take {what}\n(hint: CAST gives one, as in {0}(CAST(NULL AS DOUBLE)))",
            function.to_lowercase()
        ));
    }
    if let Some((name, _)) = text.strip_prefix("variable [\"").and_then(|rest| rest.split_once("\"]")) {
        let plain = name.trim_start_matches('@');
        return Some(format!(
            "{name} is a variable, and there are none here\n\
             (hint: ${plain} is a parameter, which --param {plain}=VALUE gives a value)"
        ));
    }
    let (_, rest) = text.split_once("Invalid explain format. ")?;
    let format = rest.rsplit_once("Got '").map_or("", |(_, format)| format.trim_end_matches('\''));
    Some(format!(
        "EXPLAIN has no FORMAT {format}\n(hint: FORMAT INDENT, TREE, PGJSON, which is JSON, or GRAPHVIZ)"
    ))
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

/// Types that do not go together.
fn kinds(text: &str) -> Option<String> {
    let compared = "Cannot infer common argument type for comparison operation ";
    if let Some(kinds) = text.strip_prefix(compared) {
        return Some(format!(
            "{} cannot be compared\n(hint: CAST makes one type of another, as in t > CAST('2026-01-01' AS TIMESTAMP))",
            in_sql(kinds)
        ));
    }
    if let Some((kinds, _)) =
        text.strip_prefix("Cannot get result type for temporal operation ").and_then(|t| t.split_once(": "))
    {
        return Some(format!(
            "{} cannot be calculated\n(hint: t2 - t1 is a length of time, t + INTERVAL '3 days' a time)",
            in_sql(kinds)
        ));
    }
    if let Some((_, rest)) = text.split_once("Incompatible inputs for Union: Previous inputs were of type ") {
        let (one, rest) = rest.split_once(", but got incompatible type ")?;
        let (other, column) = rest.split_once(" on column ")?;
        return Some(format!(
            "the queries of UNION have {} and {} in one column, {column}\n\
             (hint: CAST(x AS VARCHAR) in one of them makes the types equal)",
            in_sql(one),
            in_sql(other)
        ));
    }
    if let Some((from, to)) = text.strip_prefix("Unsupported CAST from ").and_then(|t| t.split_once(" to ")) {
        return Some(format!(
            "{} cannot be made {}\n(hint: s['name'] is a field of a struct, list[1] a value of a list)",
            in_sql(from),
            in_sql(to)
        ));
    }
    if let Some(kind) = text.strip_prefix("Unsupported SQL type ") {
        return Some(format!(
            "the type {kind} is not known here\n\
             (hint: VARCHAR, DOUBLE, BIGINT, INT, BOOLEAN, DATE, TIMESTAMP, DECIMAL(38, 2))"
        ));
    }
    let (columns, rest) = text.strip_prefix("Source table contains ")?.split_once(" columns but only ")?;
    let (names, _) = rest.split_once(" names given")?;
    Some(format!(
        "a table of {columns} columns is given {names} names of columns\n(hint: as many names as columns, or none)"
    ))
}

fn others(text: &str) -> Option<String> {
    if text.contains("must appear in the GROUP BY clause") {
        let column = in_sql(text.split("column \"").nth(1)?.split("\" must appear").next()?);
        let is_name = column.split('.').all(|part| part.chars().all(|c| c.is_alphanumeric() || c == '_'));
        let name = if is_name { column.rsplit('.').next().unwrap_or(&column) } else { &column };
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
        return Some("MINUS is not known here\n(hint: EXCEPT, which looks at each row once)".to_owned());
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
