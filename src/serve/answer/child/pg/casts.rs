//! Numbers that are shown as names: `::regclass`, `::regtype` and `::regnamespace`, where a text is wanted of them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListBuilder, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field};
use arrow::util::display::array_value_to_string;
use datafusion::error::Result;
use datafusion::execution::context::SessionContext;
use datafusion::sql::sqlparser::ast::{Expr, Value};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use pgwire::api::Type;

use super::about::{About, of_catalogue};
use super::functions::{TYPES, looked_up, numbers, register, strings};
use crate::tables::PUBLIC;

/// Kinds of numbers, and the functions that name them.
const KINDS: [(&str, &str); 4] = [
    ("regclass", "regclass_text"),
    ("regnamespace", "regnamespace_text"),
    ("regtype", "regtype_text"),
    ("regtype[]", "regtype_texts"),
];

/// A name without those before it, in small letters.
pub(super) fn last_word(name: &str) -> String {
    name.rsplit('.').next().unwrap_or_default().to_lowercase()
}

/// The text of a number that is cast to one of these; names are looked up elsewhere.
pub(super) fn as_text(expr: &Expr) -> Option<Expr> {
    let Expr::Cast { expr: inner, data_type, .. } = expr else { return None };
    let is_name =
        matches!(&**inner, Expr::Value(value) if matches!(value.value, Value::SingleQuotedString(_)));
    let kind = last_word(&data_type.to_string());
    let (_, function) = KINDS.iter().find(|(name, _)| *name == kind).filter(|_| !is_name)?;
    let sql = format!("{function}({inner})");
    Parser::new(&PostgreSqlDialect {}).try_with_sql(&sql).ok()?.parse_expr().ok()
}

/// That of one that is cast to a text after that, and lists of types, which are always shown.
pub(super) fn shown(expr: &Expr) -> Option<Expr> {
    let Expr::Cast { expr: inner, data_type, .. } = expr else { return None };
    match last_word(&data_type.to_string()).as_str() {
        "text" | "varchar" | "name" => as_text(inner),
        "regtype[]" => as_text(expr),
        _ => None,
    }
}

fn shown_lists(array: &ArrayRef) -> Result<Vec<Option<String>>> {
    if !array.data_type().is_nested() {
        return strings(array);
    }
    let row = |row| array.is_valid(row).then(|| array_value_to_string(array, row)).transpose();
    Ok((0..array.len()).map(row).collect::<std::result::Result<_, _>>()?)
}

/// The name of a type.
fn type_name(number: i64) -> Option<String> {
    let kind = Type::from_oid(u32::try_from(number).ok()?)?;
    let plain = kind.name();
    if let Some(of) = plain.strip_prefix('_') {
        let long = TYPES.iter().find(|(name, known)| known.name() == of && *name != of);
        return Some(format!("{}[]", long.map_or(of, |(name, _)| name)));
    }
    let long = TYPES.iter().find(|(name, known)| *known == kind && *name != plain);
    Some(long.map_or(plain, |(name, _)| name).to_owned())
}

/// Makes the functions known.
pub(super) fn register_all(ctx: &SessionContext, about: &About) {
    let mut classes: HashMap<_, _> =
        of_catalogue().map(|(name, number)| ((i64::from(number), 0), name.to_owned())).collect();
    for table in &about.tables {
        let space = |name: &str| {
            if table.space == PUBLIC { name.to_owned() } else { format!("{}.{name}", table.space) }
        };
        classes.insert((i64::from(table.number), 0), space(&table.name));
        classes.extend(table.key_name().map(|(name, number)| ((i64::from(number), 0), space(&name))));
    }
    looked_up(ctx, "regclass_text", classes);
    let fixed = ["pg_catalog", "information_schema"];
    let fixed = fixed.map(|name| ((i64::from(super::about::space_number(name)), 0), name.to_owned()));
    let spaces = about.spaces.iter().map(|(name, number)| ((i64::from(*number), 0), name.clone()));
    looked_up(ctx, "regnamespace_text", spaces.chain(fixed).collect());
    register(ctx, "regtype_text", DataType::Utf8, |args, rows| {
        let asked = args.first().map(numbers).transpose()?.unwrap_or_else(|| vec![None; rows]);
        let name = |number: Option<i64>| number.map(|n| type_name(n).unwrap_or_else(|| n.to_string()));
        Ok(Arc::new(asked.into_iter().map(name).collect::<StringArray>()))
    });
    let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    register(ctx, "regtype_texts", list, |args, rows| {
        // Of the catalogue that is the same everywhere some lists are texts: numbers with something between them.
        let asked = args.first().map(shown_lists).transpose()?.unwrap_or_else(|| vec![None; rows]);
        let mut lists = ListBuilder::new(StringBuilder::new());
        for text in asked {
            let Some(text) = text else {
                lists.append(false);
                continue;
            };
            let parts = text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
            for number in parts {
                lists.values().append_value(type_name(number).unwrap_or_else(|| number.to_string()));
            }
            lists.append(true);
        }
        Ok(Arc::new(lists.finish()))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_that_clients_show() {
        for (number, name) in [
            (23, "integer"),
            (25, "text"),
            (701, "double precision"),
            (1007, "integer[]"),
            (1009, "text[]"),
            (2276, "any"),
        ] {
            assert_eq!(type_name(number).as_deref(), Some(name));
        }
        assert_eq!(type_name(-1), None);
    }

    #[test]
    fn only_numbers_are_named() {
        let of =
            |sql: &str| Parser::new(&PostgreSqlDialect {}).try_with_sql(sql).unwrap().parse_expr().unwrap();
        for (sql, is) in [
            ("a.t::regtype::text", Some("regtype_text(a.t)")),
            ("a.t::pg_catalog.regclass::pg_catalog.text", Some("regclass_text(a.t)")),
            ("a.t::regtype[]", Some("regtype_texts(a.t)")),
            ("a.t::regtype", None),
            ("'te'::regclass::text", None),
            ("a.t::text", None),
        ] {
            assert_eq!(shown(&of(sql)).map(|expr| expr.to_string()).as_deref(), is, "{sql}");
        }
    }
}
