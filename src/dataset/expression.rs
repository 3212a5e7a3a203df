//! SQL expressions over the columns of an input file.

mod functions;
mod local;
mod syntax;
#[cfg(test)]
mod tests;
pub(super) mod text_time;
mod words;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono_tz::Tz;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    BinaryExpr, Cast, Expr as LogicalExpr, ExprSchemable, Operator, Volatility, cast,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::BinaryExpr as PhysicalBinary;
use datafusion::sql::sqlparser::ast::ExprWithAlias;

use super::error::DatasetError;
use super::parquet::as_numbers;
use super::table::Needed;

/// From so many parts on, an expression can be nested deeper than a thread's usual stack allows.
const LONG: usize = 100;

/// Stack of the thread that works on a long expression.
const STACK: usize = 256 << 20;

/// The planner that expressions are compiled with.
pub(super) struct Compiler {
    state: SessionState,
    text_columns: Vec<String>,
    zone: Option<Tz>,
}

/// A planned expression.
struct Plan {
    columns: Vec<Needed>,
    schema: SchemaRef,
    physical: Arc<dyn PhysicalExpr>,
    parts: usize,
}

impl Compiler {
    /// A compiler that takes the named columns for text and all others for numbers, and reads times without an
    /// offset on the clock of the zone.
    pub(super) fn new(text_columns: &[String], zone: Option<Tz>) -> Self {
        let mut state = SessionStateBuilder::new().with_default_features().build();
        // Functions of these names are there, so replacing them cannot fail.
        let _ = state.register_udf(functions::root());
        if let Some(zone) = zone {
            for name in local::NAMES {
                let function =
                    state.scalar_functions().get(name).and_then(|engine| local::in_zone(engine, zone));
                if let Some(function) = function {
                    let _ = state.register_udf(function);
                }
            }
        }
        Self { state, text_columns: text_columns.to_vec(), zone }
    }

    /// Compiles one expression. No file is needed: the types of its columns follow from the
    /// configuration.
    pub(super) fn compile(&self, setting: &str, sql: &str) -> Result<Expression, DatasetError> {
        let plan = || {
            let parts = syntax::parts(sql)?;
            with_stack(parts, || self.plan(sql, parts))
        };
        let unusable =
            |reason| DatasetError::Expression { setting: setting.to_owned(), sql: shortened(sql), reason };
        let plan = plan().map_err(unusable)?;
        Ok(Expression { setting: setting.to_owned(), sql: sql.to_owned(), plan })
    }

    /// Columns, their schema and the plan of an expression.
    fn plan(&self, sql: &str, parts: usize) -> Result<Plan, String> {
        let mut parsed = syntax::parse(&self.state, sql)?;
        let text = |name: &String| self.text_columns.contains(name);
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
        let plan = || {
            let columns = DFSchema::try_from(Arc::clone(&schema))?;
            let parsed = ExprWithAlias { expr: parsed, alias: None };
            let logical = self.state.create_logical_expr_from_sql_expr(parsed, &columns)?;
            if let Some(function) = summary(&logical)? {
                return Ok(Err(format!(
                    "`{function}` summarises several rows, and an expression is evaluated row by row (hint: calculate \
                     it beforehand and keep it as a column of the file)"
                )));
            }
            let logical = self.in_decimals(logical, &columns)?;
            let volatile = logical.exists(|node| Ok(changes(node)))?;
            let logical = spelled_out(logical, &columns)?;
            let odd = odd_text(&logical)?;
            let physical = self.state.create_physical_expr(logical, &columns)?;
            let physical = without_wrapping(physical)?;
            let gives = physical.data_type(&schema)?;
            Ok::<_, DataFusionError>(Ok((volatile, odd, physical, gives)))
        };
        let (volatile, odd, physical, gives) = plan().map_err(|error| words::unplanned(&error))??;
        if volatile {
            return Err("it gives other values every time".to_owned());
        }
        if let Some(text) = odd {
            return Err(format!(
                "the text `{text}` is not a number, and is compared or calculated with as one (hint: list text columns \
                 under `data.text_columns`)"
            ));
        }
        if !is_numeric(&gives) {
            return Err(format!("it gives {}", not_a_number(&gives, sql)));
        }
        if let (Some(zone), DataType::Timestamp(_, None)) = (self.zone, &gives) {
            return Err(format!(
                "it gives a time without a zone, and `data.time_zone` is {zone} (hint: read times with `to_timestamp`, \
                 which knows the zone)"
            ));
        }
        // Operators and functions that can be planned and not evaluated show it on missing values too.
        let plan = Plan { columns, schema, physical, parts };
        let missing = plan.schema.fields().iter().map(|field| new_null_array(field.data_type(), 1)).collect();
        plan.values(missing, 1).map_err(|error| words::unevaluated(&error))?;
        Ok(plan)
    }

    /// The expression with divisions of whole numbers made divisions of numbers with decimals, and texts read in the
    /// zone wherever they are read.
    fn in_decimals(
        &self,
        expression: LogicalExpr,
        columns: &DFSchema,
    ) -> datafusion::error::Result<LogicalExpr> {
        let to_time = self.zone.and_then(|_| self.state.scalar_functions().get("to_timestamp_seconds"));
        let node = |node: LogicalExpr| {
            Ok(match node {
                LogicalExpr::BinaryExpr(BinaryExpr { left, op: Operator::Divide, right })
                    if left.get_type(columns)?.is_integer() && right.get_type(columns)?.is_integer() =>
                {
                    let left = Box::new(cast(*left, DataType::Float64));
                    Transformed::yes(LogicalExpr::BinaryExpr(BinaryExpr {
                        left,
                        op: Operator::Divide,
                        right,
                    }))
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
        Ok(expression.transform_up(node)?.data)
    }
}

/// Works on a thread with a large stack if the expression is long.
fn with_stack<T: Send>(parts: usize, work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    if parts < LONG {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("no thread for so long an expression: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("the planner gave up on it".to_owned()))
    })
}

/// An expression as it stands in a message.
fn shortened(sql: &str) -> String {
    const MOST: usize = 300;
    if sql.chars().count() <= MOST {
        sql.to_owned()
    } else {
        sql.chars().take(MOST - 1).chain(['…']).collect()
    }
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
fn spelled_out(expression: LogicalExpr, columns: &DFSchema) -> datafusion::error::Result<LogicalExpr> {
    let context = SimplifyContext::builder().with_schema(Arc::new(columns.clone())).build();
    let coerced = ExprSimplifier::new(context.clone()).coerce(expression, columns)?;
    let call = |expression| {
        let LogicalExpr::ScalarFunction(call) = expression else {
            return Ok(Transformed::no(expression));
        };
        Ok(match call.func.simplify(call.args, &context)? {
            ExprSimplifyResult::Simplified(simpler) => Transformed::yes(simpler),
            ExprSimplifyResult::Original(args) => Transformed::no(call.func.call(args)),
        })
    };
    Ok(coerced.transform_up(call)?.data)
}

/// A function of several rows.
fn summary(expression: &LogicalExpr) -> datafusion::error::Result<Option<String>> {
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

/// A text of the expression itself that is to be a number and is none.
fn odd_text(expression: &LogicalExpr) -> datafusion::error::Result<Option<String>> {
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
fn without_wrapping(physical: Arc<dyn PhysicalExpr>) -> datafusion::error::Result<Arc<dyn PhysicalExpr>> {
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
    let column = sql.trim().trim_matches('"');
    match gives {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => format!(
            "a text, not a number (hint: a time is read with `to_timestamp(\"{column}\")`, a label compared as in \
             `\"{column}\" = 'sitting'`, a number cast with `cast(\"{column}\" as double)`)"
        ),
        DataType::Interval(_) => {
            "an interval, whose length in seconds is not fixed (hint: subtract two times, or write seconds)".to_owned()
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            "a time of day without a date (hint: put the date before it, as in `to_timestamp(\"date\" || ' ' || \
             \"time\")`)"
                .to_owned()
        }
        other => format!("{other}, not a number"),
    }
}

/// A compiled expression.
///
/// Evaluation follows the text: `DataFusion`'s optimiser, which might reorder sums, is not run.
pub(super) struct Expression {
    setting: String,
    sql: String,
    plan: Plan,
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expression")
            .field("setting", &self.setting)
            .field("sql", &self.sql)
            .finish_non_exhaustive()
    }
}

/// Why an expression has no values for a user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NoValues {
    /// The first row it fails for.
    pub(super) row: usize,
    /// The columns and their values there, and the reason.
    pub(super) reason: String,
}

impl Expression {
    /// The columns it names, each once.
    pub(super) fn columns(&self) -> &[Needed] {
        &self.plan.columns
    }

    /// The setting it comes from.
    pub(super) fn setting(&self) -> &str {
        &self.setting
    }

    /// Its text.
    pub(super) fn sql(&self) -> String {
        shortened(&self.sql)
    }

    /// Its value in every row, NaN where it is missing; `columns` as in [`Self::columns`].
    pub(super) fn evaluate(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<Vec<f64>, NoValues> {
        let work = || {
            Ok(self.plan.values(columns.clone(), rows).map_err(|error| self.failure(&columns, rows, &error)))
        };
        with_stack(self.plan.parts, work).unwrap_or_else(|reason| Err(NoValues { row: 0, reason }))
    }

    /// The first row that the expression fails for: the last of the fewest first rows that it fails for.
    fn failure(&self, columns: &[ArrayRef], rows: usize, error: &DataFusionError) -> NoValues {
        let first = |rows: usize| -> Option<DataFusionError> {
            let columns = columns.iter().map(|column| column.slice(0, rows)).collect();
            self.plan.values(columns, rows).err()
        };
        let (mut good, mut bad) = (0, rows);
        let mut cause = None;
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            match first(middle) {
                Some(error) => (bad, cause) = (middle, Some(error)),
                None => good = middle,
            }
        }
        let row = bad.saturating_sub(1);
        let values: Vec<String> = self
            .columns()
            .iter()
            .zip(columns)
            .take(4)
            .map(|(column, values)| format!("`{}` is {}", column.name, shown(values, row)))
            .collect();
        let reason = words::unevaluated(cause.as_ref().unwrap_or(error));
        let reason = if values.is_empty() { reason } else { format!("{}: {reason}", values.join(", ")) };
        NoValues { row, reason }
    }
}

/// A cell in a message.
fn shown(values: &ArrayRef, row: usize) -> String {
    match ScalarValue::try_from_array(values, row) {
        Ok(value) if !value.is_null() => format!("`{}`", super::shown(value.to_string().as_bytes())),
        _ => "missing".to_owned(),
    }
}

impl Plan {
    fn values(&self, columns: Vec<ArrayRef>, rows: usize) -> datafusion::error::Result<Vec<f64>> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        Ok(as_numbers(&self.physical.evaluate(&batch)?.into_array(rows)?)?)
    }
}
