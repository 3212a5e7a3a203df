//! Ways through the engine's plans and expressions. Each is large, and the engine makes it anew for every function that goes
//! along; here is one of each for all.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// What changes an expression, or leaves it.
type ChangeExpr<'f> = &'f mut dyn FnMut(Expr) -> Result<Transformed<Expr>>;

/// Changes the parts of an expression, those within others first.
pub(crate) fn change(expr: Expr, with: ChangeExpr<'_>) -> Result<Transformed<Expr>> {
    expr.transform_up(with)
}

/// Changes the expressions of a step, not what is in them.
pub(crate) fn change_expressions(
    plan: LogicalPlan,
    with: ChangeExpr<'_>,
) -> Result<Transformed<LogicalPlan>> {
    plan.map_expressions(with)
}

/// Changes the steps of a plan and of the queries in it, those below first.
pub(crate) fn change_steps(
    plan: LogicalPlan,
    with: &mut dyn FnMut(LogicalPlan) -> Result<Transformed<LogicalPlan>>,
) -> Result<Transformed<LogicalPlan>> {
    plan.transform_up_with_subqueries(with)
}

/// Looks at the steps of a plan and of the queries in it, those above first.
pub(crate) fn each_step(
    plan: &LogicalPlan,
    with: &mut dyn FnMut(&LogicalPlan) -> Result<TreeNodeRecursion>,
) -> Result<TreeNodeRecursion> {
    plan.apply_with_subqueries(with)
}
