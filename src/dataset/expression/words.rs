//! The engine's errors in the words of who wrote the expression.

use datafusion::error::DataFusionError;

use super::super::text_time;

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
    let plain = match plain.split_once("No infix parser for token Word(Word { value: \"") {
        Some((_, rest)) => {
            let word = rest.split('"').next().unwrap_or_default();
            let place = plain.rsplit_once(" at character ").map(|(_, at)| format!(" at character {at}"));
            format!("`{word}` is not an operator{}", place.unwrap_or_default())
        }
        None => plain,
    };
    let hint = if plain.contains(['“', '”', '„', '«', '»', '‘', '’']) {
        "the quotes are those of typography; write straight ones: \""
    } else if plain.contains("found: ;") {
        "leave the semicolon out"
    } else if plain.contains("found: ,") {
        "one expression is needed; decimals stand behind a point"
    } else if plain.contains("found: ?") {
        "write `CASE WHEN … THEN … ELSE … END`; a name with a question mark stands in double quotes"
    } else if plain.contains("`div`") {
        "write `floor(x / y)`"
    } else {
        "put column names in double quotes"
    };
    format!("{plain} (hint: {hint})")
}

/// Why a parsed expression could not be planned.
pub(super) fn unplanned(error: &DataFusionError) -> String {
    let text = stripped(&error.strip_backtrace());
    if let Some(words) = unfilled(&text) {
        return words;
    }
    if text.contains("string concat operation") {
        return "`||` joins texts, and columns are read as numbers (hint: the logical operator is `OR`)"
            .to_owned();
    }
    if let Some(name) = text.strip_prefix("No field named ") {
        let name = name.split(['.', ' ']).next().unwrap_or_default();
        return format!(
            "`{name}` is a word of SQL (hint: put the name of the column in double quotes: '\"{name}\"')"
        );
    }
    if text.starts_with("Unsupported CAST from ") {
        return "a number cannot be cast to that (hint: `to_timestamp(x)` makes a time of seconds since 1970)"
            .to_owned();
    }
    if text.contains("requires Timestamp, but received Float64") {
        return "it needs a time, and columns are read as numbers (hint: `to_timestamp(x)` makes a time of seconds, as in \
                `date_part('hour', to_timestamp(x))`)"
            .to_owned();
    }
    for (function, _) in text.match_indices("Function '") {
        let name = text[function + 10..].split('\'').next().unwrap_or_default();
        if text.contains("requires String, but received Float64") {
            return format!(
                "`{name}` needs a text, and columns are read as numbers (hint: list the column under `data.text_columns`)"
            );
        }
    }
    if let Some(name) = text.strip_prefix("Invalid function '").and_then(|rest| rest.split('\'').next()) {
        return unknown_function(name, &text);
    }
    if text.contains("requires a boolean")
        || text.contains("logical boolean operation")
        || text.contains("IS DISTINCT FROM Boolean")
    {
        return "AND, OR, NOT and IS join truths, and columns are read as numbers (hint: write `\"x\" > 0`)"
            .to_owned();
    }
    if text.contains("in LIKE expression") || text.contains("regex operation") {
        return "a pattern is for texts, and columns are read as numbers (hint: list the column under \
                `data.text_columns`)"
            .to_owned();
    }
    if text.contains("Cannot coerce arithmetic expression") && text.contains("Utf8") {
        return format!("{text} (hint: a number in a text column is read with `cast(\"x\" as double)`)");
    }
    if let Some(rest) = text.strip_prefix("Unsupported ast node in sqltorel: ") {
        let what: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        return format!("`{}` is not done here", what.to_uppercase());
    }
    if text.contains("Unnest should be rewritten") {
        return "`unnest` makes several rows of one, and an expression gives one value a row".to_owned();
    }
    text
}

/// A parameter, which no expression has.
fn unfilled(text: &str) -> Option<String> {
    let name = text.strip_prefix("Placeholder '")?.split('\'').next()?;
    Some(format!(
        "`{name}` stands for a value that nobody gives (hint: write the value, or put the name of a column in double quotes)"
    ))
}

/// What to write instead of a function that there is not.
fn unknown_function(name: &str, text: &str) -> String {
    let instead = match name.to_lowercase().as_str() {
        "if" | "iif" | "ifelse" | "if_else" | "where" | "switch" => "`CASE WHEN … THEN … ELSE … END`",
        "mod" | "fmod" | "remainder" => "`x % y`",
        "div" | "idiv" => "`floor(x / y)`",
        "sign" => "`signum(x)`",
        "pow2" | "sqr" | "square" => "`power(x, 2)`",
        "truncate" | "fix" => "`trunc(x)`",
        "int" | "integer" => "`cast(x as bigint)`",
        "float" | "double" | "number" | "to_number" | "as_numeric" => "`cast(x as double)`",
        "log1p" => "`ln(1 + x)`",
        "expm1" => "`exp(x) - 1`",
        "strptime" | "parse_date" | "to_datetime" | "datetime" | "timestamp" | "str_to_date" => {
            "`to_timestamp(x, '%d.%m.%Y %H:%M')`"
        }
        "hour" | "minute" | "second" | "day" | "weekday" | "dayofweek" => {
            "`date_part('hour', to_timestamp(x))`"
        }
        "isnull" | "is_null" | "isna" | "is_na" => "`x IS NULL`",
        "min" | "max" => "`least(x, y)` or `greatest(x, y)`",
        "len" => "`length(x)`",
        "between" => "`x BETWEEN 1 AND 2`",
        _ => "",
    };
    let near = text.split("Did you mean '").nth(1).and_then(|rest| rest.split('\'').next());
    match (instead, near) {
        ("", Some(near)) => format!("unknown function `{name}` (did you mean `{near}`?)"),
        ("", None) => format!("unknown function `{name}`"),
        (instead, _) => format!("unknown function `{name}` (hint: write {instead})"),
    }
}

/// Why an expression has no value for a row.
pub(super) fn unevaluated(error: &DataFusionError) -> String {
    let text = stripped(&error.strip_backtrace());
    let quoted = text.split('\'').nth(1);
    if text.contains("Error parsing timestamp") {
        let value = quoted.unwrap_or_default();
        if let Some(format) = text.split("using format '").nth(1).and_then(|rest| rest.split('\'').next()) {
            return format!("`{value}` does not fit the form '{format}'{}", hint_of(value));
        }
        return format!("`{value}` is not a time that is read without further words{}", hint_of(value));
    }
    if let Some((_, zone)) = text.split_once("Invalid timezone \"") {
        let zone = zone.split('"').next().unwrap_or_default();
        let hint = if zone.starts_with([',', ':']) {
            format!(
                "fractions of a second are read behind a point: `to_timestamp(replace(…, '{}', '.'))`",
                &zone[..1]
            )
        } else {
            "name its form, as in `to_timestamp(…, '%Y-%m-%d %I:%M:%S %p')` for AM and PM".to_owned()
        };
        return format!("`{zone}` behind the time isn't a time zone (hint: {hint})");
    }
    if text.contains("Regular expression did not compile") {
        let reason = text.split("error: ").nth(1).unwrap_or_default().lines().next().unwrap_or_default();
        return format!("its regular expression cannot be read: {reason}");
    }
    if let Some(words) = unfilled(&text) {
        return words;
    }
    if text.contains("Divide by zero") {
        return "it divides whole numbers by zero (hint: `nullif(x, 0)` makes the result missing)".to_owned();
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

/// What to do about a text that is not read as a time.
fn hint_of(value: &str) -> String {
    let hint = match text_time::form_of(value) {
        Some(text_time::Form::Known) => "it is read without a form: `to_timestamp(…)`".to_owned(),
        Some(form) => format!("name its form: {}", form.call("…")),
        None if value.parse::<f64>().is_ok() => {
            "a number: take the column out of `data.text_columns`, or write `cast(… as double)`".to_owned()
        }
        None if value.len() >= 19 && value.is_char_boundary(4) && value[..4].parse::<u16>().is_ok() => {
            "is its day one of the calendar and its hour from 0 to 23? else name its form, as in \
             `to_timestamp(…, '%d.%m.%Y %H:%M')`"
                .to_owned()
        }
        None if value.chars().any(|c| c.is_ascii_digit()) => {
            "name its form, as in `to_timestamp(…, '%d.%m.%Y %H:%M')`".to_owned()
        }
        None => "leave missing times empty".to_owned(),
    };
    format!(" (hint: {hint})")
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
