//! The rows that `unnest` makes of one row have its other columns in common.
//!
//! The engine takes a column that no two rows had in common for one that none have (apache/datafusion#24787), and leaves out
//! groups, orders and joins by what stands beside it. So it is kept from knowing that the column was such a one.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, Dependency, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, Projection, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Unnest, Volatility,
};
use datafusion::optimizer::AnalyzerRule;

use crate::trees::{change_steps, each_step};

/// Keeps the engine from taking them for keys.
#[derive(Debug)]
pub(super) struct Unnested;

impl AnalyzerRule for Unnested {
    fn name(&self) -> &'static str {
        "no_keys_of_unnested"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let mut is_found = false;
        each_step(&plan, &mut |node| {
            is_found |= matches!(node, LogicalPlan::Unnest(unnest) if !keys(unnest).is_empty());
            Ok(if is_found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })?;
        if !is_found {
            return Ok(plan);
        }
        // Those above have what was known of those below.
        let mut node = |node: LogicalPlan| match node {
            LogicalPlan::Unnest(unnest) => without_keys(unnest).map(Transformed::yes),
            node => node.recompute_schema().map(Transformed::yes),
        };
        Ok(change_steps(plan, &mut node)?.data)
    }
}

/// Places of the columns that no two rows have in common before they are unnested.
fn keys(unnest: &Unnest) -> HashSet<usize> {
    let known = unnest.input.schema().functional_dependencies().iter();
    known.filter(|one| one.mode == Dependency::Single).flat_map(|one| one.source_indices.clone()).collect()
}

fn without_keys(unnest: Unnest) -> Result<LogicalPlan> {
    let keys = keys(&unnest);
    let column = |(place, (table, field)): (usize, (Option<&_>, &Arc<arrow::datatypes::Field>))| {
        let column = Expr::from(Column::new(table.cloned(), field.name()));
        if !keys.contains(&place) {
            return column;
        }
        let same = ScalarUDF::from(AsIs(Signature::any(1, Volatility::Immutable)));
        same.call(vec![column]).alias_qualified(table.cloned(), field.name())
    };
    let columns = unnest.input.schema().iter().enumerate().map(column).collect();
    let input = LogicalPlan::Projection(Projection::try_new(columns, unnest.input)?);
    Ok(LogicalPlan::Unnest(Unnest::try_new(Arc::new(input), unnest.exec_columns, unnest.options)?))
}

/// The value itself.
#[derive(Debug, PartialEq, Eq, Hash)]
struct AsIs(Signature);

impl ScalarUDFImpl for AsIs {
    fn name(&self) -> &'static str {
        "as_is"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        Ok(kinds[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(args.args[0].clone())
    }
}
