//! Permuting x against (y, z), within cells of a condition.
//!
//! Only `Σ f(n_xyz) − Σ f(n_xz)` with f(c) = c·log2 c changes under a permutation, and most observations
//! cannot change it: a past z whose next symbol never varies adds 0 whatever x falls there, and an x
//! that occurs once adds 0 wherever it falls. So one of two equivalent draws is made, the one that has
//! less to do: x for the slots of the pasts that vary, or places for the x that repeat. The first steps
//! of a Fisher–Yates shuffle are an exact uniform draw without replacement.
//!
//! Sums are of fixed-point integers: equal tables compare equal in any order, so ties count as ties.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

use super::codes::Codes;
use super::embedding::Observations;

/// One bit in fixed point.
pub(super) const SCALE: f64 = (1u64 << 32) as f64;

/// Observations arranged for permuting.
#[derive(Debug)]
pub struct Permuter {
    pools: Vec<Pool>,
    /// `rise[c]` = f(c + 1) − f(c) in fixed point.
    rise: Vec<i64>,
    n: usize,
    /// The statistic of the observations as they are.
    observed: i64,
    counters: Counters,
}

/// Counts in use while one group is added up; zero in between.
#[derive(Debug)]
struct Counters {
    /// By x: within the run, within the past.
    x: Vec<[u32; 2]>,
    /// By past.
    z: Vec<u32>,
    /// By past and next symbol.
    yz: Vec<u32>,
}

/// Observations among which x is permuted.
#[derive(Debug)]
enum Pool {
    /// x is drawn for the slots of the pasts that vary.
    Sources(Sources),
    /// Places are drawn for the x that repeat.
    Places(Places),
}

/// See [`Pool::Sources`].
#[derive(Debug)]
struct Sources {
    /// x of every observation; the first `slots` are in pasts that vary, past by past, y by y.
    xs: Vec<u32>,
    slots: usize,
    /// Lengths of the runs of equal y, and whether a run is the last of its past.
    runs: Vec<(u32, bool)>,
}

/// See [`Pool::Places`].
#[derive(Debug)]
struct Places {
    /// Past, and past with next symbol, of every observation; the first ones are given to x that
    /// repeat, x by x.
    places: Vec<[u32; 2]>,
    /// Lengths of the groups of equal x.
    groups: Vec<u32>,
}

impl Permuter {
    /// Arranges observations; x is permuted among those that share a code of `within`.
    pub fn new(o: &Observations, within: Option<&Codes>) -> Self {
        let n = o.x.codes.len();
        let yz = o.z.with(&o.y);
        let cell = |i: u32| within.map_or(0, |w| w.codes[i as usize]);
        let mut order: Vec<u32> = (0..n as u32).collect();
        order.sort_unstable_by_key(|&i| {
            let at = i as usize;
            (cell(i), o.z.codes[at], o.y.codes[at], o.x.codes[at])
        });
        let mut x_counts = vec![0; o.x.levels];
        let pools: Vec<Pool> = order
            .chunk_by(|a, b| cell(*a) == cell(*b))
            .map(|pool| arrange(pool, o, &yz, &mut x_counts))
            .collect();
        let mut permuter = Self {
            pools,
            rise: rises(n),
            n,
            observed: 0,
            counters: Counters {
                x: vec![[0, 0]; o.x.levels],
                z: vec![0; o.z.levels],
                yz: vec![0; yz.levels],
            },
        };
        permuter.observed = permuter.statistic();
        permuter
    }

    /// Number of observations.
    pub(super) fn observations(&self) -> usize {
        self.n
    }

    /// n·I of the present arrangement, up to a constant, in fixed point.
    fn statistic(&mut self) -> i64 {
        let Self { pools, rise, counters, .. } = self;
        pools.iter().map(|pool| pool.statistic(rise, counters)).sum()
    }

    /// Permutes, and gives n times the change of the value against the observed one, in fixed point.
    pub(super) fn shuffle(&mut self, rng: &mut Xoshiro256PlusPlus) -> i64 {
        let mut bits = Bits { rng, spare: None };
        let Self { pools, rise, counters, observed, .. } = self;
        let mut sum = 0;
        for pool in pools {
            match pool {
                Pool::Sources(s) => draw(&mut s.xs, s.slots, &mut bits),
                Pool::Places(p) => {
                    let drawn = p.groups.iter().map(|g| *g as usize).sum();
                    draw(&mut p.places, drawn, &mut bits);
                }
            }
            sum += pool.statistic(rise, counters);
        }
        sum - *observed
    }
}

/// Chooses the draw that has less to do. `order` is sorted by past, next symbol and x.
fn arrange(order: &[u32], o: &Observations, yz: &Codes, x_counts: &mut [u32]) -> Pool {
    let x = |i: u32| o.x.codes[i as usize];
    for i in order {
        x_counts[x(*i) as usize] += 1;
    }
    let repeating = order.iter().filter(|i| x_counts[x(**i) as usize] > 1).count();
    let sources = Sources::new(order, o);
    let pool = if repeating < sources.slots {
        let mut by_x: Vec<u32> = order.to_vec();
        by_x.sort_unstable_by_key(|&i| (x_counts[x(i) as usize] == 1, x(i)));
        let place = |i: &u32| [o.z.codes[*i as usize], yz.codes[*i as usize]];
        let groups = by_x[..repeating].chunk_by(|a, b| x(*a) == x(*b)).map(|g| g.len() as u32);
        Pool::Places(Places { places: by_x.iter().map(place).collect(), groups: groups.collect() })
    } else {
        Pool::Sources(sources)
    };
    for i in order {
        x_counts[x(*i) as usize] = 0;
    }
    pool
}

impl Sources {
    fn new(order: &[u32], o: &Observations) -> Self {
        let y = |i: u32| o.y.codes[i as usize];
        let z = |i: u32| o.z.codes[i as usize];
        let mut xs = Vec::with_capacity(order.len());
        let mut rest = Vec::new();
        let mut runs: Vec<(u32, bool)> = Vec::new();
        for past in order.chunk_by(|a, b| z(*a) == z(*b)) {
            let x = past.iter().map(|i| o.x.codes[*i as usize]);
            if past.iter().all(|i| y(*i) == y(past[0])) {
                rest.extend(x);
                continue;
            }
            xs.extend(x);
            runs.extend(past.chunk_by(|a, b| y(*a) == y(*b)).map(|run| (run.len() as u32, false)));
            if let Some(last) = runs.last_mut() {
                last.1 = true;
            }
        }
        let slots = xs.len();
        xs.extend(rest);
        Self { xs, slots, runs }
    }
}

impl Pool {
    /// `Σ f(n_xyz) − Σ f(n_xz)` over what takes part.
    fn statistic(&self, rise: &[i64], counters: &mut Counters) -> i64 {
        match self {
            Self::Sources(s) => s.statistic(rise, &mut counters.x),
            Self::Places(p) => p.statistic(rise, &mut counters.z, &mut counters.yz),
        }
    }
}

impl Sources {
    fn statistic(&self, rise: &[i64], by_x: &mut [[u32; 2]]) -> i64 {
        let mut sum = 0;
        let (mut past, mut start) = (0, 0);
        for (length, last) in &self.runs {
            let end = start + *length as usize;
            let run = &self.xs[start..end];
            for x in run {
                let [pair, all] = &mut by_x[*x as usize];
                sum += rise[*pair as usize] - rise[*all as usize];
                *pair += 1;
                *all += 1;
            }
            start = end;
            if *last {
                for x in &self.xs[past..end] {
                    by_x[*x as usize] = [0, 0];
                }
                past = end;
            } else {
                for x in run {
                    by_x[*x as usize][0] = 0;
                }
            }
        }
        sum
    }
}

impl Places {
    fn statistic(&self, rise: &[i64], by_z: &mut [u32], by_yz: &mut [u32]) -> i64 {
        let mut sum = 0;
        let mut start = 0;
        for length in &self.groups {
            let end = start + *length as usize;
            let group = &self.places[start..end];
            for [z, yz] in group {
                let (all, pair) = (&mut by_z[*z as usize], &mut by_yz[*yz as usize]);
                sum += rise[*pair as usize] - rise[*all as usize];
                *pair += 1;
                *all += 1;
            }
            for [z, yz] in group {
                by_z[*z as usize] = 0;
                by_yz[*yz as usize] = 0;
            }
            start = end;
        }
        sum
    }
}

/// f(c + 1) − f(c) for c below `most`.
fn rises(most: usize) -> Vec<i64> {
    let f = |c: usize| if c == 0 { 0.0 } else { c as f64 * (c as f64).log2() };
    (0..most).map(|c| ((f(c + 1) - f(c)) * SCALE).round() as i64).collect()
}

/// Draws the first `slots` items uniformly, without replacement.
fn draw<T>(items: &mut [T], slots: usize, bits: &mut Bits<'_>) {
    let n = items.len() as u32;
    for i in 0..slots as u32 {
        let j = i + bits.below(n - i);
        items.swap(i as usize, j as usize);
    }
}

/// 32 random bits at a time.
struct Bits<'a> {
    rng: &'a mut Xoshiro256PlusPlus,
    spare: Option<u32>,
}

impl Bits<'_> {
    fn next(&mut self) -> u32 {
        if let Some(bits) = self.spare.take() {
            return bits;
        }
        let both = self.rng.next_u64();
        self.spare = Some(both as u32);
        (both >> 32) as u32
    }

    /// A uniform number below `range` (at least 1), without bias (Lemire 2019). Written out here so
    /// that no other version of a library can change a result.
    fn below(&mut self, range: u32) -> u32 {
        loop {
            let product = u64::from(self.next()) * u64::from(range);
            let low = product as u32;
            if low >= range || low >= range.wrapping_neg() % range {
                return (product >> 32) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::cmi::estimate;
    use proptest::prelude::*;
    use rand_xoshiro::rand_core::SeedableRng;

    fn observations(rows: &[(u32, u32, u32)]) -> Observations {
        let code = |f: fn(&(u32, u32, u32)) -> u32| {
            let values: Vec<u64> = rows.iter().map(|r| u64::from(f(r))).collect();
            Codes::of(&values, 1000)
        };
        let times = (0..rows.len()).collect();
        Observations { x: code(|r| r.0), y: code(|r| r.1), z: code(|r| r.2), times }
    }

    /// The multiset of changes over many shuffles, rounded, by value.
    fn changes(permuter: &mut Permuter, draws: u32) -> std::collections::BTreeMap<i64, u32> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..draws {
            *seen.entry(permuter.shuffle(&mut rng)).or_insert(0) += 1;
        }
        seen
    }

    /// The changes of all n! permutations of x, by value.
    fn exhaustive(rows: &[(u32, u32, u32)]) -> Vec<f64> {
        fn permutations(items: &mut Vec<u32>, k: usize, out: &mut Vec<Vec<u32>>) {
            if k == items.len() {
                out.push(items.clone());
            }
            for i in k..items.len() {
                items.swap(k, i);
                permutations(items, k + 1, out);
                items.swap(k, i);
            }
        }
        let base = estimate(&observations(rows)).value;
        let mut all = Vec::new();
        permutations(&mut rows.iter().map(|r| r.0).collect(), 0, &mut all);
        all.into_iter()
            .map(|xs| {
                let rows: Vec<_> = xs.iter().zip(rows).map(|(x, r)| (*x, r.1, r.2)).collect();
                (estimate(&observations(&rows)).value - base) * rows.len() as f64
            })
            .collect()
    }

    /// Both draws have the distribution of a full shuffle.
    #[test]
    fn shuffles_are_uniform() {
        let few_repeat = [(0, 0, 0), (1, 1, 0), (2, 0, 0), (3, 1, 1), (3, 0, 1), (4, 1, 1)];
        let few_vary = [(0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 0, 1), (1, 0, 2), (0, 0, 2)];
        for (rows, places) in [(few_repeat, true), (few_vary, false)] {
            let mut permuter = Permuter::new(&observations(&rows), None);
            assert_eq!(matches!(permuter.pools[0], Pool::Places(_)), places);
            let draws = 50_000;
            let seen = changes(&mut permuter, draws);
            let expected = exhaustive(&rows);
            for (change, count) in seen {
                let value = change as f64 / SCALE;
                let share = expected.iter().filter(|e| (*e - value).abs() < 1e-6).count() as f64
                    / expected.len() as f64;
                let error = (share * (1.0 - share) / f64::from(draws)).sqrt();
                let found = f64::from(count) / f64::from(draws);
                assert!(share > 0.0 && (found - share).abs() <= 5.0 * error, "{value}: {found} {share}");
            }
        }
    }

    proptest! {
        /// Both ways of adding up give the same statistic, up to a constant, for the same arrangement.
        #[test]
        fn the_statistic_is_the_value(rows in prop::collection::vec((0u32..30, 0u32..3, 0u32..6), 2..120)) {
            let o = observations(&rows);
            let permuter = Permuter::new(&o, None);
            let mut other = rows.clone();
            other.rotate_left(1);
            let moved: Vec<_> = rows.iter().zip(&other).map(|(r, x)| (x.0, r.1, r.2)).collect();
            let o2 = observations(&moved);
            let second = Permuter::new(&o2, None);
            // x that occur once and pasts that do not vary are the same in both, so constants cancel.
            let same = std::mem::discriminant(&permuter.pools[0]) == std::mem::discriminant(&second.pools[0]);
            prop_assert!(same);
            let found = (second.observed - permuter.observed) as f64 / SCALE;
            let expected = (estimate(&o2).value - estimate(&o).value) * rows.len() as f64;
            prop_assert!((found - expected).abs() < 1e-6, "{} {}", found, expected);
        }

        #[test]
        fn x_stays_within_its_cell(rows in prop::collection::vec((0u32..4, 0u32..2, 0u32..3), 4..60)) {
            let o = observations(&rows);
            let cells = Codes::of(&(0..rows.len() as u64).map(|i| i % 2).collect::<Vec<_>>(), 2);
            let mut permuter = Permuter::new(&o, Some(&cells));
            let contents = |p: &Permuter| -> Vec<Vec<u32>> {
                p.pools.iter().map(|pool| match pool {
                    Pool::Sources(s) => { let mut xs = s.xs.clone(); xs.sort_unstable(); xs }
                    Pool::Places(p) => { let mut z: Vec<u32> = p.places.iter().map(|q| q[1]).collect(); z.sort_unstable(); z }
                }).collect()
            };
            let before = contents(&permuter);
            permuter.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(3));
            prop_assert_eq!(before, contents(&permuter));
        }
    }
}
