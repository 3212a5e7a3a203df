//! Checks: queries that select what must not be.
//!
//! Every file of `queries/checks/` is one. Its top says in comments what it means when rows come back
//! (first line) and what to do (`remedy:`); `for each: table` or `for each: ranged column`,
//! `required column`, `listed column`, `constant column`, `judged column`, `interval column`, `keyed table` or
//! `user table` makes it a check of every such thing in the schemas, with `{table}`, `{key}` and `{column}`, `{min}`,
//! `{max}`, `{values}`, `{value}` filled in, and what stands beside a column of a direction (`beside.rs`). A check
//! that `needs:` tables is left out where one is absent.

mod beside;
mod known;
#[cfg(test)]
mod tests;

use arrow::record_batch::RecordBatch;

use beside::Beside;
pub use known::Known;

use crate::schema::{Column, ColumnType, MadeOf, TableSchema};
use crate::sql::{Definitions, Query, QueryError, Session, SessionError, ident, literal};

/// Rows shown of a check that fails.
const SHOWN: usize = 10;

/// The outcome of one check.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// Name of the check, with the table or column where it is about one.
    pub name: String,
    /// What it means if rows come back.
    pub meaning: String,
    /// What to do about it.
    pub remedy: String,
    /// Rows that came back.
    pub violations: u64,
    /// The first of them.
    pub sample: Vec<RecordBatch>,
}

impl CheckResult {
    fn passed_by(query: &Query, name: String) -> Self {
        Self {
            name,
            meaning: query.description().to_owned(),
            remedy: query.header("remedy").unwrap_or_default().to_owned(),
            violations: 0,
            sample: Vec::new(),
        }
    }

    /// Whether no row came back.
    pub fn passed(&self) -> bool {
        self.violations == 0
    }
}

/// Runs all checks that fit the tables of the session.
///
/// # Errors
/// A check cannot be run; a check that finds something is no error.
pub async fn run_checks(
    session: &Session,
    tables: &[&TableSchema],
    definitions: Definitions<'_>,
    known: &Known,
) -> Result<Vec<CheckResult>, SessionError> {
    let mut results = Vec::new();
    for query in definitions.queries.below("checks/") {
        for Instance { name, table, column, sql } in instances(query, tables, known)? {
            let holds = table.is_some_and(|table| known.holds(query, table, column));
            results.push(if holds {
                CheckResult::passed_by(query, name)
            } else {
                run_check(session, query, name, &sql).await?
            });
        }
    }
    Ok(results)
}

async fn run_check(
    session: &Session,
    query: &Query,
    name: String,
    sql: &str,
) -> Result<CheckResult, SessionError> {
    let rows = session.collect(&format!("SELECT count(*) FROM ({sql})")).await?;
    let violations = rows
        .first()
        .map(|b| arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(b.column(0)).value(0));
    let violations = violations.unwrap_or(0).unsigned_abs();
    let sample = if violations > 0 {
        session.collect(&format!("SELECT * FROM ({sql}) LIMIT {SHOWN}")).await?
    } else {
        Vec::new()
    };
    Ok(CheckResult {
        name,
        meaning: query.description().to_owned(),
        remedy: query.header("remedy").unwrap_or_default().to_owned(),
        violations,
        sample,
    })
}

/// A check of one thing.
struct Instance<'a> {
    name: String,
    table: Option<&'a TableSchema>,
    column: Option<&'a Column>,
    sql: String,
}

impl<'a> Instance<'a> {
    fn of(
        query: &Query,
        table: &'a TableSchema,
        column: Option<&'a Column>,
        known: &Known,
    ) -> Result<Self, QueryError> {
        let base = query.name.trim_start_matches("checks/");
        let about = column.map_or(table.table.clone(), |column| format!("{}.{}", table.table, column.name));
        let sql = fill(query, table, column, known)?;
        Ok(Self { name: format!("{base} {about}"), table: Some(table), column, sql })
    }
}

/// A check of everything it is about. A check of named tables is left out where one is absent.
fn instances<'a>(
    query: &Query,
    tables: &[&'a TableSchema],
    known: &Known,
) -> Result<Vec<Instance<'a>>, QueryError> {
    let needs = query.header("needs").unwrap_or_default();
    let there = |name: &str| tables.iter().any(|t| t.table == name);
    if !needs.split(',').map(str::trim).filter(|n| !n.is_empty()).all(there) {
        return Ok(Vec::new());
    }
    let Some(each) = query.header("for each") else {
        let name = query.name.trim_start_matches("checks/").to_owned();
        return Ok(vec![Instance { name, table: None, column: None, sql: query.fill(&[])? }]);
    };
    let mut found = Vec::new();
    let has_users = tables.iter().any(|table| table.made_of() == MadeOf::Ledger);
    for table in tables {
        let is_about = match each {
            "table" => true,
            "user table" => has_users && table.made_of() == MadeOf::Units,
            "keyed table" => !table.key.is_empty(),
            _ => false,
        };
        if is_about {
            found.push(Instance::of(query, table, None, known)?);
        }
        for column in table.columns.iter().filter(|c| table.shows(c) && is_such(each, table, c, known)) {
            found.push(Instance::of(query, table, Some(column), known)?);
        }
    }
    Ok(found)
}

/// Whether a check for each of some columns is about a column.
fn is_such(each: &str, table: &TableSchema, column: &Column, known: &Known) -> bool {
    match each {
        "ranged column" => column.min.is_some() || column.max.is_some(),
        "required column" => !column.nullable,
        "listed column" => {
            column.kind == ColumnType::Text && column.values.as_ref().is_some_and(|list| !list.is_empty())
        }
        "judged column" => Beside::of(table, column).is_judged(),
        "interval column" => Beside::of(table, column).is_interval(),
        "constant column" => known.constant_sql(column).is_some(),
        _ => false,
    }
}

fn fill(
    query: &Query,
    table: &TableSchema,
    column: Option<&Column>,
    known: &Known,
) -> Result<String, QueryError> {
    let key: Vec<String> = table.full_key().map(ident).collect();
    let bound = |b: Option<f64>| b.map_or("NULL".to_owned(), |b| format!("CAST('{b:e}' AS DOUBLE)"));
    let values: Vec<String> =
        column.and_then(|c| c.values.as_ref()).into_iter().flatten().map(|v| literal(v)).collect();
    let value = column.and_then(|c| known.constant_sql(c)).unwrap_or_else(|| "NULL".to_owned());
    let beside = column.map(|column| Beside::of(table, column)).unwrap_or_default();
    query.fill(&[
        ("null", &beside.name("null")),
        ("floor", &beside.name("p_floor")),
        ("effective", &beside.name("effective")),
        ("share", &beside.name("share")),
        ("high", &beside.name("high")),
        ("direction", &beside.direction()),
        ("tau", beside.if_lagged(", tau")),
        ("same_tau", beside.if_lagged(" AND n.tau = t.tau")),
        ("same_tau_named", beside.if_lagged(" AND d.tau = t.tau")),
        ("t_key", &key.iter().map(|name| format!("t.{name}")).collect::<Vec<_>>().join(", ")),
        ("table", &ident(&table.table)),
        ("table_name", &literal(&table.table)),
        ("key", &key.join(", ")),
        ("column", &column.map_or(String::new(), |c| ident(&c.name))),
        ("column_name", &column.map_or(String::new(), |c| literal(&c.name))),
        ("min", &bound(column.and_then(|c| c.min))),
        ("max", &bound(column.and_then(|c| c.max))),
        ("values", &values.join(", ")),
        ("value", &value),
    ])
}
