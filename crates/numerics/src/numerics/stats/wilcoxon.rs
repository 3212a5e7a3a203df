//! The Wilcoxon signed-rank test (1945).

use std::io;

use super::normal::two_sided;
use super::sorted::{Reader, Sorted, Values};

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
    let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    finite.sort_unstable_by(f64::total_cmp);
    let Ok(test) = of_sorted(&finite[..]);
    test
}

/// [`wilcoxon_signed_rank`] of finite values that are sorted by [`f64::total_cmp`], and that need not be in memory.
///
/// # Errors
/// A value cannot be read.
pub fn wilcoxon_of_sorted(sorted: Sorted<'_>) -> io::Result<Option<SignedRank>> {
    match sorted {
        Sorted::Held(values) => {
            let Ok(test) = of_sorted(values);
            Ok(test)
        }
        Sorted::Stored(values) => of_sorted(values),
    }
}

fn of_sorted<S: Values + ?Sized>(sorted: &S) -> Result<Option<SignedRank>, S::Error> {
    let count = sorted.count();
    if count < 3 {
        return Ok(None);
    }
    let (mut n, mut w, mut is_plain) = (0, 0.0, true);
    each_group(sorted, |group| {
        n += group.size;
        // Mean ranks are whole and half numbers, so this sum is exact.
        w += group.rank * group.positive as f64;
        is_plain &= group.size == 1;
    })?;
    let is_plain = is_plain && n == count;
    let is_exact = is_plain && count <= EXACT || count <= ENUMERATED;
    let found = if is_exact { Some(exact(sorted, w)?) } else { normal(sorted, n, w)? };
    Ok(found.map(|(p, p_greater)| SignedRank { n, w, p, p_greater }))
}

/// Values of one absolute value.
struct Group {
    /// The mean of their ranks.
    rank: f64,
    /// How many they are.
    size: usize,
    /// Those above 0.
    positive: usize,
}

/// Goes through groups of equal absolute values that are not 0, from the smallest on, of sorted values: negative ones are
/// met from their end, positive ones from their beginning.
#[expect(clippy::float_cmp, reason = "ties are exact equality")]
fn each_group<S: Values + ?Sized>(sorted: &S, mut see: impl FnMut(Group)) -> Result<(), S::Error> {
    let (mut negative, mut positive, n) = (sorted.reader(), sorted.reader(), sorted.count());
    let (mut left, mut right) = (first(sorted, |v| v >= 0.0)?, first(sorted, |v| v > 0.0)?);
    let mut before = 0;
    loop {
        let smallest = if left > 0 { Some(-negative.at(left - 1)?) } else { None };
        let other = if right < n { Some(positive.at(right)?) } else { None };
        let size = match (smallest, other) {
            (None, None) => return Ok(()),
            (Some(one), Some(other)) => one.min(other),
            (Some(only), None) | (None, Some(only)) => only,
        };
        let (start_left, start_right) = (left, right);
        while left > 0 && -negative.at(left - 1)? == size {
            left -= 1;
        }
        while right < n && positive.at(right)? == size {
            right += 1;
        }
        let positive = right - start_right;
        let size = start_left - left + positive;
        let rank = (2 * before + size + 1) as f64 / 2.0;
        before += size;
        see(Group { rank, size, positive });
    }
}

/// The first place from which on something is so.
fn first<S: Values + ?Sized>(sorted: &S, is_so: impl Fn(f64) -> bool) -> Result<usize, S::Error> {
    let mut reader = sorted.reader();
    let (mut low, mut high) = (0, sorted.count());
    while low < high {
        let middle = low + (high - low) / 2;
        if is_so(reader.at(middle)?) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

/// Both p by the distribution of W under random signs, by dynamic programming over doubled (whole) ranks.
fn exact<S: Values + ?Sized>(sorted: &S, w: f64) -> Result<(f64, f64), S::Error> {
    let mut doubled: Vec<usize> = Vec::new();
    each_group(sorted, |group| {
        doubled.extend(std::iter::repeat_n((2.0 * group.rank) as usize, group.size));
    })?;
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
    Ok(((2.0 * below.min(above)).min(1.0), above.min(1.0)))
}

/// Both p by the normal approximation; none without a variance.
fn normal<S: Values + ?Sized>(sorted: &S, n: usize, w: f64) -> Result<Option<(f64, f64)>, S::Error> {
    let n = n as f64;
    let mut tied = 0.0;
    each_group(sorted, |group| tied += (group.size as f64).powi(3) - group.size as f64)?;
    let variance = (n * (n + 1.0) * (2.0 * n + 1.0) - tied / 2.0) / 24.0;
    Ok((variance > 0.0).then(|| {
        let z = (w - n * (n + 1.0) / 4.0) / variance.sqrt();
        let p = two_sided(z);
        (p, if z > 0.0 { p / 2.0 } else { 1.0 - p / 2.0 })
    }))
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

    /// As it is written in a book: by sorting absolute values.
    fn by_the_book(values: &[f64]) -> Option<(usize, f64)> {
        let mut d: Vec<f64> = values.iter().copied().filter(|v| v.is_finite() && *v != 0.0).collect();
        d.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let (mut w, mut at) = (0.0, 0);
        while at < d.len() {
            let size = d[at..].iter().take_while(|v| v.abs().total_cmp(&d[at].abs()).is_eq()).count();
            let positive = d[at..at + size].iter().filter(|v| **v > 0.0).count();
            w += (2 * at + size + 1) as f64 / 2.0 * positive as f64;
            at += size;
        }
        (values.iter().filter(|v| v.is_finite()).count() >= 3).then_some((d.len(), w))
    }

    proptest! {
        #[test]
        fn ranks_are_those_of_sorted_absolute_values(
            values in prop::collection::vec(
                prop_oneof![
                    6 => (-6i32..7).prop_map(f64::from), 3 => -1.0..1.0,
                    1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, 5e-324, -5e-324, f64::MAX]),
                ],
                0..90,
            ),
        ) {
            let found = wilcoxon_signed_rank(&values);
            let known = by_the_book(&values);
            // Without a variance there is no p.
            prop_assert!(found.is_some() <= known.is_some());
            if let (Some(found), Some((n, w))) = (found, known) {
                prop_assert_eq!((found.n, found.w.to_bits()), (n, w.to_bits()));
            }
        }

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
