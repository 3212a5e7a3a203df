//! Data files that a query would read and that are not what the ledger says: found before it starts, so that it can
//! answer for the others.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::TableReference;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;

use super::error::SessionError;
use crate::attempts::{Attempts, Damage, OpenRun};
use crate::schema::LEDGER;
use crate::store::user_in;
use crate::tables::{FILES, Runs};
use crate::trees::each_step;

/// How data files are looked at before they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// By their sizes. Files of units are compared with the ledger when they are read, those of groups now.
    Sizes,
    /// All by their content.
    Checksums,
}

/// Damaged files of runs.
#[derive(Debug, Clone, Default)]
pub struct Damaged {
    /// By run, in the order in which they were opened.
    pub(super) runs: Vec<Damage>,
    /// Directories of the runs that have any.
    dirs: Vec<String>,
    /// User, file and fault.
    files: Vec<String>,
}

/// What is said of a query that needs them.
pub const DAMAGED: &str = "files that the query needs are damaged";

/// The schema of every committed attempt.
const RAW: &str = "raw";

/// Files that are named.
const SHOWN: usize = 10;

impl Damaged {
    /// What somebody found who looked at the only run there is, and which files rows are missing without.
    pub fn known(damage: Damage, run: &str, files: Vec<String>) -> Self {
        let dirs = if files.is_empty() { Vec::new() } else { vec![run.to_owned()] };
        Self { runs: vec![damage], dirs, files }
    }

    /// What somebody found in each of several runs.
    pub(super) fn of_each(runs: Vec<Damage>) -> Self {
        Self { runs, ..Self::default() }
    }

    /// What was found in several places, to be told together.
    pub(super) fn named(all: Vec<Self>) -> Self {
        let mut named = Self::default();
        for one in all {
            named.runs.extend(one.runs);
            named.dirs.extend(one.dirs);
            named.files.extend(one.files);
        }
        named
    }

    /// Whether all is whole, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.runs.iter().all(Damage::is_empty)
    }

    /// Whether rows are missing without them: nothing equal takes their place.
    pub fn loses_rows(&self) -> bool {
        !self.files.is_empty()
    }

    /// How many there are of those without which rows are missing.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Which, whose, and what to do.
    pub fn words(&self) -> String {
        let mut text = String::new();
        for file in self.files.iter().take(SHOWN) {
            text.push_str(&format!("  {file}\n"));
        }
        if self.files.len() > SHOWN {
            text.push_str(&format!("  … and {} more\n", self.files.len() - SHOWN));
        }
        let remedy: Vec<String> =
            self.dirs.iter().map(|dir| format!("`results run --resume {dir}`")).collect();
        format!("{text}(hint: {} makes them again)", remedy.join(", "))
    }
}

impl Damaged {
    fn add(&mut self, run: &str, whose: &str, what: &str) {
        self.files.push(format!("{whose}: {run}/{what}"));
        if !self.dirs.iter().any(|dir| dir == run) {
            self.dirs.push(run.to_owned());
        }
    }

    /// Looks at the data files of the tables that a plan reads.
    pub(super) fn of(runs: Option<&Runs>, plan: &LogicalPlan, look: Look) -> Result<Self, SessionError> {
        Self::among(runs, &names_of(plan)?, look)
    }

    /// Looks at all data files, by their content.
    pub(super) fn of_all(runs: Option<&Runs>) -> Result<Self, SessionError> {
        let tables = |runs: &Runs| -> BTreeSet<String> {
            runs.iter().flat_map(|run| run.run.manifest().schema_versions.keys().cloned()).collect()
        };
        Self::among(runs, &runs.map(tables).unwrap_or_default(), Look::Checksums)
    }

    fn among(runs: Option<&Runs>, names: &BTreeSet<String>, look: Look) -> Result<Self, SessionError> {
        let mut found = Self::default();
        for run in runs.into_iter().flat_map(|runs| runs.iter()) {
            let mut damage = Damage::default();
            let asks = Asks::of(names, &run.run.manifest().schema_versions);
            // A unit of a ledger file that cannot be read has no rows in any table.
            for (path, cause) in asks.unreadable_ledgers(run)? {
                found.add(&run.run.name(), &whose_ledger(path), &format!("{path}: {cause}"));
            }
            if asks == Asks::Rows {
                let files = &run.index()?.files;
                let asked = files.iter().filter(|file| names.contains(&file.table));
                let sizes = asked.clone().map(|file| (file.path.as_str(), file.bytes));
                damage = Damage::by_sizes(run.run.storage(), sizes);
                let read = asked.clone().filter(|file| look == Look::Checksums || file.owner.is_none());
                let read = read.map(|file| (file.path.as_str(), file.bytes, file.checksum.as_str()));
                damage = damage.and(Damage::by_content(run.run.storage(), read));
                if names.contains(RAW) {
                    for file in asked {
                        let Some(why) = damage.of(0, &file.path) else { continue };
                        let whose =
                            file.owner.as_ref().map_or("several users".into(), |(u, _)| format!("user {u}"));
                        found.add(&run.run.name(), &whose, &format!("{}: {why}", file.path));
                    }
                }
            }
            found.runs.push(damage);
        }
        let damage = Damage::together(&found.runs);
        if let Some(runs) = runs.filter(|_| !damage.is_empty() && !names.contains(RAW)) {
            // Those of attempts that another one has taken the place of are not read.
            for (run, row, what) in Attempts::lost(runs, &damage)? {
                found.add(&runs[run].run.name(), &format!("user {}", row.user_id), &what);
            }
        }
        Ok(found)
    }
}

/// What a query asks of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nothing,
    /// What its ledger says. Who asks for nothing of the data files needs no list of them.
    Ledger,
    /// Rows of data files.
    Rows,
}

impl Asks {
    fn of(names: &BTreeSet<String>, tables: &BTreeMap<String, u32>) -> Self {
        if names.iter().any(|name| name != LEDGER && tables.contains_key(name)) {
            Self::Rows
        } else if names.contains(LEDGER) || names.contains(FILES) {
            Self::Ledger
        } else {
            Self::Nothing
        }
    }

    /// Files of the ledger that its answer would lack: path and cause.
    fn unreadable_ledgers(self, run: &OpenRun) -> Result<&[(String, String)], SessionError> {
        Ok(match self {
            Self::Nothing => &[],
            Self::Ledger => &run.ledger()?.corrupt,
            Self::Rows => &run.index()?.corrupt,
        })
    }
}

/// Whose rows a ledger file has, as far as its path tells.
fn whose_ledger(path: &str) -> String {
    match user_in(path) {
        Some(user) => format!("user {user}"),
        None => "several users".to_owned(),
    }
}

/// The names of tables and of their schemas in a plan; views stand in it as their queries, under their names.
fn names_of(plan: &LogicalPlan) -> Result<BTreeSet<String>, SessionError> {
    let mut names = BTreeSet::new();
    let mut note = |table: &TableReference| {
        names.insert(table.table().to_owned());
        names.extend(table.schema().map(str::to_owned));
    };
    each_step(plan, &mut |node| {
        match node {
            LogicalPlan::TableScan(scan) => note(&scan.table_name),
            LogicalPlan::SubqueryAlias(alias) => note(&alias.alias),
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(names)
}
