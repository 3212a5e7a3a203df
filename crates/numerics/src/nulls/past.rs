//! `Σ f(n_xyz)` of a single past among whose observations x is permuted, where f(c) = c·log2 c.
//!
//! How often each x is there does not change, so the longest run has what the runs of the other next symbols leave
//! of it: only those are counted.

use super::groups::Tables;

/// A run is added up key by key if it has so many slots for every key.
const DENSE: usize = 2;
/// The number of an x that has none.
const NONE: u32 = u32::MAX;

/// Observations of one past.
#[derive(Debug)]
pub(super) struct Past {
    /// x slot by slot, numbered within the past; first those of the longest run.
    items: Vec<u32>,
    /// Slots of the longest run.
    longest: usize,
    /// Slots of each other run.
    others: Vec<u32>,
    /// How often each x is there.
    counts: Vec<u32>,
}

/// Counts by number: of a run, 0 between runs, and what the longest run has.
#[derive(Debug, Default)]
pub(super) struct Counts {
    run: Vec<u32>,
    longest: Vec<u32>,
}

impl Counts {
    /// For so many x at most.
    pub(super) fn new(levels: usize) -> Self {
        Self { run: vec![0; levels], longest: vec![0; levels] }
    }
}

/// Numbers of x within a past, given where a past begins.
#[derive(Debug)]
pub(super) struct Numbers(Vec<u32>);

impl Numbers {
    pub(super) fn new(levels: usize) -> Self {
        Self(vec![NONE; levels])
    }
}

impl Past {
    /// Of the x of runs, the longest first.
    pub(super) fn new(runs: &[Vec<u32>], numbers: &mut Numbers) -> Self {
        let Numbers(numbers) = numbers;
        let mut items: Vec<u32> = runs.iter().flatten().copied().collect();
        let mut counts = Vec::new();
        for x in &items {
            let number = &mut numbers[*x as usize];
            if *number == NONE {
                *number = counts.len() as u32;
                counts.push(0);
            }
            counts[*number as usize] += 1;
        }
        let own: Vec<u32> = items.iter().map(|x| numbers[*x as usize]).collect();
        for x in std::mem::replace(&mut items, own) {
            numbers[x as usize] = NONE;
        }
        let mut lengths = runs.iter().map(Vec::len);
        let longest = lengths.next().unwrap_or(0);
        Self { items, longest, others: lengths.map(|slots| slots as u32).collect(), counts }
    }

    /// Number of slots, which all items are in.
    pub(super) fn slots(&self) -> usize {
        self.items.len()
    }

    #[cfg(test)]
    pub(super) fn items(&self) -> &[u32] {
        &self.items
    }

    /// Fills each slot in turn with the item so much further on.
    pub(super) fn swap(&mut self, offsets: &[u32]) {
        for (i, offset) in offsets.iter().enumerate() {
            self.items.swap(i, i + *offset as usize);
        }
    }

    /// The sum over all slots but for a constant, in fixed point.
    pub(super) fn sum(&self, tables: &Tables, counts: &mut Counts) -> i64 {
        let Tables { f, rise, .. } = tables;
        let keys = self.counts.len();
        let (run, left) = (&mut counts.run[..keys], &mut counts.longest[..keys]);
        left.copy_from_slice(&self.counts);
        let mut rest = &self.items[self.longest..];
        let mut sum = 0;
        for slots in &self.others {
            let (these, others) = rest.split_at(*slots as usize);
            rest = others;
            if these.len() >= DENSE * keys {
                for x in these {
                    run[*x as usize] += 1;
                }
                for (count, left) in run.iter_mut().zip(left.iter_mut()) {
                    let count = std::mem::take(count);
                    sum += f[count as usize] + f[(*left - count) as usize] - f[*left as usize];
                    *left -= count;
                }
            } else {
                for x in these {
                    let (count, left) = (&mut run[*x as usize], &mut left[*x as usize]);
                    *left -= 1;
                    sum += rise[*count as usize] - rise[*left as usize];
                    *count += 1;
                }
                for x in these {
                    run[*x as usize] = 0;
                }
            }
        }
        sum
    }
}
