//! The null `days`: whole local days of the source against those of the target, so that what a clock that both
//! follow explains stays.
//!
//! The x of an observation becomes the x of that observation of another day which is nearest in time of day.
//! The value is the effective one (see [`super::effective`]): the tie between x and the target's past is
//! broken, so that the plug-in value alone would be larger for no other reason.

use super::day_order::{Clock, Order, UsedDays};
use super::effective::{Effective, NONE};
use super::regression::DaysOfRows;
use super::{All, Draws, Null, Sample, Unfit, Xoshiro256PlusPlus};
use crate::numerics::cmi::estimate;
use crate::numerics::effective::mean_over_permutations;
use crate::numerics::embedding::Observations;
use crate::numerics::granger::Regression;

/// Most x that are kept for all pairs of days; with more they are looked for again for every surrogate.
const KEPT: usize = 1 << 24;

/// Whole local days of the source.
#[derive(Debug, Clone, Copy)]
pub struct Days;

impl Null for Days {
    fn name(&self) -> &'static str {
        "days"
    }

    fn prepare<'a>(&self, sample: Sample<'a>) -> Result<Box<dyn Draws + 'a>, Unfit> {
        let clock = sample.clock.ok_or(Unfit::NoClock)?;
        Ok(Box::new(DayDraws::new(sample.observations, clock)?))
    }

    fn prepare_rows<'a>(
        &self,
        rows: &'a Regression,
        clock: Option<Clock<'a>>,
    ) -> Result<Box<dyn Draws + 'a>, Unfit> {
        let days = UsedDays::new(rows.times(), clock.ok_or(Unfit::NoClock)?);
        Ok(Box::new(DaysOfRows::new(rows, days)?))
    }
}

/// Observations arranged for an exchange of days.
struct DayDraws<'a> {
    o: &'a Observations,
    days: UsedDays,
    effective: Effective,
    /// For each day the slots of its observations that have one, and their places in the day.
    slots: Vec<Vec<(u32, u32)>>,
    /// x of the slots of day d under the source of day e, at d · days + e, and how many observations have one; if
    /// all that is not too much.
    kept: Option<Vec<(Vec<u32>, usize)>>,
    order: Order,
    /// x by slot.
    xs: Vec<u32>,
    all: usize,
    observed: i64,
    value: f64,
}

impl<'a> DayDraws<'a> {
    fn new(o: &'a Observations, clock: Clock<'_>) -> Result<Self, Unfit> {
        let days = UsedDays::new(&o.times, clock);
        if days.len() < 2 {
            return Err(Unfit::OneDay);
        }
        let used = days.all();
        let effective = Effective::new(o, &used);
        let slot = |i: &u32| effective.slots()[*i as usize];
        let of_day = |day: usize| {
            let with_slot = days.of(day).iter().enumerate().filter(|(_, i)| slot(i) != NONE);
            with_slot.map(|(place, i)| (slot(i), place as u32)).collect()
        };
        let mut new = Self {
            o,
            slots: (0..days.len()).map(of_day).collect(),
            kept: None,
            order: Order::new(days.len()),
            xs: vec![NONE; effective.len()],
            all: used.len(),
            observed: 0,
            value: value(o, &used),
            effective,
            days,
        };
        let count = new.days.len();
        if new.effective.len().saturating_mul(count) <= KEPT {
            let pairs = (0..count).flat_map(|day| (0..count).map(move |other| (day, other)));
            new.kept = Some(pairs.map(|(day, other)| new.sources(day, other)).collect());
        }
        let own: Vec<usize> = (0..count).collect();
        new.observed = new.sum(&own).0;
        Ok(new)
    }

    /// x of a day's slots under the source of another day, and how many of the day's observations have one.
    fn sources(&self, day: usize, other: usize) -> (Vec<u32>, usize) {
        let x = |i: Option<u32>| i.map_or(NONE, |i| self.o.x.codes[i as usize]);
        let all: Vec<u32> = self.days.partners(day, other).map(x).collect();
        let of_slots = self.slots[day].iter().map(|(_, place)| all[*place as usize]).collect();
        (of_slots, all.iter().filter(|x| **x != NONE).count())
    }

    /// The sum where each day has the source of another, and the observations it is made of.
    fn sum(&mut self, order: &[usize]) -> (i64, usize) {
        let mut present = 0;
        for (day, other) in order.iter().enumerate() {
            let made;
            let (sources, count) = if let Some(kept) = &self.kept {
                &kept[day * order.len() + other]
            } else {
                made = self.sources(day, *other);
                &made
            };
            present += count;
            for ((slot, _), x) in self.slots[day].iter().zip(sources) {
                self.xs[*slot as usize] = *x;
            }
        }
        (self.effective.sum(&self.xs, present == self.all), present)
    }

    fn difference(&mut self, order: &[usize]) -> i64 {
        let found = self.sum(order);
        self.effective.difference(found, (self.observed, self.all))
    }
}

/// The effective value of some observations.
fn value(o: &Observations, used: &[u32]) -> f64 {
    let o = o.only(used);
    estimate(&o).value - mean_over_permutations(&o, &o.z)
}

impl Draws for DayDraws<'_> {
    fn observations(&self) -> usize {
        self.all
    }

    fn next(&mut self, rng: &mut Xoshiro256PlusPlus) -> i64 {
        let order = self.order.draw(rng).to_vec();
        self.difference(&order)
    }

    fn scale(&self) -> f64 {
        self.effective.scale()
    }

    fn observed(&self) -> Option<f64> {
        Some(self.value)
    }

    fn all(&self) -> Option<All> {
        self.order.count().map(|count| All { count, has_own: true })
    }

    fn number(&mut self, number: u64) -> i64 {
        let order = self.order.number(number).to_vec();
        self.difference(&order)
    }

    fn days(&self) -> Option<usize> {
        Some(self.days.len())
    }
}

/// Plug-in values without a day each (Quenouille 1956, Tukey 1958).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jackknife {
    /// Used days.
    pub days: usize,
    /// Mean of the values, bits.
    pub mean: f64,
    /// Standard error of the value of all days, bits.
    pub error: f64,
}

/// How far the plug-in value depends on single days; absent with fewer than four used.
pub fn jackknife(o: &Observations, clock: Clock<'_>) -> Option<Jackknife> {
    let days = UsedDays::new(&o.times, clock);
    let count = days.len();
    if count < 4 {
        return None;
    }
    let without = |left_out: usize| {
        let others = (0..count).filter(|day| *day != left_out);
        let kept: Vec<u32> = others.flat_map(|day| days.of(day).iter().copied()).collect();
        estimate(&o.only(&kept)).value
    };
    let values: Vec<f64> = (0..count).map(without).collect();
    let n = count as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(Jackknife { days: count, mean, error: ((n - 1.0) / n * squares).sqrt() })
}
