//! Plug-in conditional mutual information of coded observations.

use super::codes::Codes;
use super::embedding::Observations;

/// A plug-in value and the counts behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Plug-in value, bits. Biased upwards; see `corrected`.
    pub value: f64,
    /// Observations.
    pub n: usize,
    /// Distinct joint states (x, y, z) that occur.
    pub states: usize,
    /// Value minus the Miller–Madow estimate of its bias, bits; can be negative.
    ///
    /// Each entropy H is taken as plug-in + (states that occur − 1) / (2 n ln 2)
    /// (Miller 1955), so I loses (`m_xyz` + `m_z` − `m_xz` − `m_yz`) / (2 n ln 2).
    pub corrected: f64,
}

/// The conditional mutual information I(x; y | z) in bits; 0 for no observations.
pub fn estimate(o: &Observations) -> Estimate {
    let n = o.x.codes.len();
    let xz = o.z.with(&o.x);
    let yz = o.z.with(&o.y);
    let xyz = xz.with(&o.y);
    let (n_z, n_xz, n_yz, n_xyz) = (o.z.counts(), xz.counts(), yz.counts(), xyz.counts());
    let value = if n == 0 { 0.0 } else { sum(o, &xz, &yz, &xyz, &n_xyz, &n_z, &n_xz, &n_yz) / n as f64 };
    let occupied = (xyz.levels + o.z.levels) as f64 - (xz.levels + yz.levels) as f64;
    let bias = if n == 0 { 0.0 } else { occupied / (2.0 * n as f64 * std::f64::consts::LN_2) };
    Estimate { value, n, states: xyz.levels, corrected: value - bias }
}

#[expect(clippy::too_many_arguments, reason = "four counts and their codes belong together")]
fn sum(
    o: &Observations,
    xz: &Codes,
    yz: &Codes,
    xyz: &Codes,
    n_xyz: &[u32],
    n_z: &[u32],
    n_xz: &[u32],
    n_yz: &[u32],
) -> f64 {
    let mut seen = vec![false; xyz.levels];
    let mut total = 0.0;
    for (i, &cell) in xyz.codes.iter().enumerate() {
        if std::mem::replace(&mut seen[cell as usize], true) {
            continue;
        }
        let joint = f64::from(n_xyz[cell as usize]);
        let z = f64::from(n_z[o.z.codes[i] as usize]);
        let a = f64::from(n_xz[xz.codes[i] as usize]);
        let b = f64::from(n_yz[yz.codes[i] as usize]);
        total += joint * ((joint * z) / (a * b)).log2();
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::embedding::{Histories, Symbols, observe, times};
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// Straight from the definition, with a table of all tuples.
    fn brute(source: &[i32], target: &[i32], k: usize, l: usize, lag: usize) -> (f64, usize) {
        let reach = k.max((l + lag).saturating_sub(1));
        let mut n: HashMap<_, f64> = HashMap::new();
        let mut count = 0usize;
        for t in reach..target.len() {
            let x = source[t + 1 - lag - l..=t - lag].to_vec();
            let z = target[t - k..t].to_vec();
            let y = target[t];
            for key in [
                (Some(x.clone()), Some(y), z.clone()),
                (Some(x), None, z.clone()),
                (None, Some(y), z.clone()),
                (None, None, z),
            ] {
                *n.entry(key).or_insert(0.0) += 1.0;
            }
            count += 1;
        }
        let total: f64 = n
            .iter()
            .filter_map(|(key, c)| match key {
                (Some(x), Some(y), z) => {
                    let get = |x: Option<&Vec<i32>>, y: Option<i32>| n[&(x.cloned(), y, z.clone())];
                    Some(c * (c * get(None, None) / (get(Some(x), None) * get(None, Some(*y)))).log2())
                }
                _ => None,
            })
            .sum();
        (if count == 0 { 0.0 } else { total / count as f64 }, count)
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            pairs in prop::collection::vec((0i32..6, 0i32..4), 1..200),
            k in 0usize..7, l in 1usize..5, lag in 0usize..4,
        ) {
            let (a, b): (Vec<i32>, Vec<i32>) = pairs.into_iter().unzip();
            let (source, target) = (Symbols::new(&a, "a").unwrap(), Symbols::new(&b, "b").unwrap());
            let h = Histories { target: k, source: l, lag };
            let found = estimate(&observe(&source, &target, h, times(b.len(), &[0], h.reach())));
            let (value, n) = brute(&a, &b, k, l, lag);
            prop_assert_eq!(found.n, n);
            prop_assert!((found.value - value).abs() < 1e-12);
            prop_assert!(found.value > -1e-12);
        }
    }
}
