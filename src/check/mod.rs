//! Checks: queries that select what must not be.
//!
//! Every file of `queries/checks/` is one. Its top says in comments what it means when rows come back
//! (first line) and what to do (`remedy:`); `for each: table` or `for each: ranged column`,
//! `required column`, `keyed table` or `user table` makes it a check of every such thing in the schemas, with
//! `{table}`, `{key}` and `{column}`, `{min}`, `{max}` filled in.

use arrow::record_batch::RecordBatch;

use crate::query::{Definitions, Query, QueryError, Session, SessionError, ident, literal};
use crate::schema::{Column, TableSchema};

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
) -> Result<Vec<CheckResult>, SessionError> {
    let mut results = Vec::new();
    for query in definitions.queries.below("checks/") {
        for (name, sql) in instances(query, tables)? {
            results.push(run_check(session, query, name, &sql).await?);
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

/// The SQL of a check for everything it is about. A check of named tables is left out where one is absent.
fn instances(query: &Query, tables: &[&TableSchema]) -> Result<Vec<(String, String)>, QueryError> {
    let base = query.name.trim_start_matches("checks/");
    let Some(each) = query.header("for each") else {
        let needs = query.header("needs").unwrap_or_default();
        let there = |name: &str| tables.iter().any(|t| t.table == name);
        let fits = needs.split(',').map(str::trim).filter(|n| !n.is_empty()).all(there);
        return Ok(if fits { vec![(base.to_owned(), query.fill(&[])?)] } else { Vec::new() });
    };
    let mut found = Vec::new();
    for table in tables {
        match each {
            "table" => found.push((format!("{base} {}", table.table), fill(query, table, None)?)),
            "user table" if !["users", "group_tests"].contains(&table.table.as_str()) => {
                found.push((format!("{base} {}", table.table), fill(query, table, None)?));
            }
            "keyed table" if !table.key.is_empty() => {
                found.push((format!("{base} {}", table.table), fill(query, table, None)?));
            }
            "ranged column" | "required column" => {
                for column in table.columns.iter().filter(|c| shown(table, c)) {
                    let ranged = column.min.is_some() || column.max.is_some();
                    let fits = if each == "ranged column" { ranged } else { !column.nullable };
                    if fits {
                        let name = format!("{base} {}.{}", table.table, column.name);
                        found.push((name, fill(query, table, Some(column))?));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The ledger's bookkeeping columns have other names in the merged table.
fn shown(table: &TableSchema, column: &Column) -> bool {
    table.table != "users" || !["id", "attempt_id"].contains(&column.name.as_str())
}

fn fill(query: &Query, table: &TableSchema, column: Option<&Column>) -> Result<String, QueryError> {
    let mut key: Vec<String> = table.key.iter().map(|k| ident(k)).collect();
    if table.table != "group_tests" {
        key.insert(0, "user_id".to_owned());
    }
    let bound = |b: Option<f64>| b.map_or("NULL".to_owned(), |b| format!("CAST('{b:e}' AS DOUBLE)"));
    query.fill(&[
        ("table", &ident(&table.table)),
        ("table_name", &literal(&table.table)),
        ("key", &key.join(", ")),
        ("column", &column.map_or(String::new(), |c| ident(&c.name))),
        ("column_name", &column.map_or(String::new(), |c| literal(&c.name))),
        ("min", &bound(column.and_then(|c| c.min))),
        ("max", &bound(column.and_then(|c| c.max))),
    ])
}
