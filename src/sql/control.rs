//! The table `control`: what pairs of strangers say about each test, and its shares beside every q.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use serde::Serialize;

use super::session::{Session, SessionError};
use super::template::{QueryError, ident, literal};
use super::user_tests::direction_of;
use super::views::Views;
use crate::schema::{CONTROL, Derived, MadeOf, TableSchema};

/// The null whose p is used.
pub const CALLED: &str = "called";

/// Columns of tables with a row a null.
const OF_NULLS: [&str; 4] = ["measure", "direction", "null", "p"];

/// What pairs of strangers say about a test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlRow {
    /// The table of the measure.
    pub measure: String,
    /// How the source was computed.
    pub feature_mode: Option<String>,
    /// The lag.
    pub tau: Option<i64>,
    /// The direction.
    pub direction: Option<String>,
    /// The null, or [`CALLED`].
    pub null: String,
    /// Pairs with a p.
    pub pairs: i64,
    /// Those at or below alpha.
    pub rejected: i64,
    /// Their share.
    pub share: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// Distance of the p from uniform.
    pub ks: Option<f64>,
    /// `holds` or `too many`; none without pairs.
    pub verdict: Option<String>,
}

impl ControlRow {
    /// Whether it is the p that is used.
    pub fn is_called(&self) -> bool {
        self.null == CALLED
    }

    /// Whether more strangers are called than alpha allows.
    pub fn has_too_many(&self) -> bool {
        self.verdict.as_deref() == Some("too many")
    }
}

impl Session {
    /// The rows of the table `control`; none where no control went into the session.
    pub async fn control(&self) -> Result<Vec<ControlRow>, SessionError> {
        let sql = format!(
            r#"SELECT measure, feature_mode, tau, direction, "null", pairs, rejected, share, low, high, ks, verdict
               FROM {CONTROL} ORDER BY measure, feature_mode, tau, direction, "null""#
        );
        Ok(self.collect(&sql).await?.iter().flat_map(rows_of).collect())
    }
}

fn rows_of(batch: &RecordBatch) -> Vec<ControlRow> {
    let text = |column: usize, row: usize| {
        let texts = arrow::compute::cast(batch.column(column), &arrow::datatypes::DataType::Utf8).ok()?;
        let texts = texts.as_string_opt::<i32>()?;
        texts.is_valid(row).then(|| texts.value(row).to_owned())
    };
    let whole = |column: usize, row: usize| {
        let values = batch.column(column).as_primitive_opt::<Int64Type>()?;
        values.is_valid(row).then(|| values.value(row))
    };
    let float = |column: usize, row: usize| {
        let values = batch.column(column).as_primitive_opt::<Float64Type>()?;
        values.is_valid(row).then(|| values.value(row))
    };
    let row = |row: usize| ControlRow {
        measure: text(0, row).unwrap_or_default(),
        feature_mode: text(1, row),
        tau: whole(2, row),
        direction: text(3, row),
        null: text(4, row).unwrap_or_default(),
        pairs: whole(5, row).unwrap_or_default(),
        rejected: whole(6, row).unwrap_or_default(),
        share: float(7, row),
        low: float(8, row),
        high: float(9, row),
        ks: float(10, row),
        verdict: text(11, row),
    };
    (0..batch.num_rows()).map(row).collect()
}

impl Views<'_> {
    /// The table `control` of pairs of strangers; `None` if no table has a p.
    pub(super) fn control(&self) -> Result<Option<String>, QueryError> {
        let mut tests = Vec::new();
        for schema in self.schemas.iter().filter(|schema| schema.made_of() == MadeOf::Units) {
            for (column, derived) in schema.derived() {
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
        let sql = self.queries.get("merge/control")?;
        sql.fill(&[("tests", &tests.join(" UNION ALL ")), ("alpha", &alpha)]).map(Some)
    }

    /// The p that are used, of one test of a table.
    fn called(&self, schema: &TableSchema, direction: Option<&str>, p: &str) -> Result<String, QueryError> {
        self.queries.get("merge/control_tests")?.fill(&[
            ("measure", &literal(&schema.table)),
            ("feature_mode", &column_or_null(schema, "feature_mode", "VARCHAR")),
            ("tau", &column_or_null(schema, "tau", "BIGINT")),
            ("direction", &direction.map_or_else(|| "CAST(NULL AS VARCHAR)".to_owned(), literal)),
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
                ("direction", &direction.map_or_else(|| "CAST(NULL AS VARCHAR)".to_owned(), literal)),
                ("rows", &rows),
                ("same_test", &format!("{} AND {}", same("feature_mode"), same("tau"))),
            ])?;
        }
        Ok(rows)
    }
}

/// A column of the key, or null in a table without.
fn column_or_null(schema: &TableSchema, name: &str, kind: &str) -> String {
    match schema.column(name) {
        Some(_) => ident(name),
        None => format!("CAST(NULL AS {kind})"),
    }
}
