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
mod tests;
