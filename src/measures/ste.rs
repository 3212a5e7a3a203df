//! Rows of the table `ste`: transfer entropy of ordinal patterns.

use super::details::{A2S, Figures, S2A, details};
use super::k_selection::KChoice;
use super::quality::{Verdict, gate};
use super::unit::Context;
use crate::config::GateAction;
use crate::numerics::NoValue;
use crate::numerics::embedding::{Histories, Symbols, segments};
use crate::numerics::ordinal::patterns;
use crate::numerics::surrogate::NullPlan;
use crate::numerics::transfer::{Outcome, Tested, transfer_entropy};
use crate::schema::Row;

/// Fewest patterns the predecessor tests; else the quality gate decides.
const FEWEST_PATTERNS: usize = 100;

/// Both pattern series.
struct Patterns {
    source: Symbols,
    target: Symbols,
    starts: Vec<usize>,
}

/// History lengths in patterns.
#[derive(Clone, Copy)]
struct Kappa {
    target: u32,
    source: u32,
}

/// A row for each tau, both directions in it.
pub(super) fn ste_rows(context: &mut Context<'_>, k: KChoice) -> Vec<Row> {
    let gates = &context.config.quality_control.ste;
    let verdict = gate("ste", gates, context.series.len(), None);
    let omit = context.tell_gate("STE", &verdict, gates.action);
    let options = context.config.ste;
    let starts = segments(context.series);
    let of = |series: &[i32]| patterns(series, starts, options.dimension as usize, options.ties);
    let ((source, starts), (target, _)) = (of(&context.series.source), of(&context.series.target));
    let series = Patterns { source, target, starts };
    let kappa = Kappa { target: k.k.min(options.max_history), source: k.l.min(options.max_history) };
    let taus = context.config.taus.clone();
    taus.into_iter()
        .map(|tau| {
            let [forth, back] = ["A2S", "S2A"].map(|name| {
                if omit {
                    return None;
                }
                let outcome = direction(context, name, &series, kappa, tau);
                context.tell_outcome("STE", name, tau, outcome)
            });
            row(context, k, kappa, tau, &verdict, forth, back)
        })
        .collect()
}

fn direction(
    context: &Context<'_>,
    name: &'static str,
    series: &Patterns,
    kappa: Kappa,
    tau: u32,
) -> Outcome {
    let Patterns { source, target, starts } = series;
    let (source, target, k, l) = match name {
        "A2S" => (source, target, kappa.target, kappa.source),
        _ => (target, source, kappa.source, kappa.target),
    };
    let h = Histories { target: k as usize, source: l as usize, lag: tau as usize };
    let key = context.key("ste", name, tau);
    if context.compat() {
        if target.len() < FEWEST_PATTERNS {
            return Err(NoValue::FewPatterns { patterns: target.len(), min: FEWEST_PATTERNS });
        }
        // The predecessor's surrogates are never adaptive here.
        let plan = NullPlan { adaptive: None, ..context.plan.clone() };
        return transfer_entropy(source, target, starts, h, &plan, key);
    }
    if !series.source.varies() {
        return Err(NoValue::Constant { series: "pattern series of the source" });
    }
    if !series.target.varies() {
        return Err(NoValue::Constant { series: "pattern series of the target" });
    }
    let found = transfer_entropy(source, target, starts, h, &context.plan, key)?;
    if found.estimate.n == 0 {
        let (rows, segments) = (target.len(), starts.len());
        return Err(NoValue::NoObservations { rows, segments, history: h.reach() });
    }
    Ok(found)
}

fn row(
    context: &Context<'_>,
    k: KChoice,
    kappa: Kappa,
    tau: u32,
    verdict: &Verdict,
    forth: Option<Tested>,
    back: Option<Tested>,
) -> Row {
    let n = context.series.len();
    let gates = &context.config.quality_control.ste;
    let value = |t: Option<Tested>| t.map(|t| t.estimate.value);
    let row = Row::new()
        .with("feature_mode", context.id.feature_mode)
        .with("k", k.k)
        .with("tau", tau)
        .with("STE_A2S", value(forth))
        .with("STE_S2A", value(back))
        .with("Delta_STE", value(forth).zip(value(back)).map(|(a, b)| a - b))
        .with("p_A2S", forth.and_then(|t| t.null.p))
        .with("p_S2A", back.and_then(|t| t.null.p))
        .with("n_samples", n)
        .with("low_n", n < gates.min_samples as usize)
        .with("quality_passed", context.passed(verdict, gates.action == GateAction::Warn))
        .with("kappa", kappa.target)
        .with("kappa_source", kappa.source)
        .with("k_at_grid_edge", k.at_grid_edge)
        .with("segments", context.series.segment_starts.len())
        .with("missing_target_share", context.missing_target_share())
        .with("quality_reason", verdict.reason());
    let row = details(row, &A2S, forth.map(Figures::of));
    details(row, &S2A, back.map(Figures::of))
}
