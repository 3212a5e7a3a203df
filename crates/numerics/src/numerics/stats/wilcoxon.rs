//! The Wilcoxon signed-rank test (1945).

use super::normal::two_sided;

/// Most values, zeros included, for which p is exact when there are neither zeros nor ties.
const EXACT: usize = 50;

/// Most values, zeros included, for which all sign patterns are tried when there are.
const ENUMERATED: usize = 13;

/// The outcome of the test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// Values that are not 0.
    pub n: usize,
    /// Sum of the ranks of positive values.
    pub w: f64,
    /// Two-sided p.
    pub p: f64,
    /// One-sided p: whether they lie above 0.
    pub p_greater: f64,
}

/// Tests whether `values` are symmetric about 0, two-sided, or lie above it, one-sided.
///
/// Zeros are dropped, equal absolute values share the mean of their ranks. p is exact for at most 50
/// values without zeros and ties, exact by enumeration for at most 13 values with them, and else by the
/// normal approximation with tie correction and without continuity correction: what `scipy.stats.wilcoxon`
/// does by default. `None` for fewer than 3 values, and where the approximation has no variance (all
/// values 0). Values that are not finite do not count.
pub fn wilcoxon_signed_rank(values: &[f64]) -> Option<SignedRank> {
    let finite = values.iter().filter(|v| v.is_finite()).count();
    if finite < 3 {
        return None;
    }
    let mut d: Vec<f64> = values.iter().copied().filter(|v| v.is_finite() && *v != 0.0).collect();
    d.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    // Mean ranks are whole and half numbers, so this sum is exact.
    let positive = |group: &[f64]| group.iter().filter(|d| **d > 0.0).count() as f64;
    let w = groups(&d).fold(0.0, |w, (rank, group)| w + rank * positive(group));
    let plain = d.len() == finite && groups(&d).all(|(_, group)| group.len() == 1);
    let is_exact = plain && finite <= EXACT || finite <= ENUMERATED;
    let (p, p_greater) = if is_exact { exact(&d, w) } else { normal(&d, w)? };
    Some(SignedRank { n: d.len(), w, p, p_greater })
}

/// Groups of equal absolute values, which come sorted by them, and their mean ranks.
#[expect(clippy::float_cmp, reason = "ties are exact equality")]
fn groups(sorted: &[f64]) -> impl Iterator<Item = (f64, &[f64])> {
    sorted.chunk_by(|a, b| a.abs() == b.abs()).scan(0, |before, group| {
        let rank = (2 * *before + group.len() + 1) as f64 / 2.0;
        *before += group.len();
        Some((rank, group))
    })
}

/// Both p by the distribution of W under random signs, by dynamic programming over doubled (whole) ranks.
fn exact(sorted: &[f64], w: f64) -> (f64, f64) {
    let doubled: Vec<usize> = groups(sorted)
        .flat_map(|(rank, group)| std::iter::repeat_n((2.0 * rank) as usize, group.len()))
        .collect();
    let total: usize = doubled.iter().sum();
    let mut share = vec![0.0f64; total + 1];
    share[0] = 1.0;
    let mut reach = 0;
    for r in doubled {
        reach += r;
        for s in (0..=reach).rev() {
            let with = if s >= r { share[s - r] } else { 0.0 };
            share[s] = 0.5 * (share[s] + with);
        }
    }
    let w = (2.0 * w) as usize;
    let below: f64 = share[..=w].iter().sum();
    let above: f64 = share[w..].iter().rev().sum();
    ((2.0 * below.min(above)).min(1.0), above.min(1.0))
}

fn normal(sorted: &[f64], w: f64) -> Option<(f64, f64)> {
    let n = sorted.len() as f64;
    let cubes = |size: usize| (size as f64).powi(3) - size as f64;
    let tied: f64 = groups(sorted).map(|(_, group)| cubes(group.len())).sum();
    let variance = (n * (n + 1.0) * (2.0 * n + 1.0) - tied / 2.0) / 24.0;
    (variance > 0.0).then(|| {
        let z = (w - n * (n + 1.0) / 4.0) / variance.sqrt();
        let p = two_sided(z);
        (p, if z > 0.0 { p / 2.0 } else { 1.0 - p / 2.0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn p(values: &[f64]) -> f64 {
        wilcoxon_signed_rank(values).unwrap().p
    }

    #[test]
    fn known_values() {
        // All four positive: the most extreme of 2^4 patterns on either side.
        assert!((p(&[1.0, 2.0, 3.0, 4.0]) - 0.125).abs() < 1e-15);
        assert!((p(&[1.0, 2.0, -3.0]) - 1.0).abs() < 1e-15);
        assert_eq!(wilcoxon_signed_rank(&[1.0, 2.0]), None);
        assert!((p(&[0.0; 5]) - 1.0).abs() < 1e-15);
        assert_eq!(wilcoxon_signed_rank(&[0.0; 20]), None);
        assert_eq!(wilcoxon_signed_rank(&[1.0, f64::NAN, -2.0, f64::INFINITY]), None);
    }

    #[test]
    fn one_side_is_half_of_both_or_the_rest() {
        // More than are exact.
        let values: Vec<f64> = (1..80).map(|i| f64::from(i * 37 % 83) - 30.0).collect();
        let against: Vec<f64> = values.iter().map(|value| -value).collect();
        let [forth, back] = [&values, &against].map(|values| wilcoxon_signed_rank(values).unwrap());
        assert!(forth.p_greater < 0.1 && (forth.p_greater - forth.p / 2.0).abs() < 1e-15, "{forth:?}");
        assert!((back.p_greater + forth.p_greater - 1.0).abs() < 1e-12, "{back:?}");
        let known = wilcoxon_signed_rank(&[1.0, 2.0, 3.0, 4.0]).unwrap().p_greater;
        assert!((known - 0.0625).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn enumeration_agrees(values in prop::collection::vec(-4i32..5, 3..12)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let found = wilcoxon_signed_rank(&values).unwrap();
            let mut d: Vec<f64> = values.iter().copied().filter(|v| *v != 0.0).collect();
            d.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
            let count = |below: &dyn Fn(f64) -> bool| d.iter().filter(|d| below(d.abs())).count();
            let mean = |r: f64| (count(&|a| a < r) + 1 + count(&|a| a <= r)) as f64 / 2.0;
            let ranks: Vec<f64> = d.iter().map(|d| mean(d.abs())).collect();
            let w: f64 = d.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, r)| r).sum();
            prop_assert!((found.w - w).abs() < 1e-12);
            let (mut low, mut high) = (0u32, 0u32);
            for signs in 0..1u32 << d.len() {
                let plus = ranks.iter().enumerate().filter(|(i, _)| signs >> i & 1 == 1);
                let w: f64 = plus.map(|(_, r)| r).sum();
                low += u32::from(w <= found.w);
                high += u32::from(w >= found.w);
            }
            let p = (2.0 * f64::from(low.min(high)) / f64::from(1u32 << d.len())).min(1.0);
            prop_assert!((found.p - p).abs() < 1e-12);
            prop_assert!((found.p_greater - f64::from(high) / f64::from(1u32 << d.len())).abs() < 1e-12);
        }
    }
}
