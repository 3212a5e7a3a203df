//! Counts and x of observations whose days get the source of other days.
//!
//! Which observations of two days stand for each other does not change from one surrogate to the next, so it is
//! looked up once for every pair of days. Where there are few cells, what a day adds to each under the source of
//! another is counted then, and a surrogate adds up the counts of its days.

use std::ops::Range;

use super::day_order::UsedDays;
use super::effective::{Effective, NONE};
use crate::numerics::embedding::Observations;

/// Most numbers that are kept for all pairs of days; with more, x are looked for again for every surrogate.
const KEPT: usize = 1 << 23;
/// Cells are few if there are no more for each observation.
const FEW: usize = 4;

/// The cells of observations under any order of the days.
#[derive(Debug)]
pub(super) enum DayCells {
    /// Counted by pairs of days.
    Counted(Counts),
    /// Observation by observation.
    Listed(Lists),
}

impl DayCells {
    pub(super) fn new(o: &Observations, days: &UsedDays, effective: &Effective) -> Self {
        let width = effective.runs().len() * (o.x.levels + 1);
        if width <= FEW * effective.len() && effective.len().saturating_mul(days.len()) <= KEPT {
            Self::Counted(Counts::new(o, days, effective, width))
        } else {
            Self::Listed(Lists::new(o, days, effective))
        }
    }

    /// The sum where each day has the source of another, and the observations it is made of.
    pub(super) fn sum(
        &mut self,
        o: &Observations,
        days: &UsedDays,
        effective: &mut Effective,
        order: &[usize],
    ) -> (i64, usize) {
        match self {
            Self::Counted(counts) => counts.sum(effective, order),
            Self::Listed(lists) => lists.sum(o, days, effective, order),
        }
    }
}

/// Counts of all pairs of days.
#[derive(Debug)]
pub(super) struct Counts {
    /// Those of day d under the source of day e, at d · days + e.
    pairs: Vec<Pair>,
    /// Those of one order: run by run how often each x is there, and behind them how many have none.
    sum: Vec<u32>,
}

/// Counts of a day under the source of another.
#[derive(Debug)]
struct Pair {
    /// Cells that are not empty, and what is in them.
    cells: Vec<(u32, u32)>,
    /// Observations that have an x.
    present: usize,
}

impl Counts {
    fn new(o: &Observations, days: &UsedDays, effective: &Effective, width: usize) -> Self {
        let (count, nothing) = (days.len(), effective.nothing());
        let mut first_of: Vec<u32> = Vec::with_capacity(effective.len());
        for (run, slots) in (0u32..).zip(effective.runs()) {
            first_of.resize(slots.end, run * (nothing + 1));
        }
        let first = |i: &u32| first_of.get(effective.slots()[*i as usize] as usize).copied().unwrap_or(NONE);
        let mut sum = vec![0; width];
        let mut pairs = Vec::with_capacity(count * count);
        let mut found = Vec::new();
        for day in 0..count {
            let firsts: Vec<u32> = days.of(day).iter().map(first).collect();
            for other in 0..count {
                found.clear();
                let mut present = 0;
                for (first, partner) in firsts.iter().zip(days.partners(day, other)) {
                    present += usize::from(partner.is_some());
                    if *first != NONE {
                        let cell = first + partner.map_or(nothing, |i| o.x.codes[i as usize]);
                        sum[cell as usize] += 1;
                        found.push(cell);
                    }
                }
                let taken = found.iter().map(|cell| (*cell, std::mem::take(&mut sum[*cell as usize])));
                let mut cells: Vec<(u32, u32)> = taken.filter(|(_, count)| *count > 0).collect();
                cells.shrink_to_fit();
                pairs.push(Pair { cells, present });
            }
        }
        Self { pairs, sum }
    }

    fn sum(&mut self, effective: &mut Effective, order: &[usize]) -> (i64, usize) {
        let mut present = 0;
        self.sum.fill(0);
        for (day, other) in order.iter().enumerate() {
            let pair = &self.pairs[day * order.len() + other];
            present += pair.present;
            for (cell, count) in &pair.cells {
                self.sum[*cell as usize] += count;
            }
        }
        (effective.sum_of_counts(&self.sum), present)
    }
}

/// x of all observations that have a slot.
#[derive(Debug)]
pub(super) struct Lists {
    /// For each day the places of its observations that have a slot, in the order of the slots.
    places: Vec<Vec<u32>>,
    /// The slots of each run, day by day: where they stand among those of the day.
    parts: Vec<Part>,
    /// Where the parts of each run end.
    ends: Vec<usize>,
    /// x of the slots of day d under the source of day e, at d · days + e, and how many observations have one; if
    /// all that is not too much.
    kept: Option<Vec<Source>>,
}

/// x of a day's slots under the source of another, and how many of the day's observations have one.
type Source = (Vec<u32>, usize);

/// Slots of a day in one run.
#[derive(Debug)]
struct Part {
    day: usize,
    at: Range<usize>,
}

impl Lists {
    fn new(o: &Observations, days: &UsedDays, effective: &Effective) -> Self {
        let (count, nothing) = (days.len(), effective.nothing());
        let mut slots: Vec<(usize, u32)> = vec![(0, 0); effective.len()];
        for day in 0..count {
            for (place, i) in (0u32..).zip(days.of(day)) {
                if let Some(slot) = slots.get_mut(effective.slots()[*i as usize] as usize) {
                    *slot = (day, place);
                }
            }
        }
        let mut new =
            Self { places: vec![Vec::new(); count], parts: Vec::new(), ends: Vec::new(), kept: None };
        for run in effective.runs() {
            // Days follow each other in a run, since observations stand in the order of time.
            for of_day in slots[run].chunk_by(|a, b| a.0 == b.0) {
                let day = of_day[0].0;
                let places = &mut new.places[day];
                let first = places.len();
                places.extend(of_day.iter().map(|(_, place)| *place));
                new.parts.push(Part { day, at: first..places.len() });
            }
            new.ends.push(new.parts.len());
        }
        if effective.len().saturating_mul(count) <= KEPT {
            let pairs = (0..count).flat_map(|day| (0..count).map(move |other| (day, other)));
            new.kept = Some(pairs.map(|(day, other)| new.source(o, days, nothing, day, other)).collect());
        }
        new
    }

    fn source(&self, o: &Observations, days: &UsedDays, nothing: u32, day: usize, other: usize) -> Source {
        let x = |i: Option<u32>| i.map_or(nothing, |i| o.x.codes[i as usize]);
        let all: Vec<u32> = days.partners(day, other).map(x).collect();
        let of_slots = self.places[day].iter().map(|place| all[*place as usize]).collect();
        (of_slots, all.iter().filter(|x| **x != nothing).count())
    }

    fn sum(
        &self,
        o: &Observations,
        days: &UsedDays,
        effective: &mut Effective,
        order: &[usize],
    ) -> (i64, usize) {
        let made: Vec<Source>;
        let sources: Vec<&Source> = if let Some(kept) = &self.kept {
            kept.chunks_exact(order.len()).zip(order).map(|(of_day, other)| &of_day[*other]).collect()
        } else {
            let of_day =
                |(day, other): (usize, &usize)| self.source(o, days, effective.nothing(), day, *other);
            made = order.iter().enumerate().map(of_day).collect();
            made.iter().collect()
        };
        let parts = |run: usize| {
            let first = run.checked_sub(1).map_or(0, |before| self.ends[before]);
            self.parts[first..self.ends[run]].iter().map(|part| &sources[part.day].0[part.at.clone()])
        };
        (effective.sum(parts), sources.iter().map(|(_, present)| present).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nulls::day_order::Clock;
    use crate::numerics::codes::Codes;
    use proptest::prelude::*;

    proptest! {
        /// Counted by pairs of days or looked at one by one, with what is lost in any of the days.
        #[test]
        fn counts_have_the_sum_of_what_is_counted(
            rows in prop::collection::vec((0u64..3, 0u64..2, 0u64..3, 0u64..20), 40..80),
            order in Just(vec![0usize, 1, 2]).prop_shuffle(),
        ) {
            let column = |of: fn(&(u64, u64, u64, u64)) -> u64| Codes::of(&rows.iter().map(of).collect::<Vec<_>>(), 20);
            let times: Vec<usize> = (0..rows.len()).collect();
            let day: Vec<i64> = times.iter().map(|t| (3 * t / rows.len()) as i64).collect();
            let time: Vec<u64> = times.iter().map(|t| (3 * t % rows.len()) as u64 / 3 + rows[*t].3 / 19).collect();
            let o = Observations { x: column(|r| r.0), y: column(|r| r.1), z: column(|r| r.2), times };
            let days = UsedDays::new(&o.times, Clock { day: &day, time: &time, tolerance: 0 });
            prop_assert_eq!(days.len(), 3);
            let mut effective = Effective::new(&o, &days.all());
            let width = effective.runs().len() * (o.x.levels + 1);
            let mut counts = Counts::new(&o, &days, &effective, width);
            let mut lists = Lists::new(&o, &days, &effective);
            let expected = lists.sum(&o, &days, &mut effective, &order);
            prop_assert_eq!(counts.sum(&mut effective, &order), expected);
            lists.kept = None;
            prop_assert_eq!(lists.sum(&o, &days, &mut effective, &order), expected);
        }
    }
}
