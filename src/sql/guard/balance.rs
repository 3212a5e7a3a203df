//! `a OR b OR c …` as a flat tree.
//!
//! The parser makes it as deep as it has terms. Both operators are associative, so that halves can be put together
//! instead; thousands of terms are then a dozen levels.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, VisitorMut};

use super::refusal::Refusal;
use super::walk::Found;

/// Fewer terms stay as they are.
const FEW: usize = 16;

/// Makes chains of `AND` and of `OR` flat.
pub(super) struct Chains;

impl VisitorMut for Chains {
    type Break = Box<Refusal>;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Found {
        if let Some(op) = connective(expr)
            && length(expr, &op) > FEW
        {
            let chain = taken(std::mem::replace(expr, nothing()), &op);
            *expr = halves(chain, &op);
        }
        ControlFlow::Continue(())
    }
}

fn nothing() -> Expr {
    Expr::value(datafusion::sql::sqlparser::ast::Value::Null)
}

fn connective(expr: &Expr) -> Option<BinaryOperator> {
    match expr {
        Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => Some(op.clone()),
        _ => None,
    }
}

/// Terms of a chain that leans to the left, as the parser builds it.
fn length(mut expr: &Expr, of: &BinaryOperator) -> usize {
    let mut terms = 1;
    while let Expr::BinaryOp { left, op, .. } = expr
        && op == of
    {
        terms += 1;
        expr = left;
    }
    terms
}

/// The terms of a chain, from left to right.
fn taken(mut expr: Expr, of: &BinaryOperator) -> Vec<Expr> {
    let mut terms = Vec::new();
    loop {
        match expr {
            Expr::BinaryOp { left, op, right } if op == *of => {
                terms.push(*right);
                expr = *left;
            }
            first => {
                terms.push(first);
                terms.reverse();
                return terms;
            }
        }
    }
}

fn halves(mut terms: Vec<Expr>, op: &BinaryOperator) -> Expr {
    if terms.len() < 2 {
        return terms.pop().unwrap_or_else(nothing);
    }
    let right = terms.split_off(terms.len() / 2);
    let (left, right) = (Box::new(halves(terms, op)), Box::new(halves(right, op)));
    // In parentheses, so that it reads as it is planned.
    Expr::BinaryOp { left, op: op.clone(), right }
}
