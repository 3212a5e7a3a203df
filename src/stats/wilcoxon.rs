//! The Wilcoxon signed-rank test (1945).

use statrs::function::erf::erfc;

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
}

/// Tests whether `values` are symmetric about 0; two-sided.
///
/// Zeros are dropped, equal absolute values share the mean of their ranks. p is exact for at most 50
/// values without zeros and ties, exact by enumeration for at most 13 values with them, and else by the
/// normal approximation with tie correction and without continuity correction. `None` for fewer than
/// 3 values, and where the approximation has no variance (all values 0).
pub fn wilcoxon_signed_rank(values: &[f64]) -> Option<SignedRank> {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.len() < 3 {
        return None;
    }
    let mut d: Vec<f64> = finite.iter().copied().filter(|v| *v != 0.0).collect();
    d.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let (ranks, ties) = mid_ranks(&d);
    let w: f64 = d.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, r)| r).sum();
    let plain = d.len() == finite.len() && ties.iter().all(|t| *t == 1);
    let p = if plain && finite.len() <= EXACT || finite.len() <= ENUMERATED {
        exact(&ranks, w)
    } else {
        normal(d.len(), &ties, w)?
    };
    Some(SignedRank { n: d.len(), w, p })
}

/// Mean ranks of sorted absolute values, and the sizes of the groups of equal ones.
fn mid_ranks(sorted: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let mut ranks = Vec::with_capacity(sorted.len());
    let mut ties = Vec::new();
    #[expect(clippy::float_cmp, reason = "ties are exact equality")]
    for group in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
        let first = ranks.len() + 1;
        let mean = (2 * first + group.len() - 1) as f64 / 2.0;
        ranks.extend(std::iter::repeat_n(mean, group.len()));
        ties.push(group.len());
    }
    (ranks, ties)
}

/// The distribution of W under random signs, by dynamic programming over doubled (whole) ranks.
fn exact(ranks: &[f64], w: f64) -> f64 {
    let doubled: Vec<usize> = ranks.iter().map(|r| (2.0 * r) as usize).collect();
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
    (2.0 * below.min(above)).min(1.0)
}

fn normal(n: usize, ties: &[usize], w: f64) -> Option<f64> {
    let n = n as f64;
    let tied: f64 = ties.iter().map(|t| (*t as f64).powi(3) - *t as f64).sum();
    let variance = (n * (n + 1.0) * (2.0 * n + 1.0) - tied / 2.0) / 24.0;
    (variance > 0.0).then(|| {
        let z = (w - n * (n + 1.0) / 4.0) / variance.sqrt();
        erfc(z.abs() / std::f64::consts::SQRT_2)
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
    }

    proptest! {
        #[test]
        fn enumeration_agrees(values in prop::collection::vec(-4i32..5, 3..12)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let found = wilcoxon_signed_rank(&values).unwrap();
            let mut d: Vec<f64> = values.iter().copied().filter(|v| *v != 0.0).collect();
            d.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
            let (ranks, _) = mid_ranks(&d);
            let (mut low, mut high) = (0u32, 0u32);
            for signs in 0..1u32 << d.len() {
                let w: f64 = ranks.iter().enumerate().filter(|(i, _)| signs >> i & 1 == 1).map(|(_, r)| r).sum();
                low += u32::from(w <= found.w);
                high += u32::from(w >= found.w);
            }
            let p = (2.0 * f64::from(low.min(high)) / f64::from(1u32 << d.len())).min(1.0);
            prop_assert!((found.p - p).abs() < 1e-12);
        }
    }
}
