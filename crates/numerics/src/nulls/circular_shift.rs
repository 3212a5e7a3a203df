//! The source shifted in time as a whole, its end put before its start: for series without a clock.

use crate::numerics::cmi::estimate;
use crate::numerics::codes::Codes;
use crate::numerics::effective::mean_over_permutations;
use crate::numerics::embedding::Observations;

/// What all shifts say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AllShifts {
    /// Shifts with at least the observed effective value.
    pub exceedances: u32,
    /// Shifts there are.
    pub shifts: u32,
    /// Mean of their effective values, bits.
    pub mean: f64,
}

impl AllShifts {
    /// (1 + exceedances) / (1 + shifts): the series as they are are no shift.
    pub fn p(&self) -> f64 {
        (1.0 + f64::from(self.exceedances)) / (1.0 + f64::from(self.shifts))
    }
}

/// Goes through all shifts of x by at least `least` observations either way; none if there is no such shift.
pub fn all_shifts(o: &Observations, least: usize) -> Option<AllShifts> {
    let n = o.x.codes.len();
    let shifts = least.max(1)..=n.checked_sub(least.max(1))?;
    let effective = |o: &Observations| estimate(o).value - mean_over_permutations(o, &o.z);
    let observed = super::fixed(effective(o));
    let (mut found, mut sum) = (AllShifts { exceedances: 0, shifts: 0, mean: 0.0 }, 0.0);
    let mut shifted = o.clone();
    for shift in shifts {
        let mut codes = o.x.codes.clone();
        codes.rotate_left(shift);
        shifted.x = Codes { codes, levels: o.x.levels };
        let value = effective(&shifted);
        found.shifts += 1;
        found.exceedances += u32::from(super::fixed(value) >= observed);
        sum += value;
    }
    found.mean = sum / f64::from(found.shifts.max(1));
    (found.shifts > 0).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_shifts_only_where_both_ends_are_far_enough() {
        let of = |n: usize| {
            let codes = Codes::constant(n);
            Observations { x: codes.clone(), y: codes.clone(), z: codes, times: (0..n).collect() }
        };
        let count = |n, least| all_shifts(&of(n), least).map(|found| (found.shifts, found.exceedances));
        assert_eq!(count(10, 3), Some((5, 5)));
        assert_eq!(count(6, 3), Some((1, 1)));
        assert_eq!([count(5, 3), count(2, 3), count(0, 0), count(1, 0)], [None; 4]);
    }
}
