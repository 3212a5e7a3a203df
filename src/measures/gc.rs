//! The row of the table `gc`.

use super::quality::gate;
use super::unit::Context;
use crate::config::GateAction;
use crate::numerics::NoValue;
use crate::numerics::embedding::segments;
use crate::numerics::granger::{FTest, granger, select_lag};
use crate::schema::Row;

/// One row a unit: both directions at the lag that AIC chooses.
pub(super) fn gc_row(context: &mut Context<'_>) -> Row {
    let gates = &context.config.quality_control.gc;
    let verdict = gate("gc", gates, context.series.len(), None);
    let omit = context.tell_gate("GC", &verdict, gates.action);
    let (lag, forth, back) = if omit { (None, None, None) } else { tests(context) };
    let n = context.series.len();
    let p = |test: Option<FTest>| test.map(|t| t.p);
    let sign = match (forth, back) {
        // Both have the same degrees of freedom; F still tells them apart where p is too small to.
        (Some(a), Some(b)) if a.f > b.f => Some("A2S"),
        (Some(_), Some(_)) => Some("S2A"),
        // The predecessor has a sign even where nothing could be computed.
        _ => context.compat().then_some("S2A"),
    };
    let either = forth.or(back);
    Row::new()
        .with("feature_mode", context.id.feature_mode)
        .with("gc_optimal_lag", lag.or(context.compat().then_some(0)))
        .with("GC_A2S_pval", p(forth))
        .with("GC_S2A_pval", p(back))
        .with("sign_GC", sign)
        .with("n_samples", n)
        .with("low_n", n < gates.min_samples as usize)
        .with("quality_passed", context.passed(&verdict, gates.action == GateAction::Warn))
        .with("F_A2S", forth.map(|t| t.f))
        .with("F_S2A", back.map(|t| t.f))
        .with("df1", either.map(|t| t.df1))
        .with("df2", either.map(|t| t.df2))
        .with("n_obs", either.map(|t| t.n))
        .with("quality_reason", verdict.reason())
        .with("segments", context.series.segment_starts.len())
        .with("missing_target_share", context.missing_target_share())
}

/// The lag and both directions; what cannot be computed is told in `issues`, each for itself.
fn tests(context: &mut Context<'_>) -> (Option<usize>, Option<FTest>, Option<FTest>) {
    let (a, s) = (&context.series.source, &context.series.target);
    let starts = segments(context.series);
    let lag = match select_lag(a, s, starts, context.config.granger.max_lag as usize) {
        Ok(lag) => lag,
        Err(why) => {
            tell(context, "lag", &why);
            return (None, None, None);
        }
    };
    let (forth, back) = (granger(a, s, starts, lag), granger(s, a, starts, lag));
    let mut told =
        |name, outcome: Result<FTest, NoValue>| outcome.map_err(|why| tell(context, name, &why)).ok();
    (Some(lag), told("A2S", forth), told("S2A", back))
}

fn tell(context: &mut Context<'_>, what: &str, why: &NoValue) {
    context.issues.add("warning", "GC", None, &format!("{what}: {why}"));
}
