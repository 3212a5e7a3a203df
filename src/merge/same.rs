//! Are the runs of one experiment?

use super::MergeError;
use crate::config::differences;
use crate::query::OpenRun;

/// Refuses runs whose numbers do not belong into one table.
pub(super) fn same_experiment(runs: &[OpenRun]) -> Result<(), MergeError> {
    let Some((first, others)) = runs.split_first() else { return Ok(()) };
    let a = first.run.manifest();
    for other in others {
        let b = other.run.manifest();
        let mut found: Vec<String> = differences(&a.config, &b.config)
            .into_iter()
            .map(|(key, one, two)| format!("  {key}: {one} and {two}"))
            .collect();
        for (table, version) in &a.schema_versions {
            match b.schema_versions.get(table) {
                Some(v) if v == version => {}
                v => found.push(format!(
                    "  schema of {table}: version {version} and {}",
                    v.map_or("none".to_owned(), u32::to_string)
                )),
            }
        }
        if a.config_fingerprint != b.config_fingerprint && found.is_empty() {
            found.push(format!("  fingerprint: {} and {}", a.config_fingerprint, b.config_fingerprint));
        }
        if !found.is_empty() {
            return Err(MergeError::Different {
                one: first.run.dir().display().to_string(),
                other: other.run.dir().display().to_string(),
                differences: found.join("\n"),
            });
        }
    }
    Ok(())
}
