//! Casts that say which value of which column they do not take, and whose row that is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::util::display::array_value_to_string;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

use super::refusal::Refusal;
use super::words::plain;
use crate::sql::times;

/// The column that says whose row it is.
const USER: &str = "user_id";

/// A cast that tells, where one can fail for some rows.
pub(super) fn telling(cast: Cast, schema: &DFSchema, with_user: bool) -> Result<Transformed<Expr>> {
    let from = cast.expr.get_type(schema)?;
    let mut columns: Vec<&Column> = cast.expr.column_refs().into_iter().collect();
    let to = cast.field.data_type();
    if !hides(&from, to) && (columns.is_empty() || !may_fail(&from, to)) {
        return Ok(Transformed::no(Expr::Cast(cast)));
    }
    columns.sort_unstable();
    let names: Vec<String> = columns.iter().map(|column| name(column)).collect();
    let user = user(&columns, schema).filter(|_| with_user);
    let function = Telling { to: Arc::clone(&cast.field), of: names.join(", "), signature: any() };
    let mut args = vec![*cast.expr];
    args.extend(user.map(Expr::Column));
    let function = Arc::new(ScalarUDF::from(function));
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function, args))))
}

fn any() -> Signature {
    Signature::variadic_any(Volatility::Immutable)
}

fn name(column: &Column) -> String {
    column.flat_name().replace("results.public.", "")
}

/// Whether the engine's cast writes a complaint for a value that it does not take, as if it were the value.
pub(super) fn hides(from: &DataType, to: &DataType) -> bool {
    to.is_string() && times::may_hide_times(from)
}

/// Whether some values of a type are none of another one.
fn may_fail(from: &DataType, to: &DataType) -> bool {
    let width = |kind: &DataType| kind.primitive_width().unwrap_or_default();
    if from.is_string() {
        return !to.is_string() && !to.is_nested();
    }
    if !from.is_numeric() || !to.is_integer() {
        return false;
    }
    if !from.is_integer() {
        return true;
    }
    match (from.is_signed_integer(), to.is_signed_integer()) {
        (true, false) => true,
        (false, true) => width(from) >= width(to),
        _ => width(from) > width(to),
    }
}

/// The column of users of the table that a value is of.
fn user(columns: &[&Column], schema: &DFSchema) -> Option<Column> {
    if columns.iter().any(|column| column.name == USER) {
        return None;
    }
    let table = columns.first()?.relation.as_ref();
    let mut found = schema.iter().filter(|(of, field)| *of == table && field.name() == USER);
    let (table, field) = found.next()?;
    found.next().is_none().then(|| Column::new(table.cloned(), field.name()))
}

/// A cast of the values of a row, whose user may stand behind them.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Telling {
    to: FieldRef,
    /// The columns of the value.
    of: String,
    signature: Signature,
}

impl Telling {
    /// What is wrong with the first value that is not taken.
    fn told(&self, args: &ScalarFunctionArgs, error: DataFusionError) -> DataFusionError {
        let Ok(Some((row, value))) = self.first(args) else { return error };
        let mut place = if self.of.is_empty() { String::new() } else { format!(", in {}", self.of) };
        if let Some(user) = args.args.get(1).and_then(|user| at(user, row)) {
            place += &format!(" of user {user}");
        }
        let said = plain(&error);
        let (what, hint) =
            said.split_once("\n(hint: ").unwrap_or((&said, "TRY_CAST gives null for such values)"));
        // A cast of many values may name none of them.
        let what = if what.contains(&value) { what.to_owned() } else { format!("{what}: {value}") };
        DataFusionError::External(Box::new(Refusal::new(
            format!("{what}{place}"),
            hint.strip_suffix(')').unwrap_or(hint),
        )))
    }

    /// The first value that is not taken, and its row. A time that cannot be shown has no text.
    fn first(&self, args: &ScalarFunctionArgs) -> Result<Option<(usize, String)>> {
        let values = args.args[0].clone().into_array(args.number_rows)?;
        let kind = self.to.data_type();
        for row in 0..values.len() {
            let one = ColumnarValue::Array(values.slice(row, 1));
            if values.is_valid(row) && cast(&one, kind).is_err() {
                let is_shown = times::in_calendar(&values.slice(row, 1)).is_ok();
                let text = if is_shown { array_value_to_string(&values, row).ok() } else { None };
                return Ok(Some((row, text.unwrap_or_default())));
            }
        }
        Ok(None)
    }
}

fn cast(value: &ColumnarValue, to: &DataType) -> Result<ColumnarValue> {
    if hides(&value.data_type(), to) {
        match value {
            ColumnarValue::Array(array) => times::in_calendar(array)?,
            ColumnarValue::Scalar(one) => times::in_calendar(&one.to_array()?)?,
        }
    }
    value.cast_to(to, None)
}

/// The text of an argument in a row.
fn at(value: &ColumnarValue, row: usize) -> Option<String> {
    let (array, row): (ArrayRef, usize) = match value {
        ColumnarValue::Array(array) => (Arc::clone(array), row),
        ColumnarValue::Scalar(one) => (ScalarValue::to_array(one).ok()?, 0),
    };
    array.is_valid(row).then(|| array_value_to_string(&array, row).ok()).flatten()
}

impl ScalarUDFImpl for Telling {
    fn name(&self) -> &'static str {
        "cast"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let of = &args.arg_fields[0];
        let field = Field::new(of.name(), self.to.data_type().clone(), of.is_nullable());
        Ok(Arc::new(field.with_metadata(self.to.metadata().clone())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        cast(&args.args[0], self.to.data_type()).map_err(|error| self.told(&args, error))
    }
}
