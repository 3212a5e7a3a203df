//! The row of the table `gc`.

use super::quality::gate;
use super::unit::Context;
use crate::config::GateAction;
use crate::measures::NoValue;
use crate::measures::embedding::segments;
use crate::measures::granger::{FTest, granger, select_lag};
use crate::schema::Row;

/// One row a unit: both directions at the lag that AIC chooses.
pub(super) fn gc_row(context: &mut Context<'_>) -> Row {
    let gates = &context.config.quality_control.gc;
    let verdict = gate("gc", gates, context.series.len(), None);
    let omit = context.tell_gate("GC", &verdict, gates.action);
    let found = if omit { None } else { tests(context).map_err(|why| tell(context, &why)).ok() };
    let n = context.series.len();
    let p = |test: Option<FTest>| test.map(|t| t.p);
    let (lag, forth, back) =
        found.map_or((0, None, None), |(lag, forth, back)| (lag, Some(forth), Some(back)));
    let sign = match (p(forth), p(back)) {
        (Some(a), Some(b)) if a < b => Some("A2S"),
        (Some(_), Some(_)) => Some("S2A"),
        // The predecessor has a sign even where nothing could be computed.
        _ => context.compat().then_some("S2A"),
    };
    Row::new()
        .with("feature_mode", context.id.feature_mode)
        .with("gc_optimal_lag", lag)
        .with("GC_A2S_pval", p(forth))
        .with("GC_S2A_pval", p(back))
        .with("sign_GC", sign)
        .with("n_samples", n)
        .with("low_n", n < gates.min_samples as usize)
        .with("quality_passed", context.passed(&verdict, gates.action == GateAction::Warn))
        .with("F_A2S", forth.map(|t| t.f))
        .with("F_S2A", back.map(|t| t.f))
        .with("df1", forth.map(|t| t.df1))
        .with("df2", forth.map(|t| t.df2))
        .with("n_obs", forth.map(|t| t.n))
        .with("quality_reason", verdict.reason())
}

fn tests(context: &Context<'_>) -> Result<(usize, FTest, FTest), NoValue> {
    let (a, s) = (&context.series.source, &context.series.target);
    let starts = segments(context.series);
    let lag = select_lag(a, s, starts, context.config.granger.max_lag as usize)?;
    Ok((lag, granger(a, s, starts, lag)?, granger(s, a, starts, lag)?))
}

fn tell(context: &mut Context<'_>, why: &NoValue) {
    context.issues.add("warning", "GC", None, &why.to_string());
}
