//! The columns of the predecessor's files.
//!
//! A file may hold rows of several layouts: a crash leaves rows as they were checkpointed, without the
//! columns that need all users, and a resumed run appends such rows below a header that has those columns.

use crate::measures::{Measure, Mended, Predecessor, all};
use crate::schema::Row;

/// A file of the predecessor that becomes rows of a table.
#[derive(Debug)]
pub(super) struct LegacyFile {
    /// Its name.
    pub(super) file: &'static str,
    /// The table its rows go into.
    pub(super) table: &'static str,
    /// Known headers, the finished file's first.
    pub(super) headers: &'static [&'static str],
    /// Columns that are read over without a word.
    pub(super) silent: &'static [&'static str],
    /// Empties values of a row that cannot be meant, and says so.
    pub(super) mend: fn(&mut Row) -> Vec<Mended>,
}

impl LegacyFile {
    /// Known layouts: those of the headers, and of rows that were checkpointed.
    pub(super) fn layouts(&self) -> Vec<Vec<&'static str>> {
        let finished = self.headers.iter().map(|header| header.split(',').collect::<Vec<_>>());
        let mut layouts: Vec<Vec<&'static str>> = finished.collect();
        if let Some(first) = layouts.first() {
            let checkpoint: Vec<_> = first.iter().copied().filter(|name| !needs_all_users(name)).collect();
            if checkpoint.len() < first.len() {
                layouts.push(checkpoint);
            }
        }
        layouts
    }

    /// A column's name as rows want it; none if the predecessor has no such column.
    pub(super) fn column(&self, name: &str) -> Option<&'static str> {
        self.headers.iter().flat_map(|header| header.split(',')).find(|known| *known == name)
    }
}

fn needs_all_users(column: &str) -> bool {
    column.starts_with("q_") || column.starts_with("p_Delta")
}

/// Files of measures: a row a user, feature mode and, but for Granger causality, tau.
pub(super) fn measures() -> impl Iterator<Item = LegacyFile> {
    let file = |measure: &&dyn Measure| {
        let Predecessor { file, headers, mend } = measure.predecessor()?;
        Some(LegacyFile { file, table: measure.name(), headers, silent: &[], mend })
    };
    all().iter().filter_map(file)
}

/// How k was chosen: a row a user and feature mode, but not every layout names the mode.
pub(super) const K_SELECTED: LegacyFile = LegacyFile {
    file: "k_selected_by_user.csv",
    table: "k_selection",
    headers: &[
        "user_id,k_selected,k_original,capped,ais_values,criterion",
        "user_id,feature_mode,k_selected,k_original",
        "user_id,short_id,k_selected",
    ],
    silent: &["short_id"],
    mend: |_| Vec::new(),
};

/// Counts of each bin of the day, in columns named after hours.
pub(super) const HBIN_COUNTS: LegacyFile = LegacyFile {
    file: "hbin_counts.csv",
    table: "hour_bins",
    headers: &[
        "user_id,feature_mode,total_samples,hour_00,hour_01,hour_02,hour_03,hour_04,hour_05,hour_06,hour_07,hour_08,hour_09,hour_10,hour_11,hour_12,hour_13,hour_14,hour_15,hour_16,hour_17,hour_18,hour_19,hour_20,hour_21,hour_22,hour_23",
    ],
    silent: &[],
    mend: |_| Vec::new(),
};

/// Errors; the columns stand in the order in which the entries first had them.
pub(super) const ERROR_LOG: LegacyFile = LegacyFile {
    file: "error_log.csv",
    table: "issues",
    headers: &[
        "user_id,feature_mode,method,tau,error,traceback,timestamp",
        "user_id,feature_mode,method,error,traceback,timestamp",
    ],
    silent: &["traceback", "timestamp"],
    mend: |_| Vec::new(),
};

/// The settings.
pub(super) const RUN_INFO: &str = "run_info.yaml";

/// What the run said of itself while it ran.
pub(super) const STATUS: &str = "status.json";

/// Name of a CSV file that was packed afterwards.
pub(super) fn packed(file: &str) -> Option<String> {
    file.strip_suffix(".csv").map(|_| format!("{file}.gz"))
}

/// A file that is none of the predecessor's and is called like one of its tables, as spreadsheets and packers leave them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Touched {
    /// The table's file.
    pub(super) file: &'static str,
    /// What lies there.
    pub(super) name: String,
}

/// Of the names of a folder, those that are called like a table and are not read.
pub(super) fn touched<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Touched> {
    let tables = || telling_files().chain([HBIN_COUNTS.file, ERROR_LOG.file]);
    let is_read =
        |name: &str| tables().any(|file| file == name || packed(file).is_some_and(|packed| packed == name));
    let like = |name: &str| {
        tables().find(|file| {
            let rest = name.to_lowercase();
            let rest = file.strip_suffix(".csv").and_then(|stem| rest.strip_prefix(stem));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let found = names.filter(|name| !is_read(name) && !name.starts_with('.'));
    found.filter_map(|name| Some(Touched { file: like(name)?, name: name.to_owned() })).collect()
}

/// Files that make a directory one of the predecessor's.
pub(super) fn telling_files() -> impl Iterator<Item = &'static str> {
    measures().map(|m| m.file).chain([K_SELECTED.file])
}

/// All files that are read.
pub(super) fn all_files() -> impl Iterator<Item = &'static str> {
    telling_files().chain([HBIN_COUNTS.file, ERROR_LOG.file, RUN_INFO, STATUS])
}

#[cfg(test)]
mod tests {
    use super::touched;

    #[test]
    fn what_other_programs_make_of_a_table_is_seen() {
        let names = [
            "per_user_te.csv",
            "per_user_te.csv.gz",
            "per_user_te.xlsx",
            "per_user_te (1).csv",
            "Per_User_TE.csv",
            "per_user_te_old.csv",
            "k_selected_by_user.csv.bak",
            "run_info.yaml",
            "per_user.csv",
            "._per_user_te.csv",
        ];
        let found: Vec<(String, &str)> =
            touched(names.into_iter()).into_iter().map(|touched| (touched.name, touched.file)).collect();
        let te = ["per_user_te.xlsx", "per_user_te (1).csv", "Per_User_TE.csv"];
        let mut expected: Vec<(String, &str)> = te.map(|name| (name.to_owned(), "per_user_te.csv")).to_vec();
        expected.push(("k_selected_by_user.csv.bak".to_owned(), "k_selected_by_user.csv"));
        assert_eq!(found, expected);
    }
}
