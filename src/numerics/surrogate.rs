//! The permutation null: x shuffled against (y, z), within cells of a condition.
//!
//! How one is drawn is in [`super::permute`].

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::groups::SCALE;
use super::permute::Permuter;
use crate::config::{Adaptive, AdaptiveRule, PValueRule};

/// Name of the random stream of a test: nothing else decides its surrogates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamKey<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// The user.
    pub user_id: &'a str,
    /// The feature mode.
    pub feature_mode: &'a str,
    /// The measure.
    pub measure: &'a str,
    /// `A2S` or `S2A`.
    pub direction: &'a str,
    /// The lag.
    pub tau: u32,
}

impl StreamKey<'_> {
    /// The stream: BLAKE3 of the fields, each with its length, as seed of xoshiro256++.
    fn rng(self) -> Xoshiro256PlusPlus {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.seed.to_le_bytes());
        for field in [self.user_id, self.feature_mode, self.measure, self.direction] {
            hash.update(&(field.len() as u64).to_le_bytes());
            hash.update(field.as_bytes());
        }
        hash.update(&self.tau.to_le_bytes());
        Xoshiro256PlusPlus::from_seed(*hash.finalize().as_bytes())
    }
}

/// How many surrogates are drawn, and what p is made of them.
#[derive(Debug, Clone, PartialEq)]
pub struct NullPlan {
    /// Surrogates when not adaptive, and the most under Besag–Clifford without stages.
    pub surrogates: u32,
    /// Adaptive rule, if any.
    pub adaptive: Option<Adaptive>,
    /// From exceedances to p.
    pub p_value: PValueRule,
}

/// What the surrogates say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Null {
    /// p; absent without surrogates.
    pub p: Option<f64>,
    /// Surrogates at or above the observed value.
    pub exceedances: u32,
    /// Surrogates drawn.
    pub surrogates: u32,
    /// Mean of the surrogates' values, bits.
    pub mean: Option<f64>,
    /// Standard deviation of the surrogates' values, bits; absent below 2.
    pub std: Option<f64>,
}

impl Null {
    /// (value − mean) / std; absent if the surrogates do not vary.
    pub fn z(&self, value: f64) -> Option<f64> {
        let std = self.std.filter(|s| *s > 0.0)?;
        Some((value - self.mean?) / std)
    }
}

impl Permuter {
    /// Draws surrogates and compares them with the observed `value`.
    pub fn test(&mut self, value: f64, plan: &NullPlan, key: StreamKey<'_>) -> Null {
        let mut rng = key.rng();
        match &plan.adaptive {
            None => self.fixed(value, plan.surrogates, plan.p_value, &mut rng),
            Some(a) if a.rule == AdaptiveRule::BesagClifford => self.sequential(value, plan, a, &mut rng),
            Some(a) => {
                let mut null = Null { p: None, exceedances: 0, surrogates: 0, mean: None, std: None };
                for stage in &a.stages {
                    null = self.fixed(value, *stage, plan.p_value, &mut rng);
                    if null.p.is_some_and(|p| p <= a.p_sig || p >= a.p_nonsig) {
                        break;
                    }
                }
                null
            }
        }
    }

    fn fixed(&mut self, value: f64, m: u32, rule: PValueRule, rng: &mut Xoshiro256PlusPlus) -> Null {
        let mut tally = Tally::default();
        for _ in 0..m {
            tally.add(self.shuffle(rng));
        }
        tally.null(value, self.observations(), rule)
    }

    /// Besag and Clifford (1991): stop at the h-th exceedance after m draws with p = h / m, or after
    /// all n draws with p = (1 + exceedances) / (1 + n). Valid whenever it stops.
    fn sequential(
        &mut self,
        value: f64,
        plan: &NullPlan,
        a: &Adaptive,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Null {
        let most = plan.surrogates;
        let mut tally = Tally::default();
        while tally.draws < most && tally.exceedances < a.exceedances {
            tally.add(self.shuffle(rng));
        }
        let mut null = tally.null(value, self.observations(), PValueRule::AddOne);
        if tally.exceedances >= a.exceedances {
            null.p = Some(f64::from(tally.exceedances) / f64::from(tally.draws));
        }
        null
    }
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
    fn add(&mut self, difference: i64) {
        self.draws += 1;
        self.exceedances += u32::from(difference >= 0);
        let difference = difference as f64 / SCALE;
        self.sum += difference;
        self.squares += difference * difference;
    }

    fn null(&self, value: f64, n: usize, rule: PValueRule) -> Null {
        let m = f64::from(self.draws);
        let n = n.max(1) as f64;
        let p = match rule {
            _ if self.draws == 0 => None,
            PValueRule::AddOne => Some((1.0 + f64::from(self.exceedances)) / (1.0 + m)),
            PValueRule::Raw => Some(f64::from(self.exceedances) / m),
        };
        let mean = (self.draws > 0).then(|| value + self.sum / m / n);
        let std = (self.draws > 1).then(|| {
            let variance = (self.squares - self.sum * self.sum / m) / (m - 1.0);
            variance.max(0.0).sqrt() / n
        });
        Null { p, exceedances: self.exceedances, surrogates: self.draws, mean, std }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::codes::Codes;
    use crate::numerics::embedding::Observations;
    use rand_xoshiro::rand_core::Rng;

    const KEY: StreamKey<'static> =
        StreamKey { seed: 1, user_id: "u", feature_mode: "m", measure: "te", direction: "A2S", tau: 1 };

    fn observations(rows: &[(u64, u64, u64)]) -> Observations {
        let code = |f: fn(&(u64, u64, u64)) -> u64| Codes::of(&rows.iter().map(f).collect::<Vec<_>>(), 16);
        let times = (0..rows.len()).collect();
        Observations { x: code(|r| r.0), y: code(|r| r.1), z: code(|r| r.2), times }
    }

    #[test]
    fn streams_differ_by_every_field_and_repeat() {
        let keys = [
            KEY,
            StreamKey { seed: 2, ..KEY },
            StreamKey { user_id: "um", feature_mode: "", ..KEY },
            StreamKey { direction: "S2A", ..KEY },
            StreamKey { tau: 2, ..KEY },
        ];
        let first: Vec<u64> = keys.iter().map(|k| k.rng().next_u64()).collect();
        let distinct: std::collections::HashSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(first[0], KEY.rng().next_u64());
    }

    #[test]
    fn no_variation_gives_only_ties() {
        let o = observations(&[(0, 0, 0), (0, 1, 0), (0, 0, 1)]);
        let plan = NullPlan { surrogates: 10, adaptive: None, p_value: PValueRule::AddOne };
        let null = Permuter::new(&o, None).test(0.0, &plan, KEY);
        assert_eq!((null.exceedances, null.p, null.z(0.0)), (10, Some(1.0), None));
    }

    /// Under Besag and Clifford's rule a clear non-effect stops at the h-th exceedance.
    #[test]
    fn sequential_tests_stop_early_and_say_what_was_drawn() {
        let rows: Vec<(u64, u64, u64)> = (0..200u64).map(|i| (i * 7 % 3, i * 5 % 2, i % 2)).collect();
        let adaptive = Adaptive {
            enabled: true,
            rule: AdaptiveRule::BesagClifford,
            exceedances: 5,
            stages: vec![1000],
            p_sig: 0.01,
            p_nonsig: 0.2,
        };
        let plan = NullPlan { surrogates: 5000, adaptive: Some(adaptive), p_value: PValueRule::AddOne };
        let o = observations(&rows);
        let value = crate::numerics::cmi::estimate(&o).value;
        let null = Permuter::new(&o, None).test(value, &plan, KEY);
        assert!(null.exceedances == 5 && null.surrogates < 5000, "{null:?}");
        assert_eq!(null.p, Some(5.0 / f64::from(null.surrogates)));
    }
}
