//! Surrogates: what a value is compared with to get its p.
//!
//! A [`Null`] is a scheme by which the source of a test is made independent of its target: one file each.
//! It arranges the observations of a test once and then gives one surrogate after the other ([`Draws`]);
//! how many are drawn, when to stop, and what p they make is the same for all of them ([`Plan`]). What
//! several nulls say together is a [`Verdict`].

mod circular_shift;
mod day_counts;
mod day_draws;
mod day_order;
mod days;
mod draw;
mod effective;
mod groups;
mod judge;
mod key;
mod lag_scan;
mod past;
mod permute;
mod regression;
mod shared;
mod strata;
mod test;
mod told;
mod unfit;
mod within_past;

use std::fmt::Debug;

pub use rand_xoshiro::Xoshiro256PlusPlus;

use crate::numerics::codes::Codes;
use crate::numerics::embedding::Observations;
use crate::numerics::granger::Regression;

pub use circular_shift::CircularShift;
pub use day_order::Clock;
pub use days::{Days, Jackknife, jackknife};
pub use judge::{Judgement, Verdict};
pub use key::StreamKey;
pub use lag_scan::{LagScan, scan_lags};
pub use permute::{Permute, Permuter};
pub use regression::test_regression;
pub use strata::{Pooled, test_selected};
pub use test::{PRule, Plan, Stop, Surrogates, Tested, test};
pub use told::{Exact, Judges, Told};
pub use unfit::Unfit;
pub use within_past::WithinPast;

/// What surrogates are made of.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The observations of the test.
    pub observations: &'a Observations,
    /// Cells that no x leaves, such as those of the condition.
    pub within: Option<&'a Codes>,
    /// When the samples are that the observations predict, if that is known.
    pub clock: Option<Clock<'a>>,
}

impl<'a> Sample<'a> {
    /// Observations without a condition and without a clock.
    pub fn of(observations: &'a Observations) -> Self {
        Self { observations, within: None, clock: None }
    }
}

/// A surrogate scheme.
pub trait Null: Debug + Sync {
    /// Its name in configurations, tables and random streams.
    fn name(&self) -> &'static str;

    /// Arranges the observations of a test.
    ///
    /// # Errors
    /// The scheme has no surrogates of these observations.
    fn prepare<'a>(&self, sample: Sample<'a>) -> Result<Box<dyn Draws + 'a>, Unfit>;

    /// Whether it is one of regressions too: it can [move their rows](Null::prepare_rows).
    fn moves_rows(&self) -> bool {
        false
    }

    /// Arranges the rows of a regression.
    ///
    /// # Errors
    /// The scheme has no surrogates of these rows, or of no regression at all.
    fn prepare_rows<'a>(
        &self,
        rows: &'a Regression,
        clock: Option<Clock<'a>>,
    ) -> Result<Box<dyn Draws + 'a>, Unfit> {
        let _ = (rows, clock);
        Err(Unfit::DoesNotApply)
    }
}

/// The surrogates of one test, one after the other.
pub trait Draws {
    /// Observations a surrogate has.
    fn observations(&self) -> usize;

    /// The next surrogate: n times its value less n times the observed one, in fixed point
    /// ([`Draws::scale`]), so that ties are exact.
    fn next(&mut self, rng: &mut Xoshiro256PlusPlus) -> i64;

    /// One in the fixed point of the differences.
    fn scale(&self) -> f64 {
        SCALE
    }

    /// What the surrogates are compared with, where it is not the plug-in value.
    fn observed(&self) -> Option<f64> {
        None
    }

    /// All surrogates there are, if they can be told one by one.
    fn all(&self) -> Option<All> {
        None
    }

    /// The surrogate of that number, of [`Draws::all`].
    fn number(&mut self, number: u64) -> i64 {
        let _ = number;
        0
    }

    /// Days the test is made of.
    fn days(&self) -> Option<usize> {
        None
    }
}

/// How many surrogates there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct All {
    /// Their number.
    pub count: u64,
    /// Whether the observations as they are, are one of them.
    pub has_own: bool,
}

pub use groups::SCALE;
