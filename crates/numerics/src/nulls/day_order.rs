//! Days that stand for each other: which are used, which of their observations correspond, and orders of them.

use std::collections::{BTreeMap, BTreeSet};

use rand_xoshiro::Xoshiro256PlusPlus;

use super::draw::offsets;

/// When samples are, by the clock on the wall.
#[derive(Debug, Clone, Copy)]
pub struct Clock<'a> {
    /// Local day of each sample.
    pub day: &'a [i64],
    /// Local time of day of each sample, in any unit.
    pub time: &'a [u64],
    /// Largest distance of two that may be taken for each other, in that unit: half a period.
    pub tolerance: u64,
}

/// The used days of some observations.
#[derive(Debug)]
pub(super) struct UsedDays {
    /// For each its observations, in their order.
    by_day: Vec<Vec<u32>>,
    /// For each its observations by time of day; of several at the same time the first.
    by_time: Vec<Vec<(u64, u32)>>,
    /// Time of day of each observation.
    time: Vec<u64>,
    tolerance: u64,
}

impl UsedDays {
    /// Of observations that predict these samples: the days with at least half as many observations as the
    /// fullest.
    pub(super) fn new(samples: &[usize], clock: Clock<'_>) -> Self {
        let mut of_day: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        for (i, sample) in samples.iter().enumerate() {
            of_day.entry(clock.day[*sample]).or_default().push(i as u32);
        }
        let fullest = of_day.values().map(Vec::len).max().unwrap_or(0);
        let by_day: Vec<Vec<u32>> = of_day.into_values().filter(|day| 2 * day.len() >= fullest).collect();
        let time: Vec<u64> = samples.iter().map(|sample| clock.time[*sample]).collect();
        let by_time = by_day.iter().map(|day| by_time(day, &time)).collect();
        Self { by_day, by_time, time, tolerance: clock.tolerance }
    }

    /// The used days as the clock counts them, of observations that predict these samples.
    pub(super) fn names(&self, samples: &[usize], clock: Clock<'_>) -> BTreeSet<i64> {
        self.by_day.iter().filter_map(|day| Some(clock.day[samples[*day.first()? as usize]])).collect()
    }

    /// Number of used days.
    pub(super) fn len(&self) -> usize {
        self.by_day.len()
    }

    /// The observations of a day.
    pub(super) fn of(&self, day: usize) -> &[u32] {
        &self.by_day[day]
    }

    /// The observations of all used days.
    pub(super) fn all(&self) -> Vec<u32> {
        self.by_day.iter().flatten().copied().collect()
    }

    /// For each observation of a day the one of another day that is nearest in time of day, if one is near.
    pub(super) fn partners(&self, day: usize, other: usize) -> impl Iterator<Item = Option<u32>> + '_ {
        let there = &self.by_time[other];
        let mut at = 0;
        self.by_day[day].iter().map(move |i| {
            if day == other {
                return Some(*i);
            }
            let time = self.time[*i as usize];
            at = seek(there, at, time);
            nearest(there, at, time, self.tolerance)
        })
    }
}

/// The observations of a day by time of day; of several at the same time the first.
fn by_time(day: &[u32], time: &[u64]) -> Vec<(u64, u32)> {
    let mut by_time: Vec<(u64, u32)> = day.iter().map(|i| (time[*i as usize], *i)).collect();
    by_time.sort_unstable();
    by_time.dedup_by_key(|(time, _)| *time);
    by_time
}

/// Where the first observation stands that is not before a time; looked for from another place on.
fn seek(by_time: &[(u64, u32)], from: usize, time: u64) -> usize {
    // Most often it is the next.
    let near = from..(from + 3).min(by_time.len() + 1);
    let is_it = |at: &usize| {
        by_time.get(*at).is_none_or(|(other, _)| *other >= time) && (*at == 0 || by_time[*at - 1].0 < time)
    };
    near.into_iter().find(is_it).unwrap_or_else(|| by_time.partition_point(|(other, _)| *other < time))
}

/// The observation nearest to a time, the earlier of two that are equally near; `at` is the first that is not
/// before it.
fn nearest(by_time: &[(u64, u32)], at: usize, time: u64, tolerance: u64) -> Option<u32> {
    let around = [at.checked_sub(1), Some(at)].into_iter().flatten().filter_map(|at| by_time.get(at));
    let (other, i) = around.min_by_key(|(other, _)| other.abs_diff(time))?;
    (other.abs_diff(time) <= tolerance).then_some(*i)
}

/// An order of the days, drawn or counted.
#[derive(Debug)]
pub(super) struct Order {
    days: Vec<usize>,
    offsets: Vec<u32>,
}

impl Order {
    pub(super) fn new(days: usize) -> Self {
        Self { days: (0..days).collect(), offsets: vec![0; days.saturating_sub(1)] }
    }

    /// How many there are, if that is a number one can count to.
    pub(super) fn count(&self) -> Option<u64> {
        (1..=self.days.len() as u64).try_fold(1u64, u64::checked_mul)
    }

    /// A uniform one.
    pub(super) fn draw(&mut self, rng: &mut Xoshiro256PlusPlus) -> &[usize] {
        offsets(rng, self.days.len(), &mut self.offsets);
        for (i, offset) in self.offsets.iter().enumerate() {
            self.days.swap(i, i + *offset as usize);
        }
        &self.days
    }

    /// The one of that number in the dictionary, from 0: that of the days as they are.
    pub(super) fn number(&mut self, mut number: u64) -> &[usize] {
        let days = self.days.len();
        let mut left: Vec<usize> = (0..days).collect();
        let mut block = self.count().unwrap_or(1);
        for (place, day) in self.days.iter_mut().enumerate() {
            block /= (days - place) as u64;
            *day = left.remove((number / block) as usize % left.len());
            number %= block;
        }
        &self.days
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::SeedableRng;

    #[test]
    fn all_orders_are_gone_through_once() {
        let mut order = Order::new(4);
        assert_eq!(order.count(), Some(24));
        assert_eq!(order.number(0), [0, 1, 2, 3]);
        assert_eq!(order.number(23), [3, 2, 1, 0]);
        let seen: std::collections::BTreeSet<Vec<usize>> =
            (0..24).map(|i| order.number(i).to_vec()).collect();
        assert_eq!(seen.len(), 24);
        assert_eq!(Order::new(30).count(), None);
    }

    #[test]
    fn drawn_orders_are_uniform() {
        let (mut order, mut rng) = (Order::new(3), Xoshiro256PlusPlus::seed_from_u64(5));
        let mut seen: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
        for _ in 0..60_000 {
            *seen.entry(order.draw(&mut rng).to_vec()).or_default() += 1;
        }
        assert!(seen.len() == 6 && seen.values().all(|count| count.abs_diff(10_000) < 500), "{seen:?}");
    }

    #[test]
    fn the_nearest_is_taken_the_earlier_of_two() {
        let day = [(0, 5), (600, 6), (1200, 7)];
        for (time, expected) in [(300, Some(5)), (301, Some(6)), (1501, None)] {
            // From wherever it is looked for.
            for from in 0..4 {
                assert_eq!(nearest(&day, seek(&day, from, time), time, 300), expected);
            }
        }
        assert_eq!(nearest(&[], seek(&[], 0, 0), 0, 300), None);
        assert_eq!(by_time(&[3, 4, 5], &[0, 0, 0, 900, 300, 900]), [(300, 4), (900, 3)]);
    }

    #[test]
    fn days_with_half_of_the_fullest_are_used() {
        let day = [1, 1, 1, 1, 2, 2, 3];
        let time = [0, 10, 20, 30, 11, 40, 0];
        let days = UsedDays::new(&[0, 1, 2, 3, 4, 5, 6], Clock { day: &day, time: &time, tolerance: 5 });
        assert_eq!((days.len(), days.of(1)), (2, &[4, 5][..]));
        assert_eq!(days.partners(0, 1).collect::<Vec<_>>(), [None, Some(4), None, None]);
        assert_eq!(days.partners(1, 1).collect::<Vec<_>>(), [Some(4), Some(5)]);
        assert_eq!(days.all(), [0, 1, 2, 3, 4, 5]);
    }
}
