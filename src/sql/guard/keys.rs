//! The key of joins with `USING` is one column behind `WHERE` too.
//!
//! The engine knows that where columns are listed, grouped and sorted. Elsewhere it finds the key in both tables, and asks
//! which one is meant; so it is told. Of the joins that are carried out, the table in front has the key of every row.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Query, Select, TableFactor,
    TableWithJoins, VisitorMut,
};

use super::refusal::Refusal;
use super::walk::{Found, walk_expr};

/// Writes the table before keys.
pub(super) struct Keys;

impl VisitorMut for Keys {
    type Break = Box<Refusal>;

    fn pre_visit_select(&mut self, select: &mut Select) -> Found {
        if let (Some(condition), [from]) = (&mut select.selection, select.from.as_slice())
            && let Some(front) = name(&from.relation)
            && let keys = keys(from)
            && !keys.is_empty()
        {
            return walk_expr(condition, &mut Qualify { keys, front, depth: 0 });
        }
        ControlFlow::Continue(())
    }
}

/// The keys of all joins of some tables: one that is not of all could be a column of the others, which is not known here.
fn keys(from: &TableWithJoins) -> Vec<&str> {
    let mut joins = from.joins.iter().map(using);
    let first = joins.next().unwrap_or_default();
    joins.fold(first, |keys, others| keys.into_iter().filter(|key| others.contains(key)).collect())
}

/// The columns of a join with `USING`; none of joins of other kinds.
fn using(join: &Join) -> Vec<&str> {
    let (JoinOperator::Join(JoinConstraint::Using(columns))
    | JoinOperator::Inner(JoinConstraint::Using(columns))
    | JoinOperator::Left(JoinConstraint::Using(columns))
    | JoinOperator::LeftOuter(JoinConstraint::Using(columns))) = &join.join_operator
    else {
        return Vec::new();
    };
    columns.iter().filter_map(column).collect()
}

/// A column by its name alone.
fn column(name: &ObjectName) -> Option<&str> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(column)] => Some(&column.value),
        _ => None,
    }
}

/// Writes the table in front before keys.
struct Qualify<'a> {
    keys: Vec<&'a str>,
    front: Vec<Ident>,
    /// Queries within the condition that is looked at: names in them are theirs.
    depth: usize,
}

impl VisitorMut for Qualify<'_> {
    type Break = Box<Refusal>;

    fn pre_visit_query(&mut self, _: &mut Query) -> Found {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> Found {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Found {
        if let Expr::Identifier(column) = expr
            && self.depth == 0
            && self.keys.contains(&column.value.as_str())
        {
            let mut names = self.front.clone();
            names.push(column.clone());
            *expr = Expr::CompoundIdentifier(names);
        }
        ControlFlow::Continue(())
    }
}

/// The name by which columns of a table are called.
fn name(table: &TableFactor) -> Option<Vec<Ident>> {
    let (alias, name) = match table {
        TableFactor::Table { alias, name, .. } => (alias, Some(name)),
        TableFactor::Derived { alias, .. } => (alias, None),
        _ => return None,
    };
    match (alias, name) {
        (Some(alias), _) => Some(vec![alias.name.clone()]),
        (None, Some(ObjectName(parts))) => {
            let ident = |part: &ObjectNamePart| part.as_ident().cloned();
            parts.iter().map(ident).collect()
        }
        (None, None) => None,
    }
}
