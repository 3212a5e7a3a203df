//! Queries within expressions: `NOT IN` beside nulls, and places where the engine has none.
//!
//! `x NOT IN (…)` is unknown where `x` or one of the values is null and nothing equals. The engine knows that for
//! some forms only, so where nulls can be, it becomes `NOT EXISTS`, of which there is only one reading.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, DFSchema, ExprSchema, Result, ScalarValue, Spans};
use datafusion::logical_expr::expr::{InSubquery, ScalarFunction, SetComparison, SetQuantifier};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator,
    ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Subquery, Volatility, exists,
    lit, not, not_exists, when,
};

use super::refusal::Refusal;
use crate::sql::error::SessionError;
use crate::trees::{change, change_expressions, change_steps};

/// The plan with every query in an expression in a form that the engine answers rightly.
pub(super) fn in_order(plan: LogicalPlan) -> Result<LogicalPlan, SessionError> {
    let mut refused = None;
    let plan = change_steps(plan, &mut |plan| {
        if refused.is_none() {
            refused = misplaced(&plan)?;
        }
        rewritten(plan)
    });
    let plan = plan.data()?;
    match refused {
        Some(refusal) => Err(refusal.into()),
        None => Ok(plan),
    }
}

/// Where the engine cannot have `EXISTS` and `IN`.
fn misplaced(plan: &LogicalPlan) -> Result<Option<Refusal>> {
    let place = match plan {
        LogicalPlan::Projection(_) => "the select list",
        LogicalPlan::Aggregate(_) => "an aggregate or behind GROUP BY",
        LogicalPlan::Window(_) => "a function with OVER",
        LogicalPlan::Sort(_) => "ORDER BY",
        LogicalPlan::Join(_) => "the condition of a join",
        _ => return Ok(None),
    };
    let mut found = false;
    plan.apply_expressions(|expr| {
        found |= expr.exists(|expr| {
            Ok(matches!(expr, Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_)))
        })?;
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    })?;
    Ok(found.then(|| {
        Refusal::new(
            format!("EXISTS, IN, ANY and ALL with a query cannot stand in {place}"),
            "LEFT JOIN (SELECT DISTINCT user_id, true AS found FROM …) f ON f.user_id = t.user_id, and \
             coalesce(f.found, false) in its place; in WHERE and HAVING they can stand as they are",
        )
    }))
}

fn rewritten(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let schema = merge_schema(&plan.inputs());
    let is_filter = matches!(plan, LogicalPlan::Filter(_));
    change_expressions(plan, &mut |expr| {
        let expr = if is_filter && holds_in(&expr)? {
            Transformed::yes(truth(expr, false, &schema)?)
        } else {
            Transformed::no(expr)
        };
        expr.transform_data(|expr| change(expr, &mut may_be_null))
    })
}

fn holds_in(expr: &Expr) -> Result<bool> {
    expr.exists(|expr| Ok(matches!(expr, Expr::InSubquery(_) | Expr::SetComparison(_))))
}

/// An expression that is true where the given one (or its negation) is; false may stand for null.
fn truth(expr: Expr, negate: bool, schema: &DFSchema) -> Result<Expr> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let op = match (op, negate) {
                (Operator::And, true) => Operator::Or,
                (Operator::Or, true) => Operator::And,
                (op, _) => op,
            };
            let (left, right) = (truth(*left, negate, schema)?, truth(*right, negate, schema)?);
            Ok(Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) }))
        }
        Expr::Not(of) => truth(*of, !negate, schema),
        expr => match Membership::of(expr) {
            Ok(member) if member.negated == negate => Ok(member.found()),
            Ok(member) => member.absent(schema),
            Err(expr) => {
                let expr = if holds_in(&expr)? { values(expr, schema)? } else { expr };
                Ok(if negate { not(expr) } else { expr })
            }
        },
    }
}

/// The expression with each `IN` true, false or null.
fn values(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let changed = change(expr, &mut |expr| match Membership::of(expr) {
        Ok(member) => member.value(schema).map(Transformed::yes),
        Err(expr) => Ok(Transformed::no(expr)),
    });
    changed.data()
}

/// `x IN (query)`, however it is written.
struct Membership {
    of: Expr,
    among: Arc<LogicalPlan>,
    negated: bool,
}

impl Membership {
    fn of(expr: Expr) -> Result<Self, Expr> {
        match expr {
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                Ok(Self { of: *expr, among: subquery.subquery, negated })
            }
            Expr::SetComparison(SetComparison {
                expr,
                subquery,
                op: Operator::Eq,
                quantifier: SetQuantifier::Any,
            }) => Ok(Self { of: *expr, among: subquery.subquery, negated: false }),
            Expr::SetComparison(SetComparison {
                expr,
                subquery,
                op: Operator::NotEq,
                quantifier: SetQuantifier::All,
            }) => Ok(Self { of: *expr, among: subquery.subquery, negated: true }),
            expr => Err(expr),
        }
    }

    fn found(self) -> Expr {
        let outer_ref_columns = self.among.all_out_ref_exprs();
        let subquery = Subquery { subquery: self.among, outer_ref_columns, spans: Spans::new() };
        Expr::InSubquery(InSubquery::new(Box::new(self.of), subquery, false))
    }

    fn may_be_null(&self, schema: &DFSchema) -> Result<(bool, bool)> {
        let value = self.among.schema().fields().first().is_none_or(|field| field.is_nullable());
        Ok((self.of.nullable(schema)?, value))
    }

    fn column(&self) -> Expr {
        Expr::Column(Column::from(self.among.schema().qualified_field(0)))
    }

    /// Rows of the query for which a condition holds.
    fn where_(&self, condition: Expr) -> Result<Arc<LogicalPlan>> {
        let rows = LogicalPlanBuilder::from(Arc::clone(&self.among)).filter(condition)?.build()?;
        Ok(Arc::new(rows))
    }

    /// Those that equal the value.
    fn equal(&self, schema: &DFSchema) -> Result<Arc<LogicalPlan>> {
        let of = change(self.of.clone(), &mut |expr| match expr {
            Expr::Column(column) => {
                let field: FieldRef = Arc::clone(schema.field_from_column(&column)?);
                Ok(Transformed::yes(Expr::OuterReferenceColumn(field, column)))
            }
            expr => Ok(Transformed::no(expr)),
        });
        self.where_(self.column().eq(of.data()?))
    }

    /// True where `NOT IN` is.
    fn absent(self, schema: &DFSchema) -> Result<Expr> {
        let (of_may, value_may) = self.may_be_null(schema)?;
        let mut all = not_exists(self.equal(schema)?);
        if value_may {
            all = all.and(not_exists(self.where_(self.column().is_null())?));
        }
        if of_may {
            all = all.and(self.of.is_not_null().or(not_exists(self.among)));
        }
        Ok(all)
    }

    /// What `IN` or `NOT IN` is, null among it.
    fn value(self, schema: &DFSchema) -> Result<Expr> {
        let (of_may, value_may) = self.may_be_null(schema)?;
        let mut case = when(exists(self.equal(schema)?), lit(!self.negated));
        let unknown = || Expr::Literal(ScalarValue::Boolean(None), None);
        if value_may {
            case = case.when(exists(self.where_(self.column().is_null())?), unknown());
        }
        if of_may {
            case = case.when(self.of.clone().is_null().and(exists(Arc::clone(&self.among))), unknown());
        }
        case.otherwise(lit(self.negated))
    }
}

/// A query for one value that may have no row is null then, whatever its column is.
fn may_be_null(expr: Expr) -> Result<Transformed<Expr>> {
    let Expr::ScalarSubquery(subquery) = expr else { return Ok(Transformed::no(expr)) };
    let schema = subquery.subquery.schema();
    if !subquery.outer_ref_columns.is_empty()
        || schema.fields().first().is_none_or(|field| field.is_nullable())
    {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    }
    let column = Expr::Column(Column::from(schema.qualified_field(0)));
    let name = schema.field(0).name().clone();
    let value =
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(OrNull::new())), vec![column]));
    let plan = LogicalPlanBuilder::from(subquery.subquery).project([value.alias(name)])?.build()?;
    Ok(Transformed::yes(Expr::ScalarSubquery(Subquery {
        subquery: Arc::new(plan),
        outer_ref_columns: Vec::new(),
        spans: subquery.spans,
    })))
}

/// The value itself, said to be null where it is not.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OrNull(Signature);

impl OrNull {
    /// Volatile, so that it is not taken for the value.
    fn new() -> Self {
        Self(Signature::any(1, Volatility::Volatile))
    }
}

impl ScalarUDFImpl for OrNull {
    fn name(&self) -> &'static str {
        "or_null"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        Ok(kinds[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(args.arg_fields[0].as_ref().clone().with_nullable(true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(args.args[0].clone())
    }
}
