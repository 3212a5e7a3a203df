//! Surrogates of a regression: the rows of the source are moved against those of the target.
//!
//! Rows are whole numbers, so the sums of their products are exact, and arrangements with the same sums have the
//! same F.

use super::day_draws::OfDays;
use super::day_order::UsedDays;
use super::{All, Clock, Draws, Null, Plan, StreamKey, Surrogates, Unfit, Xoshiro256PlusPlus};
use crate::numerics::granger::Regression;

/// One in fixed point: F can be large.
const SCALE: f64 = (1u64 << 20) as f64;
/// Most sums of products that are kept for all pairs of days; with more they are made again for every surrogate.
const KEPT: usize = 1 << 22;

/// F of a regression's rows against a null.
///
/// # Errors
/// The null has no surrogates of them.
pub fn test_regression(
    rows: &Regression,
    clock: Option<Clock<'_>>,
    null: &dyn Null,
    plan: &Plan,
    key: StreamKey<'_>,
) -> Result<Surrogates, Unfit> {
    let mut draws = null.prepare_rows(rows, clock)?;
    Ok(plan.compare(&mut *draws, 0.0, key.of(null.name())))
}

/// Sums of products of rows.
#[derive(Debug, Clone, PartialEq)]
struct Sums {
    rows: usize,
    /// Of own columns with own ones.
    own: Vec<i64>,
    /// Of own columns with the source's.
    cross: Vec<i64>,
    /// Of the source's columns with each other.
    source: Vec<i64>,
}

impl Sums {
    fn none(of: &Regression) -> Self {
        let (width, lag) = of.widths();
        Self { rows: 0, own: vec![0; width * width], cross: vec![0; width * lag], source: vec![0; lag * lag] }
    }

    /// Of rows and the rows whose source they have.
    fn of(rows: &Regression, pairs: impl Iterator<Item = (u32, u32)>) -> Self {
        let mut sums = Self::none(rows);
        for (row, source) in pairs {
            let (own, source) = (rows.own(row), rows.source(source));
            sums.rows += 1;
            add(&mut sums.own, own, own);
            add(&mut sums.cross, own, source);
            add(&mut sums.source, source, source);
        }
        sums
    }

    fn clear(&mut self) {
        self.rows = 0;
        for sums in [&mut self.own, &mut self.cross, &mut self.source] {
            sums.fill(0);
        }
    }

    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for (sums, more) in
            [(&mut self.own, &other.own), (&mut self.cross, &other.cross), (&mut self.source, &other.source)]
        {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
    }

    fn f(&self, of: &Regression) -> f64 {
        of.f(self.rows, &self.own, &self.cross, &self.source)
    }
}

fn add(sums: &mut [i64], left: &[i32], right: &[i32]) {
    for (sums, left) in sums.chunks_exact_mut(right.len()).zip(left) {
        sums.iter_mut().zip(right).for_each(|(sum, right)| *sum += i64::from(*left) * i64::from(*right));
    }
}

/// n times a difference of F, in fixed point.
fn difference(f: f64, observed: f64, n: usize) -> i64 {
    ((f - observed) * n as f64 * SCALE).round() as i64
}

/// Days of the source's rows against those of the target's.
pub(super) struct DaysOfRows<'a> {
    rows: &'a Regression,
    days: UsedDays,
    /// At d · days + e those of day d under the source of day e, if they are not too many.
    kept: Option<Vec<Sums>>,
    sums: Sums,
    n: usize,
    observed: f64,
}

impl<'a> DaysOfRows<'a> {
    pub(super) fn new(rows: &'a Regression, days: UsedDays) -> Result<Self, Unfit> {
        let count = days.len();
        if count < 2 {
            return Err(Unfit::OneDay);
        }
        let (width, lag) = rows.widths();
        let mut new =
            Self { rows, kept: None, sums: Sums::none(rows), n: days.all().len(), observed: 0.0, days };
        if count.saturating_mul(count).saturating_mul((width + lag).pow(2)) <= KEPT {
            let pairs = (0..count).flat_map(|day| (0..count).map(move |other| (day, other)));
            new.kept = Some(pairs.map(|(day, other)| new.of_pair(day, other)).collect());
        }
        let own: Vec<usize> = (0..count).collect();
        new.observed = new.f(&own);
        Ok(new)
    }

    fn of_pair(&self, day: usize, other: usize) -> Sums {
        let partners = self.days.partners(day, other);
        let pairs = self.days.of(day).iter().zip(partners).filter_map(|(row, source)| Some((*row, source?)));
        Sums::of(self.rows, pairs)
    }

    fn f(&mut self, order: &[usize]) -> f64 {
        let mut sums = std::mem::replace(&mut self.sums, Sums::none(self.rows));
        sums.clear();
        for (day, other) in order.iter().enumerate() {
            match &self.kept {
                Some(kept) => sums.add(&kept[day * order.len() + other]),
                None => sums.add(&self.of_pair(day, *other)),
            }
        }
        let f = sums.f(self.rows);
        self.sums = sums;
        f
    }
}

impl OfDays for DaysOfRows<'_> {
    fn days(&self) -> usize {
        self.days.len()
    }

    fn observations(&self) -> usize {
        self.n
    }

    fn scale(&self) -> f64 {
        SCALE
    }

    fn observed(&self) -> f64 {
        self.observed
    }

    fn difference(&mut self, order: &[usize]) -> i64 {
        difference(self.f(order), self.observed, self.n)
    }
}

/// A way to move rows: for each the row whose source it gets.
pub(super) trait Moves {
    /// The next one.
    fn draw(&mut self, rng: &mut Xoshiro256PlusPlus, sources: &mut [u32]);

    /// As [`Draws::all`].
    fn all(&self) -> Option<All> {
        None
    }

    /// As [`Draws::number`].
    fn number(&mut self, number: u64, sources: &mut [u32]) {
        let _ = (number, sources);
    }
}

/// All rows, with the source's in another order.
pub(super) struct MovedRows<'a, M> {
    rows: &'a Regression,
    moves: M,
    sources: Vec<u32>,
    sums: Sums,
    observed: f64,
}

impl<'a, M: Moves> MovedRows<'a, M> {
    pub(super) fn new(rows: &'a Regression, moves: M) -> Self {
        let n = rows.times().len() as u32;
        let sums = Sums::of(rows, (0..n).map(|row| (row, row)));
        Self { rows, moves, sources: (0..n).collect(), observed: sums.f(rows), sums }
    }

    /// Only what rows of both have in common changes.
    fn difference(&mut self) -> i64 {
        self.sums.cross.fill(0);
        for (row, source) in (0u32..).zip(&self.sources) {
            add(&mut self.sums.cross, self.rows.own(row), self.rows.source(*source));
        }
        difference(self.sums.f(self.rows), self.observed, self.sources.len())
    }
}

impl<M: Moves> Draws for MovedRows<'_, M> {
    fn observations(&self) -> usize {
        self.sources.len()
    }

    fn next(&mut self, rng: &mut Xoshiro256PlusPlus) -> i64 {
        self.moves.draw(rng, &mut self.sources);
        self.difference()
    }

    fn scale(&self) -> f64 {
        SCALE
    }

    fn observed(&self) -> Option<f64> {
        Some(self.observed)
    }

    fn all(&self) -> Option<All> {
        self.moves.all()
    }

    fn number(&mut self, number: u64) -> i64 {
        self.moves.number(number, &mut self.sources);
        self.difference()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nulls::{CircularShift, Days, Judges, PRule, Permute, Stop, WithinPast};
    use crate::numerics::granger::granger;

    fn series(n: usize) -> (Vec<i32>, Vec<i32>) {
        let noise = |t: usize, by: usize| ((t * t * 31 + t * by) % 101 % 5) as i32;
        let a: Vec<i32> = (0..n).map(|t| noise(t, 17)).collect();
        let s = (0..n).map(|t| i32::from(a[t.max(1) - 1] + noise(t, 29) > 3)).collect();
        (a, s)
    }

    /// Four days of 50 samples; a series whose source is moved by days is one of these.
    fn days() -> (Vec<i64>, Vec<u64>) {
        ((0..200).map(|t| t / 50).collect(), (0..200).map(|t| t % 50).collect())
    }

    #[test]
    fn f_from_sums_is_that_of_the_reflections() {
        let (a, s) = series(200);
        for lag in 1..5 {
            let rows = Regression::new(&a, &s, &[0, 90], lag);
            let n = rows.times().len() as u32;
            let found = Sums::of(&rows, (0..n).map(|row| (row, row))).f(&rows);
            let expected = granger(&a, &s, &[0, 90], lag).unwrap().f;
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn all_orders_of_days_and_all_shifts_are_gone_through() {
        let (a, s) = series(200);
        let (day, time) = days();
        let clock = Some(Clock { day: &day, time: &time, tolerance: 0 });
        // Each row with the lags of the source as they stand in its own day.
        let rows = Regression::new(&a, &s, &[0], 1);
        let plan = Plan { surrogates: 199, stop: Stop::AtEnd, p: PRule::AddOne };
        let key = StreamKey::new(1, "u", "m", "gc", "A2S", 1);
        let of = |null: &dyn Null| test_regression(&rows, clock, null, &plan, key).unwrap();
        let found = of(&Days);
        assert_eq!((found.drawn, found.is_exhaustive, found.days), (Some(24), true, Some(4)));
        assert!(found.exceedances == Some(1) && found.p == Some(1.0 / 24.0), "{found:?}");
        let shifted = of(&CircularShift { least: 20 });
        assert_eq!((shifted.drawn, shifted.is_exhaustive), (Some(160), true));
        let permuted = of(&Permute);
        assert!(permuted.p < Some(0.01) && !permuted.is_exhaustive, "{permuted:?}");
        // F is about 1 where nothing is coupled.
        assert!((0.5..2.0).contains(&permuted.mean.unwrap()), "{permuted:?}");
        assert!(test_regression(&rows, None, &Days, &plan, key) == Err(Unfit::NoClock));
        let past = test_regression(&rows, clock, &WithinPast, &plan, key);
        assert_eq!(past, Err(Unfit::DoesNotApply));
        // What is none of a regression's is neither asked nor missed, settled or not.
        let verdict = |nulls: &[&dyn Null], stop_above| {
            let judges = Judges { nulls, stop_above, plan: &plan, exact: false, observations: false };
            judges.tell_rows(&rows, clock, key)
        };
        for stop_above in [1.0, 0.0] {
            let told = verdict(&[&Days, &WithinPast], stop_above);
            assert!(told.each.iter().map(|each| each.null).eq(["days"]), "{told:?}");
            assert_eq!((told.p(), told.missing()), (Some(1.0 / 24.0), None));
        }
        let none = verdict(&[&WithinPast], 0.2);
        assert!(none.each.is_empty() && none.p().is_none() && none.missing().is_none(), "{none:?}");
    }
}
