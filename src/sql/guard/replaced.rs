//! `* REPLACE (x / 2 AS x)` where there is no column `x`: the engine leaves it undone without a word.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::execution::session_state::SessionState;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    ExcludeSelectItem, ObjectName, Select, SelectItem, VisitorMut, WildcardAdditionalOptions,
};

use super::nearest::absent_column;
use super::refusal::Refusal;
use super::walk::{Found, walk};
use crate::sql::error::SessionError;

/// Plans the statement once more with `* EXCLUDE (x), x / 2 AS x`, which asks for the column.
pub(super) async fn check(
    sql: &str,
    statement: &Statement,
    state: &SessionState,
) -> Result<(), SessionError> {
    if !sql.to_uppercase().contains("REPLACE") {
        return Ok(());
    }
    let (mut asking, mut replaced) = (statement.clone(), Replaced::default());
    walk(&mut asking, &mut replaced)?;
    if replaced.names.is_empty() {
        return Ok(());
    }
    // The columns stand in another order now, so that other errors say nothing.
    let Err(error) = state.statement_to_plan(asking).await else { return Ok(()) };
    match absent_column(&error) {
        Some(name) if replaced.names.contains(name) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes each `REPLACE` in the other way, and keeps the names.
#[derive(Default)]
struct Replaced {
    names: BTreeSet<String>,
}

impl VisitorMut for Replaced {
    type Break = Box<Refusal>;

    fn pre_visit_select(&mut self, select: &mut Select) -> Found {
        let mut items = Vec::with_capacity(select.projection.len());
        for mut item in std::mem::take(&mut select.projection) {
            let added = match &mut item {
                SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
                    self.written(options)
                }
                _ => Vec::new(),
            };
            items.push(item);
            items.extend(added);
        }
        select.projection = items;
        ControlFlow::Continue(())
    }
}

impl Replaced {
    fn written(&mut self, options: &mut WildcardAdditionalOptions) -> Vec<SelectItem> {
        let Some(replace) = options.opt_replace.take() else { return Vec::new() };
        let left_out = replace.items.iter().map(|item| ObjectName::from(item.column_name.clone()));
        let mut left_out: Vec<ObjectName> = left_out.collect();
        match options.opt_exclude.take() {
            Some(ExcludeSelectItem::Single(name)) => left_out.push(name),
            Some(ExcludeSelectItem::Multiple(names)) => left_out.extend(names),
            None => {}
        }
        options.opt_exclude = Some(ExcludeSelectItem::Multiple(left_out));
        let items = replace.items.into_iter();
        items
            .map(|item| {
                self.names.insert(item.column_name.value.clone());
                SelectItem::ExprWithAlias { expr: item.expr, alias: item.column_name }
            })
            .collect()
    }
}
