//! The SQL of the view `tests`: every p of every user below each other, whatever table it is in.

use super::derived::{Views, direction_of};
use super::groups::group_columns;
use crate::queries::{QueryError, ident, literal};
use crate::schema::{ColumnType, Derived, TableSchema};

/// Name of the view.
pub(super) const TESTS: &str = "tests";

/// What a test rests on, with the type.
const ABOUT: [(&str, ColumnType); 13] = [
    ("feature_mode", ColumnType::Text),
    ("tau", ColumnType::Int),
    ("effective", ColumnType::Float),
    ("null_mean", ColumnType::Float),
    ("null_std", ColumnType::Float),
    ("z", ColumnType::Float),
    ("exceedances", ColumnType::Int),
    ("surrogates", ColumnType::Int),
    ("low", ColumnType::Float),
    ("high", ColumnType::Float),
    ("n_obs", ColumnType::Int),
    ("quality_passed", ColumnType::Bool),
    ("value", ColumnType::Float),
];

impl Views<'_> {
    /// The tests of all tables that have a q; `None` if none has.
    pub(super) fn tests(&self) -> Result<Option<String>, QueryError> {
        let mut tests = Vec::new();
        for schema in self.schemas.iter() {
            for (column, derived) in schema.derived() {
                if let Derived::Q { q_of, .. } = derived {
                    tests.push(self.test(schema, &column.name, q_of)?);
                }
            }
        }
        Ok((!tests.is_empty()).then(|| tests.join(" UNION ALL ")))
    }

    fn test(&self, schema: &TableSchema, q: &str, p: &str) -> Result<String, QueryError> {
        let direction = direction_of(q).or_else(|| direction_of(p));
        // p_A2S is of what ends with _A2S too, p_x of what ends with _x.
        let suffix = match direction {
            Some(direction) => format!("_{direction}"),
            None => p.strip_prefix('p').unwrap_or_default().to_owned(),
        };
        // A table with rows of several measures says in each of which it is, and of which direction.
        let own = |name: &str| schema.column(name).map(|column| ident(&column.name));
        let direction = direction.map(literal).or_else(|| own("direction"));
        let measure =
            own("measure").unwrap_or_else(|| literal(schema.measure.as_deref().unwrap_or(&schema.table)));
        let mut values: Vec<(&str, String)> = ABOUT
            .iter()
            .map(|(name, kind)| {
                let names = if *name == "value" {
                    value_names(schema, &suffix)
                } else {
                    vec![format!("{name}{suffix}"), (*name).to_owned()]
                };
                (*name, column(schema, &names, *kind))
            })
            .collect();
        values.extend([
            ("measure", measure),
            ("table", self.space.sql(&schema.table)),
            ("table_name", literal(&schema.table)),
            ("direction", direction.unwrap_or_else(|| null(ColumnType::Text))),
            ("p", ident(p)),
            ("q", ident(q)),
            ("alpha", format!("{:?}", self.fdr.alpha)),
        ]);
        let values: Vec<(&str, &str)> = values.iter().map(|(name, sql)| (*name, sql.as_str())).collect();
        self.queries.get("merge/tests")?.fill(&values)
    }
}

/// Columns that may hold what is tested: of `Delta_TE` it is `TE_A2S`.
fn value_names(schema: &TableSchema, suffix: &str) -> Vec<String> {
    let differences = group_columns(schema);
    let differences = differences.iter().filter_map(|(of, _)| of.strip_prefix("Delta_"));
    let measures = differences.chain(schema.measure.as_deref()).chain(["F", "value"]);
    measures.map(|measure| format!("{measure}{suffix}")).collect()
}

/// The first of the columns that the table has in the type.
fn column(schema: &TableSchema, names: &[String], kind: ColumnType) -> String {
    let is_number = |kind| matches!(kind, ColumnType::Int | ColumnType::Float);
    let fits = |own: ColumnType| own == kind || (is_number(own) && is_number(kind));
    let found = names.iter().find(|name| schema.column(name).is_some_and(|c| fits(c.kind)));
    found.map_or_else(|| null(kind), |name| format!("CAST({} AS {})", ident(name), sql_type(kind)))
}

fn null(kind: ColumnType) -> String {
    format!("CAST(NULL AS {})", sql_type(kind))
}

fn sql_type(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "VARCHAR",
        ColumnType::Int => "BIGINT",
        ColumnType::Float => "DOUBLE",
        ColumnType::Bool => "BOOLEAN",
        ColumnType::Timestamp => "TIMESTAMP",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Fdr;
    use crate::queries::Queries;
    use crate::schema::Schemas;
    use crate::tables::derived::Space;

    #[test]
    fn every_table_with_a_q_has_its_columns_found_by_their_names() {
        let (schemas, queries) = (Schemas::load(None).unwrap(), Queries::load(None).unwrap());
        let (fdr, space) = (Fdr::of(&crate::measures::settings()), Space::numbered(""));
        let views = Views::new(&queries, &schemas, &fdr, &space);
        let test = |table: &str, q: &str, p: &str| views.test(schemas.get(table).unwrap(), q, p).unwrap();
        let gc = test("gc", "q_GC_S2A", "GC_S2A_pval");
        for part in [
            "'S2A' AS direction",
            "CAST(\"F_S2A\" AS DOUBLE) AS value",
            "NULL AS BIGINT) AS tau",
            "\"n_obs\"",
        ] {
            assert!(gc.contains(part), "{part}: {gc}");
        }
        let cte = test("true_cte", "q_A2S", "p_A2S");
        for part in ["\"CTE_true_A2S\" AS DOUBLE) AS value", "\"z_A2S\"", "CAST(\"tau\" AS BIGINT) AS tau"] {
            assert!(cte.contains(part), "{part}: {cte}");
        }
        let all = views.tests().unwrap().unwrap();
        assert_eq!(all.matches("UNION ALL").count(), 10, "five measures in two directions, and their lags");
    }

    #[test]
    fn a_table_of_ones_own_needs_no_more_than_p_and_q() {
        let mut own = Schemas::load(None).unwrap().get("gc").unwrap().clone();
        own.table = "mine".into();
        own.measure = None;
        own.columns.retain(|c| c.name == "feature_mode" || c.name == "quality_passed");
        let (schemas, queries) = (Schemas::load(None).unwrap(), Queries::load(None).unwrap());
        let (fdr, space) = (Fdr::of(&crate::measures::settings()), Space::numbered("2"));
        let views = Views::new(&queries, &schemas, &fdr, &space);
        let sql = views.test(&own, "q", "p").unwrap();
        for part in [
            "NULL AS VARCHAR) AS direction",
            "NULL AS DOUBLE) AS value",
            "FROM run2.\"mine\"",
            "'mine' AS measure",
        ] {
            assert!(sql.contains(part), "{part}: {sql}");
        }
    }
}
