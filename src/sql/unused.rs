//! Joins of which nothing is used.
//!
//! The q of a p and the tests over all users stand beside the rows of a table by joins that give each row one partner at
//! most. A query that asks for no column of theirs has the same rows without such a join, and without what it is made of.
//! The engine leaves out joins by columns that are never absent only, which those of a family may be.
//!
//! A file of one unit is compared with the ledger when it is read, and a query is asked again without a damaged one while
//! none of its rows was shown. Such a join reads all files before its first row, so where units have files of their own it stays.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, JoinType, Result};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, Join, LogicalPlan, Operator};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use crate::attempts::OpenRun;
use crate::tables::Runs;

/// Leaves them out of plans.
#[derive(Debug)]
pub(super) struct UnusedJoins {
    /// The runs that the tables are made of, if they are made of runs.
    pub(super) runs: Option<Runs>,
}

impl UnusedJoins {
    /// What it is known by.
    pub(super) const NAME: &str = "unused_joins";

    /// Whether all files were compared with the ledger before they are read.
    fn is_sure(&self) -> bool {
        let is_of_group = |run: &OpenRun| {
            run.index().is_ok_and(|index| index.files.iter().all(|file| file.owner.is_none()))
        };
        self.runs.iter().flat_map(|runs| runs.iter()).all(is_of_group)
    }
}

impl OptimizerRule for UnusedJoins {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        // Most queries have no join, and need not know the files.
        let has_joins = plan.exists(|node| Ok(matches!(node, LogicalPlan::Join(_))))?;
        if has_joins && self.is_sure() { without(plan, &None) } else { Ok(Transformed::no(plan)) }
    }
}

/// Places of the columns of a plan that are used; none where it is not known, so that all may be.
type Used = Option<HashSet<usize>>;

/// A plan without them.
fn without(plan: LogicalPlan, used: &Used) -> Result<Transformed<LogicalPlan>> {
    if let LogicalPlan::Join(join) = &plan
        && let Some((kept, used)) = used.as_ref().and_then(|used| kept(join, used))
    {
        let kept = without(Arc::unwrap_or_clone(kept), &Some(used))?;
        return Ok(Transformed::yes(kept.data));
    }
    let mut of_inputs = used_of_inputs(&plan, used).into_iter();
    let found = plan.map_children(|input| without(input, &of_inputs.next().flatten()))?;
    if found.transformed { found.map_data(LogicalPlan::recompute_schema) } else { Ok(found) }
}

/// What is used of each input of a plan.
fn used_of_inputs(plan: &LogicalPlan, used: &Used) -> Vec<Used> {
    let inputs = plan.inputs();
    let all = || vec![None; inputs.len()];
    let (schemas, named) =
        (inputs.iter().map(|input| &**input.schema()).collect::<Vec<_>>(), plan.expressions());
    match (plan, used) {
        (LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_), _) => {
            places(&named, &schemas).map_or_else(all, |named| vec![Some(named)])
        }
        (LogicalPlan::SubqueryAlias(_) | LogicalPlan::Limit(_), Some(used)) => vec![Some(used.clone())],
        (LogicalPlan::Filter(_) | LogicalPlan::Sort(_), Some(used)) => {
            places(&named, &schemas).map_or_else(all, |named| vec![Some(&named | used)])
        }
        (LogicalPlan::Join(join), Some(used)) if has_both_sides(join.join_type) => places(&named, &schemas)
            .map_or_else(all, |named| {
                let lefts = schemas[0].fields().len();
                let (left, right): (HashSet<_>, HashSet<_>) =
                    (&named | used).into_iter().partition(|place| *place < lefts);
                vec![Some(left), Some(right.into_iter().map(|place| place - lefts).collect())]
            }),
        _ => all(),
    }
}

fn has_both_sides(join: JoinType) -> bool {
    matches!(join, JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full)
}

/// Places of the columns that expressions name, in schemas one after the other; none if one is in none of them.
fn places(named: &[Expr], schemas: &[&DFSchema]) -> Option<HashSet<usize>> {
    let mut found = HashSet::new();
    for expression in named {
        // A query within names columns from around it in its own way.
        if expression.exists(|part| Ok(is_query(part))).unwrap_or(true) {
            return None;
        }
        for column in expression.column_refs() {
            let (mut before, mut is_there) = (0, false);
            for schema in schemas {
                let place = schema.maybe_index_of_column(column);
                found.extend(place.map(|place| before + place));
                is_there |= place.is_some();
                before += schema.fields().len();
            }
            if !is_there {
                return None;
            }
        }
    }
    Some(found)
}

fn is_query(part: &Expr) -> bool {
    matches!(
        part,
        Expr::Exists(_)
            | Expr::InSubquery(_)
            | Expr::ScalarSubquery(_)
            | Expr::SetComparison(_)
            | Expr::OuterReferenceColumn(..)
    )
}

/// The side of a join that is all of it: the other one only adds columns that are not used. With what is used of it.
fn kept(join: &Join, used: &HashSet<usize>) -> Option<(Arc<LogicalPlan>, HashSet<usize>)> {
    let lefts = join.left.schema().fields().len();
    let (kept, other, own): (_, _, Range<usize>) = match join.join_type {
        JoinType::Left => (&join.left, &join.right, 0..lefts),
        JoinType::Right => (&join.right, &join.left, lefts..join.schema.fields().len()),
        _ => return None,
    };
    let is_enough =
        used.iter().all(|place| own.contains(place)) && is_unique(other, &keys(join, other, kept));
    is_enough.then(|| (Arc::clone(kept), used.iter().map(|place| place - own.start).collect()))
}

/// Columns of one side of a join that are equal to something of the other side, by their places.
fn keys(join: &Join, side: &LogicalPlan, other: &LogicalPlan) -> HashSet<usize> {
    let place = |one: &Expr, equal: &Expr| {
        let is_other = equal.column_refs().iter().all(|column| other.schema().has_column(column));
        let column = one.try_as_col().filter(|_| is_other && !equal.is_volatile())?;
        side.schema().maybe_index_of_column(column)
    };
    let either = |one: &Expr, equal: &Expr| place(one, equal).or_else(|| place(equal, one));
    let on = join.on.iter().filter_map(|(left, right)| either(left, right));
    let also =
        join.filter.iter().flat_map(|filter| split_conjunction(filter)).filter_map(|part| match part {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq | Operator::IsNotDistinctFrom, right }) => {
                either(left, right)
            }
            _ => None,
        });
    on.chain(also).collect()
}

/// Whether no two rows of a plan have the same in these columns, as no two groups have in what they are grouped by, where
/// absent values are one group too.
fn is_unique(plan: &LogicalPlan, keys: &HashSet<usize>) -> bool {
    match plan {
        LogicalPlan::Aggregate(groups) => {
            let is_set = groups.group_expr.iter().any(|by| matches!(by, Expr::GroupingSet(_)));
            !is_set && (0..groups.group_expr.len()).all(|place| keys.contains(&place))
        }
        LogicalPlan::Distinct(Distinct::All(rows)) => {
            (0..rows.schema().fields().len()).all(|place| keys.contains(&place))
        }
        LogicalPlan::Projection(projection) => {
            let place = |key: &usize| {
                let column = projection.expr.get(*key)?.clone().unalias().try_as_col().cloned()?;
                projection.input.schema().maybe_index_of_column(&column)
            };
            is_unique(&projection.input, &keys.iter().filter_map(place).collect())
        }
        LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        // What a window adds comes behind the columns that it has.
        | LogicalPlan::Window(_) => is_unique(plan.inputs()[0], keys),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
