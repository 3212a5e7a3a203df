//! Times out of numbers and patterns, which the engine reads in another way than they are meant: a cast of a number counts
//! nanoseconds, where that of a written whole number counts seconds, and a pattern of another database is a text like any
//! other.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

use super::patterns;
use super::refusal::Refusal;
use super::types::in_sql;
use crate::trees::each_step;

/// Refuses them, once parameters have their values.
#[derive(Debug)]
pub(super) struct Moments;

impl AnalyzerRule for Moments {
    fn name(&self) -> &'static str {
        "moments"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        each_step(&plan, &mut |node| {
            // What is asked of a table is of its columns as they are.
            if matches!(node, LogicalPlan::TableScan(_)) {
                return Ok(TreeNodeRecursion::Continue);
            }
            let mut schema = None;
            node.apply_expressions(|expr| {
                expr.apply(|part| {
                    if matches!(part, Expr::Cast(_) | Expr::TryCast(_) | Expr::ScalarFunction(_)) {
                        let schema = schema.get_or_insert_with(|| merge_schema(&node.inputs()));
                        allowed(part, schema)?;
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        Ok(plan)
    }
}

fn allowed(expr: &Expr, schema: &DFSchema) -> Result<()> {
    let refusal = match expr {
        Expr::Cast(cast) => counted(&cast.expr, cast.field.data_type(), schema),
        Expr::TryCast(cast) => counted(&cast.expr, cast.field.data_type(), schema),
        Expr::ScalarFunction(call) => foreign(call),
        _ => None,
    };
    refusal.map_or(Ok(()), |refusal| Err(DataFusionError::External(Box::new(refusal))))
}

/// A cast that takes a number for something else than seconds.
fn counted(of: &Expr, to: &DataType, schema: &DFSchema) -> Option<Refusal> {
    // Most casts are of other types, and the type of what is cast costs a walk.
    let (to, unit) = time(to)?;
    let kind = of.get_type(schema).ok()?;
    if !innermost(&kind).is_numeric() {
        return None;
    }
    let what = in_sql(&of.to_string());
    let kind = in_sql(&innermost(&kind).to_string());
    let hint = if to == "TIME" {
        "CAST(to_timestamp(x) AS TIME) takes seconds since midnight, make_time(h, m, s) hours, minutes and seconds"
    } else {
        "to_timestamp(x) takes seconds since 1970, of any type of number; to_timestamp_millis(x) milliseconds"
    };
    Some(Refusal::new(
        format!("a cast of {what}, which is {kind}, to {to} would take it for {unit}, not seconds"),
        hint,
    ))
}

/// What a type of times is called, and what it counts if that is not seconds.
fn time(kind: &DataType) -> Option<(&'static str, &'static str)> {
    let (name, unit) = match innermost(kind) {
        DataType::Timestamp(unit, _) => ("TIMESTAMP", unit),
        DataType::Time32(unit) | DataType::Time64(unit) => ("TIME", unit),
        _ => return None,
    };
    match unit {
        TimeUnit::Second => None,
        TimeUnit::Millisecond => Some((name, "milliseconds")),
        TimeUnit::Microsecond => Some((name, "microseconds")),
        TimeUnit::Nanosecond => Some((name, "nanoseconds")),
    }
}

fn innermost(kind: &DataType) -> &DataType {
    match kind {
        DataType::List(of)
        | DataType::LargeList(of)
        | DataType::ListView(of)
        | DataType::LargeListView(of)
        | DataType::FixedSizeList(of, _) => innermost(of.data_type()),
        DataType::Dictionary(_, of) => innermost(of),
        kind => kind,
    }
}

/// A function with a pattern that it does not know.
fn foreign(call: &ScalarFunction) -> Option<Refusal> {
    let name = call.name();
    if !patterns::TAKE.contains(&name) {
        return None;
    }
    call.args.iter().skip(1).find_map(|pattern| patterns::refused(name, text(pattern)?))
}

/// What is written for an argument, if that is a text.
fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)),
            _,
        ) => Some(text),
        Expr::Cast(cast) => text(&cast.expr),
        Expr::Alias(alias) => text(&alias.expr),
        _ => None,
    }
}
