//! Operators that stand for something else in other databases. Numbers that are right for another question would be
//! believed.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, VisitorMut};

use super::refusal::Refusal;
use super::walk::Found;

/// Refuses them.
pub(super) struct Operators;

impl VisitorMut for Operators {
    type Break = Box<Refusal>;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Found {
        let Expr::BinaryOp { op, .. } = expr else { return ControlFlow::Continue(()) };
        let refusal = match op {
            BinaryOperator::BitwiseXor => Refusal::new(
                "a ^ b is a power in some databases and an exclusive or of bits in others, and is not carried out",
                "power(a, b); of bits (a | b) - (a & b), and bit_xor(x) of all values of a group",
            ),
            BinaryOperator::Xor => Refusal::new(
                "a XOR b is of conditions in some databases and of bits in others, and is not carried out",
                "a <> b of two conditions; of bits (a | b) - (a & b)",
            ),
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(Box::new(refusal))
    }
}
