//! SQL expressions over the columns of an input file.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{Expr as LogicalExpr, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::sql::sqlparser::ast::{Expr, ExprWithAlias, Ident, visit_expressions_mut};

use super::error::DatasetError;
use super::parquet::as_numbers;
use super::table::Needed;

/// Columns of an expression, their schema, and how to evaluate it.
type Plan = (Vec<Needed>, SchemaRef, Arc<dyn PhysicalExpr>);

/// The planner that expressions are compiled with.
pub(super) struct Compiler {
    state: SessionState,
    text_columns: Vec<String>,
}

impl Compiler {
    /// A compiler that takes the named columns for text and all others for numbers.
    pub(super) fn new(text_columns: &[String]) -> Self {
        Self {
            state: SessionStateBuilder::new().with_default_features().build(),
            text_columns: text_columns.to_vec(),
        }
    }

    /// Compiles one expression. No file is needed: the types of its columns follow from the
    /// configuration.
    pub(super) fn compile(&self, setting: &str, sql: &str) -> Result<Expression, DatasetError> {
        self.plan(sql)
            .map(|(columns, schema, physical)| Expression {
                setting: setting.to_owned(),
                sql: sql.to_owned(),
                columns,
                schema,
                physical,
            })
            .map_err(|reason| DatasetError::Expression {
                setting: setting.to_owned(),
                sql: sql.to_owned(),
                reason,
            })
    }

    /// Columns, their schema and the plan of an expression.
    fn plan(&self, sql: &str) -> Result<Plan, String> {
        let dialect = self.state.config_options().sql_parser.dialect;
        let mut parsed = self.state.sql_to_expr(sql, &dialect).map_err(|error| {
            format!("{} (hint: put column names in double quotes)", error.strip_backtrace())
        })?;
        let columns = self.take_columns(&mut parsed)?;
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
            let volatile = logical.exists(|node| Ok(changes(node)))?;
            let logical = spelled_out(logical, &columns)?;
            let physical = self.state.create_physical_expr(logical, &columns)?;
            let gives = physical.data_type(&schema)?;
            Ok::<_, datafusion::error::DataFusionError>((volatile, physical, gives))
        };
        let (volatile, physical, gives) = plan().map_err(|error| error.strip_backtrace())?;
        if volatile {
            return Err("it gives other values every time".to_owned());
        }
        if !is_numeric(&gives) {
            return Err(format!("it gives {gives}, not a number"));
        }
        Ok((columns, schema, physical))
    }

    /// The columns of an expression, whose names are made exact: a name means the column that is
    /// called just so, quoted or not, and `a.b` the column called `a.b`.
    fn take_columns(&self, parsed: &mut Expr) -> Result<Vec<Needed>, String> {
        let mut names = std::collections::BTreeSet::new();
        let visited = visit_expressions_mut(parsed, |expression| {
            let name = match expression {
                Expr::Identifier(name) => name.value.clone(),
                Expr::CompoundIdentifier(parts) => {
                    let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
                    parts.join(".")
                }
                Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                    return ControlFlow::Break("it holds a query".to_owned());
                }
                _ => return ControlFlow::Continue(()),
            };
            *expression = Expr::Identifier(Ident::with_quote('"', name.clone()));
            names.insert(name);
            ControlFlow::Continue(())
        });
        if let ControlFlow::Break(reason) = visited {
            return Err(reason);
        }
        let text = |name: &String| self.text_columns.contains(name);
        Ok(names.into_iter().map(|name| Needed { text: text(&name), name }).collect())
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

/// Whether values of a type can be used as numbers.
fn is_numeric(data_type: &DataType) -> bool {
    data_type.is_numeric()
        || matches!(
            data_type,
            DataType::Boolean | DataType::Timestamp(..) | DataType::Date32 | DataType::Date64
        )
}

/// A compiled expression.
///
/// Evaluation follows the text: `DataFusion`'s optimiser, which might reorder sums, is not run.
#[derive(Debug)]
pub(super) struct Expression {
    setting: String,
    sql: String,
    columns: Vec<Needed>,
    schema: SchemaRef,
    physical: Arc<dyn PhysicalExpr>,
}

impl Expression {
    /// The columns it names, each once.
    pub(super) fn columns(&self) -> &[Needed] {
        &self.columns
    }

    /// Its value in every row, NaN where it is missing; `columns` as in [`Self::columns`].
    pub(super) fn evaluate(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<Vec<f64>, DatasetError> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let values = || -> datafusion::error::Result<Vec<f64>> {
            let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
            Ok(as_numbers(&self.physical.evaluate(&batch)?.into_array(rows)?)?)
        };
        values().map_err(|error| DatasetError::Evaluation {
            setting: self.setting.clone(),
            sql: self.sql.clone(),
            reason: error.strip_backtrace(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array};

    use super::{Compiler, DatasetError};

    fn value(sql: &str, columns: &[f64]) -> f64 {
        let expression = Compiler::new(&[]).compile("data.target", sql).unwrap();
        let columns =
            columns.iter().map(|&value| Arc::new(Float64Array::from(vec![value])) as ArrayRef).collect();
        expression.evaluate(columns, 1).unwrap()[0]
    }

    fn reason(sql: &str) -> String {
        match Compiler::new(&[]).compile("data.target", sql).unwrap_err() {
            DatasetError::Expression { reason, .. } => reason,
            other => other.to_string(),
        }
    }

    #[test]
    fn left_to_right_in_doubles() {
        let (x, y, z) = (0.709_948, 0.080_298, -0.780_481);
        let sql = "(abs(\"m:x\") + abs(\"m:y\") + abs(\"m:z\")) / 3";
        let expected = (f64::abs(x) + f64::abs(y) + f64::abs(z)) / 3.0;
        assert_eq!(value(sql, &[x, y, z]).to_bits(), expected.to_bits());
        let sql = "0.6 * ((abs(a) + abs(b)) / 3) + 0.4 * sqrt(a * a + b * b + c * c)";
        let expected = 0.6 * ((x.abs() + f64::abs(y)) / 3.0) + 0.4 * (x * x + y * y + z * z).sqrt();
        assert_eq!(value(sql, &[x, y, z]).to_bits(), expected.to_bits());
    }

    #[test]
    fn names_are_exact() {
        let expression = Compiler::new(&[]).compile("s", "Ab + \"c D\" + e.F").unwrap();
        let names: Vec<&str> = expression.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["Ab", "c D", "e.F"]);
    }

    #[test]
    fn truth_and_case() {
        assert!((value("x > 0.5", &[0.7]) - 1.0).abs() < f64::EPSILON);
        assert!((value("CASE WHEN x > 0.5 THEN 3 ELSE 1 END", &[0.7]) - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn unusable_expressions() {
        assert!(reason("abs(").contains("double quotes"));
        assert!(reason("no_such_function(x)").contains("no_such_function"));
        assert!(reason("random() + x").contains("other values"));
        assert!(reason("x - to_unixtime(now())").contains("other values"));
        assert!(reason("'text'").contains("not a number"));
        assert!(reason("(SELECT 1)").contains("query"));
        assert!(!reason("avg(x)").is_empty());
    }
}
