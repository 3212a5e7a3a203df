//! One way through the tree of a statement, for all who look at it or change it.
//!
//! The parser's walk is made anew for each type that goes along, and it is large: it goes along with one only.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Query, Select, TableFactor, VisitMut, VisitorMut};

use super::refusal::Refusal;

/// What somebody who goes along finds.
pub(super) type Found = ControlFlow<Box<Refusal>>;

/// Leads through a statement, to the first refusal.
pub(super) fn walk(
    statement: &mut Statement,
    guest: &mut dyn VisitorMut<Break = Box<Refusal>>,
) -> Result<(), Refusal> {
    match statement {
        Statement::Statement(statement) => match statement.visit(&mut Guide(guest)) {
            ControlFlow::Break(refusal) => Err(*refusal),
            ControlFlow::Continue(()) => Ok(()),
        },
        Statement::Explain(explain) => walk(&mut explain.statement, guest),
        _ => Ok(()),
    }
}

/// Leads through an expression, to the first refusal.
pub(super) fn walk_expr(expr: &mut Expr, guest: &mut dyn VisitorMut<Break = Box<Refusal>>) -> Found {
    expr.visit(&mut Guide(guest))
}

struct Guide<'a>(&'a mut dyn VisitorMut<Break = Box<Refusal>>);

impl VisitorMut for Guide<'_> {
    type Break = Box<Refusal>;

    fn pre_visit_query(&mut self, query: &mut Query) -> Found {
        self.0.pre_visit_query(query)
    }

    fn post_visit_query(&mut self, query: &mut Query) -> Found {
        self.0.post_visit_query(query)
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> Found {
        self.0.pre_visit_select(select)
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> Found {
        self.0.pre_visit_table_factor(table)
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Found {
        self.0.pre_visit_expr(expr)
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Found {
        self.0.post_visit_expr(expr)
    }
}
