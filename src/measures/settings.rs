//! What a configuration has to know of the measures.

use super::all;
use super::measure::Measure;
use crate::config::MeasureSettings;

/// What a configuration has to know of the measures.
pub fn settings() -> Vec<MeasureSettings> {
    let of = |measure: &&'static dyn Measure| MeasureSettings {
        name: measure.name(),
        key: measure.key(),
        family: measure.family(),
        default: measure.is_default(),
        in_guide: measure.is_in_guide(),
        gate: measure.gate(),
        block: measure.block(),
    };
    all().iter().map(of).collect()
}

#[cfg(test)]
mod tests;
