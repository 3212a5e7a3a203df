//! Everything that is told of a value: how large it is, how much of it is bias, and what the nulls say.

use super::days::{Jackknife, jackknife};
use super::judge::{Verdict, judge};
use super::regression::test_regression;
use super::{Clock, Null, Plan, Sample, StreamKey};
use crate::numerics::cmi::{Estimate, estimate};
use crate::numerics::effective::{entropy_given_past, mean_over_permutations};
use crate::numerics::embedding::Observations;
use crate::numerics::granger::Regression;

/// A value and what is told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The value.
    pub estimate: Estimate,
    /// What is known of it without surrogates, if that was asked for.
    pub exact: Option<Exact>,
    /// What the nulls say.
    pub verdict: Verdict,
    /// The observations, if they were asked for and are one sample.
    pub observations: Option<Observations>,
}

/// What is known of a value without surrogates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exact {
    /// Its exact mean over all permutations of x within the past, bits.
    pub bias: f64,
    /// H(y | z), what the past leaves open, bits.
    pub open: f64,
    /// How far it depends on single days.
    pub jackknife: Option<Jackknife>,
}

/// The nulls that are asked.
#[derive(Debug, Clone, Copy)]
pub struct Judges<'a> {
    /// One after the other.
    pub nulls: &'a [&'a dyn Null],
    /// A p above it spares the others.
    pub stop_above: f64,
    /// How many surrogates each draws.
    pub plan: &'a Plan,
    /// Whether what is known without surrogates is asked for.
    pub exact: bool,
    /// Whether observations are asked for.
    pub observations: bool,
}

impl Judges<'_> {
    /// Asks about observations.
    pub fn tell(&self, sample: Sample<'_>, key: StreamKey<'_>) -> Told {
        let estimate = estimate(sample.observations);
        let verdict = judge(self.nulls, self.stop_above, |null| {
            let mut draws = null.prepare(sample)?;
            Ok(self.plan.compare(&mut *draws, estimate.value, key.of(null.name())))
        });
        let observations = self.observations.then(|| sample.observations.clone());
        Told { estimate, exact: self.exact.then(|| exact(sample)), verdict, observations }
    }

    /// Asks those that move rows about a regression. Without one of them the verdict is empty.
    pub fn tell_rows(&self, rows: &Regression, clock: Option<Clock<'_>>, key: StreamKey<'_>) -> Verdict {
        let nulls: Vec<&dyn Null> = self.nulls.iter().copied().filter(|null| null.moves_rows()).collect();
        judge(&nulls, self.stop_above, |null| test_regression(rows, clock, null, self.plan, key))
    }
}

/// What is known of a value without surrogates.
pub(super) fn exact(sample: Sample<'_>) -> Exact {
    let o = sample.observations;
    Exact {
        bias: mean_over_permutations(o, &o.z),
        open: entropy_given_past(o),
        jackknife: sample.clock.and_then(|clock| jackknife(o, clock)),
    }
}
