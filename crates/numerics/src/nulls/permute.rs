//! The null `permute`: x shuffled against (y, z), over all observations or within cells of a condition.
//!
//! Only `Σ f(n_xyz) − Σ f(n_xz)` with f(c) = c·log2 c changes under a permutation, and most observations
//! cannot change it: a past z whose next symbol never varies adds 0 whatever x falls there, and an x
//! that occurs once adds 0 wherever it falls. So one of two equivalent draws is made, the one that has
//! less to do: x for the slots of the pasts that vary, or places for the x that repeat. The first steps
//! of a Fisher–Yates shuffle are an exact uniform draw without replacement.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::draw::offsets;
use super::groups::{Counters, Groups, Layout, Tables};
use super::{Draws, Null, Sample};
use crate::numerics::codes::Codes;
use crate::numerics::embedding::Observations;

/// x over all observations, or within the cells of the sample.
#[derive(Debug, Clone, Copy)]
pub struct Permute;

impl Null for Permute {
    fn name(&self) -> &'static str {
        "permute"
    }

    fn prepare<'a>(&self, sample: Sample<'a>) -> Box<dyn Draws + 'a> {
        Box::new(Permuter::new(sample.observations, sample.within))
    }
}

/// Observations arranged for permuting.
#[derive(Debug)]
pub struct Permuter {
    pools: Vec<Pool>,
    tables: Tables,
    n: usize,
    /// The statistic of the observations as they are.
    observed: i64,
    counters: Counters,
    /// The draw of one pool.
    offsets: Vec<u32>,
}

/// What a slot takes, in about 0.2 ns: to be drawn, to be compared in a small group, to be counted, and
/// to be counted in the longest run of a past.
const DRAWN: usize = 10;
const COMPARED: usize = 3;
const COUNTED: usize = 12;
const COUNTED_FIRST: usize = 5;

/// Observations among which x is permuted.
#[derive(Debug)]
enum Pool {
    /// x is drawn for the pasts that vary. A group is a past, a run is one y in it.
    Sources(Groups<u32>),
    /// Places are drawn for the x that repeat. A group is an x; an item is a past, and that past with
    /// its y.
    Places(Groups<[u32; 2]>),
}

impl Permuter {
    /// Arranges observations; x is permuted among those that share a code of `within`.
    pub fn new(o: &Observations, within: Option<&Codes>) -> Self {
        let n = o.x.codes.len();
        let yz = o.z.with(&o.y);
        let mut order = sorted(&o.z, sorted(&o.y, 0..n as u32));
        if let Some(cells) = within {
            order = sorted(cells, order);
        }
        let cell = |i: u32| within.map_or(0, |w| w.codes[i as usize]);
        let mut desk = Desk { o, yz: &yz, x_counts: vec![0; o.x.levels] };
        let pools: Vec<Pool> =
            order.chunk_by(|a, b| cell(*a) == cell(*b)).map(|pool| desk.arrange(pool)).collect();
        let mut permuter = Self {
            tables: Tables::new(n),
            n,
            observed: 0,
            counters: Counters::new(o.x.levels.max(o.z.levels), o.x.levels.max(yz.levels)),
            offsets: vec![0; pools.iter().map(Pool::slots).max().unwrap_or(0)],
            pools,
        };
        permuter.observed =
            permuter.pools.iter().map(|p| p.sum(&permuter.tables, &mut permuter.counters)).sum();
        permuter
    }
}

impl Draws for Permuter {
    fn observations(&self) -> usize {
        self.n
    }

    fn next(&mut self, rng: &mut Xoshiro256PlusPlus) -> i64 {
        let mut sum = 0;
        for pool in &mut self.pools {
            let drawn = &mut self.offsets[..pool.slots()];
            offsets(rng, pool.len(), drawn);
            match pool {
                Pool::Sources(groups) => groups.swap(drawn),
                Pool::Places(groups) => groups.swap(drawn),
            }
            sum += pool.sum(&self.tables, &mut self.counters);
        }
        sum - self.observed
    }
}

impl Pool {
    fn slots(&self) -> usize {
        match self {
            Self::Sources(groups) => groups.slots(),
            Self::Places(groups) => groups.slots(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Sources(groups) => groups.len(),
            Self::Places(groups) => groups.len(),
        }
    }

    fn sum(&self, tables: &Tables, counters: &mut Counters) -> i64 {
        match self {
            Self::Sources(groups) => groups.sum(tables, counters),
            Self::Places(groups) => groups.sum(tables, counters),
        }
    }
}

/// Stable counting sort of observations by their code.
fn sorted(by: &Codes, order: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut next = by.counts();
    let mut start = 0;
    for count in &mut next {
        start += std::mem::replace(count, start);
    }
    let mut out = vec![0; by.codes.len()];
    for i in order {
        let at = &mut next[by.codes[i as usize] as usize];
        out[*at as usize] = i;
        *at += 1;
    }
    out
}

/// Where pools are arranged.
struct Desk<'a> {
    o: &'a Observations,
    yz: &'a Codes,
    /// By x, within a pool; 0 in between.
    x_counts: Vec<u32>,
}

impl Desk<'_> {
    /// Chooses the draw that has less to do. `pool` is sorted by past and next symbol.
    fn arrange(&mut self, pool: &[u32]) -> Pool {
        for i in pool {
            self.x_counts[self.o.x.codes[*i as usize] as usize] += 1;
        }
        let places: usize = pool.iter().map(|i| self.place_cost(*i)).sum();
        let sources: usize = self.pasts(pool).map(|past| self.past_cost(past)).sum();
        let arranged = if places < sources {
            Pool::Places(self.places(pool))
        } else {
            Pool::Sources(self.sources(pool))
        };
        for i in pool {
            self.x_counts[self.o.x.codes[*i as usize] as usize] = 0;
        }
        arranged
    }

    fn repeats(&self, i: u32) -> bool {
        self.x_counts[self.o.x.codes[i as usize] as usize] > 1
    }

    fn pasts<'b>(&self, pool: &'b [u32]) -> impl Iterator<Item = &'b [u32]> + use<'_, 'b> {
        pool.chunk_by(|a, b| self.o.z.codes[*a as usize] == self.o.z.codes[*b as usize])
    }

    fn varies(&self, past: &[u32]) -> bool {
        past.iter().any(|i| self.o.y.codes[*i as usize] != self.o.y.codes[past[0] as usize])
    }

    fn place_cost(&self, i: u32) -> usize {
        match self.x_counts[self.o.x.codes[i as usize] as usize] {
            1 => 0,
            2..=4 => DRAWN + COMPARED,
            _ => DRAWN + COUNTED,
        }
    }

    fn past_cost(&self, past: &[u32]) -> usize {
        let y = |i: &u32| self.o.y.codes[*i as usize];
        let longest = past.chunk_by(|a, b| y(a) == y(b)).map(<[u32]>::len).max().unwrap_or(0);
        match past.len() {
            all if longest == all => 0,
            few @ ..=4 => few * (DRAWN + COMPARED),
            all => all * (DRAWN + COUNTED) - longest * (COUNTED - COUNTED_FIRST),
        }
    }

    fn sources(&self, pool: &[u32]) -> Groups<u32> {
        let x = |i: &u32| self.o.x.codes[*i as usize];
        let y = |i: &u32| self.o.y.codes[*i as usize];
        let mut layout = Layout::new();
        for past in self.pasts(pool).filter(|past| self.varies(past)) {
            layout.group();
            let mut runs: Vec<&[u32]> = past.chunk_by(|a, b| y(a) == y(b)).collect();
            // The first run is the one that is counted quickest.
            runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
            for run in runs {
                layout.run(run.iter().map(x));
            }
        }
        let rest = self.pasts(pool).filter(|past| !self.varies(past)).flatten().map(x);
        layout.lay_out(rest, (0..self.o.x.levels as u32).collect())
    }

    fn places(&self, pool: &[u32]) -> Groups<[u32; 2]> {
        let x = |i: &u32| self.o.x.codes[*i as usize];
        let place = |i: &u32| [self.o.z.codes[*i as usize], self.yz.codes[*i as usize]];
        let mut by_x: Vec<u32> = pool.iter().copied().filter(|i| self.repeats(*i)).collect();
        by_x.sort_by_key(x);
        let mut layout = Layout::new();
        for same in by_x.chunk_by(|a, b| x(a) == x(b)) {
            layout.group();
            layout.run(same.iter().map(place));
        }
        let rest = pool.iter().filter(|i| !self.repeats(**i)).map(place);
        let mut wide_of = vec![0; self.yz.levels];
        for (z, yz) in self.o.z.codes.iter().zip(&self.yz.codes) {
            wide_of[*yz as usize] = *z;
        }
        layout.lay_out(rest, wide_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nulls::groups::SCALE;
    use crate::numerics::cmi::estimate;
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
            *seen.entry(permuter.next(&mut rng)).or_insert(0) += 1;
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
                    Pool::Sources(s) => { let mut xs = s.items().to_vec(); xs.sort_unstable(); xs }
                    Pool::Places(p) => { let mut z: Vec<u32> = p.items().iter().map(|q| q[1]).collect(); z.sort_unstable(); z }
                }).collect()
            };
            let before = contents(&permuter);
            permuter.next(&mut Xoshiro256PlusPlus::seed_from_u64(3));
            prop_assert_eq!(before, contents(&permuter));
        }
    }
}
