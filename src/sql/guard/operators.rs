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
        match expr {
            Expr::BinaryOp { op, .. } => refused(op),
            // The engine looks for a part of the text that is like the pattern, and reads % and _ as themselves.
            Expr::SimilarTo { .. } => break_with(
                "x SIMILAR TO y is not carried out",
                "x LIKE 'a%', or regexp_like(x, '^a.*$') with a regular expression of the whole text",
            ),
            Expr::RLike { .. } => break_with("RLIKE and REGEXP are not carried out", REGEXP),
            _ => ControlFlow::Continue(()),
        }
    }
}

const REGEXP: &str = "regexp_like(x, 'a.*'), or x ~ 'a.*'";

fn break_with(what: impl Into<String>, instead: &str) -> Found {
    ControlFlow::Break(Box::new(Refusal::new(what, instead)))
}

fn refused(op: &BinaryOperator) -> Found {
    let instead = match op {
        BinaryOperator::BitwiseXor => {
            return break_with(
                "a ^ b is a power in some databases and an exclusive or of bits in others, and is not carried out",
                "power(a, b); of bits (a | b) - (a & b), and bit_xor(x) of all values of a group",
            );
        }
        BinaryOperator::Xor => {
            return break_with(
                "a XOR b is of conditions in some databases and of bits in others, and is not carried out",
                "a <> b of two conditions; of bits (a | b) - (a & b)",
            );
        }
        BinaryOperator::PGBitwiseXor => "(a | b) - (a & b) of bits, and bit_xor(x) of all values of a group",
        BinaryOperator::DuckIntegerDivide | BinaryOperator::MyIntegerDivide => {
            "a / b of whole numbers, or trunc(a / b)"
        }
        BinaryOperator::Arrow
        | BinaryOperator::LongArrow
        | BinaryOperator::HashArrow
        | BinaryOperator::HashLongArrow
        | BinaryOperator::HashMinus
        | BinaryOperator::AtQuestion
        | BinaryOperator::AtAt => {
            "regexp_match(x, '\"key\": *\"([^\"]*)\"')[1] finds a value in a text of JSON, s['key'] a field of a struct"
        }
        BinaryOperator::PGOverlap => "array_has_any(a, b)",
        BinaryOperator::Overlaps => "a.first < b.last AND b.first < a.last",
        BinaryOperator::PGStartsWith => "starts_with(a, 'b')",
        BinaryOperator::Match | BinaryOperator::Regexp => REGEXP,
        _ => return ControlFlow::Continue(()),
    };
    break_with(format!("a {op} b is not carried out"), instead)
}
