//! How long a history the data speak for: the order whose code for the series is shortest.

use super::NoValue;
use super::codes::{Codes, tuples};
use super::embedding::{Symbols, times};

/// How the length of a code is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The mixture of Krichevsky and Trofimov (1981).
    Kt,
    /// The likelihood, and half a log2 n for each free probability of a history that occurs (Schwarz 1978).
    Bic,
}

/// Bits in which each order of `grid` writes the series, given its first symbols. All write the same
/// samples: those that have the longest history of the grid behind them within their segment.
///
/// # Errors
/// The series has one symbol only, or no sample has the longest history.
pub fn code_lengths(
    series: &Symbols,
    starts: &[usize],
    grid: &[usize],
    evidence: Evidence,
) -> Result<Vec<f64>, NoValue> {
    if !series.varies() {
        return Err(NoValue::Constant { series: "series" });
    }
    let history = grid.iter().copied().max().unwrap_or(0);
    let times = times(series.len(), starts, history);
    if times.is_empty() {
        let (rows, segments) = (series.len(), starts.len());
        return Err(NoValue::NoObservations { rows, segments, history });
    }
    let next = tuples(&series.values, series.base, &times, 1);
    let before: Vec<usize> = times.iter().map(|t| t.wrapping_sub(1)).collect();
    let tables = Tables::new(times.len(), series.base);
    let of = |k: &usize| {
        let past = tuples(&series.values, series.base, &before, *k);
        match evidence {
            Evidence::Kt => kt(&past, &next, &tables),
            Evidence::Bic => bic(&past, &next, series.base),
        }
    };
    Ok(grid.iter().map(of).collect())
}

/// The order with the shortest code, the first of equal ones.
pub fn shortest(grid: &[usize], lengths: &[f64]) -> Option<usize> {
    let pairs = grid.iter().zip(lengths);
    pairs.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(k, _)| *k)
}

/// Sums of logarithms up to each count.
struct Tables {
    /// Σ log2(i + 1/2) for i below the count.
    symbol: Vec<f64>,
    /// Σ log2(i + b/2) for i below the count.
    past: Vec<f64>,
}

impl Tables {
    fn new(n: usize, base: u32) -> Self {
        let sums = |start: f64| {
            let mut sum = 0.0;
            let rest = (0..n).map(|i| {
                sum += (i as f64 + start).log2();
                sum
            });
            std::iter::once(0.0).chain(rest).collect()
        };
        Self { symbol: sums(0.5), past: sums(f64::from(base) / 2.0) }
    }
}

fn kt(past: &Codes, next: &Codes, tables: &Tables) -> f64 {
    let pasts: f64 = past.counts().into_iter().map(|c| tables.past[c as usize]).sum();
    let symbols: f64 = past.with(next).counts().into_iter().map(|c| tables.symbol[c as usize]).sum();
    pasts - symbols
}

fn bic(past: &Codes, next: &Codes, base: u32) -> f64 {
    let total = |codes: &Codes| codes.counts().into_iter().map(|c| f64::from(c) * f64::from(c).log2()).sum();
    let (pasts, pairs): (f64, f64) = (total(past), total(&past.with(next)));
    let free = f64::from(base - 1) * past.levels as f64;
    (pasts - pairs) + 0.5 * (next.codes.len() as f64).log2() * free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nulls::Xoshiro256PlusPlus;
    use rand_xoshiro::rand_core::{Rng, SeedableRng};

    /// A chain in which the next symbol says what stood `order` steps before, but for one in five.
    fn chain(order: usize, n: usize, seed: u64) -> Symbols {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut values: Vec<i32> = Vec::new();
        for t in 0..n {
            let drawn = (rng.next_u64() >> 60) as i32;
            let free = drawn & 1;
            let back = if order == 0 || t < order { free } else { values[t - order] };
            values.push(if drawn < 3 { 1 - back } else { back });
        }
        Symbols::new(&values, "chain").unwrap()
    }

    #[test]
    fn the_true_order_is_found_in_nine_of_ten() {
        let grid = [1, 2, 3, 4, 5, 6];
        for (evidence, n) in [(Evidence::Kt, 1000), (Evidence::Kt, 5000), (Evidence::Bic, 1000)] {
            for order in 1..=4 {
                let found = (0..40).filter(|seed| {
                    let lengths = code_lengths(&chain(order, n, *seed), &[0], &grid, evidence).unwrap();
                    shortest(&grid, &lengths) == Some(order)
                });
                let found = found.count();
                assert!(found >= 36, "{evidence:?}: order {order} found in {found} of 40 series of {n}");
            }
        }
    }

    #[test]
    fn what_has_no_code_says_why() {
        let constant = Symbols::new(&[1, 1, 1], "s").unwrap();
        assert!(matches!(code_lengths(&constant, &[0], &[1], Evidence::Kt), Err(NoValue::Constant { .. })));
        let short = Symbols::new(&[0, 1, 0], "s").unwrap();
        let none = code_lengths(&short, &[0, 1, 2], &[1, 2], Evidence::Bic);
        assert_eq!(none, Err(NoValue::NoObservations { rows: 3, segments: 3, history: 2 }));
        assert_eq!(shortest(&[], &[]), None);
        assert_eq!(shortest(&[3, 1, 2], &[2.0, 1.0, 1.0]), Some(1));
    }

    /// Worked by hand: after 0 comes 1 twice, after 1 comes 0 once; one half each time at first, then 3/4.
    #[test]
    fn a_short_code_by_hand() {
        let series = Symbols::new(&[0, 1, 0, 1], "s").unwrap();
        let kt = code_lengths(&series, &[0], &[1], Evidence::Kt).unwrap()[0];
        assert!((kt - (2.0 - 0.75f64.log2())).abs() < 1e-15, "{kt}");
        let bic = code_lengths(&series, &[0], &[1], Evidence::Bic).unwrap()[0];
        assert!((bic - 3f64.log2()).abs() < 1e-15, "{bic}");
    }
}
