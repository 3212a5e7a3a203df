//! Where values lie: median, Hodges–Lehmann estimate with an interval, share of positive values.
//!
//! The Hodges–Lehmann estimate (1963) belongs to the Wilcoxon signed-rank test: it is the shift at which
//! the test finds the values most symmetric about 0,
//!
//! ```text
//! median of the Walsh averages (x_i + x_j) / 2, i ≤ j
//! ```
//!
//! For n values there are n(n+1)/2 averages. They are never stored: in the matrix of the averages of
//! sorted values rows and columns ascend, so the averages up to any t are counted in one walk of 2n steps
//! along a staircase, and a selected average is found exactly by narrowing t until few are left (as
//! Johnson and Mizoguchi 1978, who narrow by weighted medians of rows; here by interpolating counts).
//!
//! Values that are not finite are dropped everywhere.

use std::io;

use super::sorted::{Sorted, Values};
use walsh::Walsh;

mod walsh;

/// Where values lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    /// Finite values.
    pub n: usize,
    /// See [`median`].
    pub median: f64,
    /// See [`hodges_lehmann`].
    pub hodges_lehmann: f64,
    /// See [`hodges_lehmann_interval`].
    pub interval: Option<(f64, f64)>,
    /// See [`share_positive`].
    pub positive: f64,
}

/// All of this module at once; `None` without finite values.
pub fn location(values: &[f64], seed: u64, key: &str) -> Option<Location> {
    let sorted = sorted(values);
    let Ok(located) = of_sorted(&sorted[..], seed, key);
    let (hodges_lehmann, interval) = located?;
    let n = sorted.len();
    Some(Location {
        n,
        median: f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]) + 0.0,
        hodges_lehmann,
        interval,
        positive: share_positive(&sorted)?,
    })
}

/// The middle value, or the mean of the two middle ones.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut finite = finite(values);
    let n = finite.len();
    if n == 0 {
        return None;
    }
    let (below, middle, _) = finite.select_nth_unstable_by(n / 2, f64::total_cmp);
    // The other middle one is the largest value below.
    let other = if n % 2 == 1 { *middle } else { below.iter().copied().fold(f64::MIN, f64::max) };
    // Adding 0 turns −0 into 0.
    Some(f64::midpoint(other, *middle) + 0.0)
}

/// The Hodges–Lehmann estimate: the median of the Walsh averages, exact.
pub fn hodges_lehmann(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let Ok(median) = Walsh::new(&sorted[..]).map(|walsh| walsh.median()).transpose();
    median
}

/// A 95 % interval for the median of the Walsh averages' distribution (the pseudo-median); `None` for
/// fewer than 3 values.
///
/// Up to 5000 values: percentile bootstrap, the 50th smallest and the 50th largest estimate of 2000
/// resamples (Efron and Tibshirani 1993, chapter 13). Only `seed` and `key` decide the random stream, and
/// the order of the values decides nothing. With few values percentile intervals are too short: of
/// normal values about 88 % cover at n = 5, 93 % at 10, 94 % at 20.
///
/// Above, where a bootstrap costs much and adds nothing: the Walsh averages of ranks M/2 ± h·M among all
/// M = n(n+1)/2 of them, h = 1.96·2·s/√n, where s is the standard deviation over i of the share of j with
/// `(x_i + x_j)/2` below the estimate. The share of averages below a point is a U-statistic, and 4s²/n the
/// leading term of its variance (Hoeffding 1948). For symmetric values s² is 1/12 and these are the ranks
/// of the interval that inverts the Wilcoxon test by its normal approximation; unlike that one it also
/// holds for values that are not symmetric, as the bootstrap does.
pub fn hodges_lehmann_interval(values: &[f64], seed: u64, key: &str) -> Option<(f64, f64)> {
    let sorted = sorted(values);
    let Ok(located) = of_sorted(&sorted[..], seed, key);
    located.and_then(|(_, interval)| interval)
}

/// [`hodges_lehmann`] and [`hodges_lehmann_interval`] of finite values that are sorted by [`f64::total_cmp`], and that need
/// not be in memory.
///
/// # Errors
/// A value cannot be read.
pub fn hodges_lehmann_of_sorted(sorted: Sorted<'_>, seed: u64, key: &str) -> io::Result<Option<Located>> {
    match sorted {
        Sorted::Held(values) => {
            let Ok(located) = of_sorted(values, seed, key);
            Ok(located)
        }
        Sorted::Stored(values) => of_sorted(values, seed, key),
    }
}

/// The estimate, and its interval.
type Located = (f64, Option<(f64, f64)>);

fn of_sorted<S: Values + ?Sized>(sorted: &S, seed: u64, key: &str) -> Result<Option<Located>, S::Error> {
    let Some(walsh) = Walsh::new(sorted) else { return Ok(None) };
    let median = walsh.median()?;
    Ok(Some((median, walsh.interval(median, seed, key)?)))
}

/// The share of finite values above 0; zeros count as not positive.
pub fn share_positive(values: &[f64]) -> Option<f64> {
    let finite = values.iter().filter(|v| v.is_finite()).count();
    let positive = values.iter().filter(|v| v.is_finite() && **v > 0.0).count();
    (finite > 0).then(|| positive as f64 / finite as f64)
}

fn finite(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|v| v.is_finite()).collect()
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut finite = finite(values);
    finite.sort_unstable_by(f64::total_cmp);
    finite
}

#[cfg(test)]
mod tests;
