//! The null `days`: whole local days of the source against those of the target, so that what a clock that both
//! follow explains stays.
//!
//! The x of an observation becomes the x of that observation of another day which is nearest in time of day.
//! The value is the effective one (see [`super::effective`]): the tie between x and the target's past is
//! broken, so that the plug-in value alone would be larger for no other reason.

use super::day_counts::DayCells;
use super::day_draws::{DayDraws, OfDays};
use super::day_order::{Clock, UsedDays};
use super::effective::Effective;
use super::regression::DaysOfRows;
use super::{Draws, Null, Sample, Unfit};
use crate::numerics::cmi::estimate;
use crate::numerics::effective::mean_over_permutations;
use crate::numerics::embedding::Observations;
use crate::numerics::granger::Regression;

/// Whole local days of the source.
#[derive(Debug, Clone, Copy)]
pub struct Days;

impl Null for Days {
    fn name(&self) -> &'static str {
        "days"
    }

    fn prepare<'a>(&self, sample: Sample<'a>) -> Result<Box<dyn Draws + 'a>, Unfit> {
        let clock = sample.clock.ok_or(Unfit::NoClock)?;
        Ok(Box::new(DayDraws::new(Exchanged::new(sample.observations, clock)?)))
    }

    fn moves_rows(&self) -> bool {
        true
    }

    fn prepare_rows<'a>(
        &self,
        rows: &'a Regression,
        clock: Option<Clock<'a>>,
    ) -> Result<Box<dyn Draws + 'a>, Unfit> {
        let days = UsedDays::new(rows.times(), clock.ok_or(Unfit::NoClock)?);
        Ok(Box::new(DayDraws::new(DaysOfRows::new(rows, days)?)))
    }
}

/// Observations arranged for an exchange of days.
struct Exchanged<'a> {
    o: &'a Observations,
    days: UsedDays,
    effective: Effective,
    cells: DayCells,
    all: usize,
    observed: i64,
    value: f64,
}

impl<'a> Exchanged<'a> {
    fn new(o: &'a Observations, clock: Clock<'_>) -> Result<Self, Unfit> {
        let days = UsedDays::new(&o.times, clock);
        if days.len() < 2 {
            return Err(Unfit::OneDay);
        }
        let used = days.all();
        let effective = Effective::new(o, &used);
        let cells = DayCells::new(o, &days, &effective);
        let value = value(o, &used);
        let mut new = Self { o, days, effective, cells, all: used.len(), observed: 0, value };
        let own: Vec<usize> = (0..new.days.len()).collect();
        new.observed = new.sum(&own).0;
        Ok(new)
    }

    fn sum(&mut self, order: &[usize]) -> (i64, usize) {
        self.cells.sum(self.o, &self.days, &mut self.effective, order)
    }
}

impl OfDays for Exchanged<'_> {
    fn days(&self) -> usize {
        self.days.len()
    }

    fn observations(&self) -> usize {
        self.all
    }

    fn scale(&self) -> f64 {
        self.effective.scale()
    }

    fn observed(&self) -> f64 {
        self.value
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
