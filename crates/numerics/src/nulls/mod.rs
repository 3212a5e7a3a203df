//! Surrogates: what a value is compared with to get its p.
//!
//! A [`Null`] is a scheme by which the source of a test is made independent of its target: one file each.
//! It arranges the observations of a test once and then gives one surrogate after the other ([`Draws`]);
//! how many are drawn, when to stop, and what p they make is the same for all of them ([`Plan`]).

mod circular_shift;
mod days;
mod draw;
mod groups;
mod key;
mod permute;
mod strata;
mod test;
mod within_past;

use std::fmt::Debug;

pub use rand_xoshiro::Xoshiro256PlusPlus;

use crate::numerics::codes::Codes;
use crate::numerics::embedding::Observations;

pub use circular_shift::{AllShifts, all_shifts};
pub use days::{AllArrangements, Clock, Days, Jackknife};
pub use key::StreamKey;
pub use permute::{Permute, Permuter};
pub use strata::{Pooled, test_selected};
pub use test::{PRule, Plan, Stop, Surrogates, Tested, test};
pub use within_past::WithinPast;

/// What surrogates are made of.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The observations of the test.
    pub observations: &'a Observations,
    /// Cells that no x leaves, such as those of the condition.
    pub within: Option<&'a Codes>,
}

/// A surrogate scheme.
pub trait Null: Debug + Sync {
    /// Its name in configurations, tables and random streams.
    fn name(&self) -> &'static str;

    /// Arranges the observations of a test.
    fn prepare<'a>(&self, sample: Sample<'a>) -> Box<dyn Draws + 'a>;
}

/// The surrogates of one test, one after the other.
pub trait Draws {
    /// Observations a surrogate has.
    fn observations(&self) -> usize;

    /// The next surrogate: n times its value less n times the observed one, in fixed point
    /// ([`SCALE`]), so that ties are exact.
    fn next(&mut self, rng: &mut Xoshiro256PlusPlus) -> i64;
}

pub use groups::SCALE;

/// Bits in fixed point: values that differ by rounding only are equal.
fn fixed(value: f64) -> i64 {
    (value * SCALE).round() as i64
}
