//! Sums, differences and products that do not fit are errors, and NaN is one value.
//!
//! The engine lets whole numbers wrap. Its comparisons and orders tell NaN from −NaN, which the processor makes of
//! 0/0; so what is computed here is NaN without a sign, the largest number in every order.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Datum};
use arrow::compute::kernels::numeric;
use arrow::datatypes::{DataType, Decimal128Type, Float32Type, Float64Type};
use arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;

use super::casts;
use super::refusal::Refusal;
use super::shift;
use crate::trees::{change, change_expressions, change_steps};

/// Functions that make NaN of numbers.
const MAKE_NAN: &[&str] = &[
    "acos", "acosh", "asin", "atanh", "cos", "cot", "ln", "log", "log10", "log2", "power", "sin", "sqrt",
    "tan",
];

/// A cast to a type by the engine's name of it.
const ARROW_CAST: &str = "arrow_cast";

/// Puts checked operations in the place of the engine's.
#[derive(Debug)]
pub(super) struct Checked;

impl AnalyzerRule for Checked {
    fn name(&self) -> &'static str {
        "checked_arithmetic"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        change_steps(plan, &mut node).data()
    }
}

fn node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    if matches!(plan, LogicalPlan::TableScan(_) | LogicalPlan::Limit(_)) || !computes(&plan)? {
        return Ok(Transformed::no(plan));
    }
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    let plan = change_expressions(plan, &mut |expr| {
        let name = names.save(&expr);
        // What is compared with the row around a query is brought there with its columns, and groups by them.
        let with_user = !expr.contains_outer();
        let expr = change(expr, &mut |expr| operation(expr, &schema, with_user))?;
        Ok(expr.update_data(|expr| name.restore(expr)))
    })?;
    if !plan.transformed {
        return Ok(plan);
    }
    plan.map_data(LogicalPlan::recompute_schema)
}

/// Whether there may be anything to do.
fn computes(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_expressions(|expr| {
        found |= expr.exists(|expr| {
            Ok(match expr {
                Expr::BinaryExpr(BinaryExpr { op, .. }) => is_arithmetic(*op) || is_shift(*op),
                Expr::ScalarFunction(function) => {
                    MAKE_NAN.contains(&function.name()) || function.name() == ARROW_CAST
                }
                Expr::Negative(_) | Expr::Cast(_) | Expr::TryCast(_) => true,
                _ => false,
            })
        })?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

fn is_arithmetic(op: Operator) -> bool {
    matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo)
}

fn is_shift(op: Operator) -> bool {
    matches!(op, Operator::BitwiseShiftLeft | Operator::BitwiseShiftRight)
}

fn operation(expr: Expr, schema: &DFSchema, with_user: bool) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_arithmetic(op) || is_shift(op) => {
            let kinds = (left.get_type(schema)?, right.get_type(schema)?);
            if is_checked(op, &kinds.0) && is_checked(op, &kinds.1) {
                Ok(Transformed::yes(call(Operation::new(op), vec![*left, *right])))
            } else {
                Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })))
            }
        }
        Expr::Negative(of) if of.get_type(schema)?.is_signed_integer() => {
            let zero = Expr::Literal(ScalarValue::new_zero(&of.get_type(schema)?)?, None);
            Ok(Transformed::yes(call(Operation::new(Operator::Minus), vec![zero, *of])))
        }
        Expr::Negative(of) if of.get_type(schema)?.is_floating() => {
            Ok(Transformed::yes(call(OneNan::new(), vec![Expr::Negative(of)])))
        }
        Expr::ScalarFunction(function) if MAKE_NAN.contains(&function.name()) => {
            let expr = Expr::ScalarFunction(function);
            let is_float = expr.get_type(schema)?.is_floating();
            Ok(if is_float {
                Transformed::yes(call(OneNan::new(), vec![expr]))
            } else {
                Transformed::no(expr)
            })
        }
        Expr::ScalarFunction(mut function) if function.name() == ARROW_CAST => {
            let to = Expr::ScalarFunction(function.clone()).get_type(schema)?;
            let cast = Cast::new(Box::new(function.args.swap_remove(0)), to);
            Ok(Transformed::yes(operation(Expr::Cast(cast), schema, with_user)?.data))
        }
        // Null for what a cast does not take would do, but is not what comes of it.
        Expr::TryCast(cast) if casts::hides(&cast.expr.get_type(schema)?, cast.field.data_type()) => {
            casts::telling(Cast { expr: cast.expr, field: cast.field }, schema, with_user)
        }
        Expr::Cast(cast) => {
            let may_be_nan = cast.field.data_type().is_floating() && is_text(&cast.expr.get_type(schema)?);
            let cast = casts::telling(cast, schema, with_user)?;
            Ok(if may_be_nan { Transformed::yes(call(OneNan::new(), vec![cast.data])) } else { cast })
        }
        expr => Ok(Transformed::no(expr)),
    }
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_checked(op: Operator, kind: &DataType) -> bool {
    if is_shift(op) {
        return kind.is_integer();
    }
    let divides = matches!(op, Operator::Divide | Operator::Modulo);
    match kind {
        DataType::Float32 | DataType::Float64 => true,
        DataType::Decimal128(..) => !divides,
        kind => kind.is_integer() && !divides,
    }
}

fn call(function: impl ScalarUDFImpl + 'static, args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(function)), args))
}

/// `+ - * / % << >>` of two numbers of one kind.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Operation {
    op: Operator,
    signature: Signature,
}

impl Operation {
    fn new(op: Operator) -> Self {
        Self { op, signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Operation {
    fn name(&self) -> &'static str {
        match self.op {
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::BitwiseShiftLeft => "<<",
            Operator::BitwiseShiftRight => ">>",
            _ => "%",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        BinaryTypeCoercer::new(&kinds[0], &self.op, &kinds[1]).get_result_type()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let kernel: fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError> = match self.op {
            Operator::Plus => numeric::add,
            Operator::Minus => numeric::sub,
            Operator::Multiply => numeric::mul,
            Operator::Divide => numeric::div,
            Operator::BitwiseShiftLeft => shift::left,
            Operator::BitwiseShiftRight => shift::right,
            _ => numeric::rem,
        };
        let result =
            apply(&args.args[0], &args.args[1], kernel).map_err(|error| match error.find_root() {
                DataFusionError::ArrowError(arrow, _) => match &**arrow {
                    ArrowError::ArithmeticOverflow(what) => {
                        too_large(what.trim_start_matches("Overflow happened on: "))
                    }
                    _ => error,
                },
                _ => error,
            })?;
        match result {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(one_nan(within_precision(array)?))),
            ColumnarValue::Scalar(value) => {
                let array = one_nan(within_precision(value.to_array()?)?);
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}

/// A number that its type cannot hold.
pub(in crate::sql) fn too_large(what: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Refusal::new(
        format!("{what} is too large for its type"),
        "CAST(… AS DOUBLE) or CAST(… AS DECIMAL(38, 0)) before it holds more",
    )))
}

fn within_precision(array: ArrayRef) -> Result<ArrayRef> {
    if let DataType::Decimal128(precision, _) = array.data_type() {
        let values = array.as_primitive::<Decimal128Type>();
        if values.validate_decimal_precision(*precision).is_err() {
            return Err(too_large(&format!("a number of more than {precision} digits")));
        }
    }
    Ok(array)
}

/// The same numbers, with every NaN the one without a sign.
fn one_nan(array: ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            if !values.values().iter().any(|value| value.is_nan()) {
                return array;
            }
            Arc::new(values.unary::<_, Float64Type>(|value| if value.is_nan() { f64::NAN } else { value }))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            Arc::new(values.unary::<_, Float32Type>(|value| if value.is_nan() { f32::NAN } else { value }))
        }
        _ => array,
    }
}

/// Takes the sign of NaN away.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OneNan(Signature);

impl OneNan {
    fn new() -> Self {
        Self(Signature::any(1, Volatility::Immutable))
    }
}

impl ScalarUDFImpl for OneNan {
    fn name(&self) -> &'static str {
        "one_nan"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        Ok(kinds[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match &args.args[0] {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(one_nan(Arc::clone(array)))),
            ColumnarValue::Scalar(value) => {
                let array = one_nan(value.to_array()?);
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}
