//! The tables a program may give rows of, laid out for looking up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::schema::{Column, MadeOf, Schemas, TableSchema, is_kept_by_the_store, made_of};

/// All of them.
#[derive(Debug)]
pub(super) struct Tables(BTreeMap<String, Table>);

/// One table.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name.
    pub(super) name: String,
    columns: Vec<KnownColumn>,
    by_name: HashMap<String, usize>,
    /// Places of the key's columns.
    pub(super) key: Vec<usize>,
    /// Place of `feature_mode`.
    pub(super) feature_mode: Option<usize>,
}

/// A column with its name as rows want it.
#[derive(Debug)]
pub(super) struct KnownColumn {
    pub(super) name: &'static str,
    pub(super) column: Column,
}

impl Tables {
    /// The tables of the schemas that shards write.
    pub(super) fn new(schemas: &Schemas) -> Self {
        Self(schemas.data_tables().map(|schema| (schema.table.clone(), Table::new(schema))).collect())
    }

    /// The table of that name, or what is wrong with it.
    pub(super) fn get(&self, name: &str) -> Result<&Table, String> {
        self.0.get(name).ok_or_else(|| match made_of(name) {
            MadeOf::Ledger => "the table `users` is kept by the store\n(hint: {\"unit\": {\"state\": \"skipped\", \"reason\": \"…\"}} says what became of a unit)".to_owned(),
            MadeOf::AllUsers => format!("the table `{name}` is made by merge"),
            MadeOf::Units => {
                let names = || self.0.keys().map(String::as_str);
                let near = nearest(name, names()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                let known = names().collect::<Vec<_>>().join(", ");
                format!("unknown table `{name}`{near}\n(hint: known tables are {known}; --definitions adds tables of your own)")
            }
        })
    }
}

impl Table {
    fn new(schema: &TableSchema) -> Self {
        let columns: Vec<KnownColumn> = schema
            .columns
            .iter()
            .map(|column| KnownColumn { name: lasting(&column.name), column: column.clone() })
            .collect();
        let by_name: HashMap<String, usize> =
            columns.iter().enumerate().map(|(place, known)| (known.name.to_owned(), place)).collect();
        Self {
            name: schema.table.clone(),
            key: schema.key.iter().filter_map(|name| by_name.get(name).copied()).collect(),
            feature_mode: by_name.get("feature_mode").copied(),
            columns,
            by_name,
        }
    }

    /// The columns in the order of the schema.
    pub(super) fn columns(&self) -> &[KnownColumn] {
        &self.columns
    }

    /// Place of the column a program may set under that name, or what is wrong with it.
    pub(super) fn place(&self, name: &str) -> Result<usize, String> {
        match self.by_name.get(name) {
            Some(place) if self.columns[*place].column.derived.is_some() => {
                Err("is computed by merge\n(hint: leave it out)".to_owned())
            }
            Some(place) => Ok(*place),
            None if is_kept_by_the_store(name) => {
                Err("is kept by the store\n(hint: leave it out)".to_owned())
            }
            None => {
                let names = || self.columns.iter().filter(|c| c.column.derived.is_none()).map(|c| c.name);
                Err(match nearest(name, names()) {
                    Some(near) => format!("isn't a column of the table; did you mean `{near}`?"),
                    None => format!(
                        "isn't a column of the table; known: {}",
                        names().collect::<Vec<_>>().join(", ")
                    ),
                })
            }
        }
    }
}

/// The candidate that is most like `text`, if any is like it at all.
fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = text.to_lowercase();
    candidates
        .map(|c| (strsim::jaro_winkler(&lower, &c.to_lowercase()), c))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c)
}

/// The name for the rest of the process: rows name their columns so. Schemas have few names, and each
/// is kept once.
fn lasting(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_wrong_lead_to_the_right_ones() {
        let tables = Tables::new(&Schemas::load(None).unwrap());
        assert!(tables.get(crate::schema::LEDGER).unwrap_err().contains("\"unit\""));
        assert!(tables.get("group_tests").unwrap_err().contains("merge"));
        let told = tables.get("hour_bin").unwrap_err();
        assert!(told.contains("did you mean `hour_bins`?") && told.contains("issues, k_selection"), "{told}");
        let te = tables.get("te").unwrap();
        assert_eq!(te.columns()[te.place("tau").unwrap()].name, "tau");
        assert!(te.place("q_A2S").unwrap_err().contains("computed by merge"));
        assert!(te.place("user_id").unwrap_err().contains("leave it out"));
        assert!(te.place("te_a2s").unwrap_err().contains("`TE_A2S`"));
        assert!(tables.get("gc").unwrap().place("xyzzy").unwrap_err().contains("known: feature_mode"));
    }

    #[test]
    fn a_name_is_kept_once() {
        assert!(std::ptr::eq(lasting("some_column"), lasting("some_column")));
    }
}
