//! Names of columns and tables that are not there, or twice.

use datafusion::common::{Column, SchemaError};

use super::nearest::nearest;
use super::types::in_sql;

/// Names that are listed of many.
const LISTED: usize = 10;

/// `a, b, c and 7 more`.
fn listed(names: &[String]) -> String {
    if names.len() <= LISTED {
        return names.join(", ");
    }
    format!("{} and {} more", names[..LISTED].join(", "), names.len() - LISTED)
}

/// An error about them.
pub(super) fn told(error: &SchemaError) -> String {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => missing(field, valid_fields),
        SchemaError::AmbiguousReference { field } => format!(
            "{} could be a column of several tables\n(hint: write the table before it, like t.{})",
            field.name, field.name
        ),
        SchemaError::DuplicateQualifiedField { qualifier, .. } => {
            let table = qualifier.table();
            format!(
                "{table} stands twice in FROM\n\
                 (hint: give each a name: {table} a JOIN {table} b ON a.user_id = b.user_id)"
            )
        }
        SchemaError::DuplicateUnqualifiedField { name } => twice(name),
    }
}

fn twice(name: &str) -> String {
    format!("two columns are called {}\n(hint: give one another name with AS)", in_sql(name))
}

/// Two columns of one name in a select list.
pub(super) fn selected_twice(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("Projections require unique expression names but the expression \"")?;
    let (first, _) = rest.split_once("\" at position ")?;
    Some(format!(
        "two columns of the select list are called {}\n(hint: give one another name with AS)",
        called(&in_sql(first))
    ))
}

/// What a column is called that is written so: by what stands behind AS, else without its casts.
fn called(written: &str) -> String {
    if let Some((at, _)) = open(written, " AS ").last() {
        return written[at + " AS ".len()..].to_owned();
    }
    let mut told = written.to_owned();
    while let Some((start, inside, end)) = cast_in(&told) {
        told.replace_range(start..end, &inside);
    }
    told
}

/// A cast in an expression: where it begins, what is cast, and where it ends.
fn cast_in(text: &str) -> Option<(usize, String, usize)> {
    const CASTS: [&str; 2] = ["TRY_CAST(", "CAST("];
    let (start, word) = outside_quotes(text).find_map(|(at, _)| {
        let word = CASTS.into_iter().find(|word| text[at..].starts_with(word))?;
        Some((at, word))
    })?;
    let inside = &text[start + word.len()..];
    let (close, _) = open(inside, ")").next()?;
    let (of, _) = open(&inside[..close], " AS ").last()?;
    Some((start, inside[..of].to_owned(), start + word.len() + close + 1))
}

/// Where a part stands in a text outside of quotes and parentheses.
fn open<'a>(text: &'a str, part: &'a str) -> impl Iterator<Item = (usize, char)> + 'a {
    let mut depth = 0;
    outside_quotes(text).filter(move |(at, c)| {
        let is_here = depth == 0 && text[*at..].starts_with(part);
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        is_here
    })
}

fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut is_quoted = false;
    text.char_indices().filter(move |(_, c)| {
        is_quoted ^= *c == '\'';
        !is_quoted
    })
}

fn missing(field: &Column, valid: &[Column]) -> String {
    if valid.iter().any(|column| column.flat_name().starts_with("__correlated")) {
        return format!(
            "{} is of a query that is not the one directly around it\n(hint: join with the inner query instead)",
            field.flat_name()
        );
    }
    let what = format!("unknown column {}", field.flat_name());
    let wanted = field.name.to_lowercase();
    let mut same: Vec<String> =
        valid.iter().filter(|column| column.name.to_lowercase() == wanted).map(Column::flat_name).collect();
    same.dedup();
    if !same.is_empty() {
        let places: Vec<&str> = valid
            .iter()
            .filter(|column| column.name.to_lowercase() == wanted)
            .map(|column| column.name.as_str())
            .collect();
        let hint = if places.contains(&field.name.as_str()) {
            format!("there is {}", listed(&same))
        } else {
            format!("it is called {}; capitals matter", places[0])
        };
        return format!("{what}\n(hint: {hint})");
    }
    if valid.is_empty() {
        return format!(
            "{what}\n(hint: there are no columns here; a text stands in single quotes: '{}')",
            field.name
        );
    }
    if let Some(name) = nearest(&wanted, valid.iter().map(|column| column.name.as_str())) {
        return format!("{what}\n(hint: is it {name}?)");
    }
    let names: Vec<String> = valid.iter().map(|column| column.name.clone()).collect();
    let quoted = match &field.relation {
        Some(_) => String::new(),
        None => format!("; a text stands in single quotes: '{}'", field.name),
    };
    format!("{what}\n(hint: the columns are {}{quoted})", listed(&names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_called_by_its_whole_name() {
        for (written, name) in [
            ("te.tau", "te.tau"),
            ("1 AS a", "a"),
            ("CAST(te.tau AS text)", "te.tau"),
            ("strpos('a AS b','(') AS CAST(1)", "CAST(1)"),
            ("to_timestamp(TRY_CAST(CAST(1 AS BIGINT) AS DECIMAL(20, 3))) + 2", "to_timestamp(1) + 2"),
            ("strpos('it''s CAST(1 AS INT)', 'b')", "strpos('it''s CAST(1 AS INT)', 'b')"),
        ] {
            assert_eq!(called(written), name);
        }
        let text = "Projections require unique expression names but the expression \"strpos(Utf8(\"abc\"),Utf8(\"b\"))\" \
                    at position 0 and \"strpos(Utf8(\"abc\"),Utf8(\"b\"))\" at position 1 have the same name.";
        assert!(
            selected_twice(text)
                .unwrap()
                .starts_with("two columns of the select list are called strpos('abc','b')\n")
        );
    }
}
