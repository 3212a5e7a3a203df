//! Rows of the tables `stratified_cte` and `true_cte`.

use super::details::{A2S, Figures, S2A, details};
use super::k_selection::KChoice;
use super::quality::{Verdict, gate};
use super::unit::Context;
use crate::config::GateAction;
use crate::numerics::NoValue;
use crate::numerics::conditional::{Conditioned, Definition, Outcome, Pooled, conditional, stratified};
use crate::numerics::embedding::{Histories, Symbols};
use crate::schema::Row;

/// One of the two measures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Pooled over strata.
    Stratified,
    /// Given the condition.
    True,
}

/// Names that differ between the two tables.
struct Columns {
    method: &'static str,
    stream: &'static str,
    forth: &'static str,
    back: &'static str,
    delta: &'static str,
}

impl Measure {
    fn columns(self) -> Columns {
        match self {
            Self::Stratified => Columns {
                method: "CTE",
                stream: "stratified_cte",
                forth: "CTE_A2S",
                back: "CTE_S2A",
                delta: "Delta_CTE",
            },
            Self::True => Columns {
                method: "TRUE_CTE",
                stream: "true_cte",
                forth: "CTE_true_A2S",
                back: "CTE_true_S2A",
                delta: "Delta_CTE_true",
            },
        }
    }
}

/// A row for each tau, both directions in it.
pub(super) fn cte_rows(context: &mut Context<'_>, k: KChoice, measure: Measure) -> Vec<Row> {
    let condition = Symbols::new(&context.series.condition, "condition");
    let bins = Bins::new(context, k, measure, condition.as_ref().ok());
    let method = measure.columns().method;
    context.tell_gate(method, &bins.verdict, context.config.quality_control.cte.action);
    let taus = context.config.taus.clone();
    taus.into_iter()
        .map(|tau| {
            let found =
                if bins.omit { [None, None] } else { both(context, k, tau, measure, &condition, &bins) };
            row(context, k, tau, measure, &bins, found)
        })
        .collect()
}

/// What the gate says of the bins of the condition.
struct Bins {
    /// Rows of the smallest bin.
    least: Option<usize>,
    /// Bins below the minimum.
    low: Vec<usize>,
    /// Whether a bin takes part.
    keep: Vec<bool>,
    verdict: Verdict,
    /// Nothing is computed.
    omit: bool,
    passed: bool,
}

impl Bins {
    fn new(context: &Context<'_>, k: KChoice, measure: Measure, condition: Option<&Symbols>) -> Self {
        let rule = &context.config.quality_control.cte;
        let counts = counts(context, condition);
        let min = rule.min_samples_per_bin.unwrap_or(0) as usize;
        let low: Vec<usize> = (0..counts.len()).filter(|&b| counts[b] < min).collect();
        let total = gate("cte", rule, context.series.len(), states(context, k, measure));
        let violated = matches!(total, Verdict::Violated(_)) || !low.is_empty();
        let filters = rule.action == GateAction::FilterBins;
        let keep: Vec<bool> = counts.iter().map(|&count| !filters || count >= min).collect();
        let enough = total == Verdict::Passed;
        let passed = match rule.action {
            // As it was: a warning counts as passed, and so does filtering whatever it leaves.
            GateAction::Warn if context.compat() => true,
            GateAction::FilterBins if context.compat() => enough,
            // Leaving bins out settles the matter as long as some are left.
            GateAction::FilterBins => enough && keep.contains(&true),
            GateAction::Warn | GateAction::Skip | GateAction::Error => !violated,
        };
        let omit = match rule.action {
            GateAction::Skip | GateAction::Error => violated,
            GateAction::FilterBins => !enough || (condition.is_some() && !keep.contains(&true)),
            GateAction::Warn => false,
        };
        let reason = [total.reason().map(str::to_owned), bins_reason(&low, min, filters, &keep)];
        let reason = reason.into_iter().flatten().collect::<Vec<_>>().join("; ");
        Self {
            least: counts.iter().min().copied(),
            low,
            keep,
            verdict: if violated { Verdict::Violated(reason) } else { Verdict::Passed },
            omit,
            passed,
        }
    }
}

fn bins_reason(low: &[usize], min: usize, filters: bool, keep: &[bool]) -> Option<String> {
    let end = match (filters, keep.contains(&true)) {
        (false, _) => "",
        (true, true) => " and are left out",
        (true, false) => " and are left out: no bin remains",
    };
    (!low.is_empty()).then(|| format!("bins {} have fewer than {min} rows{end}", json(low)))
}

/// Rows of every bin: up to the largest that occurs, as the predecessor has it, or of all there can be.
fn counts(context: &Context<'_>, condition: Option<&Symbols>) -> Vec<usize> {
    let Some(condition) = condition else { return Vec::new() };
    let seen = if condition.is_empty() { 0 } else { condition.base as usize };
    let levels = context.series.condition_levels as usize;
    let mut counts = vec![0; if context.compat() { seen } else { seen.max(levels) }];
    for bin in &condition.values {
        counts[*bin as usize] += 1;
    }
    counts
}

/// Joint states a tuple can have, whatever the bin.
fn states(context: &Context<'_>, k: KChoice, measure: Measure) -> Option<f64> {
    let pair = context.pair.as_ref().ok()?;
    let length = source_history(context, measure, k.l);
    Some(f64::from(pair.source.base).powi(length as i32) * f64::from(pair.target.base).powi(k.k as i32 + 1))
}

/// Source history that a measure uses when a row says l.
fn source_history(context: &Context<'_>, measure: Measure, l: u32) -> u32 {
    let used = definition(context, (0, l), 0).true_source_history() as u32;
    if measure == Measure::True { used } else { l }
}

fn definition<'a>(context: &Context<'a>, (k, l): (u32, u32), tau: u32) -> Definition<'a> {
    let histories = Histories { target: k as usize, source: l as usize, lag: tau as usize };
    Definition { histories, options: &context.config.conditional, strict: !context.compat() }
}

/// Both directions; what has no value is told in `issues`.
fn both(
    context: &mut Context<'_>,
    k: KChoice,
    tau: u32,
    measure: Measure,
    condition: &Result<Symbols, NoValue>,
    bins: &Bins,
) -> [Option<Pooled>; 2] {
    let found = [("A2S", (k.k, k.l)), ("S2A", (k.l, k.k))].map(|(name, histories)| {
        let condition = condition.as_ref().map_err(Clone::clone);
        (name, condition.and_then(|c| direction(context, name, histories, tau, measure, c, bins)))
    });
    found.map(|(name, outcome)| {
        let tell = |why| {
            let what = format!("{name}: {why}");
            context.issues.add("warning", measure.columns().method, Some(tau), &what);
        };
        outcome.map_err(tell).ok()
    })
}

fn direction(
    context: &Context<'_>,
    name: &'static str,
    histories: (u32, u32),
    tau: u32,
    measure: Measure,
    condition: &Symbols,
    bins: &Bins,
) -> Outcome {
    let pair = context.pair.as_ref().map_err(Clone::clone)?;
    let (source, target) =
        if name == "A2S" { (&pair.source, &pair.target) } else { (&pair.target, &pair.source) };
    // The predecessor has 0 with p = 1 where nothing varies, unless neither series has two symbols.
    if context.compat() && source.base.max(target.base) < 2 {
        return Err(NoValue::Constant { series: "pair" });
    }
    let data =
        Conditioned { source, target, condition, segment_starts: pair.segment_starts, keep: &bins.keep };
    let of = if measure == Measure::True { conditional } else { stratified };
    let key = context.key(measure.columns().stream, name, tau);
    // Series keep their names in both directions.
    of(&data, &definition(context, histories, tau), &context.plan, key).map_err(|why| match why {
        NoValue::Constant { series: "selected source" } if name == "S2A" => {
            NoValue::Constant { series: "selected target" }
        }
        NoValue::Constant { series: "selected target" } if name == "S2A" => {
            NoValue::Constant { series: "selected source" }
        }
        why => why,
    })
}

fn row(
    context: &Context<'_>,
    k: KChoice,
    tau: u32,
    measure: Measure,
    bins: &Bins,
    [forth, back]: [Option<Pooled>; 2],
) -> Row {
    let names = measure.columns();
    let n = context.series.len();
    let rule = &context.config.quality_control.cte;
    let value = |t: &Option<Pooled>| t.as_ref().map(|t| t.estimate.value);
    let delta = value(&forth).zip(value(&back)).map(|(a, b)| a - b);
    let p = |t: &Option<Pooled>| t.as_ref().and_then(|t| t.p);
    // The predecessor counts low bins here even if it keeps them.
    let filtered = context.compat() || rule.action == GateAction::FilterBins;
    let used = |t: &Option<Pooled>| t.as_ref().map(|t| t.used.len());
    let excluded = |t: &Option<Pooled>| t.as_ref().map(|t| json(&t.excluded));
    let row = Row::new()
        .with("feature_mode", context.id.feature_mode)
        .with("k", k.k)
        .with("l", k.l)
        .with("tau", tau)
        .with("hour_bins", context.config.hour_bins)
        .with(names.forth, value(&forth))
        .with(names.back, value(&back))
        .with(names.delta, delta)
        .with("p_A2S", p(&forth))
        .with("p_S2A", p(&back))
        .with("n_samples", n)
        .with("n_samples_per_bin_min", bins.least)
        .with("low_n", n < rule.min_samples as usize)
        .with("low_n_hours", json(&bins.low))
        .with("bins_filtered", if filtered { bins.low.len() } else { 0 })
        .with("quality_passed", bins.passed)
        .with("k_S2A", k.l)
        .with("l_S2A", k.k)
        .with("k_at_grid_edge", k.at_grid_edge)
        .with("segments", context.series.segment_starts.len())
        .with("missing_target_share", context.missing_target_share())
        .with("quality_reason", bins.verdict.reason())
        .with("effective_lag", definition(context, (k.k, k.l), tau).effective_lag())
        .with("source_history_A2S", source_history(context, measure, k.l))
        .with("source_history_S2A", source_history(context, measure, k.k))
        .with("strata_used_A2S", used(&forth))
        .with("strata_excluded_A2S", excluded(&forth))
        .with("strata_used_S2A", used(&back))
        .with("strata_excluded_S2A", excluded(&back));
    let row = details(row, &A2S, forth.as_ref().map(figures));
    details(row, &S2A, back.as_ref().map(figures))
}

fn figures(found: &Pooled) -> Figures {
    Figures {
        estimate: found.estimate,
        exceedances: found.exceedances,
        surrogates: found.surrogates,
        null_mean: found.null_mean,
        null_std: found.null_std,
        z: found.z(),
    }
}

/// `[3, 7]`
fn json<T: std::fmt::Display>(values: &[T]) -> String {
    let all: Vec<String> = values.iter().map(T::to_string).collect();
    format!("[{}]", all.join(", "))
}
