//! The engine's errors as people read them: what is not possible, and what to write instead. Names of settings and
//! of nodes of plans say nothing to somebody who wrote a query.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use super::far::of_a_store;
use super::types::{in_sql, type_in};
use super::{arguments, elsewhere, names, phrases, signs};

/// An error in plain words, without the engine's chain of wrappers.
pub(in crate::sql) fn plain(error: &DataFusionError) -> String {
    if let Some(told) = of_a_store(error) {
        return told;
    }
    match error.find_root() {
        DataFusionError::ResourcesExhausted(may) => format!(
            "the query needs more memory than it may have ({may})\n\
             (hint: give more with --memory, or ask for less: fewer columns, rows or groups at once)"
        ),
        DataFusionError::SQL(parser, _) => parse(&parser.to_string()),
        DataFusionError::SchemaError(schema, _) => names::told(schema),
        DataFusionError::ArrowError(arrow, _) => values(arrow),
        DataFusionError::External(error) => {
            let text = error.to_string();
            phrases::known(&text).filter(|_| !text.contains("(hint:")).unwrap_or(text)
        }
        DataFusionError::Collection(all) => all.first().map(plain).unwrap_or_default(),
        DataFusionError::Internal(what) => {
            tracing::debug!("{what}");
            impossible()
        }
        DataFusionError::ExecutionJoin(error) if error.is_panic() => {
            of_values(&error.to_string()).unwrap_or_else(impossible)
        }
        root => said(&root.strip_backtrace()),
    }
}

/// A message that says nothing of what to do gets the general advice.
fn with_hint(text: String) -> String {
    if text.contains("(hint:") {
        return text;
    }
    format!(
        "{text}\n(hint: ask for parts of the query alone; docs/sql.md says what is written in another way here)"
    )
}

fn impossible() -> String {
    "the engine cannot carry out this query\n(hint: write it in smaller steps, each a name of WITH; \
     EXPLAIN before a part of it shows whether that part can be planned)"
        .into()
}

fn parse(text: &str) -> String {
    let text = text.strip_prefix("sql parser error: ").unwrap_or(text);
    if text == "recursion limit exceeded" {
        return "the query is nested more than 50 levels deep in parentheses and queries\n\
                (hint: name inner queries with WITH)"
            .into();
    }
    signs::unknown(text).unwrap_or_else(|| format!("{text}\n(hint: {})", sentence(text)))
}

/// What may be wrong with a text that cannot be read.
fn sentence(text: &str) -> &'static str {
    if text.starts_with("Unterminated string") {
        "a text begins and ends with a single quote, and '' is a quote in it"
    } else if text.contains("close delimiter") || text.starts_with("Unterminated") {
        "what begins with a quote or as a comment needs its end"
    } else if text.contains("an SQL statement") {
        "a query begins with SELECT, WITH or VALUES"
    } else if text.contains("found: EOF") {
        "the query ends too early: what is missing belongs to its end"
    } else if text.contains("end of statement") {
        "before that a comma, an operator or a word like BY, ON or WHERE is missing, or one is misspelt"
    } else if text.contains("an expression, found: * ") {
        "a value, a column or a function belongs there; a power is power(a, b)"
    } else if text.contains("an expression") {
        "a value, a column or a function belongs there; a name that is also a word of SQL stands in double quotes"
    } else {
        "what stands there is not SQL as it is known here; a name that is also a word of SQL stands in double quotes"
    }
}

/// Errors of values while rows are computed.
fn values(error: &ArrowError) -> String {
    let text = error.to_string();
    if let Some(cast) = text.strip_prefix("Cast error: ") {
        return casts(cast);
    }
    match error {
        ArrowError::DivideByZero => {
            "a whole number is divided by 0\n(hint: x / nullif(y, 0) is null there)".to_owned()
        }
        ArrowError::ArithmeticOverflow(what) => format!(
            "{} is too large for its type\n(hint: CAST(… AS DOUBLE) before it holds more)",
            what.trim_start_matches("Overflow happened on: ")
        ),
        ArrowError::OffsetOverflowError(_) => too_long(),
        ArrowError::ExternalError(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(inner) => plain(inner),
            None => inner.to_string(),
        },
        _ => said(&text),
    }
}

/// Messages about limits of the engine's own.
fn limits(text: &str) -> Option<String> {
    if text.contains("memory allocation failed") {
        return Some(
            "the query needs more memory than it may have\n\
             (hint: give more with --memory, or ask for less: fewer columns, rows or groups at once)"
                .to_owned(),
        );
    }
    if text.contains("grouping_set") {
        let found = text.rsplit_once("found ").map_or("too many", |(_, found)| found);
        return Some(format!(
            "GROUP BY makes {found} sets of columns; it may make 4096\n(hint: GROUPING SETS names those that are wanted)"
        ));
    }
    if text.contains("LIMIT") && (text.contains("expression") || text.contains("to be an integer")) {
        return Some("LIMIT and OFFSET take a whole number\n(hint: LIMIT 10, or a parameter)".to_owned());
    }
    None
}

fn too_large(what: &str) -> String {
    format!("{what} is too large for its type\n(hint: CAST(… AS DOUBLE) before it holds more)")
}

fn too_long() -> String {
    "a column of text or lists grows beyond 2 GB\n(hint: shorten the texts, or take fewer rows at once)"
        .into()
}

fn casts(text: &str) -> String {
    if let Some(said) = of_values(text) {
        return said;
    }
    let hint = "\n(hint: TRY_CAST gives null for such values, and WHERE TRY_CAST(x AS …) IS NULL finds them)";
    let quoted =
        text.strip_prefix("Cannot cast string '").or_else(|| text.strip_prefix("Cannot cast value '"));
    if let Some((value, rest)) = quoted.and_then(|text| text.rsplit_once("' to ")) {
        return format!("'{value}' is not a value of {}{hint}", type_in(rest));
    }
    if let Some((value, rest)) =
        text.strip_prefix("Can't cast value ").and_then(|t| t.split_once(" to type "))
    {
        return format!("{value} is too large for {}{hint}", type_in(rest));
    }
    if let Some((value, _)) =
        text.strip_prefix("Error parsing timestamp from '").and_then(|t| t.split_once("': "))
    {
        return format!("'{value}' is not a time{hint}");
    }
    if let Some((value, _)) =
        text.strip_prefix("Failed to convert ").and_then(|t| t.split_once(" to temporal for Date"))
    {
        return format!(
            "{value} is too large for a DATE, which counts days since 1970\n\
             (hint: CAST(to_timestamp(x) AS DATE) takes seconds)"
        );
    }
    format!("{text}{hint}")
}

/// What remains: messages that the engine wrote for people, without its prefixes.
fn said(text: &str) -> String {
    let mut text = text;
    let prefixes = [
        "Error during planning: ",
        "Execution error: ",
        "Schema error: ",
        "This feature is not implemented: ",
        "Arrow error: ",
        "Compute error: ",
        "Invalid argument error: ",
        "External error: ",
        "Parser error: ",
        "Arithmetic overflow: ",
        "Optimizer rule '",
    ];
    while let Some(rest) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest;
    }
    let text = text.replace("results.public.", "");
    if let Some(better) = known(&text) {
        return better;
    }
    // Names of the parser's own parts.
    if text.contains("Span(Location") {
        tracing::debug!("{text}");
        return impossible();
    }
    if text.contains("Internal error") || text.contains("bug in DataFusion") {
        tracing::debug!("{text}");
        return impossible();
    }
    with_hint(in_sql(&text))
}

/// Messages that need other words.
fn known(text: &str) -> Option<String> {
    if let Some(said) = elsewhere::no_function(text)
        .or_else(|| arguments::refused(text))
        .or_else(|| names::selected_twice(text))
        .or_else(|| phrases::known(text))
    {
        return Some(said);
    }
    if text.contains("table '") && text.ends_with("not found") {
        return Some(format!("{text}\n(hint: `\\d` at the prompt of `results sql` lists the tables)"));
    }
    if text.contains("logical expression WindowFunction") || text.contains("window function calls") {
        return Some(
            "a function with OVER cannot stand there\n(hint: QUALIFY in place of WHERE can have it)"
                .to_owned(),
        );
    }
    if text.contains("logical expression AggregateFunction")
        || text.contains("Aggregate functions are not allowed")
    {
        return Some(
            "an aggregate cannot stand there\n\
             (hint: HAVING in place of WHERE can have it; to group by one, an inner query that has it as a column)".to_owned(),
        );
    }
    let about_queries = ["ScalarSubquery", "Subquery", "subquery", "OuterReferenceColumn", "outer reference"];
    if text.contains("Physical plan does not support") || text.contains("not support logical expression") {
        return Some(if about_queries.iter().any(|word| text.contains(word)) || text.contains("Exists") {
            "a query within an expression cannot be carried out there\n\
             (hint: join with it: LEFT JOIN (SELECT user_id, … FROM … GROUP BY user_id) s ON s.user_id = t.user_id)"
                .to_owned()
        } else {
            impossible()
        });
    }
    if text.contains("Correlated scalar subquery") || text.contains("correlated") && text.contains("subquery")
    {
        return Some(
            "a query for one value that depends on the row around it needs an aggregate and equal keys\n\
             (hint: (SELECT max(x) FROM … s WHERE s.user_id = t.user_id), or a LEFT JOIN with it)"
                .to_owned(),
        );
    }
    of_values(text)
}

/// Messages about values, frames and sizes.
fn of_values(text: &str) -> Option<String> {
    if text.contains("returned more than one row") {
        return Some(
            "a query that stands for one value has several rows\n(hint: an aggregate, or LIMIT 1 with ORDER BY)"
                .to_owned(),
        );
    }
    if text.contains("retract_batch") {
        return Some(
            "this aggregate cannot be computed over a moving frame\n\
             (hint: the whole partition, or a frame that begins with UNBOUNDED PRECEDING)"
                .to_owned(),
        );
    }
    if text.contains("declared as non-nullable") {
        return Some(impossible());
    }
    let long = [
        "offset overflow",
        "size overflow on",
        "maximum allowed length",
        "too large to materialize",
        "maximum value for offset type",
        "maximum array size",
    ];
    if long.iter().any(|words| text.contains(words)) {
        return Some(too_long());
    }
    if text.contains("disk space during the spilling process") {
        return Some(
            "the query needs more disk for what does not fit into memory than half of what is free\n\
             (hint: give more memory with --memory, or TMPDIR a larger disk)"
                .to_owned(),
        );
    }
    let times = [
        "Date arithmetic overflow",
        "representable i64 range",
        "different timezone",
        "to datetime for",
        "Timestamp out of range",
    ];
    if times.iter().any(|words| text.contains(words)) || text.contains("Overflow converting") {
        return Some(
            "a time is out of range\n(hint: times are from 1677 to 2262 where they have nanoseconds)"
                .to_owned(),
        );
    }
    if let Some(what) = text.strip_prefix("Duration out of range: ") {
        return Some(format!("{what}\n(hint: extract(epoch FROM x) makes seconds of a length of time)"));
    }
    if text.contains("CompiledTooBig") || text.contains("Regular expression did not compile") {
        return Some(
            "the regular expression is too large, or none\n(hint: fewer repetitions within repetitions)"
                .to_owned(),
        );
    }
    if let Some((_, what)) = text.split_once("Overflow happened on: ") {
        return Some(too_large(what));
    }
    if let Some((_, what)) = text.split_once("verflow on ") {
        return Some(too_large(what));
    }
    limits(text)
}
