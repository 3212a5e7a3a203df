//! Which pieces of a plan can be computed a partition at a time: each partition of theirs is made of the same partition of
//! what is below, whatever the others hold and whatever other steps of the plan find.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::Volatility;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CaseExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr, Literal,
    NegativeExpr, NotExpr, TryCastExpr,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::limit::LocalLimitExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, displayable};

use crate::store::checksum;
use crate::tables::reads_files;

type Plan = Arc<dyn ExecutionPlan>;

/// The pieces of a plan, in an order that depends on the plan alone; each as large as can be.
pub(super) fn pieces(plan: &Plan) -> Result<Vec<Plan>> {
    let mut found = Vec::new();
    each(plan, |piece| {
        found.push(Arc::clone(&piece));
        Ok(piece)
    })?;
    Ok(found)
}

/// A plan with others in the places of its pieces.
pub(super) fn with(plan: &Plan, others: Vec<Plan>) -> Result<Plan> {
    let mut others = others.into_iter();
    each(plan, |piece| Ok(others.next().unwrap_or(piece)))
}

/// What tells a piece from others: its steps with all that is known of them.
pub(super) fn mark(piece: &Plan) -> String {
    let steps = displayable(piece.as_ref()).indent(true).to_string();
    let rows = format!("{:?}", piece.schema());
    let partitions = piece.output_partitioning().partition_count();
    checksum(format!("{partitions}\n{rows}\n{steps}").as_bytes())
}

fn each(plan: &Plan, mut change: impl FnMut(Plan) -> Result<Plan>) -> Result<Plan> {
    let changed = Arc::clone(plan).transform_down(|step| {
        if !(is_piece(&step)? && has_files(&step)) {
            return Ok(Transformed::no(step));
        }
        Ok(Transformed::new(change(step)?, true, TreeNodeRecursion::Jump))
    })?;
    Ok(changed.data)
}

fn has_files(step: &Plan) -> bool {
    reads_files(step.as_ref()) || step.children().into_iter().any(has_files)
}

fn is_piece(step: &Plan) -> Result<bool> {
    if !(keeps_partitions(step) && is_told(step)?) {
        return Ok(false);
    }
    for below in step.children() {
        if !is_piece(below)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a step makes each partition of one partition below it. Of what is not known here nothing is assumed.
fn keeps_partitions(step: &Plan) -> bool {
    if let Some(sort) = step.downcast_ref::<SortExec>() {
        return sort.preserve_partitioning() || sort.input().output_partitioning().partition_count() == 1;
    }
    if let Some(aggregate) = step.downcast_ref::<AggregateExec>() {
        return matches!(aggregate.mode(), AggregateMode::Partial);
    }
    reads_files(step.as_ref())
        || step.is::<FilterExec>()
        || step.is::<ProjectionExec>()
        || step.is::<UnionExec>()
        || step.is::<LocalLimitExec>()
        || step.is::<CooperativeExec>()
        || step.is::<EmptyExec>()
}

/// Whether the expressions of a step say all that they are made of: none waits for what another step finds.
fn is_told(step: &Plan) -> Result<bool> {
    if let Some(sort) = step.downcast_ref::<SortExec>() {
        // Of its first rows it keeps a bound to itself.
        return Ok(sort.expr().iter().all(|by| is_plain(&by.expr)));
    }
    let mut told = true;
    step.apply_expressions(&mut |expr| {
        told &= is_plain(expr);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(told)
}

fn is_plain(expr: &Arc<dyn PhysicalExpr>) -> bool {
    let is_known = expr.is::<Column>()
        || expr.is::<Literal>()
        || expr.is::<BinaryExpr>()
        || expr.is::<CaseExpr>()
        || expr.is::<CastExpr>()
        || expr.is::<TryCastExpr>()
        || expr.is::<InListExpr>()
        || expr.is::<IsNullExpr>()
        || expr.is::<IsNotNullExpr>()
        || expr.is::<LikeExpr>()
        || expr.is::<NegativeExpr>()
        || expr.is::<NotExpr>()
        || expr.downcast_ref::<ScalarFunctionExpr>().is_some_and(is_of_values);
    is_known && expr.children().into_iter().all(is_plain)
}

fn is_of_values(function: &ScalarFunctionExpr) -> bool {
    function.fun().signature().volatility == Volatility::Immutable
}
