//! What has another value whenever and wherever it is asked for is not shared out.

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

use crate::sql::guard::Refusal;
use crate::trees::each_step;

/// Refuses a query that asks for the time, or for chance.
pub(super) fn check(plan: &LogicalPlan) -> Result<Option<Refusal>> {
    let mut found = None;
    each_step(plan, &mut |step| {
        step.apply_expressions(|expr| {
            expr.apply(|part| match part {
                Expr::ScalarFunction(call) if call.func.signature().volatility != Volatility::Immutable => {
                    found = Some(call.func.name().to_owned());
                    Ok(TreeNodeRecursion::Stop)
                }
                _ => Ok(TreeNodeRecursion::Continue),
            })
        })
    })?;
    Ok(found.map(|name| {
        Refusal::new(
            format!("{name}() isn't the same for all who answer a part of the query"),
            "run it without --cluster, or write the value itself",
        )
    }))
}
