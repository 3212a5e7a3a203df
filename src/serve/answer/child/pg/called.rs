//! Names of the columns of an answer, as Postgres gives them: clients look for `current_schema`, not for the words that the
//! engine has for an expression, and two columns may have one name.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, Ident, Query, Select, SelectItem, SetExpr, Statement, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::casts::{as_text, last_word};

/// What stands before a name that a rule gave to what would have had that of another column.
const SECOND: &str = "__alias_";

/// A name with a sign that the wire leaves away: the engine wants each name once.
const UNSEEN: char = '\0';

/// What has no name.
const UNNAMED: &str = "?column?";

/// Types by the names that a parser has for them, and those that Postgres calls a column by.
const TYPES: [(&str, &str); 9] = [
    ("bigint", "int8"),
    ("boolean", "bool"),
    ("char", "bpchar"),
    ("double precision", "float8"),
    ("int", "int4"),
    ("integer", "int4"),
    ("real", "float4"),
    ("smallint", "int2"),
    ("timestamp with time zone", "timestamptz"),
];

/// Gives columns the names that they have for whoever asked with this text.
pub(super) fn as_called(statement: &mut Statement, sql: &str) {
    let _ = statement.visit(&mut Inner);
    let Statement::Query(query) = statement else { return };
    let Some(select) = first_mut(&mut query.body) else { return };
    let asked = asked(sql).filter(|asked| asked.len() == select.projection.len());
    for (place, item) in select.projection.iter_mut().enumerate() {
        let wanted = match &asked {
            Some(asked) => asked.get(place).cloned().flatten(),
            None => name(item).or_else(|| is_expression(item).then(|| UNNAMED.to_owned())),
        };
        if let (Some(wanted), true) = (wanted, is_expression(item)) {
            call(item, wanted);
        }
    }
    apart(select);
}

/// Names of the columns as they were asked for, before any rule: none where a star stands.
fn asked(sql: &str) -> Option<Vec<Option<String>>> {
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).ok()?;
    let [Statement::Query(query)] = statements.as_slice() else { return None };
    let items = first(&query.body)?.projection.iter();
    let of = |item| name(item).or_else(|| is_expression(item).then(|| UNNAMED.to_owned()));
    Some(items.map(of).collect())
}

/// Queries inside, whose columns others ask by these names.
struct Inner;

impl VisitorMut for Inner {
    type Break = ();

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(select) = first_mut(&mut query.body) {
            for item in &mut select.projection {
                if let (SelectItem::UnnamedExpr(expr), Some(name)) = (&*item, name(item))
                    && !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
                {
                    call(item, name);
                }
            }
            apart(select);
        }
        ControlFlow::Continue(())
    }
}

fn first_mut(body: &mut SetExpr) -> Option<&mut Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first_mut(&mut query.body),
        SetExpr::SetOperation { left, .. } => first_mut(left),
        _ => None,
    }
}

fn first(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first(&query.body),
        SetExpr::SetOperation { left, .. } => first(left),
        _ => None,
    }
}

fn is_expression(item: &SelectItem) -> bool {
    matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. })
}

fn call(item: &mut SelectItem, name: String) {
    let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = &*item else { return };
    let alias = if let SelectItem::ExprWithAlias { alias, .. } = &*item { Some(&alias.value) } else { None };
    if alias.is_none() && plain(expr).as_ref() == Some(&name) {
        return;
    }
    let expr = as_text(expr).unwrap_or_else(|| expr.clone());
    // One that a rule gave stands beside a star that has the name too.
    let was_second = alias.is_some_and(|alias| alias.starts_with(SECOND));
    let name = if was_second { format!("{name}{UNSEEN}") } else { name };
    *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', name) };
}

/// Names that are there already get signs that nobody sees.
fn apart(select: &mut Select) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for item in &mut select.projection {
        let Some(name) = name(item) else { continue };
        let times = seen.entry(name.trim_end_matches(UNSEEN).to_owned()).or_default();
        *times += 1;
        if *times > 1 {
            let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = &*item else {
                continue;
            };
            let unseen = UNSEEN.to_string().repeat(*times);
            let alias = Ident::with_quote('"', format!("{}{unseen}", name.trim_end_matches(UNSEEN)));
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
    }
}

/// The name that Postgres gives.
fn name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => {
            let name = written(alias);
            Some(name.strip_prefix(SECOND).unwrap_or(&name).to_owned())
        }
        SelectItem::UnnamedExpr(expr) => of(expr).map(|(name, _)| name),
        _ => None,
    }
}

fn written(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

fn plain(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(written(name)),
        Expr::CompoundIdentifier(parts) => parts.last().map(written),
        _ => None,
    }
}

/// A name, and whether it is one that a cast keeps.
fn of(expr: &Expr) -> Option<(String, bool)> {
    if let Some(name) = plain(expr) {
        return Some((name, true));
    }
    let fixed = |name: &str| Some((name.to_owned(), true));
    match expr {
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => of(inner),
        Expr::CompoundFieldAccess { root, access_chain } => match access_chain.last() {
            Some(AccessExpr::Dot(Expr::Identifier(field))) => Some((written(field), true)),
            _ => of(root),
        },
        Expr::Function(function) => {
            function.name.0.last().and_then(|part| part.as_ident()).map(|name| (written(name), true))
        }
        Expr::Cast { expr, data_type, .. } => {
            of(expr).filter(|(_, keeps)| *keeps).or_else(|| Some((of_type(&data_type.to_string()), false)))
        }
        Expr::Case { else_result, .. } => {
            let last = else_result.as_deref().and_then(of).filter(|(_, keeps)| *keeps);
            last.or_else(|| Some(("case".to_owned(), false)))
        }
        Expr::Subquery(query) => {
            first(&query.body)?.projection.first().and_then(name).map(|name| (name, true))
        }
        Expr::Exists { .. } => fixed("exists"),
        Expr::Array(_) => fixed("array"),
        Expr::Substring { .. } => fixed("substring"),
        Expr::Trim { .. } => fixed("btrim"),
        Expr::Position { .. } => fixed("position"),
        Expr::Extract { .. } => fixed("extract"),
        _ => None,
    }
}

fn of_type(kind: &str) -> String {
    let kind = last_word(kind);
    let plain = kind.trim_end_matches("[]");
    TYPES.iter().find(|(known, _)| *known == plain).map_or(plain, |(_, name)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(sql: &str, asked: &str) -> String {
        let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap();
        as_called(&mut statements[0], asked);
        statements[0].to_string().replace('\0', "~")
    }

    #[test]
    fn columns_have_the_names_that_postgres_gives() {
        for (sql, is) in [
            ("SELECT oid, n.nspname FROM n", "SELECT oid, n.nspname FROM n"),
            ("SELECT f(a), pg_catalog.G(a) FROM n", "SELECT f(a) AS \"f\", pg_catalog.G(a) AS \"g\" FROM n"),
            ("SELECT a::TEXT, 'x'::BIGINT FROM n", "SELECT a::TEXT AS \"a\", 'x'::BIGINT AS \"int8\" FROM n"),
            ("SELECT 1, '' FROM n", "SELECT 1 AS \"?column?\", '' AS \"?column?~~\" FROM n"),
            (
                "SELECT CASE WHEN a THEN b END, (SELECT max(x) FROM y) FROM n",
                "SELECT CASE WHEN a THEN b END AS \"case\", (SELECT max(x) AS \"max\" FROM y) AS \"max\" FROM n",
            ),
            ("SELECT oid, oid FROM n", "SELECT oid, oid AS \"oid~~\" FROM n"),
            ("SELECT n.oid AS __alias_oid, n.* FROM n", "SELECT n.oid AS \"oid~\", n.* FROM n"),
            (
                "SELECT x.f FROM (SELECT f(a) FROM n) AS x",
                "SELECT x.f FROM (SELECT f(a) AS \"f\" FROM n) AS x",
            ),
            (
                "SELECT f(a) FROM n UNION SELECT g(a) FROM n",
                "SELECT f(a) AS \"f\" FROM n UNION SELECT g(a) FROM n",
            ),
        ] {
            assert_eq!(called(sql, sql), is);
        }
    }

    #[test]
    fn what_a_rule_has_put_in_is_called_as_it_was_asked() {
        let is = called("SELECT session_user, NULL AS _1", "select current_user, null");
        assert_eq!(is, "SELECT session_user AS \"current_user\", NULL AS \"?column?\"");
    }
}
