//! What neither the engine nor the compatibility rules take, of queries that clients have built in: lists that are made of
//! subqueries, which are of options and memberships, and there are none of here; keys that are taken apart into rows; functions
//! by number.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    ObjectName, Query, SetExpr, Statement, TableFactor, Value, ValueWithSpan, Visit, VisitMut, Visitor,
    VisitorMut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::about::of_catalogue;
use super::casts::shown;
use super::words::RIGHTS;
use crate::tables::PUBLIC;

/// Columns that hold functions: by name here, where clients compare them with a number.
const FUNCTIONS: [&str; 7] =
    ["typreceive", "typsend", "typinput", "typoutput", "typanalyze", "typmodin", "typmodout"];

/// What takes a list apart.
const APART: &str = "_pg_expandarray";

/// Columns of the catalogue that have another name in it than clients of this version expect.
const RENAMED: [(&str, &str); 1] = [("colliculocale", "colllocale")];

#[derive(Default)]
struct Built {
    /// What tables of the catalogue are called in the query, and their numbers.
    classes: HashMap<String, i32>,
}

/// Tables, before their columns are looked at.
struct Classes<'a>(&'a mut HashMap<String, i32>);

impl Visitor for Classes<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = table
            && let Some(name) = name.0.last().and_then(|part| part.as_ident())
        {
            let name = name.value.to_lowercase();
            let class = of_catalogue().find(|(known, _)| *known == name);
            let called = alias.as_ref().map_or(name, |alias| alias.name.value.to_lowercase());
            self.0.extend(class.map(|(_, number)| (called, number)));
        }
        ControlFlow::Continue(())
    }
}

/// A column of the catalogue that it does not have: the number of a table itself, and one with another name.
fn column(parts: &[Ident], classes: &HashMap<String, i32>) -> Option<Expr> {
    let [.., table, name] = parts else { return None };
    let number = classes.get(&table.value.to_lowercase())?;
    if name.value.eq_ignore_ascii_case("tableoid") {
        return Some(Expr::Value(Value::Number(number.to_string(), false).into()));
    }
    let (_, other) = RENAMED.iter().find(|(old, _)| name.value.eq_ignore_ascii_case(old))?;
    Some(Expr::CompoundIdentifier(vec![table.clone(), Ident::new(*other)]))
}

/// Rights, and settings of a database, are texts where clients expect lists.
fn has_rights(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = list.args.first() else { return false };
    let name = match first {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    };
    name.is_some_and(|name| ["acl", "setconfig"].iter().any(|end| name.value.to_lowercase().ends_with(end)))
}

fn is_called(function: &Function, name: &str) -> bool {
    let last = function.name.0.last().and_then(|part| part.as_ident());
    last.is_some_and(|part| part.value.eq_ignore_ascii_case(name))
}

fn is_list(function: &Function) -> bool {
    is_called(function, "array") && matches!(function.args, FunctionArguments::Subquery(_))
}

impl VisitorMut for Built {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let new = match expr {
            Expr::Function(function) if is_list(function) => Some(text("{}")),
            Expr::Function(function)
                if is_called(function, "array_to_string") && has_list(&function.args) =>
            {
                Some(Expr::Value(Value::Null.into()))
            }
            Expr::Function(function) if is_called(function, "array_to_string") && has_rights(function) => {
                function.name = ObjectName::from(vec![Ident::new(RIGHTS)]);
                None
            }
            Expr::CompoundIdentifier(parts) => column(parts, &self.classes),
            Expr::Function(function) if is_called(function, APART) => part(function, "x"),
            Expr::Function(function) if is_called(function, "generate_subscripts") => part(function, "n"),
            Expr::Subquery(query) if is_correlated(query) => Some(Expr::Value(Value::Null.into())),
            Expr::CompoundFieldAccess { root, access_chain } => field(root, access_chain),
            Expr::Cast { .. } => shown(expr),
            Expr::InList { expr, list, .. } => {
                on_path(expr, list);
                None
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right }
                if is_function_column(left) && is_zero(right) =>
            {
                **right = text("-");
                None
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right }
                if is_function_column(left) && matches!(**right, Expr::Subquery(_)) =>
            {
                named(right);
                None
            }
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                escaped(pattern, escape_char);
                None
            }
            _ => None,
        };
        if let Some(new) = new {
            *expr = new;
        }
        ControlFlow::Continue(())
    }
}

/// Whether a query for one value depends on the row around it. Clients ask so for defaults, sequences, collations and the
/// like, which there are none of; the engine takes few of such queries.
fn is_correlated(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let mut seen = Names::default();
    for tables in &select.from {
        for table in std::iter::once(&tables.relation).chain(tables.joins.iter().map(|join| &join.relation)) {
            match table {
                TableFactor::Table { alias: Some(alias), .. }
                | TableFactor::Derived { alias: Some(alias), .. } => {
                    seen.own.push(alias.name.value.to_lowercase());
                }
                TableFactor::Table { name, .. } => {
                    let last = name.0.last().and_then(|part| part.as_ident());
                    seen.own.extend(last.map(|part| part.value.to_lowercase()));
                }
                _ => {}
            }
        }
    }
    let _ = query.visit(&mut seen);
    seen.others
}

/// Names that stand in front of columns.
#[derive(Default)]
struct Names {
    own: Vec<String>,
    others: bool,
}

impl Visitor for Names {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(parts) = expr
            && let [.., table, _] = parts.as_slice()
        {
            self.others |= !self.own.contains(&table.value.to_lowercase());
        }
        ControlFlow::Continue(())
    }
}

/// A pattern with a letter of its own in front of letters that stand for themselves, as one with the usual letter.
fn escaped(pattern: &mut Expr, escape: &mut Option<ValueWithSpan>) {
    let Some(Value::SingleQuotedString(letter)) = escape.as_ref().map(|escape| &escape.value) else { return };
    if letter == "\\" || letter.is_empty() {
        return;
    }
    let sql = format!("replace({pattern}, '{}', '\\')", letter.replace('\'', "''"));
    let parsed =
        Parser::new(&PostgreSqlDialect {}).try_with_sql(&sql).and_then(|mut parser| parser.parse_expr());
    if let Ok(parsed) = parsed {
        *pattern = parsed;
        *escape = None;
    }
}

/// A rule has put an empty text where the schemas of the search path were asked for, of which there is one.
fn on_path(expr: &Expr, list: &mut [Expr]) {
    if let [only] = list
        && *only == text("")
        && expr.to_string().contains("table_schema")
    {
        *only = text(PUBLIC);
    }
}

fn text(value: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.into()).into())
}

/// A list taken apart into rows: its values, or their places.
fn part(function: &Function, which: &str) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(list))) = list.args.first() else { return None };
    let sql = match which {
        "n" => format!("unnest(range(1, CAST(cardinality({list}) AS BIGINT) + 1))"),
        _ => format!("unnest({list})"),
    };
    Parser::new(&PostgreSqlDialect {}).try_with_sql(&sql).ok()?.parse_expr().ok()
}

/// `(_pg_expandarray(key)).n`, and `(keys).x` of what that gave.
fn field(root: &Expr, chain: &[AccessExpr]) -> Option<Expr> {
    let [AccessExpr::Dot(Expr::Identifier(Ident { value: which, .. }))] = chain else { return None };
    let inner = if let Expr::Nested(inner) = root { inner } else { root };
    match inner {
        Expr::Function(function) if is_called(function, APART) => part(function, which),
        Expr::CompoundIdentifier(parts) if parts.last()?.value.eq_ignore_ascii_case("keys") => {
            Some(inner.clone())
        }
        _ => None,
    }
}

fn is_function_column(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    };
    name.is_some_and(|name| FUNCTIONS.iter().any(|known| name.value.eq_ignore_ascii_case(known)))
}

/// A function that was looked up by its name: the name is compared.
fn named(lookup: &mut Expr) {
    let sql = lookup.to_string();
    if let Some((_, rest)) = sql.split_once('\'')
        && let Some((name, _)) = rest.split_once('\'')
    {
        *lookup = text(name.trim_start_matches("pg_catalog."));
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Value::Number(number, _) if number == "0"))
}

fn has_list(args: &FunctionArguments) -> bool {
    let text = args.to_string().to_lowercase();
    text.contains("array(select")
}

/// Puts what the engine takes in their place.
pub(super) fn as_taken(statement: &mut Statement) {
    let mut built = Built::default();
    let _ = Visit::visit(&*statement, &mut Classes(&mut built.classes));
    let _ = VisitMut::visit(statement, &mut built);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_have_built_in_is_taken() {
        for (sql, is) in [
            ("SELECT ARRAY(SELECT a FROM b) AS x FROM c", "SELECT '{}' AS x FROM c"),
            (
                "SELECT pg_catalog.array_to_string(x || array(select 'a' || y from z), ', ') FROM c",
                "SELECT NULL FROM c",
            ),
            ("SELECT array_to_string(x, ',') FROM c", "SELECT array_to_string(x, ',') FROM c"),
            (
                "SELECT a FROM t WHERE typreceive != 0 AND b <> 0",
                "SELECT a FROM t WHERE typreceive <> '-' AND b <> 0",
            ),
            (
                "SELECT (information_schema._pg_expandarray(i.indkey)).n AS s, information_schema._pg_expandarray(i.indkey) AS keys FROM t",
                "SELECT unnest(range(1, CAST(cardinality(i.indkey) AS BIGINT) + 1)) AS s, unnest(i.indkey) AS keys FROM t",
            ),
            (
                "SELECT a FROM t WHERE a NOT LIKE 'pg/_%' ESCAPE '/'",
                "SELECT a FROM t WHERE a NOT LIKE replace('pg/_%', '/', '\\')",
            ),
            (
                "SELECT CASE WHEN a.x THEN (SELECT d.y FROM pg_attrdef d WHERE d.n = a.n) END FROM a",
                "SELECT CASE WHEN a.x THEN NULL END FROM a",
            ),
            ("SELECT (SELECT max(d.y) FROM d) FROM a", "SELECT (SELECT max(d.y) FROM d) FROM a"),
            (
                "SELECT typinput = (SELECT oid FROM pg_proc WHERE proname = 'pg_catalog.array_in') FROM t",
                "SELECT typinput = 'array_in' FROM t",
            ),
            (
                "SELECT a FROM t WHERE quote_ident(table_schema) IN ('')",
                "SELECT a FROM t WHERE quote_ident(table_schema) IN ('public')",
            ),
            ("SELECT a FROM t WHERE a IN ('')", "SELECT a FROM t WHERE a IN ('')"),
            ("SELECT t.a::regtype::text FROM t", "SELECT regtype_text(t.a) FROM t"),
            (
                "SELECT pg_catalog.array_to_string(c.relacl, 'x'), C.tableoid, d.tableoid FROM pg_catalog.pg_class c, d",
                "SELECT acl_to_string(c.relacl, 'x'), 1259, d.tableoid FROM pg_catalog.pg_class c, d",
            ),
            ("SELECT c.colliculocale FROM pg_collation c", "SELECT c.colllocale FROM pg_collation c"),
            ("SELECT 1 FROM r WHERE r.a = (r.KEYS).x", "SELECT 1 FROM r WHERE r.a = r.KEYS"),
        ] {
            let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap();
            as_taken(&mut statements[0]);
            assert_eq!(statements[0].to_string(), is);
        }
    }
}
