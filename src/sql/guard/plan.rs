//! How a query becomes a plan.

use std::sync::Arc;

use datafusion::dataframe::DataFrame;
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::logical_expr::LogicalPlan;

use super::balance::Chains;
use super::clauses::Clauses;
use super::keys::Keys;
use super::lists::Lists;
use super::moments::Moments;
use super::operators::Operators;
use super::unnested::Unnested;
use super::walk::walk;
use super::{
    arithmetic, conditions, elsewhere, frames, headings, kinds, limits, replaced, size, subqueries, written,
};
use crate::sql::error::SessionError;

/// Makes a session answer as the guard promises.
pub(in crate::sql) fn prepare(ctx: &SessionContext) {
    // Before casts are put into other words.
    ctx.add_analyzer_rule(Arc::new(Moments));
    ctx.add_analyzer_rule(Arc::new(arithmetic::Checked));
    ctx.add_analyzer_rule(Arc::new(Unnested));
}

/// Plans a query, which only reads.
pub(in crate::sql) async fn plan(ctx: &SessionContext, sql: &str) -> Result<DataFrame, SessionError> {
    limits::check(sql)?;
    let state = ctx.state();
    let dialect = state.config().options().sql_parser.dialect;
    let mut statement = state
        .sql_to_statement(sql, &dialect)
        .map_err(|error| kinds::unparsed(sql).map_or_else(|| error.into(), SessionError::from))?;
    kinds::reads(&mut statement)?;
    walk(&mut statement, &mut Chains)?;
    walk(&mut statement, &mut Lists)?;
    walk(&mut statement, &mut Operators)?;
    walk(&mut statement, &mut Clauses { state: &state })?;
    walk(&mut statement, &mut Keys)?;
    size::check(&mut statement)?;
    replaced::check(sql, &statement, &state).await?;
    let plan = state.statement_to_plan(statement).await.map_err(|error| elsewhere::guessed(error, &state))?;
    read_only().verify_plan(&plan)?;
    let plan: LogicalPlan = subqueries::in_order(plan)?;
    if let Some(refusal) = frames::check(&plan)?.or(conditions::check(&plan)?).or(written::check(&plan)?) {
        return Err(refusal.into());
    }
    Ok(DataFrame::new(state, headings::readable(plan)?))
}

/// Plans a query, which only reads, in a context of somebody's own.
///
/// # Errors
/// The query is none that can be answered.
pub async fn plan_in(ctx: &SessionContext, sql: &str) -> Result<DataFrame, SessionError> {
    plan(ctx, sql).await
}

/// Refuses a text that is too long or too deep to be looked at.
///
/// # Errors
/// It is.
pub fn check_length(sql: &str) -> Result<(), SessionError> {
    Ok(limits::check(sql)?)
}

fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}
