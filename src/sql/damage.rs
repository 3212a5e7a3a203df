//! Data files that a query would read and that are not what the ledger says: found before it starts, so that it can
//! answer for the others.

use std::collections::BTreeSet;

use datafusion::common::TableReference;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;

use super::error::SessionError;
use crate::attempts::Damage;
use crate::tables::Runs;

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

/// The schema of every committed attempt.
const RAW: &str = "raw";

/// Files that are named.
const SHOWN: usize = 10;

impl Damaged {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
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
    /// Looks at the data files of the tables that a plan reads, by their sizes.
    pub(super) fn of(runs: Option<&Runs>, plan: &LogicalPlan) -> Result<Self, SessionError> {
        let names = names_of(plan)?;
        let mut found = Self::default();
        for run in runs.into_iter().flat_map(|runs| runs.iter()) {
            let tables = &run.run.manifest().schema_versions;
            let mut damage = Damage::default();
            // Who asks for nothing of the files needs no list of them.
            if names.iter().any(|name| name != crate::schema::LEDGER && tables.contains_key(name)) {
                let files = &run.index()?.files;
                let asked = files.iter().filter(|file| names.contains(&file.table));
                let sizes = asked.clone().map(|file| (file.path.as_str(), file.bytes));
                damage = Damage::by_sizes(run.run.storage(), sizes);
                if names.contains(RAW) {
                    for file in asked {
                        let Some(why) = damage.of(0, &file.path) else { continue };
                        let whose =
                            file.owner.as_ref().map_or("several users".into(), |(u, _)| format!("user {u}"));
                        found.files.push(format!("{whose}: {}/{}: {why}", run.run.name(), file.path));
                    }
                } else if !damage.is_empty() {
                    // Those of attempts that another one has taken the place of are not read.
                    for unit in run.ledger()?.standings(&damage) {
                        let Some(what) = &unit.damage else { continue };
                        found.files.push(format!("user {}: {}/{what}", unit.row.user_id, run.run.name()));
                    }
                }
                if !found.files.is_empty() && !damage.is_empty() {
                    found.dirs.push(run.run.name());
                }
            }
            found.runs.push(damage);
        }
        Ok(found)
    }
}

/// The names of tables and of their schemas in a plan; views stand in it as their queries, under their names.
fn names_of(plan: &LogicalPlan) -> Result<BTreeSet<String>, SessionError> {
    let mut names = BTreeSet::new();
    let mut note = |table: &TableReference| {
        names.insert(table.table().to_owned());
        names.extend(table.schema().map(str::to_owned));
    };
    plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::TableScan(scan) => note(&scan.table_name),
            LogicalPlan::SubqueryAlias(alias) => note(&alias.alias),
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(names)
}
