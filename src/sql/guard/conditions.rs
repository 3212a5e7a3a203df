//! How many conditions of rows hold at once.
//!
//! The optimizer takes conditions of filters and joins apart, moves them about, and puts them together again one
//! behind the other, as deep as they are many.

use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};

use super::refusal::Refusal;

/// Conditions that may come together in one place.
pub(super) const TOGETHER: usize = 300;

/// Refuses more.
pub(super) fn check(plan: &LogicalPlan) -> Result<Option<Refusal>> {
    let together = of_plan(plan)?;
    Ok((together > TOGETHER).then(|| {
        Refusal::new(
            format!("AND connects {together} conditions, those of inner queries counted; it may connect {TOGETHER}"),
            "x NOT IN (…, …) takes a list of any length, and so does a join with a query",
        )
    }))
}

fn of_plan(plan: &LogicalPlan) -> Result<usize> {
    let mut own = match plan {
        LogicalPlan::Filter(filter) => together(&filter.predicate, false),
        LogicalPlan::Join(join) => join.filter.as_ref().map_or(0, |filter| together(filter, false)),
        _ => 0,
    };
    // Queries within expressions become joins, their conditions with them.
    let mut within = 0;
    plan.apply_subqueries(|query| {
        within += of_plan(query)?;
        Ok(TreeNodeRecursion::Jump)
    })?;
    own += within;
    let below = plan.inputs().into_iter().map(of_plan).collect::<Result<Vec<_>>>()?;
    let below: usize = match plan {
        // The rows of each come through conditions of their own.
        LogicalPlan::Union(_) => below.into_iter().max().unwrap_or(0),
        _ => below.into_iter().sum(),
    };
    Ok(own + below)
}

/// Conditions that hold at once where the expression, or its negation, is true.
fn together(expr: &Expr, negated: bool) -> usize {
    match expr {
        Expr::Not(of) => together(of, !negated),
        Expr::Between(between) if between.negated == negated => 2,
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let (left, right) = (together(left, negated), together(right, negated));
            if (*op == Operator::And) == negated { left.max(right) } else { left + right }
        }
        _ => 1,
    }
}
