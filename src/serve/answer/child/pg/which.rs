//! Whether a query is one of the catalogue: all its tables are there, or it has none and asks functions that only a catalogue
//! has. The compatibility rules see these and nothing else.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, ObjectName, ObjectNamePart, Query, Statement, Visit, Visitor};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::casts::last_word;

/// Schemas of the catalogue.
const SPACES: [&str; 2] = ["pg_catalog", "information_schema"];

/// What begins the names of its tables.
const TABLES: &str = "pg_";

/// Types of numbers that stand for something of it.
const TYPES: [&str; 5] = ["oid", "regclass", "regnamespace", "regproc", "regtype"];

/// Functions of it whose names do not begin with `pg_` or `has_`.
const FUNCTIONS: [&str; 28] = [
    "array_lower",
    "array_upper",
    "col_description",
    "current_catalog",
    "current_database",
    "current_role",
    "current_schema",
    "current_schemas",
    "current_setting",
    "current_user",
    "format_type",
    "inet_client_addr",
    "inet_client_port",
    "inet_server_addr",
    "inet_server_port",
    "obj_description",
    "quote_ident",
    "row_security_active",
    "session_user",
    "set_config",
    "shobj_description",
    "to_regclass",
    "to_regtype",
    "txid_current",
    "txid_current_if_assigned",
    "user",
    "version",
    "regclass",
];

/// Whether a text may be one: a short look, since most are not.
pub(super) fn may_be(sql: &str) -> bool {
    let small = sql.to_ascii_lowercase();
    ["pg_", "has_", "information_schema"].iter().any(|word| small.contains(word))
        || FUNCTIONS.iter().any(|word| small.contains(word))
}

/// Whether it is one.
pub(super) fn is_of_catalogue(sql: &str) -> bool {
    let Ok(statements) = Parser::parse_sql(&PostgreSqlDialect {}, sql) else {
        // What the parser does not know some rules do: they stand for queries of clients as a whole.
        return sql.contains("pg_catalog.");
    };
    let [statement @ Statement::Query(_)] = statements.as_slice() else { return false };
    let mut seen = Seen::default();
    let _ = statement.visit(&mut seen);
    !seen.others && (seen.tables || seen.functions)
}

/// What a query names.
#[derive(Default)]
struct Seen {
    /// Tables of the catalogue.
    tables: bool,
    /// Functions of it.
    functions: bool,
    /// Any other table.
    others: bool,
    /// Names of `WITH`, which are neither.
    with: Vec<String>,
}

fn last(name: &ObjectName) -> (Option<String>, String) {
    let mut parts =
        name.0.iter().rev().filter_map(ObjectNamePart::as_ident).map(|part| part.value.to_lowercase());
    let last = parts.next().unwrap_or_default();
    (parts.next(), last)
}

fn is_function(name: &str) -> bool {
    name.starts_with("pg_") || name.starts_with("has_") || FUNCTIONS.contains(&name)
}

impl Visitor for Seen {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let with = query.with.iter().flat_map(|with| &with.cte_tables);
        self.with.extend(with.map(|table| table.alias.name.value.to_lowercase()));
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let (space, name) = last(relation);
        match space {
            Some(space) if SPACES.contains(&space.as_str()) => self.tables = true,
            None if self.with.contains(&name) => {}
            None if name.starts_with(TABLES) => self.tables = true,
            // Functions that give rows stand where tables do.
            None if is_function(&name) => self.functions = true,
            None if ["generate_series", "unnest", "string_to_array"].contains(&name.as_str()) => {}
            _ => self.others = true,
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                let (space, name) = last(&function.name);
                self.functions |= space.is_some_and(|space| space == "pg_catalog") || is_function(&name);
            }
            Expr::Cast { data_type, .. } => {
                self.functions |= TYPES.contains(&last_word(&data_type.to_string()).as_str());
            }
            Expr::Identifier(name) if name.quote_style.is_none() => {
                let name = name.value.to_lowercase();
                self.functions |=
                    ["current_schema", "current_catalog", "session_user"].contains(&name.as_str());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_asks_the_catalogue_and_nothing_else_is_of_it() {
        for sql in [
            "select * from pg_catalog.pg_class c join pg_namespace n on n.oid = c.relnamespace",
            "select table_name from information_schema.tables",
            "SELECT version()",
            "select current_database(), current_user",
            "select current_schema",
            "with x as (select oid from pg_class) select * from x",
            "select set_config('search_path', '', false)",
            "select pg_catalog.array_to_string(array[1], ',')",
            "select word from pg_get_keywords()",
            "select array_upper(array[1, 2], 1)",
            "select 'te'::pg_catalog.regclass::pg_catalog.oid",
            "select 1 from pg_cursors where name = 'c'",
        ] {
            assert!(may_be(sql) && is_of_catalogue(sql), "{sql}");
        }
        for sql in [
            "select 1",
            "select * from te",
            "select count(*) from te, pg_class",
            "select 'pg_class' from te",
            "select version() from te",
            "select user_id from users where user_id like 'pg_%'",
            "with te as (select 1) select * from te, raw.te",
            "select tau::oid, pg_id from te",
            "insert into pg_class values (1)",
            "select pg_backend_pid(); select 1",
            "select array_upper(array[tau], 1) from te",
        ] {
            assert!(!(may_be(sql) && is_of_catalogue(sql)), "{sql}");
        }
    }
}
