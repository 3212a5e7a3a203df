//! One unit, all its tables.

use std::collections::BTreeMap;

use super::cte::{Measure, cte_rows};
use super::gc::gc_row;
use super::hour_bins::hour_bin_rows;
use super::k_selection::{KChoice, choose_k};
use super::quality::{Verdict, gate};
use super::ste::ste_rows;
use super::te::te_rows;
use crate::config::{AnalysisMode, Config, GateAction, KStrategy};
use crate::dataset::Series;
use crate::numerics::NoValue;
use crate::numerics::surrogate::{NullPlan, StreamKey};
use crate::numerics::transfer::{Outcome, Pair, Tested};
use crate::schema::Row;

/// A unit: a user in a feature mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitId<'a> {
    /// The user.
    pub user_id: &'a str,
    /// The feature mode.
    pub feature_mode: &'a str,
}

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

/// Rows every `ok` unit has in each table. Tables not named may have any number.
pub fn planned_rows(config: &Config) -> BTreeMap<&'static str, u64> {
    let taus = config.taus.len() as u64;
    let mut rows = BTreeMap::new();
    let hours = if config.data.timestamp.is_some() { 24 } else { 0 };
    if config.data.condition.is_none() {
        let bins = if config.data.timestamp.is_some() { u64::from(config.hour_bins) } else { 1 };
        rows.insert("hour_bins", bins + hours);
    }
    if config.k_selection.strategy != KStrategy::Fixed {
        rows.insert("k_selection", 1);
    }
    if config.analysis_modes.contains(&AnalysisMode::GlobalTe) {
        rows.insert("te", taus);
    }
    if config.analysis_modes.contains(&AnalysisMode::StratifiedTe) {
        rows.insert("stratified_cte", taus);
    }
    if config.analysis_modes.contains(&AnalysisMode::TrueCte) {
        rows.insert("true_cte", taus);
    }
    if config.analysis_modes.contains(&AnalysisMode::Ste) {
        rows.insert("ste", taus);
    }
    if config.analysis_modes.contains(&AnalysisMode::Gc) {
        rows.insert("gc", 1);
    }
    rows
}

/// What the parts of an analysis share.
pub(super) struct Context<'a> {
    pub(super) id: &'a UnitId<'a>,
    pub(super) series: &'a Series,
    pub(super) config: &'a Config,
    pub(super) pair: Result<Pair<'a>, NoValue>,
    pub(super) plan: NullPlan,
    pub(super) issues: Issues<'a>,
}

impl Context<'_> {
    /// The stream of one test.
    pub(super) fn key(&self, measure: &'static str, direction: &'static str, tau: u32) -> StreamKey<'_> {
        StreamKey {
            seed: self.config.seed,
            user_id: self.id.user_id,
            feature_mode: self.id.feature_mode,
            measure,
            direction,
            tau,
        }
    }

    /// Records a gate that is violated; says whether its measure is to be left out.
    pub(super) fn tell_gate(&mut self, method: &'static str, verdict: &Verdict, action: GateAction) -> bool {
        let Verdict::Violated(reason) = verdict else { return false };
        let severity = if action == GateAction::Error { "error" } else { "warning" };
        self.issues.add(severity, method, None, reason);
        matches!(action, GateAction::Skip | GateAction::Error)
    }

    /// Records why one direction has no value, if it has none.
    pub(super) fn tell_outcome(
        &mut self,
        method: &'static str,
        direction: &str,
        tau: u32,
        outcome: Outcome,
    ) -> Option<Tested> {
        let tell = |why| self.issues.add("warning", method, Some(tau), &format!("{direction}: {why}"));
        outcome.map_err(tell).ok()
    }

    /// The verdict as a column; under `compat` a mere warning counts as passed, as it did.
    pub(super) fn passed(&self, verdict: &Verdict, warns: bool) -> bool {
        match verdict {
            Verdict::Passed => true,
            Verdict::Violated(_) => self.compat() && warns,
        }
    }

    /// Whether the predecessor's edge cases hold.
    pub(super) fn compat(&self) -> bool {
        self.config.compat == crate::config::Compat::Predecessor
    }

    /// Share of rows without a target value among those read.
    pub(super) fn missing_target_share(&self) -> f64 {
        self.series.rows_without_target as f64 / self.series.rows_read.max(1) as f64
    }
}

/// Entries for the table `issues`.
pub(super) struct Issues<'a> {
    feature_mode: &'a str,
    rows: Vec<Row>,
}

impl Issues<'_> {
    /// Records why something has no value, or what is doubtful about it.
    pub(super) fn add(&mut self, severity: &'static str, method: &'static str, tau: Option<u32>, what: &str) {
        let row = Row::new()
            .with("feature_mode", self.feature_mode)
            .with("method", method)
            .with("tau", tau)
            .with("error", what)
            .with("severity", severity);
        self.rows.push(row);
    }
}

/// Analyses a unit. `stage` is called with what is being done.
pub fn analyse(id: &UnitId<'_>, series: &Series, config: &Config, stage: &dyn Fn(&str)) -> UnitOutput {
    let adaptive = &config.statistical.adaptive_surrogates;
    let mut context = Context {
        id,
        series,
        config,
        pair: Pair::new(series),
        plan: NullPlan {
            surrogates: config.surrogates,
            adaptive: adaptive.enabled.then(|| adaptive.clone()),
            p_value: config.statistical.p_value,
        },
        issues: Issues { feature_mode: id.feature_mode, rows: Vec::new() },
    };
    let verdict = gate("the unit", &config.quality_control.global, series.len(), None);
    if let Verdict::Violated(reason) = &verdict {
        let (outcome, severity) = match config.quality_control.global.action {
            GateAction::Skip => (Some(UnitOutcome::Skipped(reason.clone())), "warning"),
            GateAction::Error => (Some(UnitOutcome::Failed(reason.clone())), "error"),
            GateAction::Warn | GateAction::FilterBins => (None, "warning"),
        };
        context.issues.add(severity, "GLOBAL", None, reason);
        if let Some(outcome) = outcome {
            let tables = vec![("issues", context.issues.rows)];
            return UnitOutput { outcome, n_samples: series.len(), k: None, tables };
        }
    }
    let (k, tables) = all_tables(&mut context, stage);
    UnitOutput { outcome: UnitOutcome::Ok, n_samples: series.len(), k: Some(k.k), tables }
}

fn all_tables(context: &mut Context<'_>, stage: &dyn Fn(&str)) -> (KChoice, Vec<(&'static str, Vec<Row>)>) {
    let mut tables = vec![("hour_bins", hour_bin_rows(context.id.feature_mode, context.series))];
    stage("k selection");
    let (k, rows) = choose_k(context);
    if let Some(row) = rows {
        tables.push(("k_selection", vec![row]));
    }
    if context.config.analysis_modes.contains(&AnalysisMode::GlobalTe) {
        stage("te");
        tables.push(("te", te_rows(context, k)));
    }
    if context.config.analysis_modes.contains(&AnalysisMode::StratifiedTe) {
        stage("stratified cte");
        tables.push(("stratified_cte", cte_rows(context, k, Measure::Stratified)));
    }
    if context.config.analysis_modes.contains(&AnalysisMode::TrueCte) {
        stage("true cte");
        tables.push(("true_cte", cte_rows(context, k, Measure::True)));
    }
    if context.config.analysis_modes.contains(&AnalysisMode::Ste) {
        stage("ste");
        tables.push(("ste", ste_rows(context, k)));
    }
    if context.config.analysis_modes.contains(&AnalysisMode::Gc) {
        stage("gc");
        tables.push(("gc", vec![gc_row(context)]));
    }
    if !context.issues.rows.is_empty() {
        tables.push(("issues", std::mem::take(&mut context.issues.rows)));
    }
    (k, tables)
}
