//! One run, looked through.

use super::accepted::of_control;
use super::error::MergeError;
use super::finding::{Conflict, Gap, Kept, conflicts_of, repeated_of};
use super::survey::{survey, unknown_files};
use super::tables::Tables;
use crate::attempts::{Damage, OpenRun, Precedence};
use crate::sql::{Definitions, Session};
use crate::store::Run;
use crate::tables::Compare;

/// One run, and everything that is wrong with it.
#[derive(Debug)]
pub struct Examined {
    /// Its merged tables.
    pub session: Session,
    /// What keeps it from being complete.
    pub gaps: Vec<Gap>,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
    /// Values in which attempts of a unit differ.
    pub differing: Kept<Gap>,
    /// Keys of which an attempt has several rows.
    pub repeated: Kept<Gap>,
    /// Data files that cannot be used.
    pub damage: Damage,
}

/// Looks through one run. Every data file is read once.
pub async fn examine(run: Run, definitions: Definitions<'_>) -> Result<Examined, MergeError> {
    let is_control = run.manifest().control.is_some();
    let only = run.manifest().only_shards.clone();
    let runs = vec![OpenRun::new(run)];
    let mut survey = survey(&runs, Precedence::Latest, definitions.schemas)?;
    let mut gaps = std::mem::take(&mut survey.gaps);
    if is_control {
        of_control(&mut gaps);
    }
    let (notes, damage) = (std::mem::take(&mut survey.notes), std::mem::take(&mut survey.damage));
    // The other shards' users are not expected in the directory of one shard.
    gaps.retain(|gap| !gap.kind.is_missing() || only.is_empty() || only.contains(&gap.shard));
    gaps.extend(unknown_files(&runs, &survey)?);
    let mut conflicts: Kept<Conflict> = std::mem::take(&mut survey.conflicts).into_iter().collect();
    let mut repeated = Kept::default();
    let tables = Tables::new(&runs, &survey, None, definitions).await?;
    for schema in definitions.schemas.data_tables() {
        let Some(mut rows) = tables.sorted.rows(schema, Compare::Duplicates)? else { continue };
        while rows.next_rows()?.is_some() {}
        let findings = rows.findings();
        conflicts.extend(conflicts_of(schema, &findings));
        repeated.extend(repeated_of(schema, &findings));
    }
    let (session, differing) = (tables.session, conflicts.map(Gap::from));
    Ok(Examined { session, gaps, notes, differing, repeated, damage })
}
