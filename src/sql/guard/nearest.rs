//! Names that may have been meant.

use datafusion::common::{Diagnostic, Location, SchemaError, Span};
use datafusion::error::DataFusionError;

/// The name of those there are that is most like one that is not there.
pub(in crate::sql) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let scored = known.map(|known| (strsim::damerau_levenshtein(&known.to_lowercase(), &wanted), known));
    let (_, near) = scored.min().filter(|(distance, known)| *distance <= 1 + known.len() / 4)?;
    Some(near)
}

/// The table that an error says is not there, as it is called in a query.
pub(in crate::sql) fn absent_table(error: &DataFusionError) -> Option<String> {
    let DataFusionError::Plan(text) = error.find_root() else { return None };
    let name = text.strip_prefix("table '")?.split_once("' not found")?.0;
    let name = name.strip_prefix("results.").unwrap_or(name);
    Some(name.strip_prefix("public.").unwrap_or(name).to_owned())
}

/// The column that an error says is not there.
pub(super) fn absent_column(error: &DataFusionError) -> Option<&str> {
    let DataFusionError::SchemaError(schema, _) = error.find_root() else { return None };
    match &**schema {
        SchemaError::FieldNotFound { field, .. } => Some(&field.name),
        _ => None,
    }
}

/// The error with the place of the name that it is about: the engine seldom says where in a query that stands.
pub(in crate::sql) fn placed(error: DataFusionError, sql: &str) -> DataFusionError {
    if error.diagnostic().is_some_and(|diagnostic| diagnostic.span.is_some()) {
        return error;
    }
    let name = absent_column(&error).map(str::to_owned).or_else(|| absent_table(&error));
    let at = name.and_then(|name| place_of(sql, name.rsplit('.').next().unwrap_or(&name)));
    match at {
        Some(at) => error.with_diagnostic(Diagnostic::new_error("", Some(Span::new(at, at)))),
        None => error,
    }
}

/// Where a word stands first, comments left aside.
fn place_of(sql: &str, word: &str) -> Option<Location> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    sql.lines().enumerate().find_map(|(line, text)| {
        let code = text.split("--").next().unwrap_or_default();
        let stands = |(at, _): &(usize, &str)| {
            !code[..*at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word)
        };
        let (at, _) = code.match_indices(word).find(stands)?;
        Some(Location { line: line as u64 + 1, column: code[..at].chars().count() as u64 + 1 })
    })
}
