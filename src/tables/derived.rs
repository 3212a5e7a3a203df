//! The SQL of the merged tables, put together from `queries/merge/` and the schemas.

use std::cell::RefCell;

use super::catalog::PUBLIC;
use super::passed::{PASSED, Passed, Step};
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
    /// What parts hand on, as far as it was asked for.
    pub(super) passes: RefCell<Vec<Passed>>,
}

impl<'a> Views<'a> {
    /// Of tables that are somewhere.
    pub(super) fn new(queries: &'a Queries, schemas: &'a Schemas, fdr: &'a Fdr, space: &'a Space) -> Self {
        Self { queries, schemas, fdr, space, passes: RefCell::default() }
    }
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
    /// Whether the rows are those of a part of the users, so that what only all of them determine comes from tables.
    pub(super) is_part: bool,
}

impl Space {
    /// `te` and so on, or `run1.te` for the number 1.
    pub(super) fn numbered(number: &str) -> Self {
        let schema = if number.is_empty() { String::new() } else { format!("run{number}") };
        let counting = format!("_counting{number}");
        Self { schema, shown: counting.clone(), counting, is_control: false, is_part: false }
    }

    /// Of users, or of pairs of strangers.
    pub(super) fn of_control(self, is_control: bool) -> Self {
        Self { is_control, ..self }
    }

    /// The default one, with rows from elsewhere.
    pub(super) fn showing(rows: &str) -> Self {
        Self { shown: rows.to_owned(), ..Self::numbered("") }
    }

    /// Of all users, or of a part of them.
    pub(super) fn of_part(self, is_part: bool) -> Self {
        Self { is_part, ..self }
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
    /// What a part of the users hands on to a later step, for use in one: what it is of all users at once, or the table
    /// that has what all parts handed on.
    pub(super) fn passed(&self, passed: Passed) -> String {
        let sql = if self.space.is_part {
            format!("SELECT * FROM {PASSED}.{}", ident(&passed.name))
        } else {
            passed.sql.clone()
        };
        self.passes.borrow_mut().push(passed);
        sql
    }

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
        let (method, factor) = match self.fdr.method {
            FdrMethod::Bh => ("bh", "1.0"),
            FdrMethod::By => ("by", "harmonic(family_size)"),
        };
        let grouped = [
            ("group", if by_tau { "tau, " } else { "" }),
            ("group_by", if by_tau { "GROUP BY tau" } else { ONE_ROW }),
        ];
        let [surrogates, floor, smallest_p] = smallest_p(schema, q, p);
        let (alpha, reach) = (format!("{:?}", self.fdr.alpha), self.out_of_reach(schema, q, p));
        let of_part = [
            ("table", self.space.sql(&schema.table)),
            ("p", ident(p)),
            ("q", ident(q)),
            ("alpha", alpha.clone()),
            ("surrogates", surrogates),
            ("floor", floor),
            ("reach", reach),
        ];
        let of_part: Vec<(&str, &str)> = of_part.iter().map(|(name, sql)| (*name, sql.as_str())).collect();
        let of_part = self.queries.get("merge/family_of_part")?.fill(&[&grouped[..], &of_part].concat())?;
        let name = format!("family of {}.{q}", schema.table);
        let mut whole = self.passed(Passed { step: Step::Write, name, sql: of_part, in_order: false });
        if self.space.is_part {
            let parts = [&grouped[..], &[("parts", &whole)]].concat();
            whole = self.queries.get("merge/family_of_parts")?.fill(&parts)?;
        }
        let of_all = [
            ("measure", &literal(schema.measure.as_deref().unwrap_or(&schema.table))),
            ("table_name", &literal(&schema.table)),
            ("q_column", &literal(q)),
            ("tau", &(if by_tau { "tau" } else { "CAST(NULL AS BIGINT)" }).to_owned()),
            ("method", &literal(method)),
            ("alpha", &alpha),
            ("factor", &factor.to_owned()),
            ("smallest_p", &smallest_p),
            ("named", &self.of_nulls().to_owned()),
            ("whole", &whole),
        ];
        let of_all: Vec<(&str, &str)> = of_all.iter().map(|(name, sql)| (*name, sql.as_str())).collect();
        self.queries.get("merge/families")?.fill(&of_all)
    }

    /// What is said of a family besides, where there is a choice of nulls.
    fn of_nulls(&self) -> &'static str {
        if self.schemas.get("families").is_ok_and(|families| families.column("pi0").is_some()) {
            ", CASE WHEN family_size > 0 THEN least(1.0, above / (0.5 * family_size)) END AS pi0, out_of_reach"
        } else {
            ""
        }
    }

    /// How many tests cannot reach alpha, as SQL.
    fn out_of_reach(&self, schema: &TableSchema, q: &str, p: &str) -> String {
        let alpha = self.fdr.alpha;
        floor_of(schema, q, p).map_or("CAST(NULL AS BIGINT)".to_owned(), |floor| {
            format!("sum(CASE WHEN {} > {alpha:?} THEN 1 ELSE 0 END)", ident(&floor))
        })
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
                let columns: Vec<String> = columns.iter().map(|c| format!("t.{c}")).collect();
                let family = Family { p: &ident(q_of), by: &family };
                let name = format!("{}.{}", schema.table, column.name);
                let q_of_p = self.q_of_p(&source, &family, &name)?;
                self.q_values(&q_of_p, &rows, &columns.join(", "), &q, &family)?
            } else {
                format!("SELECT {}, CAST(NULL AS DOUBLE) AS {q} FROM ({rows})", columns.join(", "))
            };
            columns.push(q);
        }
        Ok(rows)
    }

    /// The q of each value of a p in `source`, of that name.
    fn q_of_p(&self, source: &str, family: &Family<'_>, name: &str) -> Result<String, QueryError> {
        let p = family.p;
        let by: Vec<String> = family.by.iter().map(|f| ident(f)).collect();
        let (listed, partition) = if by.is_empty() {
            (String::new(), String::new())
        } else {
            (format!("{}, ", by.join(", ")), format!("PARTITION BY {}", by.join(", ")))
        };
        let own = [("source", source), ("p", p), ("family", listed.as_str())];
        let counts = self.queries.get("merge/p_counts")?.fill(&own)?;
        let name_of = |what: &str| format!("{what} of {name}");
        let of_part = Passed { step: Step::Ranges, name: name_of("counts"), sql: counts, in_order: false };
        let mut counts = self.passed(of_part);
        if self.space.is_part {
            counts = format!("SELECT {listed}{p}, sum(n) AS n FROM ({counts}) GROUP BY {listed}{p}");
        }
        let factor = match self.fdr.method {
            FdrMethod::Bh => "1.0",
            FdrMethod::By => "harmonic(CAST(size_of_family AS BIGINT))",
        };
        let filled = [
            ("counts", counts.as_str()),
            ("p", p),
            ("family", &listed),
            ("partition", &partition),
            ("factor", factor),
        ];
        let q_of_p = self.queries.get("merge/q_of_p")?.fill(&filled)?;
        Ok(self.passed(Passed { step: Step::Combine, name: name_of("q"), sql: q_of_p, in_order: false }))
    }

    /// `rows` with a q for their p.
    fn q_values(
        &self,
        q_of_p: &str,
        rows: &str,
        columns: &str,
        q: &str,
        family: &Family<'_>,
    ) -> Result<String, QueryError> {
        let same = |f: &&str| format!("(f.{0} IS NOT DISTINCT FROM t.{0}) AND ", ident(f));
        let same: Vec<String> = family.by.iter().map(same).collect();
        self.queries.get("merge/q_values")?.fill(&[
            ("q_of_p", q_of_p),
            ("rows", rows),
            ("columns", columns),
            ("p", family.p),
            ("q", q),
            ("same_family", &same.concat()),
        ])
    }
}

/// Which p are corrected together.
#[derive(Debug, Clone, Copy)]
struct Family<'a> {
    /// The column with them, as SQL.
    p: &'a str,
    /// Rows that agree in these columns are corrected together.
    by: &'a [&'a str],
}

/// The direction that the name of a column ends with.
pub(super) fn direction_of(column: &str) -> Option<&'static str> {
    DIRECTIONS.into_iter().find(|direction| column.strip_suffix(direction).is_some_and(|c| c.ends_with('_')))
}

/// The smallest p that all tests of a column could have given, as SQL: the fewest surrogates and the largest smallest p of
/// rows, and what it is by these two.
fn smallest_p(schema: &TableSchema, q: &str, p: &str) -> [String; 3] {
    let null = |kind: &str| format!("CAST(NULL AS {kind})");
    // p_A2S is made of surrogates_A2S, where the table counts them.
    let surrogates = p.strip_prefix('p').map(|of| format!("surrogates{of}"));
    let (fewest, by_surrogates) = match surrogates.filter(|name| schema.column(name).is_some()) {
        Some(name) => (format!("min({})", ident(&name)), "1.0 / (1.0 + surrogates)".to_owned()),
        None => (null("BIGINT"), null("DOUBLE")),
    };
    // Where several nulls are asked, what they could give together stands beside p.
    match floor_of(schema, q, p) {
        Some(name) => {
            (fewest, format!("max({})", ident(&name)), format!("coalesce(p_floor, {by_surrogates})")).into()
        }
        None => (fewest, null("DOUBLE"), by_surrogates).into(),
    }
}

/// The column with the smallest p that the nulls of a test could have given together.
fn floor_of(schema: &TableSchema, q: &str, p: &str) -> Option<String> {
    let direction = direction_of(q).or_else(|| direction_of(p))?;
    Some(format!("p_floor_{direction}")).filter(|name| schema.column(name).is_some())
}
