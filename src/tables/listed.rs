//! Which tables a run plans or has: only these are shown and written. Asked for by name, every table is there.

use std::collections::BTreeSet;

use crate::config::Analysis;
use crate::measures;
use crate::schema::{CONTROL, Derived, MadeOf, Schemas, TableSchema};
use crate::store::Manifest;

/// The names of tables that runs plan, or have rows of, as `has` says.
pub fn listed(schemas: &Schemas, runs: &[&Manifest], has: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let is_there =
        |schema: &&TableSchema| has(&schema.table) || runs.iter().any(|run| is_planned(run, &schema.table));
    let data: Vec<&TableSchema> = schemas.data_tables().filter(is_there).collect();
    let derives = |wanted: fn(&Derived) -> bool| {
        data.iter().any(|schema| schema.derived().any(|(_, derived)| wanted(derived)))
    };
    let is_made = |schema: &&TableSchema| match schema.made_of() {
        MadeOf::Ledger => true,
        MadeOf::AllUsers if schema.table == "families" => derives(|d| matches!(d, Derived::Q { .. })),
        MadeOf::AllUsers if schema.table == CONTROL => runs.iter().any(|run| run.control.is_some()),
        MadeOf::AllUsers => derives(|d| matches!(d, Derived::GroupP { .. } | Derived::GroupQ { .. })),
        MadeOf::Units => false,
    };
    let made = schemas.iter().filter(is_made);
    data.iter().copied().chain(made).map(|schema| schema.table.clone()).collect()
}

/// Whether the run's analysis has the table: the built-in one those of the measures that are asked for, a
/// program those that it brought.
fn is_planned(run: &Manifest, table: &str) -> bool {
    let is_own = run.tables.iter().any(|own| own.table == table);
    match &run.config.analysis {
        Analysis::Command(_) => is_own,
        Analysis::Builtin if measures::all().iter().any(|measure| measure.name() == table) => {
            measures::asked(&run.config).any(|measure| measure.name() == table)
        }
        Analysis::Builtin => is_own || measures::of_every_unit(&run.config).any(|name| name == table),
    }
}
