//! The null `circular_shift`: the source shifted in time as a whole, its end put before its start; for series
//! without a clock. The value is the effective one, as for whole days.

use std::ops::Range;

use super::day_order::Clock;
use super::draw::below_one;
use super::effective::{Effective, NONE};
use super::regression::MovedRows;
use super::{All, Draws, Null, Sample, Unfit, Xoshiro256PlusPlus};
use crate::numerics::cmi::estimate;
use crate::numerics::effective::mean_over_permutations;
use crate::numerics::embedding::Observations;
use crate::numerics::granger::Regression;

/// The source by at least so many observations either way.
#[derive(Debug, Clone, Copy)]
pub struct CircularShift {
    /// Fewest observations of a shift.
    pub least: usize,
}

impl CircularShift {
    /// The shifts of so many observations.
    fn shifts(self, n: usize) -> Result<Shifts, Unfit> {
        let least = self.least.max(1);
        let most = n.checked_sub(least).filter(|most| *most >= least).ok_or(Unfit::NoShift)?;
        Ok(Shifts { least, count: (most - least + 1) as u64 })
    }
}

impl Null for CircularShift {
    fn name(&self) -> &'static str {
        "circular_shift"
    }

    fn prepare<'a>(&self, sample: Sample<'a>) -> Result<Box<dyn Draws + 'a>, Unfit> {
        let o = sample.observations;
        Ok(Box::new(ShiftDraws::new(o, self.shifts(o.times.len())?)))
    }

    fn moves_rows(&self) -> bool {
        true
    }

    fn prepare_rows<'a>(
        &self,
        rows: &'a Regression,
        _: Option<Clock<'a>>,
    ) -> Result<Box<dyn Draws + 'a>, Unfit> {
        let shifts = self.shifts(rows.times().len())?;
        Ok(Box::new(MovedRows::new(rows, ShiftedRows { n: rows.times().len(), shifts })))
    }
}

/// Shifts there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shifts {
    least: usize,
    count: u64,
}

impl Shifts {
    fn draw(self, rng: &mut Xoshiro256PlusPlus) -> usize {
        self.number(u64::from(below_one(rng, self.count)))
    }

    fn number(self, number: u64) -> usize {
        self.least + number as usize
    }
}

/// Observations arranged for being shifted.
struct ShiftDraws {
    shifts: Shifts,
    effective: Effective,
    /// x in the order of time.
    x: Vec<u32>,
    /// Slot of each observation in the order of time.
    slots: Vec<u32>,
    xs: Vec<u32>,
    /// The slots of each run.
    runs: Vec<Range<usize>>,
    observed: i64,
    value: f64,
}

impl ShiftDraws {
    fn new(o: &Observations, shifts: Shifts) -> Self {
        let mut order: Vec<u32> = (0..o.times.len() as u32).collect();
        order.sort_by_key(|i| o.times[*i as usize]);
        let effective = Effective::new(o, &order);
        let mut new = Self {
            shifts,
            x: order.iter().map(|i| o.x.codes[*i as usize]).collect(),
            slots: order.iter().map(|i| effective.slots()[*i as usize]).collect(),
            xs: vec![effective.nothing(); effective.len()],
            runs: effective.runs().collect(),
            effective,
            observed: 0,
            value: estimate(o).value - mean_over_permutations(o, &o.z),
        };
        new.observed = new.sum(0);
        new
    }

    fn sum(&mut self, shift: usize) -> i64 {
        let (before, after) = self.x.split_at(shift);
        for (slot, x) in self.slots.iter().zip(after.iter().chain(before)) {
            if *slot != NONE {
                self.xs[*slot as usize] = *x;
            }
        }
        self.effective.sum(|run| std::iter::once(&self.xs[self.runs[run].clone()]))
    }

    fn difference(&mut self, shift: usize) -> i64 {
        let (sum, n) = (self.sum(shift), self.x.len());
        self.effective.difference((sum, n), (self.observed, n))
    }
}

impl Draws for ShiftDraws {
    fn observations(&self) -> usize {
        self.x.len()
    }

    fn next(&mut self, rng: &mut Xoshiro256PlusPlus) -> i64 {
        self.difference(self.shifts.draw(rng))
    }

    fn scale(&self) -> f64 {
        self.effective.scale()
    }

    fn observed(&self) -> Option<f64> {
        Some(self.value)
    }

    fn all(&self) -> Option<All> {
        Some(All { count: self.shifts.count, has_own: false })
    }

    fn number(&mut self, number: u64) -> i64 {
        self.difference(self.shifts.number(number))
    }
}

/// Rows of a regression, shifted.
#[derive(Debug)]
struct ShiftedRows {
    n: usize,
    shifts: Shifts,
}

impl super::regression::Moves for ShiftedRows {
    fn draw(&mut self, rng: &mut Xoshiro256PlusPlus, sources: &mut [u32]) {
        self.fill(self.shifts.draw(rng), sources);
    }

    fn all(&self) -> Option<All> {
        Some(All { count: self.shifts.count, has_own: false })
    }

    fn number(&mut self, number: u64, sources: &mut [u32]) {
        self.fill(self.shifts.number(number), sources);
    }
}

impl ShiftedRows {
    fn fill(&self, shift: usize, sources: &mut [u32]) {
        for (place, source) in sources.iter_mut().enumerate() {
            *source = ((place + shift) % self.n) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::codes::Codes;

    #[test]
    fn there_are_shifts_only_where_both_ends_are_far_enough() {
        let of = |n: usize| {
            let codes = Codes::constant(n);
            Observations { x: codes.clone(), y: codes.clone(), z: codes, times: (0..n).collect() }
        };
        let count = |n, least| {
            let o = of(n);
            CircularShift { least }.prepare(Sample::of(&o)).map(|draws| draws.all().unwrap().count)
        };
        assert_eq!(count(10, 3), Ok(5));
        assert_eq!(count(6, 3), Ok(1));
        assert_eq!([count(5, 3), count(2, 3), count(0, 0), count(1, 0)], [Err(Unfit::NoShift); 4]);
    }
}
