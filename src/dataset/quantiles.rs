//! Equal-frequency bins.
//!
//! Three rules, see [`QuantileRule`]:
//!
//! - `ranked`: with N values, of which L are less than x and E are equal to x, the bin of x is
//!   `⌊bins · (L + E/2) / N⌋`, in whole numbers; then bins without values are closed up. Equal
//!   values always share a bin, order is kept, and two distinct values give at least two symbols.
//!   Nothing else than the order of the values matters.
//! - `averaged_inverted_cdf` and `linear`: edges on z-scores, as scikit-learn draws them since 1.9
//!   and before; edges no wider than 1e-8 are removed, so symbols can be fewer than bins.

use super::error::DatasetError;
use super::place::Rows;
use crate::config::QuantileRule;

/// Edges nearer than this to the one before are removed.
const NARROW: f64 = 1e-8;

/// Symbols of values, none of which is NaN. `role` and `rows` (one a value) are for errors.
pub(super) fn discretise(
    role: &'static str,
    values: &[f64],
    rows: Rows<'_>,
    bins: u32,
    rule: QuantileRule,
) -> Result<Vec<i32>, DatasetError> {
    let symbols = match rule {
        QuantileRule::Ranked => ranked(values, bins),
        QuantileRule::AveragedInvertedCdf | QuantileRule::Linear => {
            edged(&z_scores(role, values, rows)?, bins, rule)
        }
    };
    if symbols.iter().any(|&symbol| symbol != symbols[0]) {
        return Ok(symbols);
    }
    let number = values.len();
    match distinct(values) {
        0 | 1 => Err(DatasetError::NoVariance { role, rows: number }),
        distinct => Err(DatasetError::OneBin { role, rows: number, distinct }),
    }
}

/// Number of distinct values.
#[expect(clippy::float_cmp, reason = "ties are equal numbers")]
fn distinct(values: &[f64]) -> usize {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    // Both zeros are one value.
    sorted.dedup_by(|a, b| *a == *b);
    sorted.len()
}

/// Bins by the middle rank of equal values.
#[expect(clippy::float_cmp, reason = "ties are equal numbers")]
fn ranked(values: &[f64], bins: u32) -> Vec<i32> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // Adding zero makes -0 equal to 0 for the total order.
    order.sort_unstable_by(|&a, &b| (values[a] + 0.0).total_cmp(&(values[b] + 0.0)));
    let total = 2 * values.len() as u128;
    let mut symbols = vec![0; values.len()];
    let mut last_bin = None;
    let mut symbol = -1;
    let mut less = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let bin = u128::from(bins) * (2 * less + equal.len()) as u128 / total;
        if last_bin != Some(bin) {
            last_bin = Some(bin);
            symbol += 1;
        }
        for &row in equal {
            symbols[row] = symbol;
        }
        less += equal.len();
    }
    symbols
}

/// z-scores with the population's standard deviation.
fn z_scores(role: &'static str, values: &[f64], rows: Rows<'_>) -> Result<Vec<f64>, DatasetError> {
    let count = values.iter().filter(|value| value.is_infinite()).count();
    if let Some(first) = values.iter().position(|value| value.is_infinite()) {
        return Err(DatasetError::Infinite { role, count, place: rows.at(first) });
    }
    let n = values.len() as f64;
    let mean = pairwise_sum(values) / n;
    let squares: Vec<f64> = values.iter().map(|x| (x - mean) * (x - mean)).collect();
    let deviation = (pairwise_sum(&squares) / n).sqrt();
    // Negated so that the NaN of an overflow counts as constant.
    if !(deviation > f64::EPSILON * mean.abs() && deviation.is_finite()) {
        return Err(DatasetError::NoVariance { role, rows: values.len() });
    }
    Ok(values.iter().map(|x| (x - mean) / deviation).collect())
}

/// A sum in the order numpy adds: eight running sums in blocks of at most 128, halves above.
///
/// z-scores decide which side of an edge a value falls on, so their last bit matters.
fn pairwise_sum(values: &[f64]) -> f64 {
    if values.len() < 8 {
        return values.iter().fold(0.0, |sum, value| sum + value);
    }
    if values.len() > 128 {
        let half = values.len() / 2;
        let (left, right) = values.split_at(half - half % 8);
        return pairwise_sum(left) + pairwise_sum(right);
    }
    let (eights, rest) = values.as_chunks::<8>();
    let mut sums = eights[0];
    for eight in &eights[1..] {
        for (sum, value) in sums.iter_mut().zip(eight) {
            *sum += value;
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, value| sum + value)
}

/// Symbols by edges on z-scores: the number of inner edges at or below a value.
fn edged(scores: &[f64], bins: u32, rule: QuantileRule) -> Vec<i32> {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let kept = wide_edges(&edges(&sorted, bins as usize, rule));
    let inner = kept.get(1..kept.len().saturating_sub(1)).unwrap_or_default();
    scores.iter().map(|score| inner.partition_point(|edge| edge <= score) as i32).collect()
}

/// The `bins + 1` edges of sorted scores.
fn edges(sorted: &[f64], bins: usize, rule: QuantileRule) -> Vec<f64> {
    let n = sorted.len();
    let inner = |j: usize| match rule {
        QuantileRule::Linear => {
            let at = (n - 1) as f64 * j as f64 / bins as f64;
            let (below, share) = (at.floor() as usize, at.fract());
            let (a, b) = (sorted[below], sorted[(below + 1).min(n - 1)]);
            if share < 0.5 { a + (b - a) * share } else { b - (b - a) * (1.0 - share) }
        }
        _ if (n * j).is_multiple_of(bins) => {
            let at = n * j / bins;
            let (a, b) = (sorted[at.max(1) - 1], sorted[at.min(n - 1)]);
            b - (b - a) * 0.5
        }
        _ => sorted[(n * j).div_ceil(bins) - 1],
    };
    let first = sorted.first().copied();
    first.into_iter().chain((1..bins).map(inner)).chain(sorted.last().copied()).collect()
}

/// Edges without those that are no wider than [`NARROW`] from the edge before, kept or not.
fn wide_edges(edges: &[f64]) -> Vec<f64> {
    let wide = edges.windows(2).filter(|pair| pair[1] - pair[0] > NARROW).map(|pair| pair[1]);
    edges.first().copied().into_iter().chain(wide).collect()
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::super::place::{Lines, Place};
    use super::{DatasetError, QuantileRule, Rows, discretise, pairwise_sum};

    const RULES: [QuantileRule; 3] =
        [QuantileRule::Ranked, QuantileRule::AveragedInvertedCdf, QuantileRule::Linear];

    fn codes(values: &[f64], bins: u32, rule: QuantileRule) -> Result<Vec<i32>, DatasetError> {
        let lines = Lines::new((2..).take(values.len()).collect());
        let kept: Vec<usize> = (0..values.len()).collect();
        discretise("source", values, Rows { lines: &lines, kept: &kept }, bins, rule)
    }

    /// `count` copies of each value.
    fn repeat(values: &[(f64, usize)]) -> Vec<f64> {
        values.iter().flat_map(|&(value, count)| vec![value; count]).collect()
    }

    #[test]
    fn ranked_gives_equal_bins() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let found = codes(&values, 5, QuantileRule::Ranked).unwrap();
        let expected: Vec<i32> = (0..100).map(|i| i / 20).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn ranked_keeps_two_values_apart() {
        for (low, high) in [(1, 99), (10, 90), (50, 50), (90, 10), (99, 1), (1, 1)] {
            let values = repeat(&[(0.0, low), (1.0, high)]);
            let found = codes(&values, 5, QuantileRule::Ranked).unwrap();
            assert_eq!(
                found,
                repeat(&[(0.0, low), (1.0, high)]).iter().map(|&v| v as i32).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn edges_lose_what_the_predecessor_loses() {
        // Three equally frequent values give 0, 1, 1; an even two-valued feature gives one bin.
        let three = repeat(&[(1.0, 100), (2.0, 100), (3.0, 100)]);
        let expected: Vec<i32> = repeat(&[(0.0, 100), (1.0, 200)]).iter().map(|&v| v as i32).collect();
        for rule in &RULES[1..] {
            assert_eq!(codes(&three, 5, *rule).unwrap(), expected, "{rule:?}");
            let two = repeat(&[(0.0, 50), (1.0, 50)]);
            assert_eq!(codes(&two, 5, *rule).unwrap_err().code(), "one_bin");
        }
        assert_eq!(codes(&three, 5, QuantileRule::Ranked).unwrap()[299], 2);
    }

    #[test]
    fn refusals() {
        for rule in RULES {
            assert_eq!(codes(&[2.5; 9], 5, rule).unwrap_err().code(), "no_variance");
        }
        for rule in &RULES[1..] {
            let error = codes(&[1.0, f64::INFINITY, 2.0], 5, *rule).unwrap_err();
            assert_eq!(error, DatasetError::Infinite { role: "source", count: 1, place: Place::line(3) });
        }
        assert_eq!(codes(&[1.0, 2.0], 1, QuantileRule::Ranked).unwrap_err().code(), "one_bin");
    }

    #[test]
    fn sums_follow_the_blocks() {
        // 0.1 summed 1000 times: 99.9999999999986 one by one, 100 exactly by halves.
        assert!((pairwise_sum(&[0.1; 1000]) - 100.0).abs() < 1e-13);
        assert!((pairwise_sum(&[0.5; 5]) - 2.5).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn symbols_keep_order_ties_and_range(
            values in prop::collection::vec(
                prop_oneof![Just(0.0), Just(-0.0), -3.0..3.0, any::<f64>().prop_filter("nan", |v| !v.is_nan())],
                1..200,
            ),
            bins in 1_u32..12,
        ) {
            for rule in RULES {
                let Ok(found) = codes(&values, bins, rule) else { continue };
                let top = *found.iter().max().unwrap();
                prop_assert!(found.iter().all(|&c| c >= 0) && (top as u32) < bins);
                for (i, a) in values.iter().enumerate() {
                    for (j, b) in values.iter().enumerate() {
                        prop_assert!(a.partial_cmp(b) != Some(Ordering::Equal) || found[i] == found[j]);
                        prop_assert!(a >= b || found[i] <= found[j]);
                    }
                }
                if rule == QuantileRule::Ranked {
                    prop_assert!((0..=top).all(|symbol| found.contains(&symbol)));
                }
            }
        }
    }
}
