//! The permutation null: x shuffled against (y, z), within cells of a condition.
//!
//! Only Σ `f(n_xyz)` − Σ `f(n_xz)` with f(c) = c·log2 c changes under a permutation. A past z whose next
//! symbol never varies adds nothing to it, whatever x falls there, so only the permuted x that land in
//! the other pasts are drawn: the first steps of a Fisher–Yates shuffle are an exact uniform draw
//! without replacement. Sums are of fixed-point integers, so equal tables compare equal in any order
//! and ties count as ties.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::embedding::Observations;
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

/// Bits below the point of the fixed-point numbers.
const SCALE: f64 = (1u64 << 32) as f64;

/// Observations arranged for permuting.
#[derive(Debug)]
pub struct Permuter {
    pools: Vec<Pool>,
    /// `rise[c]` = f(c + 1) − f(c) in fixed point.
    rise: Vec<i64>,
    n: usize,
    /// What the permuted part lacks to n times the value, from the observed value.
    observed: i64,
    counters: Vec<[u32; 2]>,
}

/// Observations among which x is permuted.
#[derive(Debug)]
struct Pool {
    /// x of every observation; the first `slots` take part.
    xs: Vec<u32>,
    slots: usize,
    /// Lengths of the runs of equal y within each past, pasts one after another.
    groups: Vec<Vec<u32>>,
}

impl Permuter {
    /// Arranges observations; x is permuted among those that share a code of `within`.
    pub fn new(o: &Observations, within: Option<&super::codes::Codes>) -> Self {
        let n = o.x.codes.len();
        let cell = |i: usize| within.map_or(0, |w| w.codes[i]);
        let mut order: Vec<u32> = (0..n as u32).collect();
        order.sort_unstable_by_key(|&i| {
            let i = i as usize;
            (cell(i), o.z.codes[i], o.y.codes[i], o.x.codes[i])
        });
        let pools: Vec<Pool> = order
            .chunk_by(|a, b| cell(*a as usize) == cell(*b as usize))
            .map(|pool| Pool::new(pool, o))
            .collect();
        let most = pools.iter().flat_map(|p| &p.groups).map(|g| g.iter().sum::<u32>()).max().unwrap_or(0);
        let mut permuter = Self {
            pools,
            rise: rises(most as usize),
            n,
            observed: 0,
            counters: vec![[0, 0]; o.x.levels.max(1)],
        };
        permuter.observed = permuter.statistic();
        permuter
    }

    /// n·I of the present arrangement, up to a constant, in fixed point.
    fn statistic(&mut self) -> i64 {
        let Self { pools, rise, counters, .. } = self;
        pools.iter().map(|pool| pool.statistic(rise, counters)).sum()
    }

    fn shuffle(&mut self, rng: &mut Xoshiro256PlusPlus) -> i64 {
        let Self { pools, rise, counters, .. } = self;
        pools
            .iter_mut()
            .map(|pool| {
                pool.draw(rng);
                pool.statistic(rise, counters)
            })
            .sum()
    }

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
            tally.add(self.shuffle(rng) - self.observed);
        }
        tally.null(value, self.n, rule)
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
            tally.add(self.shuffle(rng) - self.observed);
        }
        let mut null = tally.null(value, self.n, PValueRule::AddOne);
        if tally.exceedances >= a.exceedances {
            null.p = Some(f64::from(tally.exceedances) / f64::from(tally.draws));
        }
        null
    }
}

/// n·log2 rises of f(c) = c·log2 c.
fn rises(most: usize) -> Vec<i64> {
    let f = |c: usize| if c == 0 { 0.0 } else { c as f64 * (c as f64).log2() };
    (0..most).map(|c| ((f(c + 1) - f(c)) * SCALE).round() as i64).collect()
}

impl Pool {
    fn new(order: &[u32], o: &Observations) -> Self {
        let y = |i: u32| o.y.codes[i as usize];
        let z = |i: u32| o.z.codes[i as usize];
        let mut front = Vec::new();
        let mut rest = Vec::new();
        let mut groups = Vec::new();
        for past in order.chunk_by(|a, b| z(*a) == z(*b)) {
            let runs: Vec<u32> = past.chunk_by(|a, b| y(*a) == y(*b)).map(|run| run.len() as u32).collect();
            let xs = past.iter().map(|i| o.x.codes[*i as usize]);
            if runs.len() > 1 {
                front.extend(xs);
                groups.push(runs);
            } else {
                rest.extend(xs);
            }
        }
        let slots = front.len();
        front.extend(rest);
        Self { xs: front, slots, groups }
    }

    /// A uniform draw of x for the slots, without replacement.
    fn draw(&mut self, rng: &mut Xoshiro256PlusPlus) {
        let n = self.xs.len() as u32;
        for i in 0..self.slots as u32 {
            let j = i + below(rng, n - i);
            self.xs.swap(i as usize, j as usize);
        }
    }

    /// Σ `f(n_xyz)` − Σ `f(n_xz)` over the slots.
    fn statistic(&self, rise: &[i64], counters: &mut [[u32; 2]]) -> i64 {
        let mut sum = 0;
        let mut start = 0usize;
        for runs in &self.groups {
            let first = start;
            for run in runs {
                let slots = &self.xs[start..start + *run as usize];
                for x in slots {
                    let [pair, all] = &mut counters[*x as usize];
                    sum += rise[*pair as usize] - rise[*all as usize];
                    *pair += 1;
                    *all += 1;
                }
                for x in slots {
                    counters[*x as usize][0] = 0;
                }
                start += *run as usize;
            }
            for x in &self.xs[first..start] {
                counters[*x as usize][1] = 0;
            }
        }
        sum
    }
}

/// A uniform number below `range` (at least 1), without bias (Lemire 2019). Written out here so that
/// no other version of a library can change a result.
fn below(rng: &mut Xoshiro256PlusPlus, range: u32) -> u32 {
    loop {
        let product = u64::from((rng.next_u64() >> 32) as u32) * u64::from(range);
        let low = product as u32;
        if low >= range || low >= range.wrapping_neg() % range {
            return (product >> 32) as u32;
        }
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
    use crate::measures::cmi::estimate;
    use crate::measures::codes::Codes;
    use proptest::prelude::*;

    fn observations(rows: &[(u32, u32, u32)]) -> Observations {
        let code = |f: fn(&(u32, u32, u32)) -> u32| {
            let values: Vec<u64> = rows.iter().map(|r| u64::from(f(r))).collect();
            Codes::of(&values, 16)
        };
        Observations {
            x: code(|r| r.0),
            y: code(|r| r.1),
            z: code(|r| r.2),
            times: (0..rows.len()).collect(),
        }
    }

    const KEY: StreamKey<'static> =
        StreamKey { seed: 1, user_id: "u", feature_mode: "m", measure: "te", direction: "A2S", tau: 1 };

    proptest! {
        /// The fixed-point difference of two arrangements is n times the difference of their values.
        #[test]
        fn differences_are_those_of_the_values(
            rows in prop::collection::vec((0u32..4, 0u32..3, 0u32..5), 1..120), seed in any::<u64>()
        ) {
            let o = observations(&rows);
            let mut permuter = Permuter::new(&o, None);
            let mut rng = StreamKey { seed, ..KEY }.rng();
            let moved = permuter.shuffle(&mut rng);
            // The same arrangement as observations, by the order the pool was made in.
            let pool = &permuter.pools[0];
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by_key(|&i| (o.z.codes[i], o.y.codes[i], o.x.codes[i]));
            let varied = |z: u32| (0..rows.len()).filter(|&i| o.z.codes[i] == z).map(|i| o.y.codes[i]).collect::<std::collections::HashSet<_>>().len() > 1;
            let (front, rest): (Vec<usize>, Vec<usize>) = order.into_iter().partition(|&i| varied(o.z.codes[i]));
            let mut shuffled = o.clone();
            for (slot, i) in front.into_iter().chain(rest).enumerate() {
                shuffled.x.codes[i] = pool.xs[slot];
            }
            let expected = (estimate(&shuffled).value - estimate(&o).value) * rows.len() as f64;
            let found = (moved - permuter.observed) as f64 / SCALE;
            prop_assert!((found - expected).abs() < 1e-6, "{} {}", found, expected);
        }
    }

    #[test]
    fn every_permutation_is_equally_likely() {
        let rows: Vec<(u32, u32, u32)> = [(0, 0, 0), (1, 1, 0), (2, 0, 1), (3, 1, 1)].to_vec();
        let mut pool = Pool::new(&[0, 1, 2, 3], &observations(&rows));
        let mut rng = KEY.rng();
        let mut seen = std::collections::HashMap::new();
        let draws = 24_000;
        for _ in 0..draws {
            pool.draw(&mut rng);
            *seen.entry(pool.xs.clone()).or_insert(0u32) += 1;
        }
        assert_eq!(seen.len(), 24);
        let expected = f64::from(draws) / 24.0;
        let chi2: f64 = seen.values().map(|c| (f64::from(*c) - expected).powi(2) / expected).sum();
        // Upper 0.1 % of chi-squared with 23 degrees of freedom.
        assert!(chi2 < 49.7, "{chi2}");
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
}
