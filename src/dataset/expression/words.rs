//! The engine's errors in the words of who wrote the expression.

use datafusion::error::DataFusionError;

use super::text_time;

/// Why a text could not be parsed.
pub(super) fn unparsed(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    if text.contains("RecursionLimitExceeded") {
        return "it is nested too deeply: at most 50 brackets or functions inside each other are read (hint: calculate \
                a part of it beforehand and keep it as a column of the file)"
            .to_owned();
    }
    let inner = text
        .strip_prefix("SQL error: ParserError(\"")
        .and_then(|rest| rest.rsplit_once("\")").map(|(inner, _)| inner.replace("\\\"", "\"")));
    let plain = inner.unwrap_or(text).replace(" at Line: 1, Column: ", " at character ");
    format!("{plain} (hint: put column names in double quotes)")
}

/// Why a parsed expression could not be planned.
pub(super) fn unplanned(error: &DataFusionError) -> String {
    let text = stripped(&error.strip_backtrace());
    if text.contains("string concat operation") {
        return format!("{text} (hint: `||` joins texts; the logical operator is `OR`)");
    }
    for (function, _) in text.match_indices("Function '") {
        let name = text[function + 10..].split('\'').next().unwrap_or_default();
        if text.contains("requires String, but received Float64") {
            return format!(
                "`{name}` needs a text, and columns are read as numbers (hint: list the column under `data.text_columns`)"
            );
        }
    }
    text
}

/// Why an expression has no value for a row.
pub(super) fn unevaluated(error: &DataFusionError) -> String {
    let text = stripped(&error.strip_backtrace());
    let quoted = text.split('\'').nth(1);
    if text.contains("Error parsing timestamp") {
        let value = quoted.unwrap_or_default();
        let hint = match text_time::format_of(value) {
            Some(format) => format!("name its form: `to_timestamp(…, '{format}')`"),
            None if value.chars().any(|c| c.is_ascii_digit()) => {
                "name its form, as in `to_timestamp(…, '%d.%m.%Y %H:%M')`".to_owned()
            }
            None => "leave missing times empty".to_owned(),
        };
        return format!("`{value}` is not a time that is read without further words (hint: {hint})");
    }
    if text.contains("represented as nanoseconds") {
        return "its year is outside 1677 to 2262 (hint: a year of two digits, such as 26, is read by `%y`, not `%Y`, \
                in the form of `to_timestamp`)"
            .to_owned();
    }
    if text.contains("to value of") && text.contains("Cannot cast string") {
        let value = quoted.unwrap_or_default();
        return format!(
            "the text `{value}` is not a number (hint: compare a text column with a text, and list it under \
             `data.text_columns`)"
        );
    }
    if text.contains("Can't cast value") {
        return format!(
            "{text}: it is too large for that type (hint: leave the cast out, or use `floor` or `round`)"
        );
    }
    if text.contains("Cannot cast timezone") {
        return "on the clock of that time zone the time occurs twice or not at all (hint: set `data.time_zone` instead of \
                `AT TIME ZONE`)"
            .to_owned();
    }
    if text.contains("verflow") {
        return format!(
            "{text} (hint: write a number with decimals, such as 1.0 *, to calculate without whole numbers)"
        );
    }
    text
}

/// Without the engine's names of the kinds of its errors.
fn stripped(text: &str) -> String {
    const KINDS: [&str; 12] = [
        "Arrow error: ",
        "Execution error: ",
        "Error during planning: ",
        "This feature is not implemented: ",
        "Optimizer rule 'simplify_expressions' failed",
        "Internal error: ",
        "Compute error: ",
        "Cast error: ",
        "Parser error: ",
        "Invalid argument error: ",
        "Schema error: ",
        "External error: ",
    ];
    let mut rest = text.split("\n\nThis issue was likely caused by a bug").next().unwrap_or_default();
    while let Some(shorter) = KINDS.iter().find_map(|kind| rest.strip_prefix(kind)) {
        rest = shorter;
    }
    rest.to_owned()
}
