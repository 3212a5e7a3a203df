//! What is known of tables without asking them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::Settings;
use crate::schema::{Column, ColumnFacts, Facts, TableSchema};
use crate::sql::{Query, literal};

/// Above it, whole numbers that differ may be one double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What is known of the tables: the settings they were made with, and what whoever wrote them saw, so that it
/// need not be asked again.
#[derive(Debug, Default)]
pub(crate) struct Known {
    settings: Settings,
    seen: BTreeMap<String, (u64, Facts)>,
}

impl Known {
    /// Nothing but the settings.
    pub(crate) fn of(settings: Settings) -> Self {
        Self { settings, seen: BTreeMap::new() }
    }

    /// Takes what was seen of a table whose rows came in strict order of its key, from attempts of the ledger.
    pub(crate) fn add(&mut self, table: &str, rows: u64, facts: Facts) {
        self.seen.insert(table.to_owned(), (rows, facts));
    }

    /// The value of the setting that a column repeats, if it is known and can be a value of the column.
    fn constant(&self, column: &Column) -> Option<&Value> {
        let value = self.settings.get(column.config.as_deref()?)?;
        column.kind.can_be(value).then_some(value)
    }

    /// The same in SQL.
    pub(super) fn constant_sql(&self, column: &Column) -> Option<String> {
        Some(match self.constant(column)? {
            Value::String(text) => literal(text),
            Value::Number(number) if number.is_f64() => {
                format!("CAST('{:e}' AS DOUBLE)", number.as_f64()?)
            }
            other => other.to_string(),
        })
    }

    /// Whether a check of the tool's own cannot find anything.
    pub(super) fn holds(&self, query: &Query, table: &TableSchema, column: Option<&Column>) -> bool {
        let Some((rows, facts)) = self.seen.get(&table.table) else { return false };
        let seen = column.and_then(|c| Some((c, facts.column(&c.name)?)));
        match (query.embedded, query.name.as_str(), seen) {
            (true, "checks/range", Some((column, seen))) => seen.is_within(column.min, column.max, *rows),
            (true, "checks/required", Some((_, seen))) => seen.nulls == 0,
            (true, "checks/allowed", Some((_, seen))) => seen.is_listed,
            (true, "checks/constant", Some((column, seen))) => self.is_constant(column, seen, *rows),
            (true, "checks/unique_key" | "checks/rows_belong_to_a_unit", _) => true,
            _ => false,
        }
    }

    fn is_constant(&self, column: &Column, seen: ColumnFacts, rows: u64) -> bool {
        let number = self.constant(column).and_then(Value::as_f64).filter(|value| value.abs() < EXACT);
        number.is_some_and(|value| seen.is_within(Some(value), Some(value), rows))
    }
}
