//! Types of parameters that only a cast says: `$1::bigint`.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::Expr;

use super::error::SessionError;
use crate::trees::each_step;

/// Where a parameter stands.
#[derive(Default)]
struct Uses {
    all: usize,
    casts: Vec<DataType>,
}

/// Parameters that stand in casts to one type and nowhere else, with that type. Beside a column they have its type already.
///
/// # Errors
/// The engine refuses.
pub fn cast_parameters(frame: &DataFrame) -> Result<BTreeMap<String, DataType>, SessionError> {
    let mut found: BTreeMap<String, Uses> = BTreeMap::new();
    each_step(frame.logical_plan(), &mut |node| {
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                match part {
                    Expr::Placeholder(parameter) => found.entry(parameter.id.clone()).or_default().all += 1,
                    Expr::Cast(cast) => {
                        if let Expr::Placeholder(parameter) = cast.expr.as_ref() {
                            let uses = found.entry(parameter.id.clone()).or_default();
                            uses.casts.push(cast.field.data_type().clone());
                        }
                    }
                    _ => {}
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    let one_type = |(id, uses): (String, Uses)| {
        let kind = uses.casts.first().filter(|kind| is_read_alike(kind))?;
        let is_all = uses.casts.len() == uses.all && uses.casts.iter().all(|other| other == kind);
        is_all.then(|| (id.trim_start_matches('$').to_owned(), kind.clone()))
    };
    Ok(found.into_iter().filter_map(one_type).collect())
}

/// Whether a text is a value of a type to clients where it is one to a cast.
fn is_read_alike(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Boolean
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Date32
            | DataType::Timestamp(..)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Session;

    #[tokio::test]
    async fn a_cast_says_what_its_parameter_is() {
        let session = Session::empty().unwrap();
        for (sql, types) in [
            ("select $1::bigint, cast($2 as double) + $2::double, $3", "1 Int64, 2 Float64"),
            ("select * from (select $1::date as d) x where d is not null", "1 Date32"),
            // Another use, another type, null for what is none, a type that clients write in another way.
            (
                "select $1 as a, $1::bigint as b, $2::bigint as c, $2::int as d, try_cast($3 as int) as e, $4::bytea as f",
                "",
            ),
        ] {
            let frame = session.query(sql).await.unwrap();
            let found = cast_parameters(&frame).unwrap();
            let found: Vec<String> = found.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
            assert_eq!(found.join(", "), types, "{sql}");
        }
    }
}
