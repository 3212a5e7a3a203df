//! How an expression is evaluated.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono_tz::Tz;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    BinaryExpr, Cast, Expr as LogicalExpr, ExprSchemable, Operator, Volatility, cast,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::BinaryExpr as PhysicalBinary;
use datafusion::sql::sqlparser::ast::ExprWithAlias;

use super::super::parquet::as_numbers;
use super::super::table::Needed;
use super::super::text_time;
use super::local::NAMES;
use super::{syntax, words};
use crate::trees::change;

/// What expressions are planned with.
pub(super) struct Planner {
    /// Functions and options.
    pub(super) state: SessionState,
    /// Columns that hold text; all others hold numbers.
    pub(super) text_columns: Vec<String>,
    /// The clock that times without an offset are read on.
    pub(super) zone: Option<Tz>,
}

/// A planned expression.
pub(super) struct Plan {
    /// The columns it needs.
    pub(super) columns: Vec<Needed>,
    schema: SchemaRef,
    physical: Arc<dyn PhysicalExpr>,
    /// Its length.
    pub(super) parts: usize,
}

impl Plan {
    /// Columns, their schema and the plan of an expression.
    pub(super) fn new(planner: &Planner, sql: &str, parts: usize) -> Result<Self, String> {
        let mut parsed = syntax::parse(&planner.state, sql)?;
        let text = |name: &String| planner.text_columns.contains(name);
        let columns: Vec<Needed> = syntax::take_columns(&mut parsed)
            .into_iter()
            .map(|name| Needed { text: text(&name), name })
            .collect();
        let fields: Vec<Field> = columns
            .iter()
            .map(|column| {
                let kind = if column.text { DataType::Utf8 } else { DataType::Float64 };
                Field::new(&column.name, kind, true)
            })
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let columns_of = DFSchema::try_from(Arc::clone(&schema));
        let planned =
            columns_of.and_then(|of| plan(planner, ExprWithAlias { expr: parsed, alias: None }, &of));
        let physical = planned.map_err(|error| words::unplanned(&error))??;
        let gives = physical.data_type(&schema).map_err(|error| words::unplanned(&error))?;
        if !is_numeric(&gives) {
            return Err(format!("it gives {}", not_a_number(&gives, sql)));
        }
        if let (Some(zone), DataType::Timestamp(_, None)) = (planner.zone, &gives) {
            return Err(format!(
                "it gives a time without a zone, and `data.time_zone` is {zone} (hint: read times with `to_timestamp`, \
                 which knows the zone)"
            ));
        }
        // Operators and functions that can be planned and not evaluated show it on missing values too.
        let plan = Self { columns, schema, physical, parts };
        let missing = plan.schema.fields().iter().map(|field| new_null_array(field.data_type(), 1)).collect();
        plan.values(missing, 1).map_err(|error| words::unevaluated(&error))?;
        Ok(plan)
    }

    /// Its value in every row, NaN where it is missing.
    pub(super) fn values(&self, columns: Vec<ArrayRef>, rows: usize) -> EngineResult<Vec<f64>> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        Ok(as_numbers(&self.physical.evaluate(&batch)?.into_array(rows)?)?)
    }
}

/// The plan of a parsed expression, or why it is none.
fn plan(
    planner: &Planner,
    parsed: ExprWithAlias,
    columns: &DFSchema,
) -> EngineResult<Result<Arc<dyn PhysicalExpr>, String>> {
    let logical = planner.state.create_logical_expr_from_sql_expr(parsed, columns)?;
    if let Some(function) = summary(&logical)? {
        return Ok(Err(format!(
            "`{function}` summarises several rows, and an expression is evaluated row by row (hint: calculate it \
             beforehand and keep it as a column of the file)"
        )));
    }
    if let Some(reason) = lost_times(&logical)? {
        return Ok(Err(reason));
    }
    let logical = in_decimals(planner, logical, columns)?;
    if logical.exists(|node| Ok(changes(node)))? {
        return Ok(Err("it gives other values every time".to_owned()));
    }
    let logical = spelled_out(logical, columns)?;
    if let Some(text) = odd_text(&logical)? {
        return Ok(Err(format!(
            "the text `{text}` is not a number, and is compared or calculated with as one (hint: list text columns \
             under `data.text_columns`)"
        )));
    }
    let physical = planner.state.create_physical_expr(logical, columns)?;
    Ok(Ok(without_wrapping(physical)?))
}

/// The expression with divisions of whole numbers made divisions of numbers with decimals, and texts read in the
/// zone wherever they are read.
fn in_decimals(planner: &Planner, expression: LogicalExpr, columns: &DFSchema) -> EngineResult<LogicalExpr> {
    let to_time = planner.zone.and_then(|_| planner.state.scalar_functions().get("to_timestamp_seconds"));
    let mut node = |node: LogicalExpr| {
        Ok(match node {
            LogicalExpr::BinaryExpr(BinaryExpr { left, op: Operator::Divide, right })
                if left.get_type(columns)?.is_integer() && right.get_type(columns)?.is_integer() =>
            {
                let left = Box::new(cast(*left, DataType::Float64));
                Transformed::yes(LogicalExpr::BinaryExpr(BinaryExpr { left, op: Operator::Divide, right }))
            }
            LogicalExpr::ScalarFunction(mut call) if call.func.name() == "to_unixtime" => {
                let text = |of: &LogicalExpr| Ok::<_, DataFusionError>(of.get_type(columns)?.is_string());
                match (to_time, call.args.first().map(text).transpose()?) {
                    (Some(to_time), Some(true)) => {
                        call.args = vec![to_time.call(call.args)];
                        Transformed::yes(LogicalExpr::ScalarFunction(call))
                    }
                    _ => Transformed::no(LogicalExpr::ScalarFunction(call)),
                }
            }
            other => Transformed::no(other),
        })
    };
    Ok(change(expression, &mut node)?.data)
}

/// Whether an expression's function gives other values on another day or in another run.
fn changes(expression: &LogicalExpr) -> bool {
    let LogicalExpr::ScalarFunction(call) = expression else {
        return false;
    };
    match call.func.signature().volatility {
        Volatility::Immutable => false,
        // `now()` and its kin; a stable function of a column depends on settings that are fixed here.
        Volatility::Stable => call.args.is_empty(),
        Volatility::Volatile => true,
    }
}

/// Replaces functions that exist only as other expressions, e.g. `coalesce` by `CASE`.
///
/// The optimiser would do it as well, but might also reorder arithmetic.
fn spelled_out(expression: LogicalExpr, columns: &DFSchema) -> EngineResult<LogicalExpr> {
    let context = SimplifyContext::builder().with_schema(Arc::new(columns.clone())).build();
    let coerced = ExprSimplifier::new(context.clone()).coerce(expression, columns)?;
    let mut call = |expression| {
        let LogicalExpr::ScalarFunction(call) = expression else {
            return Ok(Transformed::no(expression));
        };
        Ok(match call.func.simplify(call.args, &context)? {
            ExprSimplifyResult::Simplified(simpler) => Transformed::yes(simpler),
            ExprSimplifyResult::Original(args) => Transformed::no(call.func.call(args)),
        })
    };
    Ok(change(coerced, &mut call)?.data)
}

/// A function of several rows.
fn summary(expression: &LogicalExpr) -> EngineResult<Option<String>> {
    let mut found = None;
    expression.exists(|node| {
        found = match node {
            LogicalExpr::AggregateFunction(call) => Some(call.func.name().to_owned()),
            LogicalExpr::WindowFunction(call) => Some(call.fun.name().to_owned()),
            _ => None,
        };
        Ok(found.is_some())
    })?;
    Ok(found)
}

/// Why a form that times are read by would lose the time of day.
fn lost_times(expression: &LogicalExpr) -> EngineResult<Option<String>> {
    let mut lost = None;
    expression.exists(|node| {
        if let LogicalExpr::ScalarFunction(call) = node
            && (NAMES.contains(&call.func.name()) || call.func.name() == "to_unixtime")
        {
            let form = |argument: &LogicalExpr| match argument {
                LogicalExpr::Literal(value, _) => text_time::lost(value.try_as_str()??),
                _ => None,
            };
            lost = call.args.iter().skip(1).find_map(form);
        }
        Ok(lost.is_some())
    })?;
    Ok(lost)
}

/// A text of the expression itself that is to be a number and is none.
fn odd_text(expression: &LogicalExpr) -> EngineResult<Option<String>> {
    let mut odd = None;
    expression.exists(|node| {
        if let LogicalExpr::Cast(Cast { expr, field }) = node
            && field.data_type().is_numeric()
            && let LogicalExpr::Literal(ScalarValue::Utf8(Some(text)), _) = &**expr
            && text.trim().parse::<f64>().is_err()
        {
            odd = Some(text.clone());
        }
        Ok(odd.is_some())
    })?;
    Ok(odd)
}

/// Whole numbers that grow too large are an error, not other numbers.
fn without_wrapping(physical: Arc<dyn PhysicalExpr>) -> EngineResult<Arc<dyn PhysicalExpr>> {
    let node = |node: Arc<dyn PhysicalExpr>| {
        let Some(binary) = node.downcast_ref::<PhysicalBinary>() else { return Ok(Transformed::no(node)) };
        let checked: Arc<dyn PhysicalExpr> = Arc::new(binary.clone().with_fail_on_overflow(true));
        Ok(Transformed::yes(checked))
    };
    Ok(physical.transform_up(node)?.data)
}

/// Whether values of a type can be used as numbers.
fn is_numeric(data_type: &DataType) -> bool {
    data_type.is_numeric()
        || matches!(
            data_type,
            DataType::Boolean
                | DataType::Timestamp(..)
                | DataType::Date32
                | DataType::Date64
                | DataType::Duration(_)
        )
}

/// What an expression gives, and how to make a number of it.
fn not_a_number(gives: &DataType, sql: &str) -> String {
    let sql = sql.trim();
    let column = sql.trim_matches('"');
    let is_name = !column.contains(['"', '\'', '(', '|', ':']);
    match gives {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if sql.starts_with('\'') => format!(
            "a text, not a number (hint: single quotes are for texts; the column is {0}\"{1}\"{0})",
            '`',
            sql.trim_matches('\'')
        ),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View if !is_name => {
            "a text, not a number (hint: compare it, as in `… = 'sitting'`, or cast it, as in `cast(… as double)`)"
                .to_owned()
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => format!(
            "a text, not a number (hint: a time is read with `to_timestamp(\"{column}\")`, a label compared as in \
             `\"{column}\" = 'sitting'`, a number cast with `cast(\"{column}\" as double)`)"
        ),
        DataType::Interval(_) => {
            "an interval, whose length in seconds is not fixed (hint: subtract two times, or write seconds)".to_owned()
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            "a list, not a number (hint: take one of it, as in `(…)[1]`)".to_owned()
        }
        DataType::Struct(_) | DataType::Map(..) => "several values, not a number".to_owned(),
        DataType::Null => "no value (hint: if it is the name of a column, put it in double quotes)".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => {
            "a time of day without a date (hint: put the date before it, as in `to_timestamp(\"date\" || ' ' || \
             \"time\")`)"
                .to_owned()
        }
        other => format!("{other}, not a number"),
    }
}
