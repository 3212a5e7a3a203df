//! The measures: from a unit's series to its rows.
//!
//! A measure is a file here with its [`Measure`], a schema in `schemas/`, and a formula in
//! [`results_numerics`] if none of those there will do. [`all`] is the only list of them.

mod analyse;
mod cte;
mod day_hours;
mod gate;
mod gc;
mod hour_bins;
mod issues;
mod lag_scan;
mod measure;
mod nulls;
mod order;
mod row;
mod settings;
mod ste;
mod te;
#[cfg(test)]
mod tests;
mod times;
mod unit;

use std::collections::BTreeMap;

use std::sync::OnceLock;

use crate::config::{Config, KStrategy};

pub use analyse::{UnitOutcome, UnitOutput, analyse};
pub use gate::Checked;
pub use issues::Issues;
pub use measure::{Measure, Mended, Predecessor};
pub use row::{Both, Values, both, details, sampling};
pub use settings::settings;
pub use unit::{Direction, Order, Pair, Unit, UnitId};

/// Those of this program; another may add its own before any is asked for.
const BUILT_IN: [&dyn Measure; 5] = [&te::Te, &cte::Stratified, &cte::True, &ste::Ste, &gc::Gc];

static ALL: OnceLock<Vec<&'static dyn Measure>> = OnceLock::new();

/// Tables that the analysis has besides those of the measures.
pub fn of_every_unit(config: &Config) -> impl Iterator<Item = &'static str> {
    let of = &config.statistical.nulls;
    let nulls = (!of.is_permute()).then_some(nulls::TABLE);
    let scans = of.lag_scan.then_some(lag_scan::TABLE);
    let has_hours = config.runtime.day_hours.is_on() && config.data.timestamp.is_some();
    let day_hours = has_hours.then_some(day_hours::TABLE);
    ["hour_bins", "issues", "k_selection"].into_iter().chain(nulls).chain(scans).chain(day_hours)
}

/// All measures, in the order in which they are computed.
pub fn all() -> &'static [&'static dyn Measure] {
    ALL.get_or_init(|| BUILT_IN.to_vec())
}

/// Adds measures of another program that has this one as its library: once, before the command line is read.
///
/// # Errors
/// The measures have been asked for already; these were not added.
pub fn register(own: &[&'static dyn Measure]) -> Result<(), TooLate> {
    ALL.set(BUILT_IN.iter().chain(own).copied().collect()).map_err(|_| TooLate)
}

/// Measures were registered after the catalogue was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the measures are in use already (hint: register measures once, before anything else)")]
pub struct TooLate;

/// The first key that a configuration asks for and no measure has: one of a newer version.
pub fn unknown(config: &Config) -> Option<&str> {
    let known = |key: &str| all().iter().any(|measure| measure.key() == key);
    config.analysis_modes.iter().map(String::as_str).find(|key| !known(key))
}

/// Raised when an estimator changes in a way that changes numbers.
const VERSION: u32 = 1;

/// The same of configurations with columns of text, in which words for missing values were texts once.
const VERSION_WITH_TEXTS: u32 = 2;

/// The version of the built-in analysis, as the ledger has it: where another one stands, a resume does the unit again.
pub fn version(config: &Config) -> String {
    let texts = !config.data.text_columns.is_empty();
    format!("builtin {}", if texts { VERSION_WITH_TEXTS } else { VERSION })
}

/// The measures that a configuration asks for.
pub fn asked(config: &Config) -> impl Iterator<Item = &'static dyn Measure> {
    all().iter().copied().filter(|measure| config.analysis_modes.iter().any(|key| key == measure.key()))
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
