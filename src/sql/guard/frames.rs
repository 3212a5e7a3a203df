//! Distances of `RANGE` that do not fit the column that a window is ordered by. The engine reads a number beside times as
//! months, and takes any distance between texts for one without end.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::WindowFunctionParams;
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, WindowFrame, WindowFrameBound, WindowFrameUnits,
};

use super::refusal::Refusal;
use super::types::in_sql;
use crate::trees::each_step;

/// Refuses the first of them.
pub(super) fn check(plan: &LogicalPlan) -> Result<Option<Refusal>> {
    let mut refused = None;
    each_step(plan, &mut |node| {
        if let LogicalPlan::Window(window) = node {
            for expr in &window.window_expr {
                expr.apply(|part| {
                    if refused.is_none()
                        && let Expr::WindowFunction(function) = part
                    {
                        refused = of_window(&function.params, window.input.schema());
                    }
                    Ok(TreeNodeRecursion::Continue)
                })?;
            }
        }
        Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(refused)
}

fn of_window(window: &WindowFunctionParams, schema: &DFSchema) -> Option<Refusal> {
    let frame = &window.window_frame;
    let by = window.order_by.first().filter(|_| frame.units == WindowFrameUnits::Range)?;
    let kind = by.expr.get_type(schema).ok()?;
    let kind = of_values(&kind);
    let place = format!("ORDER BY {}, which is {}", in_sql(&by.expr.to_string()), in_sql(&kind.to_string()));
    if kind.is_null() {
        return None;
    }
    if kind.is_numeric() {
        let wrong = distances(frame).find(|distance| !is_number(distance, kind))?;
        let wanted = if kind.is_integer() { "a whole number" } else { "a number" };
        return Some(Refusal::new(
            format!("RANGE takes {wanted} from 0 on as the distance in {place}, and not '{wrong}'"),
            "RANGE BETWEEN 1 PRECEDING AND CURRENT ROW",
        ));
    }
    if matches!(kind, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)) {
        let wrong = distances(frame).find(|distance| !is_length(distance))?;
        return Some(Refusal::new(
            format!("RANGE takes an INTERVAL from 0 on as the distance in {place}, and not '{wrong}'"),
            "RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW",
        ));
    }
    if !(kind.is_string() || *kind == DataType::Boolean || is_list(kind)) {
        return Some(Refusal::new(
            format!("RANGE, which is the frame where none is written, cannot have {place}"),
            "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW in OVER; extract(epoch FROM x) makes a number of a \
             length of time",
        ));
    }
    let distance = distances(frame).next()?;
    Some(Refusal::new(
        format!("RANGE cannot have a distance, '{distance}', in {place}"),
        "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW counts rows, GROUPS different values; RANGE takes UNBOUNDED \
         PRECEDING, CURRENT ROW and UNBOUNDED FOLLOWING beside any type",
    ))
}

/// Distances of a frame, which are texts before types are made equal.
fn distances(frame: &WindowFrame) -> impl Iterator<Item = &str> {
    let bounds = [&frame.start_bound, &frame.end_bound];
    bounds.into_iter().filter_map(|bound| match bound {
        WindowFrameBound::Preceding(by) | WindowFrameBound::Following(by) => match by {
            ScalarValue::Utf8(Some(text)) => Some(text.as_str()),
            _ => None,
        },
        WindowFrameBound::CurrentRow => None,
    })
}

fn of_values(kind: &DataType) -> &DataType {
    match kind {
        DataType::Dictionary(_, of) => of_values(of),
        kind => kind,
    }
}

fn is_list(kind: &DataType) -> bool {
    matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

/// Whether a distance is a number of a kind, and none below 0.
fn is_number(distance: &str, kind: &DataType) -> bool {
    if kind.is_integer() {
        return distance.parse::<u128>().is_ok();
    }
    distance.parse::<f64>().is_ok_and(|number| number.is_finite() && number >= 0.0)
}

/// Whether a distance is a length of time with its unit, and none below 0.
fn is_length(distance: &str) -> bool {
    distance.contains(char::is_alphabetic) && !distance.contains('-')
}
