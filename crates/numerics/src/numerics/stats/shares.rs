//! Shares of trials, and p-values that should be uniform.

use statrs::function::beta::checked_beta_reg;

/// The exact interval of a share (Clopper and Pearson 1934): all chances under which neither so many hits nor so few
/// would have a probability below (1 − `level`) / 2.
///
/// `None` without trials, or with more hits than trials.
///
/// ```
/// let (low, high) = results_numerics::numerics::stats::clopper_pearson(5, 10, 0.95).unwrap();
/// assert!((low - 0.187_086).abs() < 1e-6 && (high - 0.812_914).abs() < 1e-6);
/// ```
pub fn clopper_pearson(hits: u64, trials: u64, level: f64) -> Option<(f64, f64)> {
    if trials == 0 || hits > trials {
        return None;
    }
    let tail = (1.0 - level) / 2.0;
    let (k, rest) = (hits as f64, (trials - hits) as f64);
    // P(X ≥ k) of a binomial X with chance x is the beta distribution function I_x(k, n − k + 1).
    let low = if hits == 0 { 0.0 } else { beta_quantile(k, rest + 1.0, tail) };
    let high = if hits == trials { 1.0 } else { beta_quantile(k + 1.0, rest, 1.0 - tail) };
    Some((low, high))
}

/// The x at which the beta distribution function reaches `p`, by halving until the doubles are neighbours.
pub(super) fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if checked_beta_reg(a, b, middle).is_ok_and(|reached| reached < p) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The Kolmogorov–Smirnov distance of values from the uniform distribution on 0 to 1: the largest difference between
/// their distribution function and the diagonal. NaN is left out; `None` without values.
///
/// ```
/// let distance = results_numerics::numerics::stats::ks_uniform(&[0.25, 0.75]).unwrap();
/// assert!((distance - 0.25).abs() < 1e-15);
/// ```
pub fn ks_uniform(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let steps = sorted.iter().enumerate().map(|(i, value)| {
        let (below, at) = (i as f64 / n, (i + 1) as f64 / n);
        (at - value).max(value - below)
    });
    steps.reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Binomial sums with 60 digits; the ends of 0 and n hits in closed form.
    #[test]
    fn known_intervals() {
        let cases: [(u64, u64, f64, f64); 6] = [
            (5, 10, 0.187_086_028_447_398_5, 0.812_913_971_552_601_5),
            (1, 2, 0.012_579_117_093_425_0, 0.987_420_882_906_575),
            (12, 240, 0.026_099_286_851_242_2, 0.085_710_516_860_597_3),
            (142, 240, 0.526_583_035_083_091_9, 0.654_456_976_324_429_6),
            (24, 25, 0.796_483_086_077_586, 0.998_987_800_300_689_2),
            (1, 24, 0.001_054_352_445_469_7, 0.211_201_683_456_973_1),
        ];
        for (hits, trials, low, high) in cases {
            let found = clopper_pearson(hits, trials, 0.95).unwrap();
            assert!((found.0 - low).abs() < 1e-12, "{hits} of {trials}: {found:?}");
            assert!((found.1 - high).abs() < 1e-12, "{hits} of {trials}: {found:?}");
        }
        for trials in [1_u64, 3, 10, 240, 100_000] {
            let end = 1.0 - 0.025_f64.powf(1.0 / trials as f64);
            let (none, all) =
                (clopper_pearson(0, trials, 0.95).unwrap(), clopper_pearson(trials, trials, 0.95).unwrap());
            assert!(none.0 <= 0.0 && (none.1 - end).abs() < 1e-12, "{trials}: {none:?}");
            assert!(all.1 >= 1.0 && (all.0 - (1.0 - end)).abs() < 1e-12, "{trials}: {all:?}");
        }
        assert_eq!(clopper_pearson(0, 0, 0.95), None);
        assert_eq!(clopper_pearson(4, 3, 0.95), None);
    }

    #[test]
    fn known_distances() {
        for (values, distance) in [
            (&[0.5][..], 0.5),
            (&[0.0, 0.0, 0.0], 1.0),
            (&[1.0], 1.0),
            (&[0.1, 0.1, 0.9], 2.0 / 3.0 - 0.1),
            (&[0.7, f64::NAN, 0.2], 0.3),
        ] {
            assert!((ks_uniform(values).unwrap() - distance).abs() < 1e-15, "{values:?}");
        }
        assert_eq!(ks_uniform(&[f64::NAN]), None);
        let even: Vec<f64> = (1..=1000).map(|i| f64::from(i) / 1000.0).collect();
        assert!(ks_uniform(&even).unwrap() < 0.001 + 1e-12);
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_share_and_shrinks(hits in 0u64..300, more in 0u64..300) {
            let trials = hits + more;
            prop_assume!(trials > 0);
            let (low, high) = clopper_pearson(hits, trials, 0.95).unwrap();
            let share = hits as f64 / trials as f64;
            prop_assert!(0.0 <= low && low <= share && share <= high && high <= 1.0);
            let (inner_low, inner_high) = clopper_pearson(hits, trials, 0.5).unwrap();
            prop_assert!(low <= inner_low && inner_high <= high);
            // The other way round it is the mirror.
            let (mirrored, _) = clopper_pearson(more, trials, 0.95).unwrap();
            prop_assert!((mirrored - (1.0 - high)).abs() < 1e-12);
        }

        #[test]
        fn a_distance_is_that_of_the_definition(values in prop::collection::vec(0.0..=1.0f64, 1..40)) {
            // Of all points, the largest difference is at a value or just before it.
            let n = values.len() as f64;
            let at = |x: f64| values.iter().filter(|value| **value <= x).count() as f64 / n;
            let before = |x: f64| values.iter().filter(|value| **value < x).count() as f64 / n;
            let naive = values.iter().map(|x| (at(*x) - x).abs().max((before(*x) - x).abs())).fold(0.0, f64::max);
            prop_assert!((ks_uniform(&values).unwrap() - naive).abs() < 1e-12);
        }
    }
}
