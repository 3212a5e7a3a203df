//! Tests of conditional measures: of all observations at once, or of every stratum by itself.

use super::judge::judge;
use super::test::{Surrogates, test};
use super::told::{Exact, Judges, Told, exact};
use super::{Clock, Sample, StreamKey, Unfit};
use crate::numerics::cmi::{Estimate, estimate};
use crate::numerics::conditional::{Parts, Selected, Stratum};
use crate::numerics::fisher::fisher;

/// A conditional value with its significance and the strata it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// The value over all strata used, and what is told of it.
    pub told: Told,
    /// Conditions the value is made of, ascending.
    pub used: Vec<u32>,
    /// Conditions with samples that take part, but with too few observations; ascending.
    pub excluded: Vec<u32>,
}

/// Tests what a conditional measure selected. Strata that are tested by themselves draw from streams of
/// their own, and their p are combined by Fisher's method.
pub fn test_selected(
    selected: Selected,
    judges: &Judges<'_>,
    clock: Option<Clock<'_>>,
    key: StreamKey<'_>,
) -> Pooled {
    let Selected { parts, used, excluded } = selected;
    let told = match &parts {
        Parts::Whole { observations, within } => {
            judges.tell(Sample { observations, within: within.as_ref(), clock }, key)
        }
        Parts::Strata(strata) => apart(strata, judges, clock, key),
    };
    Pooled { told, used, excluded }
}

/// Strata tested one by one, as one value.
fn apart(strata: &[Stratum], judges: &Judges<'_>, clock: Option<Clock<'_>>, key: StreamKey<'_>) -> Told {
    let sample = |stratum| -> Sample<'_> {
        let Stratum { observations, .. }: &Stratum = stratum;
        Sample { observations, within: None, clock }
    };
    let weights: Vec<f64> = strata.iter().map(|stratum| stratum.weight).collect();
    let mean = |values: &[f64]| weighted(&weights, values);
    let estimates: Vec<Estimate> = strata.iter().map(|stratum| estimate(&stratum.observations)).collect();
    let of = |of: fn(&Estimate) -> f64| mean(&estimates.iter().map(of).collect::<Vec<_>>());
    let verdict = judge(judges.nulls, judges.stop_above, |null| {
        let each: Result<Vec<Surrogates>, Unfit> = strata
            .iter()
            .map(|stratum| {
                let measure = format!("{}/{}", key.measure, stratum.condition);
                let key = StreamKey { measure: &measure, ..key };
                test(sample(stratum), null, judges.plan, key).map(|tested| tested.null)
            })
            .collect();
        each.map(|each| combined(&weights, &each))
    });
    let exacts: Vec<Exact> =
        strata.iter().filter(|_| judges.exact).map(|stratum| exact(sample(stratum))).collect();
    let of_exact = |of: fn(&Exact) -> f64| mean(&exacts.iter().map(of).collect::<Vec<_>>());
    Told {
        estimate: Estimate {
            value: of(|e| e.value),
            n: estimates.iter().map(|e| e.n).sum(),
            states: estimates.iter().map(|e| e.states).sum(),
            corrected: of(|e| e.corrected),
        },
        exact: judges.exact.then(|| Exact {
            bias: of_exact(|e| e.bias),
            open: of_exact(|e| e.open),
            jackknife: None,
        }),
        verdict,
        observations: None,
    }
}

fn weighted(weights: &[f64], values: &[f64]) -> f64 {
    let all: f64 = weights.iter().sum();
    weights.iter().zip(values).map(|(w, v)| w * v).sum::<f64>() / all
}

/// The surrogates of one null, of all strata together.
fn combined(weights: &[f64], strata: &[Surrogates]) -> Surrogates {
    let all: f64 = weights.iter().sum();
    let every = |of: fn(&Surrogates) -> Option<f64>| strata.iter().map(of).collect::<Option<Vec<f64>>>();
    let weights_of = || weights.iter().map(|w| w / all);
    let observed: Vec<f64> = strata.iter().map(|s| s.observed).collect();
    Surrogates {
        p: every(|s| s.p).map(|p| fisher(&p)),
        mean: every(|s| s.mean).map(|m| weights_of().zip(m).map(|(w, m)| w * m).sum()),
        // Strata draw from streams of their own, so their variances add.
        std: every(|s| s.std).map(|s| weights_of().zip(s).map(|(w, s)| (w * s).powi(2)).sum::<f64>().sqrt()),
        observed: weighted(weights, &observed),
        observations: strata.iter().map(|s| s.observations).sum(),
        is_exhaustive: strata.iter().all(|s| s.is_exhaustive),
        ..Surrogates::default()
    }
}

#[cfg(test)]
mod tests;
