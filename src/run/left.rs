//! Which shares of a run have work left.

use std::collections::{BTreeSet, HashMap};

use super::decide::{Basis, Redo, decide};
use super::error::RunError;
use crate::attempts::{Damage, Ledger, Standing};
use crate::engine::engine;
use crate::event::now_us;
use crate::schema::Schemas;
use crate::store::{LedgerRow, Run};

/// The shares, of so many, that a resume has something to do in. By the ledger and the sizes of files: inputs are not
/// read, so that it costs little where many start it.
///
/// # Errors
/// The run cannot be read; its analysis cannot be made ready.
pub fn shares_with_work(run: &Run, schemas: &Schemas, of: u32) -> Result<Vec<u32>, RunError> {
    let version = engine(&run.manifest().config, schemas, None)?.version();
    let now = Basis { config: run.manifest().config_fingerprint.clone(), engine: version, input: None };
    let redo = Redo { failed_before: Some(now_us()), settled: false };
    let ledger = Ledger::read(run.storage())?;
    let files = ledger.rows.iter().flat_map(|row| &row.files);
    let damage = Damage::by_sizes(run.storage(), files.map(|file| (file.file.as_str(), file.bytes)));
    let done: HashMap<(&str, &str), &[LedgerRow]> = ledger
        .units()
        .filter_map(|rows| rows.first().map(|row| ((row.user_id.as_str(), row.feature_mode.as_str()), rows)))
        .collect();
    let mut shares = BTreeSet::new();
    for unit in run.own_units()? {
        let rows = done.get(&(unit.user_id.as_str(), unit.feature_mode.as_str()));
        let standing = rows.and_then(|rows| Standing::of(rows, &damage));
        if decide(standing.as_ref(), &now, redo).again {
            shares.insert((unit.position % u64::from(of.max(1))) as u32);
        }
    }
    Ok(shares.into_iter().collect())
}
