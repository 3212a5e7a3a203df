//! What a schema file says.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kept::{CONTROL, MadeOf, is_kept_by_the_store, made_of};

/// The contract of one table, as written in `schemas/<table>.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSchema {
    /// Name of the table and of its folder in a run.
    pub table: String,
    /// Version of the contract; raised when a stored column changes meaning, type or name.
    pub version: u32,
    /// What a row is.
    pub description: String,
    /// File name of the exported CSV; `None` if the table is not exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<String>,
    /// Query of `queries/` that shapes the exported CSV; `None` exports the columns as listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv_query: Option<String>,
    /// Name of the measure in `fdr.families` of a configuration; `None` for tables without tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// Columns that identify a row of one user. Empty: rows are a list in the order written.
    #[serde(default)]
    pub key: Vec<String>,
    /// Columns after `user_id`, in the order of the exported CSV.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in Parquet, SQL and CSV.
    pub name: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Unit of the values, if they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether a value may be absent.
    #[serde(default = "yes")]
    pub nullable: bool,
    /// Smallest allowed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest allowed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Allowed values of a text column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// Key of the setting that every value of the column repeats, e.g. `hour_bins`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// How `merge` computes the column; `None` for stored columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<Derived>,
    /// Where the column is; `None` everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// Whether the column is in the exported CSV.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub csv: bool,
    /// What the column means.
    #[serde(default)]
    pub description: String,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_true(v: &bool) -> bool {
    *v
}

/// Where a column is, if it is not everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    /// Where values are compared with more than shuffled observations (`statistical.nulls`).
    Nulls,
}

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// 64-bit whole number.
    Int,
    /// Double precision; never NaN.
    Float,
    /// True or false.
    Bool,
    /// A point in time, UTC, microseconds.
    Timestamp,
}

impl ColumnType {
    /// Whether a value of JSON can be a value of such a column.
    pub fn can_be(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Int | Self::Float => value.is_number(),
            Self::Bool => value.is_boolean(),
            Self::Timestamp => false,
        }
    }
}

/// A column that only the whole set of users determines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Derived {
    /// p corrected for multiple testing over all users.
    Q {
        /// The p column.
        q_of: String,
        /// Rows that agree in these columns are corrected together.
        family: Vec<String>,
    },
    /// p of the Wilcoxon signed-rank test of a difference over all users.
    GroupP {
        /// The column with the difference.
        group_p_of: String,
        /// One test per combination of these columns.
        by: Vec<String>,
    },
    /// The group test's p corrected over all group tests.
    GroupQ {
        /// The column with the difference.
        group_q_of: String,
        /// One test per combination of these columns.
        by: Vec<String>,
    },
    /// The share of pairs of strangers that the test of a p rejects, by the control that was merged with.
    Control {
        /// The p column.
        control_of: String,
    },
}

impl Column {
    /// A rule that no value can be held to, or none can keep: rows would pass, and nobody would know.
    fn fault(&self) -> Option<String> {
        let kind = self.kind.name();
        match &self.values {
            Some(values) if values.is_empty() => {
                return Some("has a list of `values` without a value".to_owned());
            }
            Some(values) if self.kind != ColumnType::Text => {
                return Some(format!(
                    "is of type {kind} and has `values: [{}]`, which are the texts of a column of type text\n(hint: write \
                     `type: text`, or `min` and `max` for numbers)",
                    values.join(", ")
                ));
            }
            _ => {}
        }
        let is_number = matches!(self.kind, ColumnType::Int | ColumnType::Float);
        if !is_number && (self.min.is_some() || self.max.is_some()) {
            return Some(format!(
                "is of type {kind} and has `min` or `max`, which are of numbers\n(hint: write `type: int` or `type: float`, or \
                 leave them out)"
            ));
        }
        match (self.min, self.max) {
            (Some(min), Some(max)) if min > max => {
                Some(format!("has a `min` of {min} above its `max` of {max}, so no value can be right"))
            }
            _ => None,
        }
    }
}

impl TableSchema {
    /// Columns a shard stores.
    pub fn stored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.derived.is_none())
    }

    /// Columns `merge` computes.
    pub fn derived(&self) -> impl Iterator<Item = (&Column, &Derived)> {
        self.columns.iter().filter_map(|c| c.derived.as_ref().map(|d| (c, d)))
    }

    /// Columns of the exported CSV after `user_id`.
    pub fn exported(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.csv)
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Takes away the columns that are elsewhere only.
    pub(super) fn without(&mut self, elsewhere: Only) {
        self.columns.retain(|column| column.only != Some(elsewhere));
        let columns = &self.columns;
        self.key.retain(|name| columns.iter().any(|column| column.name == *name));
    }

    /// Adds a column to each q, right behind it: the share of pairs of strangers that its test rejects. Says whether
    /// there is a q.
    pub(super) fn stand_beside_a_control(&mut self) -> bool {
        let beside = |column: &Column| {
            let Some(Derived::Q { q_of, .. }) = &column.derived else { return None };
            Some(Column {
                name: format!("{CONTROL}{}", column.name.strip_prefix('q').unwrap_or(&column.name)),
                derived: Some(Derived::Control { control_of: q_of.clone() }),
                description: format!("Share of pairs of strangers for which {q_of} is at or below alpha."),
                ..column.clone()
            })
        };
        let before = self.columns.len();
        let columns = std::mem::take(&mut self.columns).into_iter();
        self.columns = columns
            .flat_map(|column| {
                let more = beside(&column);
                std::iter::once(column).chain(more)
            })
            .collect();
        let has_q = self.columns.len() > before;
        if has_q {
            // What is kept with an output is all there is of the table.
            self.columns.iter_mut().for_each(|column| column.only = None);
        }
        has_q
    }

    /// The first thing in which the schema contradicts itself.
    pub fn fault(&self) -> Option<String> {
        let mut seen = std::collections::BTreeSet::new();
        for c in &self.columns {
            if is_kept_by_the_store(&c.name) && made_of(&self.table) != MadeOf::Ledger {
                return Some(format!("column `{}` is kept by the store and may not be listed", c.name));
            }
            if !seen.insert(&c.name) {
                return Some(format!("column `{}` is listed twice", c.name));
            }
            if let Some(fault) = c.fault() {
                return Some(format!("column `{}` {fault}", c.name));
            }
        }
        let derived = self.derived().flat_map(|(_, d)| d.inputs());
        for name in self.key.iter().map(String::as_str).chain(derived) {
            match self.column(name) {
                None => return Some(format!("`{name}` is used but isn't a column of the table")),
                Some(c) if c.derived.is_some() => {
                    return Some(format!("`{name}` is used as an input but is itself derived"));
                }
                Some(_) => {}
            }
        }
        for (c, derived) in self.derived() {
            if let Derived::GroupP { by, .. } | Derived::GroupQ { by, .. } = derived
                && let Some(other) = by.iter().find(|b| !["feature_mode", "tau"].contains(&b.as_str()))
            {
                let fault = "group tests are split by feature_mode and tau only";
                return Some(format!("column `{}` is split by `{other}`; {fault}", c.name));
            }
        }
        None
    }
}

impl Derived {
    /// Names of the columns it is computed from.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        let (of, by) = match self {
            Self::Q { q_of, family } => (q_of, family.as_slice()),
            Self::GroupP { group_p_of, by } => (group_p_of, by.as_slice()),
            Self::GroupQ { group_q_of, by } => (group_q_of, by.as_slice()),
            Self::Control { control_of } => (control_of, &[][..]),
        };
        std::iter::once(of.as_str()).chain(by.iter().map(String::as_str))
    }
}
