//! What stands beside a column of a direction: `null_A2S` beside `p_A2S`, `high_A2S` beside `low_A2S`.

use crate::schema::{Column, Derived, TableSchema};
use crate::sql::{ident, literal};

/// Directions that the names of columns end with, or hold.
const DIRECTIONS: [&str; 2] = ["A2S", "S2A"];

/// A column of a table, and its direction if it has one.
#[derive(Debug, Default)]
pub(super) struct Beside<'a> {
    of: Option<(&'a TableSchema, &'a Column)>,
    direction: &'a str,
}

impl<'a> Beside<'a> {
    pub(super) fn of(table: &'a TableSchema, column: &'a Column) -> Self {
        let direction = DIRECTIONS.into_iter().find(|direction| column.name.contains(direction));
        Self { of: Some((table, column)), direction: direction.unwrap_or_default() }
    }

    /// Whether it is a p that several nulls may have decided.
    pub(super) fn is_judged(&self) -> bool {
        let Some((table, column)) = self.of else { return false };
        let is_tested =
            |derived: &Derived| matches!(derived, Derived::Q { q_of, .. } if *q_of == column.name);
        !self.direction.is_empty()
            && table.derived().any(|(_, derived)| is_tested(derived))
            && self.has(&["null", "p_floor"])
    }

    /// Whether it is the lower end of an interval.
    pub(super) fn is_interval(&self) -> bool {
        let is_low = self.of.is_some_and(|(_, column)| column.name == format!("low_{}", self.direction));
        is_low && self.has(&["effective", "share", "high"])
    }

    fn has(&self, kinds: &[&str]) -> bool {
        let Some((table, _)) = self.of else { return false };
        kinds.iter().all(|kind| table.column(&format!("{kind}_{}", self.direction)).is_some())
    }

    /// The name of a column of the direction, as SQL.
    pub(super) fn name(&self, kind: &str) -> String {
        ident(&format!("{kind}_{}", self.direction))
    }

    /// The direction, as SQL.
    pub(super) fn direction(&self) -> String {
        literal(self.direction)
    }

    /// The text, if rows of the table have a lag.
    pub(super) fn if_lagged<'t>(&self, text: &'t str) -> &'t str {
        if self.of.is_some_and(|(table, _)| table.column("tau").is_some()) { text } else { "" }
    }
}
