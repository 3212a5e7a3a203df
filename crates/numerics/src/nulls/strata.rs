//! Tests of conditional measures: of all observations at once, or of every stratum by itself.

use super::test::{Surrogates, Tested};
use super::{Null, Plan, Sample, StreamKey, test};
use crate::numerics::cmi::Estimate;
use crate::numerics::conditional::{Parts, Selected, Stratum};
use crate::numerics::fisher::fisher;

/// A conditional value with its significance and the strata it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// The value over all strata used, and its null.
    pub tested: Tested,
    /// Conditions the value is made of, ascending.
    pub used: Vec<u32>,
    /// Conditions with samples that take part, but with too few observations; ascending.
    pub excluded: Vec<u32>,
}

/// Tests what a conditional measure selected. Strata that are tested by themselves draw from streams of
/// their own, and their p are combined by Fisher's method.
pub fn test_selected(selected: Selected, null: &dyn Null, plan: &Plan, key: StreamKey<'_>) -> Pooled {
    let Selected { parts, used, excluded } = selected;
    let tested = match &parts {
        Parts::Whole { observations, within } => {
            test(Sample { observations, within: within.as_ref() }, null, plan, key)
        }
        Parts::Strata(strata) => {
            let each = strata.iter().map(|Stratum { condition, weight, observations }| {
                let measure = format!("{}/{condition}", key.measure);
                let key = StreamKey { measure: &measure, ..key };
                (*weight, test(Sample { observations, within: None }, null, plan, key))
            });
            combined(&each.collect::<Vec<_>>())
        }
    };
    Pooled { tested, used, excluded }
}

/// Strata with their weights, tested one by one, as one value and one p.
fn combined(strata: &[(f64, Tested)]) -> Tested {
    let all: f64 = strata.iter().map(|(weight, _)| weight).sum();
    let mean = |of: &dyn Fn(&Tested) -> f64| strata.iter().map(|(w, t)| w * of(t)).sum::<f64>() / all;
    let every = |of: &dyn Fn(&Tested) -> Option<f64>| strata.iter().map(|(_, t)| of(t)).collect();
    let p: Option<Vec<f64>> = every(&|t| t.null.p);
    let means: Option<Vec<f64>> = every(&|t| t.null.mean);
    let spreads: Option<Vec<f64>> = every(&|t| t.null.std);
    let weights = || strata.iter().map(|(w, _)| w / all);
    Tested {
        estimate: Estimate {
            value: mean(&|t| t.estimate.value),
            n: strata.iter().map(|(_, t)| t.estimate.n).sum(),
            states: strata.iter().map(|(_, t)| t.estimate.states).sum(),
            corrected: mean(&|t| t.estimate.corrected),
        },
        null: Surrogates {
            p: p.map(|p| fisher(&p)),
            exceedances: None,
            drawn: None,
            mean: means.map(|m| weights().zip(m).map(|(w, m)| w * m).sum()),
            // Strata draw from streams of their own, so their variances add.
            std: spreads.map(|s| weights().zip(s).map(|(w, s)| (w * s).powi(2)).sum::<f64>().sqrt()),
        },
    }
}

#[cfg(test)]
mod tests;
