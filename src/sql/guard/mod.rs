//! The one way of a query to the engine: whoever asks, at the prompt, in a file, or through a door.
//!
//! | file | what it sees to |
//! |---|---|
//! | `limits` | no text is so long or so deep that planning it ends the process |
//! | `size` | what a query comes to once its `WITH` is written out |
//! | `clauses` | what the parser takes and the engine leaves undone is refused |
//! | `balance` | thousands of terms of `AND` and `OR` make a flat tree |
//! | `subqueries` | `NOT IN` follows three-valued logic; what cannot be carried out is refused in plain words |
//! | `arithmetic` | whole numbers do not wrap, NaN is one value |
//! | `text` | where a query ends in a text of several |
//! | `words` | the engine's errors as people read them |

mod arithmetic;
mod balance;
mod clauses;
mod limits;
mod size;
mod subqueries;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::sync::Arc;

use datafusion::dataframe::DataFrame;
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::logical_expr::LogicalPlan;
use thiserror::Error;

pub(super) use arithmetic::too_large;
pub use text::FirstStatement;
pub(super) use words::plain;

use super::session::SessionError;

/// A query that is not given to the engine.
#[derive(Debug, Error)]
#[error("{what}\n(hint: {instead})")]
pub struct Refusal {
    /// What is not possible.
    what: String,
    /// What to write instead.
    instead: String,
}

impl Refusal {
    fn new(what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { what: what.into(), instead: instead.into() }
    }
}

/// Makes a session answer as the guard promises.
pub(super) fn prepare(ctx: &SessionContext) {
    ctx.add_analyzer_rule(Arc::new(arithmetic::Checked));
}

/// Plans a query, which only reads.
pub(super) async fn plan(ctx: &SessionContext, sql: &str) -> Result<DataFrame, SessionError> {
    limits::check(sql)?;
    let state = ctx.state();
    let dialect = state.config().options().sql_parser.dialect;
    let mut statement = state.sql_to_statement(sql, &dialect)?;
    balance::terms(&mut statement);
    clauses::check(&statement, &state)?;
    size::check(&statement)?;
    let plan = state.statement_to_plan(statement).await?;
    read_only().verify_plan(&plan)?;
    let plan: LogicalPlan = subqueries::in_order(plan)?;
    Ok(DataFrame::new(state, plan))
}

fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}
