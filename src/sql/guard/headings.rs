//! Names of columns that nobody has named, as they stand in the query: `te.tau + 1`, where the engine writes the type of each
//! value too.

use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

use super::types::values_in_sql;

/// The plan with such names.
pub(super) fn readable(plan: LogicalPlan) -> Result<LogicalPlan> {
    let names: Vec<String> = plan.schema().fields().iter().map(|field| values_in_sql(field.name())).collect();
    let is_same = |place: usize| names[place] == *plan.schema().field(place).name();
    if (0..names.len()).all(is_same) {
        return Ok(plan);
    }
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|two| two[0] == two[1]) {
        return Ok(plan);
    }
    let columns: Vec<Expr> = names
        .iter()
        .enumerate()
        .map(|(place, name)| {
            let column = Expr::Column(Column::from(plan.schema().qualified_field(place)));
            if is_same(place) { column } else { column.alias(name) }
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
