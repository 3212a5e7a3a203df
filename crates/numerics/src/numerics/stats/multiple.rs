//! Correction for multiple testing.

/// Benjamini–Hochberg q-values (1995): q₍ᵢ₎ = min(1, min over j ≥ i of p₍ⱼ₎ / (j / m)).
///
/// `None` stays `None` and does not count towards m; NaN is as `None`.
pub fn benjamini_hochberg(p: &[Option<f64>]) -> Vec<Option<f64>> {
    adjust(p, 1.0)
}

/// Benjamini–Yekutieli q-values (2001), valid under any dependence: those of
/// [`benjamini_hochberg`] times 1 + 1/2 + … + 1/m, at most 1.
pub fn benjamini_yekutieli(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let m = p.iter().flatten().filter(|p| !p.is_nan()).count();
    // Smallest first rounds least.
    adjust(p, (1..=m).rev().map(|i| 1.0 / i as f64).sum())
}

fn adjust(p: &[Option<f64>], factor: f64) -> Vec<Option<f64>> {
    let known = p.iter().enumerate().filter_map(|(i, p)| p.filter(|p| !p.is_nan()).map(|p| (p, i)));
    let mut order: Vec<(f64, usize)> = known.collect();
    // Equal p get equal q, so their order does not matter.
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let m = order.len() as f64;
    let mut q = vec![None; p.len()];
    let mut least = 1.0f64;
    for (rank, (p, i)) in order.into_iter().enumerate().rev() {
        least = least.min(p / ((rank + 1) as f64 / m / factor));
        q[i] = Some(least);
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        let q = benjamini_hochberg(&[Some(0.01), None, Some(0.04), Some(0.03), Some(1.0), Some(0.0)]);
        let expected = [Some(0.025), None, Some(0.05), Some(0.05), Some(1.0), Some(0.0)];
        for (q, e) in q.iter().zip(expected) {
            assert_eq!(q.is_some(), e.is_some());
            assert!((q.unwrap_or(0.0) - e.unwrap_or(0.0)).abs() < 1e-15);
        }
        let by = benjamini_yekutieli(&[Some(0.01), Some(0.02)]);
        assert!((by[0].unwrap() - 0.03).abs() < 1e-15 && (by[1].unwrap() - 0.03).abs() < 1e-15);
        assert!(benjamini_hochberg(&[]).is_empty());
        assert_eq!(benjamini_hochberg(&[Some(f64::NAN), Some(0.5)]), [None, Some(0.5)]);
        assert_eq!(benjamini_yekutieli(&[Some(f64::NAN), Some(0.5)]), [None, Some(0.5)]);
    }

    proptest! {
        #[test]
        fn q_is_between_p_and_1_and_follows_the_order_of_p(
            p in prop::collection::vec(prop::option::of(0.0..=1.0f64), 0..40)
        ) {
            let q = benjamini_hochberg(&p);
            for (i, a) in p.iter().enumerate() {
                let Some(a) = a else { prop_assert!(q[i].is_none()); continue };
                prop_assert!(q[i].unwrap() >= *a - 1e-15 && q[i].unwrap() <= 1.0);
                for (j, b) in p.iter().enumerate() {
                    if b.is_some_and(|b| *a <= b) {
                        prop_assert!(q[i].unwrap() <= q[j].unwrap());
                    }
                }
            }
        }
    }
}
