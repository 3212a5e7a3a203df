//! Rows of the table `ste`.

use super::details::{A2S, Figures, S2A, details};
use super::k_selection::KChoice;
use super::quality::{Verdict, gate};
use super::unit::Context;
use crate::config::GateAction;
use crate::measures::NoValue;
use crate::measures::embedding::{Histories, Symbols, segments};
use crate::measures::ordinal::{patterns, symbolic_transfer_entropy};
use crate::measures::transfer::{Outcome, Tested};
use crate::schema::Row;

/// A row for each tau, both directions in it. The predecessor's surrogates are never adaptive here.
pub(super) fn ste_rows(context: &mut Context<'_>, k: KChoice) -> Vec<Row> {
    let gates = &context.config.quality_control.ste;
    let verdict = gate("ste", gates, context.series.len(), None);
    let omit = context.tell_gate("STE", &verdict, gates.action);
    let options = context.config.ste;
    let starts = segments(context.series);
    let of = |series: &[i32]| patterns(series, starts, options.dimension as usize, options.ties);
    let ((source, starts), (target, _)) = (of(&context.series.source), of(&context.series.target));
    let kappa = k.k.min(options.max_history);
    let taus = context.config.taus.clone();
    taus.into_iter()
        .map(|tau| {
            let mut test = |name: &'static str, from: &Symbols, to: &Symbols| {
                if omit {
                    return None;
                }
                let outcome = direction(context, name, (from, &starts), to, kappa, tau);
                context.tell_outcome("STE", name, tau, outcome)
            };
            let forth = test("A2S", &source, &target);
            let back = test("S2A", &target, &source);
            row(context, k, kappa, tau, &verdict, forth, back)
        })
        .collect()
}

fn direction(
    context: &Context<'_>,
    name: &'static str,
    source: (&Symbols, &[usize]),
    target: &Symbols,
    kappa: u32,
    tau: u32,
) -> Outcome {
    let mut plan = context.plan.clone();
    if context.compat() {
        plan.adaptive = None;
    } else {
        for (symbols, series) in
            [(source.0, "pattern series of the source"), (target, "pattern series of the target")]
        {
            if symbols.values.iter().all(|v| Some(v) == symbols.values.first()) {
                return Err(NoValue::Constant { series });
            }
        }
    }
    let key = context.key("ste", name, tau);
    let found = symbolic_transfer_entropy(source, target, kappa as usize, tau as usize, &plan, key)?;
    if found.estimate.n == 0 && !context.compat() {
        let h = Histories { target: kappa as usize, source: kappa as usize, lag: tau as usize };
        let (rows, segments) = (target.len(), source.1.len());
        return Err(NoValue::NoObservations { rows, segments, history: h.reach() });
    }
    Ok(found)
}

fn row(
    context: &Context<'_>,
    k: KChoice,
    kappa: u32,
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
        .with("kappa", kappa)
        .with("segments", context.series.segment_starts.len())
        .with("missing_target_share", context.missing_target_share())
        .with("quality_reason", verdict.reason());
    let row = details(row, &A2S, forth.map(Figures::of));
    details(row, &S2A, back.map(Figures::of))
}
