//! `x = ANY(list)` beside nulls.
//!
//! The engine takes a list that holds a null and no equal value for one that has none. It knows better with `ALL`, which
//! is the other side of the same: some value is equal where not all are different.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, VisitorMut};

use super::refusal::Refusal;
use super::walk::Found;

/// Writes `ANY` of a list as `ALL`.
pub(super) struct Lists;

impl VisitorMut for Lists {
    type Break = Box<Refusal>;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Found {
        let Expr::AnyOp { left, compare_op, right, .. } = expr else { return ControlFlow::Continue(()) };
        let other = match compare_op {
            BinaryOperator::Eq => BinaryOperator::NotEq,
            BinaryOperator::NotEq => BinaryOperator::Eq,
            BinaryOperator::Lt => BinaryOperator::GtEq,
            BinaryOperator::LtEq => BinaryOperator::Gt,
            BinaryOperator::Gt => BinaryOperator::LtEq,
            BinaryOperator::GtEq => BinaryOperator::Lt,
            _ => return ControlFlow::Continue(()),
        };
        if matches!(**right, Expr::Subquery(_)) {
            return ControlFlow::Continue(());
        }
        let all = Expr::AllOp { left: left.clone(), compare_op: other, right: right.clone() };
        *expr = Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(all))) };
        ControlFlow::Continue(())
    }
}
