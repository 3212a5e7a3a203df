//! The SQL of the table `control`, and of its shares beside every q.

use super::derived::{Views, direction_of};
use super::passed::{Passed, Step};
use crate::queries::{QueryError, ident, literal};
use crate::schema::{CONTROL, Derived, MadeOf, TableSchema};

/// The null whose p is used.
pub const CALLED: &str = "called";

/// Columns of tables with a row a null.
const OF_NULLS: [&str; 4] = ["measure", "direction", "null", "p"];

impl Views<'_> {
    /// The table `control` of pairs of strangers; `None` if no table has a p.
    pub(super) fn control(&self) -> Result<Option<String>, QueryError> {
        let mut tests = Vec::new();
        for schema in self.schemas.iter().filter(|schema| schema.made_of() == MadeOf::Units) {
            // What a row says of several tests together is none of them.
            let is_of_tests = schema.column("measure").is_none();
            for (column, derived) in schema.derived().filter(|_| is_of_tests) {
                if let Derived::Q { q_of, .. } = derived {
                    let direction = direction_of(&column.name).or_else(|| direction_of(q_of));
                    tests.push(self.called(schema, direction, q_of)?);
                }
            }
            if OF_NULLS.iter().all(|name| schema.column(name).is_some()) {
                tests.push(self.by_null(schema)?);
            }
        }
        if tests.is_empty() {
            return Ok(None);
        }
        let alpha = format!("CAST('{:e}' AS DOUBLE)", self.fdr.alpha);
        let (name, sql) = (CONTROL.to_owned(), tests.join(" UNION ALL "));
        let tests = Passed { step: Step::Ranges, name, sql, in_order: false };
        let sql = self.queries.get("merge/control")?;
        sql.fill(&[("tests", &self.passed(tests)), ("alpha", &alpha)]).map(Some)
    }

    /// The p that are used, of one test of a table.
    fn called(&self, schema: &TableSchema, direction: Option<&str>, p: &str) -> Result<String, QueryError> {
        self.queries.get("merge/control_tests")?.fill(&[
            ("measure", &literal(&schema.table)),
            ("feature_mode", &column_or_null(schema, "feature_mode", "VARCHAR")),
            ("tau", &column_or_null(schema, "tau", "BIGINT")),
            ("direction", &text_or_null(direction)),
            ("null", &literal(CALLED)),
            ("p", &ident(p)),
            ("rows", &self.rows(schema, &self.space.counting)?),
        ])
    }

    /// The p of a table with a row a null.
    fn by_null(&self, schema: &TableSchema) -> Result<String, QueryError> {
        self.queries.get("merge/control_tests")?.fill(&[
            ("measure", "measure"),
            ("feature_mode", &column_or_null(schema, "feature_mode", "VARCHAR")),
            ("tau", &self.tau_by_null(schema)),
            ("direction", "direction"),
            ("null", &ident("null")),
            ("p", "p"),
            ("rows", &self.rows(schema, &self.space.counting)?),
        ])
    }

    /// The lag of a table with a row a null; none of measures whose own table has none.
    fn tau_by_null(&self, schema: &TableSchema) -> String {
        let tests = self.schemas.iter().filter(|s| s.derived().any(|(_, d)| matches!(d, Derived::Q { .. })));
        let without: Vec<String> =
            tests.filter(|s| s.column("tau").is_none()).map(|s| literal(&s.table)).collect();
        let tau = column_or_null(schema, "tau", "BIGINT");
        if without.is_empty() {
            return tau;
        }
        format!("CASE WHEN measure NOT IN ({}) THEN {tau} END", without.join(", "))
    }

    /// Rows with the share of strangers beside each q, where the table asks for it.
    pub(super) fn with_control(&self, schema: &TableSchema, mut rows: String) -> Result<String, QueryError> {
        for (column, derived) in schema.derived() {
            let Derived::Control { control_of } = derived else { continue };
            let direction = direction_of(&column.name).or_else(|| direction_of(control_of));
            let same = |key: &str| match schema.column(key) {
                Some(_) => format!("(g.{key} IS NOT DISTINCT FROM t.{key})"),
                None => format!("(g.{key} IS NULL)"),
            };
            rows = self.queries.get("merge/with_control")?.fill(&[
                ("control", &ident(&column.name)),
                ("table", &self.space.sql(CONTROL)),
                ("measure", &literal(&schema.table)),
                ("direction", &text_or_null(direction)),
                ("rows", &rows),
                ("same_test", &format!("{} AND {}", same("feature_mode"), same("tau"))),
            ])?;
        }
        Ok(rows)
    }
}

fn text_or_null(text: Option<&str>) -> String {
    text.map_or_else(|| "CAST(NULL AS VARCHAR)".to_owned(), literal)
}

/// A column of the key, or null in a table without.
fn column_or_null(schema: &TableSchema, name: &str, kind: &str) -> String {
    match schema.column(name) {
        Some(_) => ident(name),
        None => format!("CAST(NULL AS {kind})"),
    }
}
