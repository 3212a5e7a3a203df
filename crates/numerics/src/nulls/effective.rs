//! The effective value of observations whose x is moved: the plug-in value less its exact mean over all
//! permutations of x within the cells of the past.
//!
//! Both have the terms of n(z) and n(y, z) in common, so n times the effective value is a sum over the
//! occupied cells (x, z),
//!
//! ```text
//! Σ_xz ( Σ_y f(n_xyz) − F_z(n_xz) )        F_z(m) = Σ_y E f(c),  c of m among n_z fall into n_yz places
//! ```
//!
//! with f(c) = c·log2 c. As long as every observation has an x, the margins of a past are fixed and `F_z` is a
//! function of the size of a cell alone: it is worked out once a size. Where some have none, the sizes of all
//! three decide. A past whose next symbol never varies adds 0 and is left aside.

use std::ops::Range;

use super::shared::Shared;
use crate::numerics::effective::each_f;
use crate::numerics::embedding::Observations;

/// The slot of an observation that has none.
pub(super) const NONE: u32 = u32::MAX;
/// A mean that nobody has asked for yet.
const UNKNOWN: i64 = i64::MIN;
/// Most bits behind the point.
const FINEST: u32 = 40;
/// Values in fixed point that differ by less than a bit's 2^-32 differ by rounding.
const SHOWN: u32 = 32;

/// Observations arranged by past and next symbol.
#[derive(Debug)]
pub(super) struct Effective {
    cells: Vec<Cell>,
    /// Where the observations of one next symbol end, past by past; the longest first.
    runs: Vec<u32>,
    /// For each observation its slot; `NONE` where the past leaves nothing open.
    slots: Vec<u32>,
    bits: u32,
    /// Number of x there are.
    levels: usize,
    /// f by count, and its rise.
    f: Vec<i64>,
    rise: Vec<i64>,
    /// F of each past, by size.
    means: Vec<i64>,
    /// Mean of f by the three sizes.
    shared: Shared,
    /// By x, and behind all x for the observations that have none; 0 in between.
    wide: Vec<u32>,
    narrow: Vec<u32>,
    /// Of one past: its x, each once, and a place more than there can be.
    seen: Vec<u32>,
    /// Of one past: observations that have an x, next symbol by next symbol.
    kept: Vec<u32>,
}

/// A past whose next symbol varies.
#[derive(Debug, Clone)]
struct Cell {
    first: u32,
    runs: Range<usize>,
    /// Where its means begin.
    means: usize,
}

impl Effective {
    /// Of those of the observations that are used.
    pub(super) fn new(o: &Observations, used: &[u32]) -> Self {
        let (y, z) = (|i: u32| o.y.codes[i as usize], |i: u32| o.z.codes[i as usize]);
        let mut order = used.to_vec();
        order.sort_unstable_by_key(|i| (z(*i), y(*i), *i));
        let mut new = Self::empty(used.len(), o.x.levels);
        new.slots = vec![NONE; o.x.codes.len()];
        let (mut next, mut means) = (0, 0);
        for past in order.chunk_by(|a, b| z(*a) == z(*b)) {
            let mut runs: Vec<&[u32]> = past.chunk_by(|a, b| y(*a) == y(*b)).collect();
            if runs.len() < 2 {
                continue;
            }
            runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
            let (first, from) = (next, new.runs.len());
            for run in runs {
                for i in run {
                    new.slots[*i as usize] = next;
                    next += 1;
                }
                new.runs.push(next);
            }
            new.cells.push(Cell { first, runs: from..new.runs.len(), means });
            means += past.len() + 1;
        }
        new.means = vec![UNKNOWN; means];
        for cell in &new.cells {
            // f of 1 is 0, and so is its mean.
            new.means[cell.means..cell.means + 2].fill(0);
        }
        new
    }

    fn empty(n: usize, levels: usize) -> Self {
        let largest = (n.max(2) as f64) * (n.max(2) as f64).log2();
        let bits = (61 - largest.log2().ceil() as u32).min(FINEST);
        let scale = f64::from(bits).exp2();
        let exact = each_f(n as u32);
        let f: Vec<i64> = exact.iter().map(|f| (f * scale).round() as i64).collect();
        Self {
            cells: Vec::new(),
            runs: Vec::new(),
            slots: Vec::new(),
            bits,
            levels,
            rise: f.windows(2).map(|f| f[1] - f[0]).collect(),
            f,
            means: Vec::new(),
            shared: Shared::new(exact, scale),
            wide: vec![0; levels + 1],
            narrow: vec![0; levels + 1],
            seen: vec![0; levels + 2],
            kept: Vec::new(),
        }
    }

    /// One in fixed point.
    pub(super) fn scale(&self) -> f64 {
        f64::from(self.bits).exp2()
    }

    /// The slot of each observation.
    pub(super) fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// Number of slots.
    pub(super) fn len(&self) -> usize {
        self.runs.last().map_or(0, |end| *end as usize)
    }

    /// The slots of each run.
    pub(super) fn runs(&self) -> impl ExactSizeIterator<Item = Range<usize>> {
        let first = |run: usize| run.checked_sub(1).map_or(0, |before| self.runs[before] as usize);
        self.runs.iter().enumerate().map(move |(run, end)| first(run)..*end as usize)
    }

    /// What stands for the x of an observation that has none in a surrogate: one more than there are.
    pub(super) fn nothing(&self) -> u32 {
        self.levels as u32
    }

    /// n times a value less n times the observed one, 0 if they differ by rounding only. The surrogate has
    /// `kept` of the `all` observations.
    pub(super) fn difference(&self, (sum, kept): (i64, usize), (observed, all): (i64, usize)) -> i64 {
        let sum = if kept == all || kept == 0 {
            sum
        } else {
            let (wide, kept) = (i128::from(sum) * all as i128, kept as i128);
            // To the nearest; the quotient is of the size of the sums.
            i64::try_from((2 * wide + kept).div_euclid(2 * kept)).unwrap_or(i64::MAX)
        };
        let difference = sum - observed;
        let rounding = 1i64 << self.bits.saturating_sub(SHOWN + 1);
        if difference.abs() < rounding { 0 } else { difference }
    }

    /// n times the effective value in fixed point; `parts` gives the x of a run, slot by slot in parts of any length.
    pub(super) fn sum<'x, P: Iterator<Item = &'x [u32]>>(&mut self, parts: impl Fn(usize) -> P) -> i64 {
        let mut sum = 0;
        for cell in 0..self.cells.len() {
            let Cell { first, runs, means } = self.cells[cell].clone();
            let (counted, seen) = self.count(first, runs.clone(), &parts);
            sum += counted;
            if std::mem::take(&mut self.wide[self.levels]) == 0 {
                for place in 0..seen {
                    sum -= self.mean_of_whole(self.seen[place] as usize, first, runs.clone(), means);
                }
            } else {
                let all = self.kept.iter().sum();
                for place in 0..seen {
                    sum -= self.mean_of_partly(self.seen[place] as usize, all);
                }
            }
        }
        sum - self.shared.rest()
    }

    /// The sum of f over the cells (x, y) of a past, and how many x were seen: they are counted in `wide`, and in
    /// `kept` how many of each run have one.
    fn count<'x, P: Iterator<Item = &'x [u32]>>(
        &mut self,
        first: u32,
        runs: Range<usize>,
        parts: impl Fn(usize) -> P,
    ) -> (i64, usize) {
        let (wide, narrow, seen) = (&mut self.wide[..], &mut self.narrow[..], &mut self.seen[..]);
        let (rise, nothing) = (&self.rise[..], self.levels);
        let (mut sum, mut found, mut start) = (0, 0, first);
        self.kept.clear();
        for run in runs {
            let without = if start == first {
                // In the first run both counts are the same.
                for part in parts(run) {
                    for x in part {
                        let all = &mut wide[*x as usize];
                        sum += rise[*all as usize];
                        seen[found] = *x;
                        found += usize::from(*all == 0);
                        *all += 1;
                    }
                }
                wide[nothing]
            } else {
                for part in parts(run) {
                    for x in part {
                        let (some, all) = (&mut narrow[*x as usize], &mut wide[*x as usize]);
                        sum += rise[*some as usize];
                        seen[found] = *x;
                        found += usize::from(*all == 0);
                        *some += 1;
                        *all += 1;
                    }
                }
                let without = narrow[nothing];
                for part in parts(run) {
                    for x in part {
                        narrow[*x as usize] = 0;
                    }
                }
                without
            };
            sum -= self.f[without as usize];
            self.kept.push(self.runs[run] - start - without);
            start = self.runs[run];
        }
        (sum, found)
    }

    /// The same of counts: run by run how often each x is there, and behind them how many have none.
    pub(super) fn sum_of_counts(&mut self, counts: &[u32]) -> i64 {
        let width = self.levels + 1;
        let mut sum = 0;
        for cell in 0..self.cells.len() {
            let Cell { first, runs, means } = self.cells[cell].clone();
            let own = counts[runs.start * width..runs.end * width].chunks_exact(width);
            for run in own.clone() {
                sum += run[..self.levels].iter().map(|count| self.f[*count as usize]).sum::<i64>();
                self.wide.iter_mut().zip(run).for_each(|(all, some)| *all += some);
            }
            if std::mem::take(&mut self.wide[self.levels]) == 0 {
                for x in 0..self.levels {
                    sum -= self.mean_of_whole(x, first, runs.clone(), means);
                }
            } else {
                self.kept.clear();
                let mut start = first;
                for (run, end) in own.zip(&self.runs[runs]) {
                    self.kept.push(end - start - run[self.levels]);
                    start = *end;
                }
                let all = self.kept.iter().sum();
                for x in 0..self.levels {
                    sum -= self.mean_of_partly(x, all);
                }
            }
        }
        sum - self.shared.rest()
    }

    /// F of a past for the cell of an x, which is emptied.
    fn mean_of_whole(&mut self, x: usize, first: u32, runs: Range<usize>, means: usize) -> i64 {
        let size = std::mem::take(&mut self.wide[x]);
        let known = self.means[means + size as usize];
        if known == UNKNOWN { self.mean(first, runs, means, size) } else { known }
    }

    /// F of a past for cells of a size, kept for the next time.
    fn mean(&mut self, first: u32, runs: Range<usize>, means: usize, size: u32) -> i64 {
        let all = self.runs[runs.end - 1] - first;
        let mut start = first;
        let mut mean = 0;
        for run in runs {
            let end = self.runs[run];
            mean += self.shared.work_out(all, end - start, size);
            start = end;
        }
        self.means[means + size as usize] = mean;
        mean
    }

    /// F of a past that keeps `all` observations for the cell of an x, which is emptied; what of it has to be worked
    /// out is left for [`Shared::rest`].
    fn mean_of_partly(&mut self, x: usize, all: u32) -> i64 {
        let size = std::mem::take(&mut self.wide[x]);
        if size < 2 {
            return 0;
        }
        let places = self.kept.iter().filter(|places| **places > 0);
        places.map(|places| self.shared.ask(all, *places, size)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::cmi::estimate;
    use crate::numerics::codes::Codes;
    use crate::numerics::effective::mean_over_permutations;
    use proptest::prelude::*;

    fn codes(values: &[u32]) -> Codes {
        Codes::of(&values.iter().map(|v| u64::from(*v)).collect::<Vec<_>>(), 100)
    }

    proptest! {
        /// Against the definition, of any part of the observations and with any of their x.
        #[test]
        fn is_the_value_less_its_exact_mean(
            rows in prop::collection::vec((0u32..4, 0u32..3, 0u32..3, 0u32..8, any::<prop::sample::Index>()), 1..80),
            gaps: bool,
        ) {
            let column = |of: fn(&(u32, u32, u32, u32, prop::sample::Index)) -> u32| {
                codes(&rows.iter().map(of).collect::<Vec<_>>())
            };
            let times = (0..rows.len()).collect();
            let o = Observations { x: column(|r| r.0), y: column(|r| r.1), z: column(|r| r.2), times };
            let used: Vec<u32> = (0..rows.len() as u32).filter(|i| rows[*i as usize].3 > 0).collect();
            let mut effective = Effective::new(&o, &used);
            // Twice, so that what is remembered is asked for too.
            for round in 0..2usize {
                let mut xs = vec![effective.nothing(); effective.len()];
                let mut kept = Vec::new();
                for i in &used {
                    let row = &rows[*i as usize];
                    let is_left_out = gaps && (row.3 as usize + round).is_multiple_of(4);
                    let x = o.x.codes[(row.4.index(rows.len()) + round) % rows.len()];
                    if !is_left_out {
                        kept.push((*i as usize, x));
                    }
                    if effective.slots()[*i as usize] != NONE && !is_left_out {
                        xs[effective.slots()[*i as usize] as usize] = x;
                    }
                }
                let of = |codes: &Codes| self::codes(&kept.iter().map(|(i, _)| codes.codes[*i]).collect::<Vec<_>>());
                let moved = Observations {
                    x: self::codes(&kept.iter().map(|(_, x)| *x).collect::<Vec<_>>()), y: of(&o.y), z: of(&o.z),
                    times: kept.iter().map(|(i, _)| *i).collect(),
                };
                let expected = estimate(&moved).value - mean_over_permutations(&moved, &moved.z);
                // In parts, as days give them.
                let runs: Vec<Range<usize>> = effective.runs().collect();
                let sum = effective.sum(|run| xs[runs[run].clone()].chunks(3));
                let width = o.x.levels + 1;
                let mut counts = vec![0; runs.len() * width];
                for (slot, x) in xs.iter().enumerate() {
                    let run = runs.iter().position(|run| run.contains(&slot)).unwrap();
                    counts[run * width + *x as usize] += 1;
                }
                prop_assert_eq!(effective.sum_of_counts(&counts), sum);
                let found = sum as f64 / effective.scale() / kept.len().max(1) as f64;
                prop_assert!((found - expected).abs() < 1e-11, "{found} {expected}");
                prop_assert!(effective.wide.iter().chain(&effective.narrow).all(|count| *count == 0));
            }
        }
    }

    #[test]
    fn values_of_fewer_observations_are_compared_as_values() {
        let o =
            Observations { x: codes(&[0; 4]), y: codes(&[0; 4]), z: codes(&[0; 4]), times: vec![0, 1, 2, 3] };
        let effective = Effective::new(&o, &[0, 1, 2, 3]);
        let whole = 1i64 << effective.bits;
        assert_eq!(effective.difference((3 * whole, 3), (4 * whole, 4)), 0);
        assert_eq!(effective.difference((-3 * whole, 3), (-4 * whole, 4)), 0);
        assert_eq!(effective.difference((3 * whole, 2), (4 * whole, 4)), 2 * whole);
        assert_eq!(effective.difference((0, 0), (4 * whole, 4)), -4 * whole);
        assert_eq!(effective.difference((whole + 1, 4), (whole, 4)), 0, "rounding");
        assert_eq!(effective.difference((whole + 200, 4), (whole, 4)), 200);
    }
}
