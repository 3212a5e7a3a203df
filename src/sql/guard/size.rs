//! How large a query is once every name of its `WITH` stands for its query.
//!
//! The engine plans a name as often as it is used: a dozen names that use the one before twice are thousands of
//! plans.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, GroupByExpr, Query, Select, TableFactor, VisitorMut};

use super::limits::DEEPEST;
use super::refusal::Refusal;
use super::walk::{Found, walk};

/// Tables, and queries in their place, of the whole query.
pub(super) const TABLES: u64 = 500;

/// Tables of one `FROM`: orders of joining them are many.
pub(super) const JOINED: usize = 64;

/// Columns of one select list. Each is compared with the others.
pub(super) const COLUMNS: usize = 2000;

/// Sets of columns of one GROUP BY.
pub(super) const SETS: u64 = 4096;

/// Those of the whole query.
pub(super) const ALL_SETS: u64 = 4 * SETS;

/// Queries within expressions within such queries: each doubles the plans of those in it.
pub(super) const WITHIN: usize = 8;

/// Refuses what would be planned for too long.
pub(super) fn check(statement: &mut Statement) -> Result<(), Refusal> {
    let mut known = Known::default();
    walk(statement, &mut known)?;
    if known.columns > COLUMNS {
        return Err(Refusal::new(
            format!("a select list has {} columns; it may have {COLUMNS}", known.columns),
            "a row for each in place of a column: UNION ALL, or unnest(list)",
        ));
    }
    let all = known.open.last().copied().unwrap_or_default();
    if known.most_sets > SETS {
        return Err(sets(format!("GROUP BY makes {} sets of columns; it may make {SETS}", known.most_sets)));
    }
    if all.sets > ALL_SETS {
        return Err(sets(format!(
            "CUBE, ROLLUP and GROUPING SETS of the whole query make {} sets of columns, each name of WITH counted as \
             often as it is used; they may make {ALL_SETS}",
            all.sets
        )));
    }
    if known.deepest > WITHIN {
        return Err(Refusal::new(
            format!("queries within expressions are nested more than {WITHIN} levels deep"),
            "join with the inner ones, named with WITH",
        ));
    }
    if known.widest > JOINED {
        return Err(Refusal::new(
            format!("a FROM joins {} tables; it may join {JOINED}", known.widest),
            "join the results of smaller queries, written with --output",
        ));
    }
    if all.tables > TABLES || known.largest > TABLES {
        return Err(Refusal::new(
            format!(
                "the query reads more than {TABLES} tables, each name of WITH counted as often as it is used"
            ),
            "write the rows of a part to a file with --output, or use a name of WITH fewer times",
        ));
    }
    if all.levels as usize > DEEPEST {
        return Err(Refusal::new(
            format!("the names of WITH are built on each other more than {DEEPEST} levels deep"),
            "put several steps into one query",
        ));
    }
    Ok(())
}

fn sets(what: String) -> Refusal {
    Refusal::new(what, "GROUPING SETS ((a), (a, b)) names those that are wanted")
}

/// The sets of columns that a GROUP BY makes.
fn sets_of(group_by: &GroupByExpr) -> u64 {
    let GroupByExpr::Expressions(by, _) = group_by else { return 0 };
    let two =
        |columns: usize| u32::try_from(columns).ok().and_then(|n| 1u64.checked_shl(n)).unwrap_or(u64::MAX);
    let made = by.iter().filter_map(|expr| match expr {
        Expr::Cube(columns) => Some(two(columns.len())),
        Expr::Rollup(columns) => Some(columns.len() as u64 + 1),
        Expr::GroupingSets(sets) => Some(sets.len() as u64),
        _ => None,
    });
    made.reduce(u64::saturating_mul).unwrap_or_default()
}

fn has_query(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Subquery(_)
            | Expr::Exists { .. }
            | Expr::InSubquery { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
    )
}

/// What a query comes to.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    tables: u64,
    sets: u64,
    levels: u64,
}

impl Weight {
    fn add(&mut self, other: Self) {
        self.tables = self.tables.saturating_add(other.tables);
        self.sets = self.sets.saturating_add(other.sets);
        self.levels = self.levels.max(other.levels);
    }
}

/// Weights of the names that were read so far, and of the queries around.
#[derive(Debug)]
struct Known {
    names: HashMap<String, Weight>,
    open: Vec<Weight>,
    largest: u64,
    widest: usize,
    columns: usize,
    most_sets: u64,
    /// Expressions around, each with a query, and the most there were.
    around: usize,
    deepest: usize,
    /// Queries that are that of a name, which the query around does not read by itself.
    of_names: HashMap<*const Query, String>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            names: HashMap::new(),
            open: vec![Weight::default()],
            largest: 0,
            widest: 0,
            columns: 0,
            most_sets: 0,
            around: 0,
            deepest: 0,
            of_names: HashMap::new(),
        }
    }
}

impl VisitorMut for Known {
    type Break = Box<Refusal>;

    fn pre_visit_query(&mut self, query: &mut Query) -> Found {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.of_names.insert(&raw const *cte.query, cte.alias.name.value.clone());
        }
        self.open.push(Weight::default());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> Found {
        let mut weight = self.open.pop().unwrap_or_default();
        weight.levels += 1;
        self.largest = self.largest.max(weight.tables);
        match self.of_names.remove(&(&raw const *query)) {
            Some(name) => {
                self.names.insert(name, weight);
            }
            None => {
                if let Some(around) = self.open.last_mut() {
                    around.add(weight);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> Found {
        let joined = select.from.iter().map(|from| 1 + from.joins.len()).sum();
        self.widest = self.widest.max(joined);
        self.columns = self.columns.max(select.projection.len());
        let sets = sets_of(&select.group_by);
        self.most_sets = self.most_sets.max(sets);
        if let Some(around) = self.open.last_mut() {
            around.add(Weight { sets, ..Weight::default() });
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Found {
        self.around += usize::from(has_query(expr));
        self.deepest = self.deepest.max(self.around);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Found {
        self.around -= usize::from(has_query(expr));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> Found {
        let weight = match table {
            TableFactor::Table { name, .. } => self.names.get(&name.to_string()).copied(),
            _ => None,
        };
        if let Some(around) = self.open.last_mut() {
            around.add(weight.unwrap_or_default());
            around.tables = around.tables.saturating_add(1);
        }
        ControlFlow::Continue(())
    }
}
