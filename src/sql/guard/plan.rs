//! How a query becomes a plan.

use std::sync::Arc;

use datafusion::dataframe::DataFrame;
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::logical_expr::LogicalPlan;

use super::balance::Chains;
use super::clauses::Clauses;
use super::lists::Lists;
use super::walk::walk;
use super::{arithmetic, conditions, limits, size, subqueries};
use crate::sql::error::SessionError;

/// Makes a session answer as the guard promises.
pub(in crate::sql) fn prepare(ctx: &SessionContext) {
    ctx.add_analyzer_rule(Arc::new(arithmetic::Checked));
}

/// Plans a query, which only reads.
pub(in crate::sql) async fn plan(ctx: &SessionContext, sql: &str) -> Result<DataFrame, SessionError> {
    limits::check(sql)?;
    let state = ctx.state();
    let dialect = state.config().options().sql_parser.dialect;
    let mut statement = state.sql_to_statement(sql, &dialect)?;
    walk(&mut statement, &mut Chains)?;
    walk(&mut statement, &mut Lists)?;
    walk(&mut statement, &mut Clauses { state: &state })?;
    size::check(&mut statement)?;
    let plan = state.statement_to_plan(statement).await?;
    read_only().verify_plan(&plan)?;
    let plan: LogicalPlan = subqueries::in_order(plan)?;
    if let Some(refusal) = conditions::check(&plan)? {
        return Err(refusal.into());
    }
    Ok(DataFrame::new(state, plan))
}

fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}
