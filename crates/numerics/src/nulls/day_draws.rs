//! Surrogates that are orders of days.

use super::day_order::Order;
use super::{All, Draws, Xoshiro256PlusPlus};

/// What has a value where each day has the source of another.
pub(super) trait OfDays {
    /// Number of used days.
    fn days(&self) -> usize;

    /// As [`Draws::observations`].
    fn observations(&self) -> usize;

    /// As [`Draws::scale`].
    fn scale(&self) -> f64;

    /// The value with the days as they are.
    fn observed(&self) -> f64;

    /// As [`Draws::next`], where day d has the source of day `order[d]`.
    fn difference(&mut self, order: &[usize]) -> i64;
}

/// Orders of the days of something, drawn or counted.
pub(super) struct DayDraws<T> {
    of: T,
    order: Order,
}

impl<T: OfDays> DayDraws<T> {
    pub(super) fn new(of: T) -> Self {
        Self { order: Order::new(of.days()), of }
    }
}

impl<T: OfDays> Draws for DayDraws<T> {
    fn observations(&self) -> usize {
        self.of.observations()
    }

    fn next(&mut self, rng: &mut Xoshiro256PlusPlus) -> i64 {
        self.of.difference(self.order.draw(rng))
    }

    fn scale(&self) -> f64 {
        self.of.scale()
    }

    fn observed(&self) -> Option<f64> {
        Some(self.of.observed())
    }

    fn all(&self) -> Option<All> {
        self.order.count().map(|count| All { count, has_own: true })
    }

    fn number(&mut self, number: u64) -> i64 {
        self.of.difference(self.order.number(number))
    }

    fn days(&self) -> Option<usize> {
        Some(self.of.days())
    }
}
