//! From a unit's series to all its tables.

use super::day_hours::{TABLE as DAY_HOURS, day_hour_rows};
use super::gate::{severity, violation};
use super::hour_bins::hour_bin_rows;
use super::lag_scan;
use super::measure::Measure;
use super::nulls::TABLE;
use super::order::choose;
use super::unit::{Unit, UnitId};
use crate::config::{Config, GateAction};
use crate::dataset::Series;
use crate::schema::Row;

/// What became of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitOutcome {
    /// Every planned row is there.
    Ok,
    /// A quality rule leaves the unit out.
    Skipped(String),
    /// A quality rule makes the unit fail.
    Failed(String),
}

/// Rows of a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitOutput {
    /// What became of it.
    pub outcome: UnitOutcome,
    /// Kept rows of the user.
    pub n_samples: usize,
    /// Selected history length.
    pub k: Option<u32>,
    /// Rows by table.
    pub tables: Vec<(&'static str, Vec<Row>)>,
}

/// Analyses a unit with these measures. `stage` is called with what is being done.
pub fn analyse<'m>(
    id: &UnitId<'_>,
    series: &Series,
    config: &Config,
    measures: impl IntoIterator<Item = &'m dyn Measure>,
    stage: &dyn Fn(&str),
) -> UnitOutput {
    let mut unit = Unit::new(id, series, config);
    for doubt in &series.doubts {
        unit.issues.add("warning", "GLOBAL", None, doubt);
    }
    let gate = &config.quality_control.global;
    if let Some(reason) = violation("the unit", gate, series.len(), None) {
        unit.issues.add(severity(gate), "GLOBAL", None, &reason);
        let outcome = match gate.action {
            GateAction::Skip => Some(UnitOutcome::Skipped(reason)),
            GateAction::Error => Some(UnitOutcome::Failed(reason)),
            GateAction::Warn | GateAction::FilterBins => None,
        };
        if let Some(outcome) = outcome {
            let tables = vec![("issues", unit.issues.take())];
            return UnitOutput { outcome, n_samples: series.len(), k: None, tables };
        }
    }
    if let Some(steps) = &series.long_steps {
        unit.issues.add("warning", "GLOBAL", None, &steps.to_string());
    }
    let mut tables = vec![("hour_bins", hour_bin_rows(id.feature_mode, series))];
    let day_hours = day_hour_rows(id.feature_mode, series);
    if !day_hours.is_empty() {
        tables.push((DAY_HOURS, day_hours));
    }
    stage("k selection");
    if let Some(row) = choose(&mut unit) {
        tables.push(("k_selection", vec![row]));
    }
    for measure in measures {
        stage(&measure.name().replace('_', " "));
        tables.push((measure.name(), measure.rows(&mut unit)));
        unit.scan(measure);
    }
    let nulls = std::mem::take(&mut unit.nulls);
    if !nulls.is_empty() {
        tables.push((TABLE, nulls));
    }
    let scans = std::mem::take(&mut unit.scans);
    if !scans.is_empty() {
        tables.push((lag_scan::TABLE, scans));
    }
    let issues = unit.issues.take();
    if !issues.is_empty() {
        tables.push(("issues", issues));
    }
    UnitOutput { outcome: UnitOutcome::Ok, n_samples: series.len(), k: Some(unit.order.k), tables }
}
