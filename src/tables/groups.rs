//! The SQL of the tests over all users: the table `group_tests`, and what of it stands beside the rows of users.

use super::derived::{DIRECTIONS, ONE_ROW, Views};
use super::passed::{Passed, Step};
use crate::config::FdrMethod;
use crate::queries::{QueryError, ident, literal};
use crate::schema::{Derived, TableSchema, USER};

/// The table of these tests.
pub(crate) const GROUP_TESTS: &str = "group_tests";
/// What the test of one direction is called, in place of a difference.
const COUPLING: &str = "coupling";

/// Places of p among what `signed_ranks` gives.
const TWO_SIDED: &str = "2";
const GREATER: &str = "3";

/// A test over all users.
struct GroupTest<'a> {
    /// What it is called.
    name: &'a str,
    /// What is tested, as SQL.
    of: &'a str,
    /// The direction of a coupling.
    direction: Option<&'a str>,
    by: &'a [String],
}

impl Views<'_> {
    /// The group tests of all tables; `None` if no table has one.
    pub(super) fn group_tests(&self) -> Result<Option<String>, QueryError> {
        let (mut differences, mut couplings) = (Vec::new(), Vec::new());
        let has_direction = self.schemas.get(GROUP_TESTS).is_ok_and(|s| s.column("direction").is_some());
        for schema in self.schemas.iter().filter(|s| self.corrected(s)) {
            let groups = group_columns(schema);
            for (name, by) in &groups {
                let of = &difference(schema, name);
                let test = GroupTest { name, of, direction: None, by };
                differences.push(self.group_test(schema, &test, has_direction)?);
            }
            let Some((_, by)) = groups.first().filter(|_| has_direction) else { continue };
            for direction in DIRECTIONS {
                let Some(of) = &effective(schema, direction) else { continue };
                let test = GroupTest { name: COUPLING, of, direction: Some(direction), by };
                couplings.push(self.group_test(schema, &test, has_direction)?);
            }
        }
        // A difference and a coupling are questions of their own, and each kind is corrected by itself.
        let mut corrected = Vec::new();
        let kinds = [(differences, TWO_SIDED), (couplings, GREATER)];
        let q_of = match self.fdr.method {
            FdrMethod::Bh => "bh_qvalue",
            FdrMethod::By => "by_qvalue",
        };
        for (tests, p) in kinds.into_iter().filter(|(tests, _)| !tests.is_empty()) {
            // Once for all of them: each expression takes its time to plan, and each test is made once.
            corrected.push(self.queries.get("merge/group_tests")?.fill(&[
                ("p", p),
                ("q_of", q_of),
                ("direction", if has_direction { ", direction" } else { "" }),
                ("tests", &tests.join(" UNION ALL ")),
            ])?);
        }
        Ok((!corrected.is_empty()).then(|| corrected.join(" UNION ALL ")))
    }

    fn group_test(
        &self,
        schema: &TableSchema,
        test: &GroupTest<'_>,
        has_direction: bool,
    ) -> Result<String, QueryError> {
        let column = |name: &str, kind: &str| {
            let null = format!("CAST(NULL AS {kind})");
            if test.by.iter().any(|b| b == name) { ident(name) } else { null }
        };
        let by_list = test.by.iter().map(|b| ident(b)).collect::<Vec<_>>().join(", ");
        let tested = self.queries.get("merge/tested")?.fill(&[
            ("by", &if by_list.is_empty() { String::new() } else { format!("{by_list}, ") }),
            ("value", test.of),
            ("rows", &self.rows(schema, &self.space.counting)?),
        ])?;
        let end = test.direction.map_or_else(String::new, |direction| format!(" {direction}"));
        let name = format!("values of {}.{}{end}", schema.table, test.name);
        let tested = self.passed(Passed { step: Step::Ranges, name, sql: tested, in_order: true });
        let direction = test.direction.map_or_else(|| "CAST(NULL AS VARCHAR)".to_owned(), literal);
        let sql = self.queries.get("merge/group_test")?.fill(&[
            ("measure", &literal(schema.measure.as_deref().unwrap_or(&schema.table))),
            ("difference_name", &literal(test.name)),
            ("feature_mode", &column("feature_mode", "VARCHAR")),
            ("tau", &column("tau", "BIGINT")),
            ("direction", &if has_direction { format!(", {direction} AS direction") } else { String::new() }),
            ("tested", &tested),
            ("by", &if by_list.is_empty() { format!("() {ONE_ROW}") } else { by_list }),
        ])?;
        // One after the other, so that the values of one test are in memory at a time.
        let name = format!("test of {}.{}{end}", schema.table, test.name);
        Ok(self.passed(Passed { step: Step::Combine, name, sql, in_order: false }))
    }

    /// `rows` with the p and q of their group test.
    pub(super) fn with_group(&self, schema: &TableSchema, rows: String) -> Result<String, QueryError> {
        let mut rows = rows;
        let mut columns: Vec<String> = std::iter::once(USER.to_owned())
            .chain(schema.stored().map(|c| ident(&c.name)))
            .chain(
                schema.derived().filter(|(_, d)| matches!(d, Derived::Q { .. })).map(|(c, _)| ident(&c.name)),
            )
            .collect();
        for (of, by) in group_columns(schema) {
            let (p, q) = group_names(schema, of);
            let listed: Vec<String> = columns.iter().map(|c| format!("t.{c}")).collect();
            let p = p.unwrap_or_else(|| format!("p of {of}"));
            let q = q.unwrap_or_else(|| format!("q of {of}"));
            rows = if self.corrected(schema) {
                let same: Vec<String> =
                    by.iter().map(|b| format!("(g.{0} IS NOT DISTINCT FROM t.{0})", ident(b))).collect();
                self.queries.get("merge/with_group_tests")?.fill(&[
                    ("columns", &listed.join(", ")),
                    ("group_p", &ident(&p)),
                    ("group_q", &ident(&q)),
                    ("rows", &rows),
                    ("difference_name", &literal(of)),
                    ("groups", &self.space.sql(GROUP_TESTS)),
                    (
                        "same_group",
                        if same.is_empty() { "true".to_owned() } else { same.join(" AND ") }.as_str(),
                    ),
                ])?
            } else {
                let null = "CAST(NULL AS DOUBLE)";
                format!(
                    "SELECT {}, {null} AS {}, {null} AS {} FROM ({rows}) t",
                    listed.join(", "),
                    ident(&p),
                    ident(&q)
                )
            };
            columns.extend([ident(&p), ident(&q)]);
        }
        Ok(rows)
    }
}

/// What a group test is of: the difference of the effective values where they are exact, else the difference itself,
/// which finds a direction in independent data if the biases of the two differ.
fn difference(schema: &TableSchema, of: &str) -> String {
    let exact = ["bias_A2S", "bias_S2A", "effective_A2S", "effective_S2A"];
    if !of.starts_with("Delta_") || exact.iter().any(|name| schema.column(name).is_none()) {
        return ident(of);
    }
    let [bias, other_bias, forth, back] = exact.map(ident);
    let own = ident(of);
    format!("(CASE WHEN {bias} IS NULL OR {other_bias} IS NULL THEN {own} ELSE {forth} - {back} END)")
}

/// The effective value of a direction as SQL, where it is exact; `None` in a table without.
fn effective(schema: &TableSchema, direction: &str) -> Option<String> {
    let [bias, effective] = ["bias", "effective"].map(|name| format!("{name}_{direction}"));
    let has_both = schema.column(&bias).is_some() && schema.column(&effective).is_some();
    has_both.then(|| format!("(CASE WHEN {} IS NOT NULL THEN {} END)", ident(&bias), ident(&effective)))
}

/// The differences of a table that have a group test, with what the tests are split by.
pub(super) fn group_columns(schema: &TableSchema) -> Vec<(&str, &[String])> {
    let mut found: Vec<(&str, &[String])> = Vec::new();
    for (_, derived) in schema.derived() {
        let (of, by) = match derived {
            Derived::Q { .. } | Derived::Control { .. } => continue,
            Derived::GroupP { group_p_of, by } => (group_p_of, by),
            Derived::GroupQ { group_q_of, by } => (group_q_of, by),
        };
        if !found.iter().any(|(seen, _)| seen == of) {
            found.push((of, by));
        }
    }
    found
}

fn group_names(schema: &TableSchema, of: &str) -> (Option<String>, Option<String>) {
    let name = |wanted: &dyn Fn(&Derived) -> bool| {
        schema.derived().find(|(_, d)| wanted(d)).map(|(c, _)| c.name.clone())
    };
    (
        name(&|d| matches!(d, Derived::GroupP { group_p_of, .. } if group_p_of == of)),
        name(&|d| matches!(d, Derived::GroupQ { group_q_of, .. } if group_q_of == of)),
    )
}
