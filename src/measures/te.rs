//! Rows of the table `te`.

use super::details::{A2S, Figures, S2A, details};
use super::k_selection::KChoice;
use super::quality::{Verdict, gate};
use super::unit::Context;
use crate::config::GateAction;
use crate::numerics::NoValue;
use crate::numerics::embedding::{Histories, Symbols};
use crate::numerics::transfer::{Outcome, Pair, Tested, transfer_entropy};
use crate::schema::Row;

/// A row for each tau, both directions in it.
pub(super) fn te_rows(context: &mut Context<'_>, k: KChoice) -> Vec<Row> {
    let gates = &context.config.quality_control.te;
    let states =
        context.pair.as_ref().ok().map(|p| {
            f64::from(p.source.base).powi(k.l as i32) * f64::from(p.target.base).powi(k.k as i32 + 1)
        });
    let verdict = gate("te", gates, context.series.len(), states);
    let omit = context.tell_gate("TE", &verdict, gates.action);
    let taus = context.config.taus.clone();
    taus.into_iter()
        .map(|tau| {
            let (forth, back) = if omit { (None, None) } else { both(context, k, tau) };
            row(context, k, tau, &verdict, forth, back)
        })
        .collect()
}

/// Both directions; what has no value is told in `issues`.
fn both(context: &mut Context<'_>, k: KChoice, tau: u32) -> (Option<Tested>, Option<Tested>) {
    let (forth, back) = match &context.pair {
        Ok(pair) => (
            direction(context, pair, "A2S", (k.k, k.l), tau),
            direction(context, pair, "S2A", (k.l, k.k), tau),
        ),
        Err(why) => (Err(why.clone()), Err(why.clone())),
    };
    (context.tell_outcome("TE", "A2S", tau, forth), context.tell_outcome("TE", "S2A", tau, back))
}

fn direction(
    context: &Context<'_>,
    pair: &Pair<'_>,
    name: &'static str,
    (k, l): (u32, u32),
    tau: u32,
) -> Outcome {
    let (source, target) =
        if name == "A2S" { (&pair.source, &pair.target) } else { (&pair.target, &pair.source) };
    let h = Histories { target: k as usize, source: l as usize, lag: tau as usize };
    if context.compat() {
        // The predecessor has 0 with p = 1 where nothing varies, unless neither series has two symbols.
        if source.base.max(target.base) < 2 {
            return Err(NoValue::Constant { series: "pair" });
        }
    } else {
        varies(source, target, name)?;
    }
    let found = transfer_entropy(
        source,
        target,
        pair.segment_starts,
        h,
        &context.plan,
        context.key("te", name, tau),
    )?;
    if found.estimate.n == 0 && !context.compat() {
        let (rows, segments) = (target.len(), pair.segment_starts.len());
        return Err(NoValue::NoObservations { rows, segments, history: h.reach() });
    }
    Ok(found)
}

fn varies(source: &Symbols, target: &Symbols, direction: &str) -> Result<(), NoValue> {
    let names = if direction == "A2S" { ["source", "target"] } else { ["target", "source"] };
    for (symbols, series) in [(source, names[0]), (target, names[1])] {
        if !symbols.varies() {
            return Err(NoValue::Constant { series });
        }
    }
    Ok(())
}

fn row(
    context: &Context<'_>,
    k: KChoice,
    tau: u32,
    verdict: &Verdict,
    forth: Option<Tested>,
    back: Option<Tested>,
) -> Row {
    let n = context.series.len();
    let value = |t: Option<Tested>| t.map(|t| t.estimate.value);
    let delta = value(forth).zip(value(back)).map(|(a, b)| a - b);
    let warns = context.config.quality_control.te.action == GateAction::Warn;
    let row = Row::new()
        .with("feature_mode", context.id.feature_mode)
        .with("k", k.k)
        .with("l", k.l)
        .with("tau", tau)
        .with("TE_A2S", value(forth))
        .with("TE_S2A", value(back))
        .with("Delta_TE", delta)
        .with("p_A2S", forth.and_then(|t| t.null.p))
        .with("p_S2A", back.and_then(|t| t.null.p))
        .with("n_samples", n)
        .with("low_n", n < context.config.quality_control.te.min_samples as usize)
        .with("quality_passed", context.passed(verdict, warns))
        .with("k_S2A", k.l)
        .with("l_S2A", k.k)
        .with("k_at_grid_edge", k.at_grid_edge)
        .with("segments", context.series.segment_starts.len())
        .with("missing_target_share", context.missing_target_share())
        .with("quality_reason", verdict.reason());
    let row = details(row, &A2S, forth.map(Figures::of));
    details(row, &S2A, back.map(Figures::of))
}
