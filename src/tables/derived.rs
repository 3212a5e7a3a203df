//! The SQL of the merged tables, put together from `queries/merge/` and the schemas.

use super::catalog::PUBLIC;
use crate::config::{Fdr, FdrMethod};
use crate::queries::{Queries, QueryError, ident, literal};
use crate::schema::columns::shown;
use crate::schema::{Derived, LEDGER, MadeOf, Schemas, TableSchema, USER};

/// After an aggregate over everything. The engine moves a filter on a constant column below such an aggregate,
/// where it no longer takes the row away; below a limit it cannot go.
pub(super) const ONE_ROW: &str = "LIMIT 1";

/// Directions that the names of columns end with.
pub(super) const DIRECTIONS: [&str; 2] = ["A2S", "S2A"];

/// Writes the SQL of the merged tables.
#[derive(Debug)]
pub(super) struct Views<'a> {
    /// The queries.
    pub(super) queries: &'a Queries,
    /// The tables.
    pub(super) schemas: &'a Schemas,
    /// How p-values are corrected.
    pub(super) fdr: &'a Fdr,
    /// Where tables are.
    pub(super) space: &'a Space,
}

/// Where the tables of some runs are, and what they are made of.
#[derive(Debug)]
pub(super) struct Space {
    /// Schema of the merged tables; empty for the default one.
    schema: String,
    /// Schema of the rows of attempts that count, in which families and groups are looked at.
    pub(super) counting: String,
    /// Schema of the rows that are shown.
    shown: String,
    /// Whether the units are pairs of strangers.
    pub(super) is_control: bool,
}

impl Space {
    /// `te` and so on, or `run1.te` for the number 1.
    pub(super) fn numbered(number: &str) -> Self {
        let schema = if number.is_empty() { String::new() } else { format!("run{number}") };
        let counting = format!("_counting{number}");
        Self { schema, shown: counting.clone(), counting, is_control: false }
    }

    /// Of users, or of pairs of strangers.
    pub(super) fn of_control(self, is_control: bool) -> Self {
        Self { is_control, ..self }
    }

    /// The default one, with rows from elsewhere.
    pub(super) fn showing(rows: &str) -> Self {
        Self { shown: rows.to_owned(), ..Self::numbered("") }
    }

    /// The schema of its tables.
    pub(super) fn schema(&self) -> &str {
        if self.schema.is_empty() { PUBLIC } else { &self.schema }
    }

    /// A table of it, as SQL names it.
    pub(super) fn sql(&self, table: &str) -> String {
        if self.schema.is_empty() { ident(table) } else { format!("{}.{}", self.schema, ident(table)) }
    }
}

impl Views<'_> {
    /// The merged table: rows of the attempts that count, with every derived column.
    ///
    /// Needs the tables `_counting.<table>` and, for group columns, `group_tests`.
    pub(super) fn table(&self, schema: &TableSchema) -> Result<String, QueryError> {
        let rows = self.with_q(schema)?;
        let rows = self.with_group(schema, rows)?;
        let rows = self.with_control(schema, rows)?;
        let columns: Vec<String> = schema.columns.iter().map(|c| ident(&c.name)).collect();
        let columns = if columns.is_empty() { String::new() } else { format!(", {}", columns.join(", ")) };
        Ok(format!("SELECT {USER}{columns} FROM ({rows})"))
    }

    /// The ledger rows of the attempts that count, without what only the store needs.
    pub(super) fn users(&self) -> String {
        let ledger = self.schemas.iter().filter(|schema| schema.made_of() == MadeOf::Ledger);
        let names = ledger
            .flat_map(|schema| shown(schema).fields().iter().map(|f| ident(f.name())).collect::<Vec<_>>());
        let names: Vec<String> = names.collect();
        format!("SELECT {} FROM {}.{}", names.join(", "), self.space.counting, ident(LEDGER))
    }

    /// The families of all tables; `None` if nothing is corrected.
    pub(super) fn families(&self) -> Result<Option<String>, QueryError> {
        let mut families = Vec::new();
        for schema in self.schemas.iter().filter(|s| self.corrected(s)) {
            for (column, derived) in schema.derived() {
                if let Derived::Q { q_of, family } = derived
                    // A row of `families` tells one measure.
                    && family.iter().all(|column| column != "measure")
                {
                    families.push(self.family(schema, &column.name, q_of, family)?);
                }
            }
        }
        Ok((!families.is_empty()).then(|| families.join(" UNION ALL ")))
    }

    fn family(
        &self,
        schema: &TableSchema,
        q: &str,
        p: &str,
        family: &[String],
    ) -> Result<String, QueryError> {
        let by_tau = self.fdr.by_tau && family.iter().any(|f| f == "tau");
        let smallest_p = smallest_p(schema, q, p);
        let (method, factor) = match self.fdr.method {
            FdrMethod::Bh => ("bh", "1.0"),
            FdrMethod::By => ("by", "harmonic(family_size)"),
        };
        self.queries.get("merge/families")?.fill(&[
            ("measure", &literal(schema.measure.as_deref().unwrap_or(&schema.table))),
            ("table", &self.space.sql(&schema.table)),
            ("table_name", &literal(&schema.table)),
            ("q_column", &literal(q)),
            ("tau", if by_tau { "tau" } else { "CAST(NULL AS BIGINT)" }),
            ("group", if by_tau { "tau, " } else { "" }),
            ("group_by", if by_tau { "GROUP BY tau" } else { ONE_ROW }),
            ("method", &literal(method)),
            ("alpha", &format!("{:?}", self.fdr.alpha)),
            ("factor", factor),
            ("p", &ident(p)),
            ("q", &ident(q)),
            ("smallest_p", &smallest_p),
            ("named", if self.has_nulls() { ", pi0, out_of_reach" } else { "" }),
            ("of_nulls", &if self.has_nulls() { self.of_nulls(schema, q, p) } else { String::new() }),
        ])
    }

    /// Whether there are columns about a choice of nulls.
    fn has_nulls(&self) -> bool {
        self.schemas.get("families").is_ok_and(|families| families.column("pi0").is_some())
    }

    /// What is said of a family besides, where there is a choice of nulls.
    fn of_nulls(&self, schema: &TableSchema, q: &str, p: &str) -> String {
        let (alpha, own) = (self.fdr.alpha, ident(p));
        let reach = floor_of(schema, q, p).map_or("CAST(NULL AS BIGINT)".to_owned(), |floor| {
            format!("sum(CASE WHEN {} > {alpha:?} THEN 1 ELSE 0 END)", ident(&floor))
        });
        let above = format!("sum(CASE WHEN {own} > 0.5 THEN 1.0 ELSE 0.0 END)");
        let pi0 = format!("CASE WHEN count({own}) > 0 THEN least(1.0, {above} / (0.5 * count({own}))) END");
        format!(", {pi0} AS pi0, {reach} AS out_of_reach")
    }

    /// Whether the configuration asks for correction of the table's measure.
    pub(super) fn corrected(&self, schema: &TableSchema) -> bool {
        schema.measure.as_ref().is_none_or(|m| self.fdr.families.contains(m))
    }

    pub(super) fn rows(&self, schema: &TableSchema, space: &str) -> Result<String, QueryError> {
        let columns: Vec<String> = schema.stored().map(|c| ident(&c.name)).collect();
        self.queries.get("merge/rows")?.fill(&[
            ("columns", &columns.join(", ")),
            ("space", space),
            ("table", &ident(&schema.table)),
        ])
    }

    fn with_q(&self, schema: &TableSchema) -> Result<String, QueryError> {
        let mut columns: Vec<String> =
            std::iter::once(USER.to_owned()).chain(schema.stored().map(|c| ident(&c.name))).collect();
        let source = self.rows(schema, &self.space.counting)?;
        let mut rows = self.rows(schema, &self.space.shown)?;
        for (column, derived) in schema.derived() {
            let Derived::Q { q_of, family } = derived else { continue };
            let q = ident(&column.name);
            rows = if self.corrected(schema) {
                let family: Vec<&str> =
                    family.iter().map(String::as_str).filter(|f| self.fdr.by_tau || *f != "tau").collect();
                {
                    let columns: Vec<String> = columns.iter().map(|c| format!("t.{c}")).collect();
                    self.q_values(&source, &rows, &columns.join(", "), &ident(q_of), &q, &family)?
                }
            } else {
                format!("SELECT {}, CAST(NULL AS DOUBLE) AS {q} FROM ({rows})", columns.join(", "))
            };
            columns.push(q);
        }
        Ok(rows)
    }

    /// `rows` with a q for their p; the families are those of `source`.
    pub(super) fn q_values(
        &self,
        source: &str,
        rows: &str,
        columns: &str,
        p: &str,
        q: &str,
        family: &[&str],
    ) -> Result<String, QueryError> {
        let family: Vec<String> = family.iter().map(|f| ident(f)).collect();
        let (listed, partition) = if family.is_empty() {
            (String::new(), String::new())
        } else {
            (format!("{}, ", family.join(", ")), format!("PARTITION BY {}", family.join(", ")))
        };
        let same: Vec<String> =
            family.iter().map(|f| format!("(f.{f} IS NOT DISTINCT FROM t.{f}) AND ")).collect();
        let factor = match self.fdr.method {
            FdrMethod::Bh => "1.0",
            FdrMethod::By => "harmonic(CAST(size_of_family AS BIGINT))",
        };
        self.queries.get("merge/q_values")?.fill(&[
            ("source", source),
            ("rows", rows),
            ("columns", columns),
            ("p", p),
            ("q", q),
            ("factor", factor),
            ("family", &listed),
            ("partition", &partition),
            ("same_family", &same.concat()),
        ])
    }
}

/// The direction that the name of a column ends with.
pub(super) fn direction_of(column: &str) -> Option<&'static str> {
    DIRECTIONS.into_iter().find(|direction| column.strip_suffix(direction).is_some_and(|c| c.ends_with('_')))
}

/// The smallest p that all tests of a column could have given, as SQL.
fn smallest_p(schema: &TableSchema, q: &str, p: &str) -> String {
    // p_A2S is made of surrogates_A2S, where the table counts them.
    let surrogates = p.strip_prefix('p').map(|of| format!("surrogates{of}"));
    let by_surrogates = match surrogates.filter(|name| schema.column(name).is_some()) {
        Some(name) => format!("1.0 / (1.0 + min({}))", ident(&name)),
        None => "CAST(NULL AS DOUBLE)".to_owned(),
    };
    // Where several nulls are asked, what they could give together stands beside p.
    match floor_of(schema, q, p) {
        Some(name) => format!("coalesce(max({}), {by_surrogates})", ident(&name)),
        None => by_surrogates,
    }
}

/// The column with the smallest p that the nulls of a test could have given together.
fn floor_of(schema: &TableSchema, q: &str, p: &str) -> Option<String> {
    let direction = direction_of(q).or_else(|| direction_of(p))?;
    Some(format!("p_floor_{direction}")).filter(|name| schema.column(name).is_some())
}
