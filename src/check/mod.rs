//! Checks: queries that select what must not be.
//!
//! Every file of `queries/checks/` is one. Its top says in comments what it means when rows come back
//! (first line) and what to do (`remedy:`); `for each: table` or `for each: ranged column`,
//! `required column`, `listed column`, `constant column`, `judged column`, `interval column`, `keyed table` or
//! `user table` makes it a check of every such thing in the schemas, with `{table}`, `{key}` and `{column}`, `{min}`,
//! `{max}`, `{values}`, `{value}` filled in, and what stands beside a column of a direction (`beside.rs`). A check
//! that `needs:` tables is left out where one is absent. What a check of
//! single rows selects stands in a line `where:` and is `{where}` below; all such checks of a table are one pass over it.

mod beside;
mod known;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;

use beside::Beside;
pub(crate) use known::Known;

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
    /// Whether no row came back.
    pub fn passed(&self) -> bool {
        self.violations == 0
    }
}

/// Runs all checks that fit the tables of the session.
///
/// # Errors
/// A check cannot be run; a check that finds something is no error.
pub(crate) async fn run_checks(
    session: &Session,
    tables: &[&TableSchema],
    definitions: Definitions<'_>,
    known: &Known,
) -> Result<Vec<CheckResult>, SessionError> {
    let mut asked = Vec::new();
    for query in definitions.queries.below("checks/") {
        for instance in instances(query, tables, known)? {
            let holds = instance.table.is_some_and(|table| known.holds(query, table, instance.column));
            asked.push(Asked { query, instance, violations: holds.then_some(0) });
        }
    }
    count_in_passing(session, &mut asked).await?;
    let mut results = Vec::new();
    for check in &asked {
        results.push(check.result(session).await?);
    }
    Ok(results)
}

/// A check that is to be made.
struct Asked<'a> {
    query: &'a Query,
    instance: Instance<'a>,
    /// Rows that it finds, once they are counted.
    violations: Option<u64>,
}

impl Asked<'_> {
    async fn result(&self, session: &Session) -> Result<CheckResult, SessionError> {
        let sql = &self.instance.sql;
        let violations = match self.violations {
            Some(violations) => violations,
            None => counts(session, &format!("SELECT count(*) FROM ({sql})")).await?.next().unwrap_or(0),
        };
        let sample = if violations > 0 {
            session.collect(&format!("SELECT * FROM ({sql}) LIMIT {SHOWN}")).await?
        } else {
            Vec::new()
        };
        Ok(CheckResult {
            name: self.instance.name.clone(),
            meaning: self.query.description().to_owned(),
            remedy: self.query.header("remedy").unwrap_or_default().to_owned(),
            violations,
            sample,
        })
    }
}

/// Counts what the checks of single rows find, those of one table in one pass over it.
async fn count_in_passing(session: &Session, asked: &mut [Asked<'_>]) -> Result<(), SessionError> {
    let mut of_table: BTreeMap<&str, (Vec<usize>, Vec<String>)> = BTreeMap::new();
    for (at, check) in asked.iter().enumerate().filter(|(_, check)| check.violations.is_none()) {
        if let (Some(table), Some(condition)) = (check.instance.table, &check.instance.condition) {
            let (checks, columns) = of_table.entry(&table.table).or_default();
            columns.push(format!("count(*) FILTER (WHERE {condition}) AS c{}", checks.len()));
            checks.push(at);
        }
    }
    for (table, (checks, columns)) in of_table {
        let found = counts(session, &format!("SELECT {} FROM {}", columns.join(", "), ident(table))).await?;
        for (at, violations) in checks.into_iter().zip(found) {
            asked[at].violations = Some(violations);
        }
    }
    Ok(())
}

/// The counts in the one row of an answer.
async fn counts(session: &Session, sql: &str) -> Result<impl Iterator<Item = u64> + use<>, SessionError> {
    let rows = session.collect(sql).await?;
    let columns = rows.first().map(|batch| batch.columns().to_vec()).unwrap_or_default();
    Ok(columns.into_iter().map(|column| column.as_primitive::<Int64Type>().value(0).unsigned_abs()))
}

/// A check of one thing.
struct Instance<'a> {
    name: String,
    table: Option<&'a TableSchema>,
    column: Option<&'a Column>,
    /// What a row must not be, where the check is about single rows.
    condition: Option<String>,
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
        let (condition, sql) = fill(query, table, column, known)?;
        Ok(Self { name: format!("{base} {about}"), table: Some(table), column, condition, sql })
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
        return Ok(vec![Instance {
            name,
            table: None,
            column: None,
            condition: None,
            sql: query.fill(&[])?,
        }]);
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
) -> Result<(Option<String>, String), QueryError> {
    let key: Vec<String> = table.full_key().map(ident).collect();
    let bound = |b: Option<f64>| b.map_or("NULL".to_owned(), |b| format!("CAST('{b:e}' AS DOUBLE)"));
    let values: Vec<String> =
        column.and_then(|c| c.values.as_ref()).into_iter().flatten().map(|v| literal(v)).collect();
    let value = column.and_then(|c| known.constant_sql(c)).unwrap_or_else(|| "NULL".to_owned());
    let beside = column.map(|column| Beside::of(table, column)).unwrap_or_default();
    let texts = [
        ("null", beside.name("null")),
        ("floor", beside.name("p_floor")),
        ("effective", beside.name("effective")),
        ("share", beside.name("share")),
        ("high", beside.name("high")),
        ("direction", beside.direction()),
        ("tau", beside.if_lagged(", tau").to_owned()),
        ("same_tau", beside.if_lagged(" AND n.tau = t.tau").to_owned()),
        ("same_tau_named", beside.if_lagged(" AND d.tau = t.tau").to_owned()),
        ("t_key", key.iter().map(|name| format!("t.{name}")).collect::<Vec<_>>().join(", ")),
        ("table", ident(&table.table)),
        ("table_name", literal(&table.table)),
        ("key", key.join(", ")),
        ("column", column.map_or(String::new(), |c| ident(&c.name))),
        ("column_name", column.map_or(String::new(), |c| literal(&c.name))),
        ("min", bound(column.and_then(|c| c.min))),
        ("max", bound(column.and_then(|c| c.max))),
        ("values", values.join(", ")),
        ("value", value),
    ];
    let mut filled: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let condition = query.fill_header("where", &filled)?;
    filled.push(("where", condition.as_deref().unwrap_or_default()));
    let sql = query.fill(&filled)?;
    Ok((condition, sql))
}
