//! The measures: from a unit's series to its rows.
//!
//! A measure is a file here with its [`Measure`], a schema in `schemas/`, and a formula in
//! [`results_numerics`] if none of those there will do. [`all`] is the only list of them.

mod analyse;
mod cte;
mod gate;
mod gc;
mod hour_bins;
mod issues;
mod measure;
mod order;
mod row;
mod ste;
mod te;
#[cfg(test)]
mod tests;
mod unit;

use std::collections::BTreeMap;

use crate::config::{Config, KStrategy};

pub use analyse::{UnitOutcome, UnitOutput, analyse};
pub use gate::Checked;
pub use issues::Issues;
pub use measure::{Measure, Mended, Predecessor};
pub use row::{Both, Values, both, details, sampling};
pub use unit::{Direction, Order, Pair, Unit, UnitId};

/// All measures, in the order in which they are computed.
pub fn all() -> &'static [&'static dyn Measure] {
    &[&te::Te, &cte::Stratified, &cte::True, &ste::Ste, &gc::Gc]
}

/// The measures that a configuration asks for.
pub fn asked(config: &Config) -> impl Iterator<Item = &'static dyn Measure> {
    all().iter().copied().filter(|measure| config.analysis_modes.contains(&measure.mode()))
}

/// Rows every `ok` unit has in each table. Tables not named may have any number.
pub fn planned_rows(config: &Config) -> BTreeMap<&'static str, u64> {
    let mut rows: BTreeMap<&'static str, u64> =
        asked(config).map(|measure| (measure.name(), measure.planned_rows(config))).collect();
    let hours = if config.data.timestamp.is_some() { 24 } else { 0 };
    if config.data.condition.is_none() {
        let bins = if config.data.timestamp.is_some() { u64::from(config.hour_bins) } else { 1 };
        rows.insert("hour_bins", bins + hours);
    }
    if config.k_selection.strategy != KStrategy::Fixed {
        rows.insert("k_selection", 1);
    }
    rows
}
