//! SQL expressions over the columns of an input file.

mod functions;
mod local;
mod plan;
mod stack;
mod syntax;
#[cfg(test)]
mod tests;
mod words;

use arrow::array::ArrayRef;
use chrono_tz::Tz;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionStateBuilder;

use self::plan::{Plan, Planner};
use self::stack::with_stack;
use super::error::DatasetError;
use super::table::Needed;

/// The planner that expressions are compiled with.
pub(super) struct Compiler(Planner);

impl Compiler {
    /// A compiler that takes the named columns for text and all others for numbers, and reads times without an
    /// offset on the clock of the zone.
    pub(super) fn new(text_columns: &[String], zone: Option<Tz>) -> Self {
        let mut state = SessionStateBuilder::new().with_default_features().build();
        // Functions of these names are there, so replacing them cannot fail.
        let _ = state.register_udf(functions::root());
        if let Some(zone) = zone {
            for name in local::NAMES {
                let function =
                    state.scalar_functions().get(name).and_then(|engine| local::in_zone(engine, zone));
                if let Some(function) = function {
                    let _ = state.register_udf(function);
                }
            }
        }
        Self(Planner { state, text_columns: text_columns.to_vec(), zone })
    }

    /// Compiles one expression. No file is needed: the types of its columns follow from the
    /// configuration.
    pub(super) fn compile(&self, setting: &str, sql: &str) -> Result<Expression, DatasetError> {
        let plan = || {
            let parts = syntax::parts(sql)?;
            with_stack(parts, || Plan::new(&self.0, sql, parts))
        };
        let unusable =
            |reason| DatasetError::Expression { setting: setting.to_owned(), sql: shortened(sql), reason };
        let plan = plan().map_err(unusable)?;
        Ok(Expression { setting: setting.to_owned(), sql: sql.to_owned(), plan })
    }
}

/// An expression as it stands in a message.
fn shortened(sql: &str) -> String {
    const MOST: usize = 300;
    if sql.chars().count() <= MOST {
        sql.to_owned()
    } else {
        sql.chars().take(MOST - 1).chain(['…']).collect()
    }
}

/// A compiled expression.
///
/// Evaluation follows the text: `DataFusion`'s optimiser, which might reorder sums, is not run.
pub(super) struct Expression {
    setting: String,
    sql: String,
    plan: Plan,
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expression")
            .field("setting", &self.setting)
            .field("sql", &self.sql)
            .finish_non_exhaustive()
    }
}

/// Why an expression has no values for a user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NoValues {
    /// The first row it fails for.
    pub(super) row: usize,
    /// The columns and their values there, and the reason.
    pub(super) reason: String,
}

impl Expression {
    /// The columns it names, each once.
    pub(super) fn columns(&self) -> &[Needed] {
        &self.plan.columns
    }

    /// The setting it comes from.
    pub(super) fn setting(&self) -> &str {
        &self.setting
    }

    /// Its text.
    pub(super) fn sql(&self) -> String {
        shortened(&self.sql)
    }

    /// Its value in every row, NaN where it is missing; `columns` as in [`Self::columns`].
    pub(super) fn evaluate(&self, columns: &[ArrayRef], rows: usize) -> Result<Vec<f64>, NoValues> {
        let work = || {
            Ok(self.plan.values(columns.to_vec(), rows).map_err(|error| self.failure(columns, rows, &error)))
        };
        with_stack(self.plan.parts, work).unwrap_or_else(|reason| Err(NoValues { row: 0, reason }))
    }

    /// The first row that the expression fails for: the last of the fewest first rows that it fails for.
    fn failure(&self, columns: &[ArrayRef], rows: usize, error: &DataFusionError) -> NoValues {
        let first = |rows: usize| -> Option<DataFusionError> {
            let columns = columns.iter().map(|column| column.slice(0, rows)).collect();
            self.plan.values(columns, rows).err()
        };
        let (mut good, mut bad) = (0, rows);
        let mut cause = None;
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            match first(middle) {
                Some(error) => (bad, cause) = (middle, Some(error)),
                None => good = middle,
            }
        }
        let row = bad.saturating_sub(1);
        let values: Vec<String> = self
            .columns()
            .iter()
            .zip(columns)
            .take(4)
            .map(|(column, values)| format!("`{}` is {}", column.name, shown(values, row)))
            .collect();
        let reason = words::unevaluated(cause.as_ref().unwrap_or(error));
        let reason = if values.is_empty() { reason } else { format!("{}: {reason}", values.join(", ")) };
        NoValues { row, reason }
    }
}

/// A cell in a message.
fn shown(values: &ArrayRef, row: usize) -> String {
    match ScalarValue::try_from_array(values, row) {
        Ok(value) if !value.is_null() => format!("`{}`", super::shown(value.to_string().as_bytes())),
        _ => "missing".to_owned(),
    }
}
