//! From surrogates to p.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::{All, Draws, Null, Sample, StreamKey, Unfit};
use crate::numerics::cmi::{Estimate, estimate};

/// How many surrogates are drawn, and what p is made of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Surrogates of a test; the most under [`Stop::AtExceedances`].
    pub surrogates: u32,
    /// When a test ends.
    pub stop: Stop,
    /// From exceedances to p.
    pub p: PRule,
}

/// When a test ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// After all surrogates.
    AtEnd,
    /// Besag and Clifford (1991): at the h-th exceedance after m draws with p = h / m, or after all n
    /// draws with p = (1 + exceedances) / (1 + n). Valid whenever it stops.
    AtExceedances(u32),
    /// Fresh surrogates at every stage; the first with a clear p, or else the last, counts.
    Stages {
        /// Surrogates of each.
        stages: Vec<u32>,
        /// A p at or below this is clear.
        p_sig: f64,
        /// A p at or above this is clear.
        p_nonsig: f64,
    },
}

/// p from exceedances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PRule {
    /// `(1 + exceedances) / (1 + surrogates)`.
    AddOne,
    /// `exceedances / surrogates`; can be 0.
    Raw,
}

/// What the surrogates say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Surrogates {
    /// p; absent without surrogates.
    pub p: Option<f64>,
    /// Surrogates at or above the observed value; absent if p combines several tests.
    pub exceedances: Option<u32>,
    /// Surrogates drawn; absent if p combines several tests.
    pub drawn: Option<u32>,
    /// Mean of the surrogates' values, bits.
    pub mean: Option<f64>,
    /// Standard deviation of the surrogates' values, bits; absent below 2.
    pub std: Option<f64>,
    /// What they were compared with, bits.
    pub observed: f64,
    /// Observations it is made of.
    pub observations: usize,
    /// Whether all surrogates there are were gone through.
    pub is_exhaustive: bool,
    /// Smallest p there could have been.
    pub floor: Option<f64>,
    /// Days the test is made of.
    pub days: Option<usize>,
}

impl Surrogates {
    /// (observed − mean) / std; absent if the surrogates do not vary.
    pub fn z(&self) -> Option<f64> {
        let std = self.std.filter(|s| *s > 0.0)?;
        Some((self.observed - self.mean?) / std)
    }
}

/// A value with its significance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// The value.
    pub estimate: Estimate,
    /// What it was compared with.
    pub null: Surrogates,
}

/// The value of coded observations, tested against a null.
///
/// # Errors
/// The null has no surrogates of them.
pub fn test(sample: Sample<'_>, null: &dyn Null, plan: &Plan, key: StreamKey<'_>) -> Result<Tested, Unfit> {
    let estimate = estimate(sample.observations);
    let mut draws = null.prepare(sample)?;
    Ok(Tested { estimate, null: plan.compare(&mut *draws, estimate.value, key.of(null.name())) })
}

impl Plan {
    /// Draws surrogates, or goes through all there are, and compares them with the observed value: that of the
    /// draws if they have one of their own, else `value`.
    pub fn compare(&self, draws: &mut dyn Draws, value: f64, key: StreamKey<'_>) -> Surrogates {
        let value = draws.observed().unwrap_or(value);
        let all = draws.all().filter(|all| all.count <= u64::from(self.surrogates));
        let found = match all {
            Some(all) => exhaustive(draws, value, all),
            None => self.drawn(draws, value, key),
        };
        let found = Surrogates { observed: value, observations: draws.observations(), ..found };
        Surrogates { days: draws.days(), ..found }
    }

    fn drawn(&self, draws: &mut dyn Draws, value: f64, key: StreamKey<'_>) -> Surrogates {
        let mut rng = key.rng();
        let most = match &self.stop {
            Stop::Stages { stages, .. } => stages.iter().copied().max().unwrap_or(0),
            Stop::AtEnd | Stop::AtExceedances(_) => self.surrogates,
        };
        let floor = (most > 0).then(|| match (self.p, &self.stop) {
            (PRule::Raw, Stop::AtEnd | Stop::Stages { .. }) => 0.0,
            // A sequential test has a p above 0 under either rule.
            (PRule::AddOne, _) | (PRule::Raw, Stop::AtExceedances(_)) => 1.0 / (1.0 + f64::from(most)),
        });
        let found = match &self.stop {
            Stop::AtEnd => self.fixed(draws, value, self.surrogates, &mut rng),
            Stop::AtExceedances(most) => self.sequential(draws, value, *most, &mut rng),
            Stop::Stages { stages, p_sig, p_nonsig } => {
                let mut found = Tally::default().surrogates(value, draws.observations(), self.p);
                for stage in stages {
                    found = self.fixed(draws, value, *stage, &mut rng);
                    if found.p.is_some_and(|p| p <= *p_sig || p >= *p_nonsig) {
                        break;
                    }
                }
                found
            }
        };
        Surrogates { floor, ..found }
    }

    fn fixed(
        &self,
        draws: &mut dyn Draws,
        value: f64,
        surrogates: u32,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Surrogates {
        let mut tally = Tally::default();
        for _ in 0..surrogates {
            tally.add(draws.next(rng), draws.scale());
        }
        tally.surrogates(value, draws.observations(), self.p)
    }

    fn sequential(
        &self,
        draws: &mut dyn Draws,
        value: f64,
        most: u32,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Surrogates {
        let mut tally = Tally::default();
        while tally.draws < self.surrogates && tally.exceedances < most {
            tally.add(draws.next(rng), draws.scale());
        }
        let mut found = tally.surrogates(value, draws.observations(), PRule::AddOne);
        if tally.exceedances >= most {
            found.p = Some(f64::from(tally.exceedances) / f64::from(tally.draws));
        }
        found
    }
}

/// All arrangements, one after the other.
fn exhaustive(draws: &mut dyn Draws, value: f64, all: All) -> Surrogates {
    let mut tally = Tally::default();
    for number in 0..all.count {
        tally.add(draws.number(number), draws.scale());
    }
    // The observations as they are count once, whatever the rule of drawn ones: nothing else is as they are.
    let rule = if all.has_own { PRule::Raw } else { PRule::AddOne };
    let found = tally.surrogates(value, draws.observations(), rule);
    let with_own = all.count as f64 + if all.has_own { 0.0 } else { 1.0 };
    Surrogates { is_exhaustive: true, floor: Some(1.0 / with_own), ..found }
}

/// Sums over surrogates, as differences from the observed value.
#[derive(Debug, Default)]
struct Tally {
    draws: u32,
    exceedances: u32,
    sum: f64,
    squares: f64,
}

impl Tally {
    fn add(&mut self, difference: i64, scale: f64) {
        self.draws += 1;
        self.exceedances += u32::from(difference >= 0);
        let difference = difference as f64 / scale;
        self.sum += difference;
        self.squares += difference * difference;
    }

    fn surrogates(&self, value: f64, n: usize, rule: PRule) -> Surrogates {
        let m = f64::from(self.draws);
        let n = n.max(1) as f64;
        let p = match rule {
            _ if self.draws == 0 => None,
            PRule::AddOne => Some((1.0 + f64::from(self.exceedances)) / (1.0 + m)),
            PRule::Raw => Some(f64::from(self.exceedances) / m),
        };
        let mean = (self.draws > 0).then(|| value + self.sum / m / n);
        let std = (self.draws > 1).then(|| {
            let variance = (self.squares - self.sum * self.sum / m) / (m - 1.0);
            variance.max(0.0).sqrt() / n
        });
        let (exceedances, drawn) = (Some(self.exceedances), Some(self.draws));
        Surrogates { p, exceedances, drawn, mean, std, ..Surrogates::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nulls::{CircularShift, Permute, WithinPast};
    use crate::numerics::codes::Codes;
    use crate::numerics::embedding::Observations;

    const KEY: StreamKey<'static> = StreamKey::new(1, "u", "m", "te", "A2S", 1);

    fn tested(rows: &[(u64, u64, u64)], plan: &Plan) -> Tested {
        tested_by(rows, &Permute, plan)
    }

    fn tested_by(rows: &[(u64, u64, u64)], null: &dyn Null, plan: &Plan) -> Tested {
        let code = |f: fn(&(u64, u64, u64)) -> u64| Codes::of(&rows.iter().map(f).collect::<Vec<_>>(), 16);
        let times = (0..rows.len()).collect();
        let observations = Observations { x: code(|r| r.0), y: code(|r| r.1), z: code(|r| r.2), times };
        test(Sample::of(&observations), null, plan, KEY).unwrap()
    }

    #[test]
    fn no_variation_gives_only_ties() {
        let plan = Plan { surrogates: 10, stop: Stop::AtEnd, p: PRule::AddOne };
        let found = tested(&[(0, 0, 0), (0, 1, 0), (0, 0, 1)], &plan);
        assert_eq!((found.null.exceedances, found.null.p, found.null.z()), (Some(10), Some(1.0), None));
    }

    /// Shifts that are gone through have one p under either rule; what is drawn under the raw rule may have p = 0.
    #[test]
    fn no_p_is_below_the_smallest_there_could_have_been() {
        let rows: Vec<(u64, u64, u64)> =
            (0..200u64).map(|i| (i * i * 7 % 11 % 3, (i * i * 7 % 11 % 3) / 2, i % 2)).collect();
        let stages = Stop::Stages { stages: vec![20, 60], p_sig: 0.01, p_nonsig: 0.2 };
        let shift = CircularShift { least: 60 };
        for (null, surrogates, stop, rule, expected) in [
            (&shift as &dyn Null, 100, Stop::AtEnd, PRule::Raw, 1.0 / 82.0),
            (&shift, 100, Stop::AtEnd, PRule::AddOne, 1.0 / 82.0),
            (&shift, 50, Stop::AtEnd, PRule::Raw, 0.0),
            (&WithinPast, 50, Stop::AtEnd, PRule::Raw, 0.0),
            (&WithinPast, 50, Stop::AtEnd, PRule::AddOne, 1.0 / 51.0),
            (&WithinPast, 50, stages.clone(), PRule::Raw, 0.0),
            (&WithinPast, 50, stages, PRule::AddOne, 1.0 / 61.0),
            (&WithinPast, 50, Stop::AtExceedances(5), PRule::Raw, 1.0 / 51.0),
        ] {
            let plan = Plan { surrogates, stop, p: rule };
            let found = tested_by(&rows, null, &plan).null;
            assert_eq!(found.floor, Some(expected), "{null:?} {plan:?}");
            assert!(found.p >= found.floor, "{null:?} {plan:?}: {found:?}");
        }
    }

    /// Under Besag and Clifford's rule a clear non-effect stops at the h-th exceedance.
    #[test]
    fn sequential_tests_stop_early_and_say_what_was_drawn() {
        let rows: Vec<(u64, u64, u64)> = (0..200u64).map(|i| (i * 7 % 3, i * 5 % 2, i % 2)).collect();
        let plan = Plan { surrogates: 5000, stop: Stop::AtExceedances(5), p: PRule::AddOne };
        let null = tested(&rows, &plan).null;
        let drawn = null.drawn.unwrap();
        assert!(null.exceedances == Some(5) && drawn < 5000, "{null:?}");
        assert_eq!(null.p, Some(5.0 / f64::from(drawn)));
    }
}
