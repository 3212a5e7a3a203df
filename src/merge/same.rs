//! Are the runs of one experiment?

use super::error::MergeError;
use crate::attempts::OpenRun;
use crate::config::differences;
use crate::store::ControlOf;

/// Refuses runs whose numbers do not belong into one table. The predecessor's settings are not this program's:
/// its directories are compared with each other, and with runs only in what decides which rows there are.
pub(super) fn same_experiment(runs: &[OpenRun]) -> Result<(), MergeError> {
    let Some((first, others)) = runs.split_first() else { return Ok(()) };
    let is_control = |run: &&OpenRun| run.run.manifest().control.is_some();
    if let (Some(control), Some(run)) =
        (runs.iter().find(is_control), runs.iter().find(|run| !is_control(run)))
    {
        return Err(MergeError::Mixed {
            control: Box::new(control.place.clone()),
            run: Box::new(run.place.clone()),
        });
    }
    for other in others {
        let alike = runs.iter().find(|run| run.is_imported == other.is_imported).unwrap_or(first);
        same(alike, other, |_| true)?;
        if other.is_imported != first.is_imported {
            same(first, other, |key| ["hour_bins", "taus"].contains(&key))?;
        }
    }
    Ok(())
}

fn same(one: &OpenRun, other: &OpenRun, matters: impl Fn(&str) -> bool) -> Result<(), MergeError> {
    let (a, b) = (one.run.manifest(), other.run.manifest());
    let of = |control: &Option<ControlOf>| control.as_ref().map(|control| control.of.clone());
    let mut found: Vec<String> = differences(&a.config, &b.config)
        .into_iter()
        .filter(|(key, ..)| matters(key))
        .map(|(key, one, two)| format!("  {key}: {one} and {two}"))
        .collect();
    if let (Some(one), Some(two)) = (of(&a.control), of(&b.control))
        && one != two
    {
        found.push(format!("  control of: {one} and {two}"));
    }
    for (table, version) in &a.schema_versions {
        // A run of before a table was thought of lacks its rows, and has the same numbers.
        if let Some(other) = b.schema_versions.get(table).filter(|other| *other != version) {
            found.push(format!("  schema of {table}: version {version} and {other}"));
        }
    }
    if a.config_fingerprint != b.config_fingerprint
        && found.is_empty()
        && one.is_imported == other.is_imported
    {
        found.push(format!("  fingerprint: {} and {}", a.config_fingerprint, b.config_fingerprint));
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(MergeError::Different {
        one: one.place.to_string(),
        other: other.place.to_string(),
        differences: found.join("\n"),
    })
}
