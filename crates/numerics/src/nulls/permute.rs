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
use super::past::{Counts, Numbers, Past};
use super::regression::{MovedRows, Moves};
use super::{Clock, Draws, Null, Sample, Unfit};
use crate::numerics::codes::Codes;
use crate::numerics::embedding::Observations;
use crate::numerics::granger::Regression;

/// x over all observations, or within the cells of the sample.
#[derive(Debug, Clone, Copy)]
pub struct Permute;

impl Null for Permute {
    fn name(&self) -> &'static str {
        "permute"
    }

    fn prepare<'a>(&self, sample: Sample<'a>) -> Result<Box<dyn Draws + 'a>, Unfit> {
        Ok(Box::new(Permuter::new(sample.observations, sample.within)))
    }

    fn moves_rows(&self) -> bool {
        true
    }

    fn prepare_rows<'a>(
        &self,
        rows: &'a Regression,
        _: Option<Clock<'a>>,
    ) -> Result<Box<dyn Draws + 'a>, Unfit> {
        let n = rows.times().len();
        let shuffled = Shuffled { order: (0..n as u32).collect(), offsets: vec![0; n.saturating_sub(1)] };
        Ok(Box::new(MovedRows::new(rows, shuffled)))
    }
}

/// Rows of a regression in any order.
#[derive(Debug)]
struct Shuffled {
    order: Vec<u32>,
    offsets: Vec<u32>,
}

impl Moves for Shuffled {
    fn draw(&mut self, rng: &mut Xoshiro256PlusPlus, sources: &mut [u32]) {
        offsets(rng, self.order.len(), &mut self.offsets);
        for (i, offset) in self.offsets.iter().enumerate() {
            self.order.swap(i, i + *offset as usize);
        }
        sources.copy_from_slice(&self.order);
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
    counts: Counts,
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
    /// The same where there is one past.
    Past(Past),
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
        let (x_counts, numbers) = (vec![0; o.x.levels], Numbers::new(o.x.levels));
        let mut desk = Desk { o, yz: &yz, x_counts, numbers };
        let pools = order.chunk_by(|a, b| cell(*a) == cell(*b)).map(|pool| desk.arrange(pool));
        // Where nothing can change nothing is drawn.
        let pools: Vec<Pool> = pools.filter(|pool| pool.slots() > 0).collect();
        let mut permuter = Self {
            tables: Tables::new(n),
            n,
            observed: 0,
            counters: Counters::new(o.x.levels.max(o.z.levels), o.x.levels.max(yz.levels)),
            counts: Counts::new(o.x.levels),
            offsets: vec![0; pools.iter().map(Pool::slots).max().unwrap_or(0)],
            pools,
        };
        let Self { pools, tables, counters, counts, .. } = &mut permuter;
        permuter.observed = pools.iter().map(|pool| pool.sum(tables, counters, counts)).sum();
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
                Pool::Past(past) => past.swap(drawn),
                Pool::Places(groups) => groups.swap(drawn),
            }
            sum += pool.sum(&self.tables, &mut self.counters, &mut self.counts);
        }
        sum - self.observed
    }
}

impl Pool {
    fn slots(&self) -> usize {
        match self {
            Self::Sources(groups) => groups.slots(),
            Self::Past(past) => past.slots(),
            Self::Places(groups) => groups.slots(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Sources(groups) => groups.len(),
            Self::Past(past) => past.slots(),
            Self::Places(groups) => groups.len(),
        }
    }

    fn sum(&self, tables: &Tables, counters: &mut Counters, counts: &mut Counts) -> i64 {
        match self {
            Self::Sources(groups) => groups.sum(tables, counters),
            Self::Past(past) => past.sum(tables, counts),
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
    numbers: Numbers,
}

impl Desk<'_> {
    /// Chooses the draw that has less to do. `pool` is sorted by past and next symbol.
    fn arrange(&mut self, pool: &[u32]) -> Pool {
        for i in pool {
            self.x_counts[self.o.x.codes[*i as usize] as usize] += 1;
        }
        let places: usize = pool.iter().map(|i| self.place_cost(*i)).sum();
        let sources: usize = self.pasts(pool).map(|past| self.past_cost(past)).sum();
        let is_one_past = self.pasts(pool).count() == 1;
        let arranged = if places < sources {
            Pool::Places(self.places(pool))
        } else if is_one_past && self.varies(pool) {
            let x = |i: &u32| self.o.x.codes[*i as usize];
            let runs: Vec<Vec<u32>> =
                self.runs(pool).into_iter().map(|run| run.iter().map(x).collect()).collect();
            Pool::Past(Past::new(&runs, &mut self.numbers))
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

    /// The runs of a past; the first is the one that is counted quickest.
    fn runs<'b>(&self, past: &'b [u32]) -> Vec<&'b [u32]> {
        let y = |i: &u32| self.o.y.codes[*i as usize];
        let mut runs: Vec<&[u32]> = past.chunk_by(|a, b| y(a) == y(b)).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
        runs
    }

    fn sources(&self, pool: &[u32]) -> Groups<u32> {
        let x = |i: &u32| self.o.x.codes[*i as usize];
        let mut layout = Layout::new();
        for past in self.pasts(pool).filter(|past| self.varies(past)) {
            layout.group();
            for run in self.runs(past) {
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
mod tests;
