//! How large conditions become where they are brought to the rows.
//!
//! The optimizer moves a condition down through the queries of `WITH`, and writes for each column what it is computed of:
//! a column that is twice the one below doubles it at every step.

use std::collections::HashMap;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::refusal::Refusal;

/// Terms of a column that is written out.
pub(super) const LARGEST: u64 = 10_000;

/// Terms of all columns of a condition.
pub(super) const TOGETHER: u64 = 10 * LARGEST;

/// Refuses larger ones.
pub(super) fn check(plan: &LogicalPlan) -> Result<Option<Refusal>> {
    let mut is_too_large = false;
    of_plan(plan, &mut is_too_large)?;
    Ok(is_too_large.then(|| {
        Refusal::new(
            format!(
                "a condition is on a column that has more than {LARGEST} terms, written out as what it is computed of \
                 from step to step of WITH; it may have {LARGEST}"
            ),
            "a step that uses the column of the step before once, or the rows of a step written to a file with --output",
        )
    }))
}

/// Terms of each column of a plan, by place.
fn of_plan(plan: &LogicalPlan, too_large: &mut bool) -> Result<Vec<u64>> {
    plan.apply_subqueries(|query| {
        of_plan(query, too_large)?;
        Ok(TreeNodeRecursion::Jump)
    })?;
    let below =
        plan.inputs().into_iter().map(|input| of_plan(input, too_large)).collect::<Result<Vec<_>>>()?;
    let columns = plan.schema().fields().len();
    let known = Known::of(plan, &below);
    Ok(match plan {
        LogicalPlan::Projection(projection) => {
            projection.expr.iter().map(|expr| known.terms(expr)).collect::<Result<_>>()?
        }
        LogicalPlan::Filter(filter) => {
            *too_large |= known.is_too_large(&filter.predicate)?;
            below.concat()
        }
        LogicalPlan::Join(join) => {
            if let Some(filter) = &join.filter {
                *too_large |= known.is_too_large(filter)?;
            }
            let all = below.concat();
            if all.len() == columns { all } else { vec![1; columns] }
        }
        // A condition comes to each of them.
        LogicalPlan::Union(_) => {
            let column = |place: usize| {
                below.iter().filter_map(|one| one.get(place)).fold(0, |a: u64, b| a.saturating_add(*b))
            };
            (0..columns).map(column).collect()
        }
        // Conditions on groups go below, those on what is computed of them stay.
        LogicalPlan::Aggregate(aggregate) => {
            let mut terms =
                aggregate.group_expr.iter().map(|expr| known.terms(expr)).collect::<Result<Vec<_>>>()?;
            terms.resize(columns, 1);
            terms
        }
        LogicalPlan::Window(_) => {
            let mut terms = below.concat();
            terms.resize(columns, 1);
            terms
        }
        _ => match below.as_slice() {
            [one] if one.len() == columns => one.clone(),
            _ => vec![1; columns],
        },
    })
}

/// Terms of the columns below a step.
struct Known(HashMap<Column, u64>);

impl Known {
    fn of(plan: &LogicalPlan, below: &[Vec<u64>]) -> Self {
        let mut known = HashMap::new();
        for (input, terms) in plan.inputs().into_iter().zip(below) {
            for (column, terms) in input.schema().columns().into_iter().zip(terms) {
                known.insert(column, *terms);
            }
        }
        Self(known)
    }

    /// Terms of an expression, its columns written out.
    fn terms(&self, expr: &Expr) -> Result<u64> {
        let mut terms: u64 = 0;
        expr.apply(|expr| {
            let own = match expr {
                Expr::Column(column) => self.0.get(column).copied().unwrap_or(1),
                Expr::Alias(_) | Expr::Literal(..) => 0,
                _ => 1,
            };
            terms = terms.saturating_add(own);
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(terms)
    }
    fn is_too_large(&self, condition: &Expr) -> Result<bool> {
        let (mut largest, mut together) = (0, 0u64);
        condition.apply(|expr| {
            if let Expr::Column(column) = expr {
                let terms = self.0.get(column).copied().unwrap_or(1);
                largest = terms.max(largest);
                together = together.saturating_add(terms);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(largest > LARGEST || together > TOGETHER)
    }
}
