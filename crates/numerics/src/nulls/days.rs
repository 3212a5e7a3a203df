//! Whole local days of the source against those of the target: what a clock that both follow explains stays.
//!
//! The x of an observation becomes the x of that observation of another day which is nearest in time of day.
//! A surrogate's value is the effective one ([`effective`](crate::numerics::effective)): the tie between x and
//! the target's past is broken, so that the plug-in value alone would be larger for no other reason.

use crate::numerics::cmi::estimate;
use crate::numerics::codes::Codes;
use crate::numerics::effective::mean_over_permutations;
use crate::numerics::embedding::Observations;

/// When observations are, by the clock on the wall.
#[derive(Debug, Clone, Copy)]
pub struct Clock<'a> {
    /// Local day of each observation.
    pub day: &'a [i64],
    /// Local time of day of each observation, seconds.
    pub second: &'a [u32],
    /// Seconds between two that may still be taken for each other: half a period.
    pub tolerance: u32,
}

/// The days of a test, arranged for being permuted.
#[derive(Debug)]
pub struct Days<'a> {
    observations: &'a Observations,
    /// For each used day its observations, in their order.
    by_day: Vec<Vec<usize>>,
    /// For each used day, each of its observations and each other used day: whose x it takes, if any.
    partners: Vec<Vec<Vec<Option<usize>>>>,
}

/// What all arrangements of the days say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AllArrangements {
    /// Effective value of the used days as they are, bits.
    pub observed: f64,
    /// Arrangements with at least that value, that of the days as they are counted.
    pub exceedances: u64,
    /// Arrangements there are.
    pub arrangements: u64,
    /// Mean of their values, bits.
    pub mean: f64,
}

impl AllArrangements {
    /// Share of the arrangements with at least the observed value.
    pub fn p(&self) -> f64 {
        self.exceedances as f64 / self.arrangements as f64
    }
}

/// Plug-in values without a day each (Quenouille 1956, Tukey 1958).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jackknife {
    /// Their mean, bits.
    pub mean: f64,
    /// Standard error of the value of all days, bits.
    pub error: f64,
}

impl<'a> Days<'a> {
    /// Uses the days with at least half as many observations as the fullest.
    pub fn new(observations: &'a Observations, clock: Clock<'_>) -> Self {
        let mut of_day: std::collections::BTreeMap<i64, Vec<usize>> = std::collections::BTreeMap::new();
        for (i, day) in clock.day.iter().enumerate() {
            of_day.entry(*day).or_default().push(i);
        }
        let fullest = of_day.values().map(Vec::len).max().unwrap_or(0);
        let days: Vec<Vec<usize>> = of_day.into_values().filter(|day| 2 * day.len() >= fullest).collect();
        let lookups: Vec<Vec<(u32, usize)>> = days.iter().map(|day| by_time(day, clock.second)).collect();
        let partner = |i: &usize, own: usize, other: usize| {
            if own == other { Some(*i) } else { nearest(&lookups[other], clock.second[*i], clock.tolerance) }
        };
        let partners = days.iter().enumerate().map(|(own, day)| {
            day.iter().map(|i| (0..days.len()).map(|other| partner(i, own, other)).collect()).collect()
        });
        let partners = partners.collect();
        Self { observations, by_day: days, partners }
    }

    /// Number of used days.
    pub fn len(&self) -> usize {
        self.by_day.len()
    }

    /// Whether there is no day.
    pub fn is_empty(&self) -> bool {
        self.by_day.is_empty()
    }

    /// Effective value where the i-th used day has the source of day `order[i]`, bits.
    pub fn value(&self, order: &[usize]) -> f64 {
        let pairs = self.by_day.iter().zip(&self.partners).zip(order).flat_map(|((day, partners), other)| {
            day.iter().zip(partners).filter_map(|(i, partner)| Some((*i, partner[*other]?)))
        });
        let (places, sources): (Vec<usize>, Vec<usize>) = pairs.unzip();
        let o = picked(self.observations, &sources, &places);
        estimate(&o).value - mean_over_permutations(&o, &o.z)
    }

    /// How far the plug-in value depends on single days; absent with fewer than four.
    pub fn jackknife(&self) -> Option<Jackknife> {
        let days = self.by_day.len();
        let without = |left_out: usize| {
            let others = self.by_day.iter().enumerate().filter(|(day, _)| *day != left_out);
            let kept: Vec<usize> = others.flat_map(|(_, day)| day.iter().copied()).collect();
            estimate(&picked(self.observations, &kept, &kept)).value
        };
        let values: Vec<f64> = (0..days).map(without).collect();
        let mean = values.iter().sum::<f64>() / days as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let share = (days as f64 - 1.0) / days as f64;
        (days >= 4).then(|| Jackknife { mean, error: (share * squares).sqrt() })
    }

    /// Goes through all arrangements if there are at most `most`; none says anything about a single day.
    pub fn all(&self, most: u64) -> Option<AllArrangements> {
        let days = self.by_day.len();
        let arrangements = (1..=days as u64).try_fold(1u64, u64::checked_mul).filter(|all| *all <= most)?;
        if days < 2 {
            return None;
        }
        let mut order: Vec<usize> = (0..days).collect();
        let observed = self.value(&order);
        let (mut exceedances, mut sum) = (0, 0.0);
        let mut add = |value: f64| {
            exceedances += u64::from(super::fixed(value) >= super::fixed(observed));
            sum += value;
        };
        add(observed);
        while next_permutation(&mut order) {
            add(self.value(&order));
        }
        Some(AllArrangements { observed, exceedances, arrangements, mean: sum / arrangements as f64 })
    }
}

/// The observations of a day by time of day; of several at the same time the first.
fn by_time(day: &[usize], second: &[u32]) -> Vec<(u32, usize)> {
    let mut by_time: Vec<(u32, usize)> = day.iter().map(|i| (second[*i], *i)).collect();
    by_time.sort_unstable();
    by_time.dedup_by_key(|(second, _)| *second);
    by_time
}

/// The observation nearest to a time, the earlier of two that are equally near.
fn nearest(by_time: &[(u32, usize)], second: u32, tolerance: u32) -> Option<usize> {
    let at = by_time.partition_point(|(other, _)| *other < second);
    let around = [at.checked_sub(1), Some(at)].into_iter().flatten().filter_map(|at| by_time.get(at));
    let (other, i) = around.min_by_key(|(other, _)| other.abs_diff(second))?;
    (other.abs_diff(second) <= tolerance).then_some(*i)
}

/// The x of the sources at the places.
fn picked(o: &Observations, sources: &[usize], places: &[usize]) -> Observations {
    Observations {
        x: pick(&o.x, sources),
        y: pick(&o.y, places),
        z: pick(&o.z, places),
        times: places.iter().map(|i| o.times[*i]).collect(),
    }
}

fn pick(codes: &Codes, of: &[usize]) -> Codes {
    let values: Vec<u64> = of.iter().map(|i| u64::from(codes.codes[*i])).collect();
    Codes::of(&values, codes.levels as u64)
}

/// The next order in the dictionary, if there is one.
fn next_permutation(order: &mut [usize]) -> bool {
    let Some(at) = order.windows(2).rposition(|pair| pair[0] < pair[1]) else { return false };
    let Some(with) = order.iter().rposition(|other| *other > order[at]) else { return false };
    order.swap(at, with);
    order[at + 1..].reverse();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_orders_are_gone_through_once() {
        let mut order = vec![0, 1, 2, 3];
        let mut seen = std::collections::BTreeSet::from([order.clone()]);
        while next_permutation(&mut order) {
            assert!(seen.insert(order.clone()));
        }
        assert_eq!(seen.len(), 24);
    }

    #[test]
    fn the_nearest_is_taken_the_earlier_of_two() {
        let day = [(0, 5), (600, 6), (1200, 7)];
        assert_eq!(nearest(&day, 300, 300), Some(5));
        assert_eq!(nearest(&day, 301, 300), Some(6));
        assert_eq!(nearest(&day, 1501, 300), None);
        assert_eq!(nearest(&[], 0, 300), None);
        assert_eq!(by_time(&[3, 4, 5], &[0, 0, 0, 900, 300, 900]), [(300, 4), (900, 3)]);
    }

    #[test]
    fn one_day_says_nothing() {
        let o = Observations {
            times: vec![0, 1],
            x: Codes::constant(2),
            y: Codes::constant(2),
            z: Codes::constant(2),
        };
        let clock = Clock { day: &[7, 7], second: &[0, 60], tolerance: 30 };
        let days = Days::new(&o, clock);
        assert_eq!((days.len(), days.all(1000)), (1, None));
        let none = Days::new(&o, Clock { day: &[], ..clock });
        assert!(none.is_empty() && none.all(1000).is_none());
    }
}
