use super::walsh::{below, bootstrap, number, ordered, stream};
use super::*;
use proptest::prelude::*;

fn averages(values: &[f64]) -> Vec<f64> {
    let pairs = (0..values.len()).flat_map(|i| (i..values.len()).map(move |j| (i, j)));
    let mut all: Vec<f64> = pairs.map(|(i, j)| f64::midpoint(values[i], values[j]) + 0.0).collect();
    all.sort_by(f64::total_cmp);
    all
}

fn middle(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]) + 0.0
}

/// Numbers of all kinds: tied, spread over many magnitudes, and any bits.
fn values(most: usize) -> impl Strategy<Value = Vec<f64>> {
    let any = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    prop_oneof![
        prop::collection::vec((-3i32..4).prop_map(f64::from), 1..most),
        prop::collection::vec(-1.0..1.0f64, 1..most),
        prop::collection::vec((-1.0..1.0f64).prop_map(|v| v.powi(31)), 1..most),
        prop::collection::vec((-9.0..3.0f64).prop_map(f64::exp2), 1..most),
        prop::collection::vec(any, 1..most),
    ]
}

#[test]
fn known_values() {
    let x = [1.0, 5.0, 2.0, f64::NAN, 2.0, -4.0, f64::INFINITY];
    // Averages: −4 −1.5 −1 −1 .5 1 1.5 1.5 2 2 2 3 3.5 3.5 5.
    let found = location(&x, 1, "").unwrap();
    assert_eq!((found.n, found.median, found.hodges_lehmann, found.positive), (5, 2.0, 1.5, 0.8));
    assert_eq!(found.interval, hodges_lehmann_interval(&x, 1, ""));
    assert_eq!((median(&x), hodges_lehmann(&x), share_positive(&x)), (Some(2.0), Some(1.5), Some(0.8)));
    assert_eq!(median(&[1.0, 4.0]), Some(2.5));
    assert_eq!(median(&[f64::MAX, f64::MAX]), Some(f64::MAX));
    assert_eq!((median(&[f64::NAN]), hodges_lehmann(&[]), share_positive(&[])), (None, None, None));
    assert_eq!((location(&[], 1, ""), hodges_lehmann_interval(&[1.0, 2.0], 1, "")), (None, None));
    assert_eq!(share_positive(&[0.0, -0.0, 1.0, -1.0]), Some(0.25));
    assert_eq!(hodges_lehmann(&[-0.0]).map(f64::to_bits), Some(0));
    assert_eq!(hodges_lehmann_interval(&[7.0; 5], 1, ""), Some((7.0, 7.0)));
}

#[test]
fn intervals_follow_seed_and_key_only() {
    let x: Vec<f64> = (0..40).map(|i| f64::from(i * i % 41).sqrt()).collect();
    let turned: Vec<f64> = x.iter().rev().copied().collect();
    let found = hodges_lehmann_interval(&x, 1, "te").unwrap();
    assert_eq!(hodges_lehmann_interval(&turned, 1, "te"), Some(found));
    assert_ne!(hodges_lehmann_interval(&x, 2, "te"), Some(found));
    assert_ne!(hodges_lehmann_interval(&x, 1, "cte"), Some(found));
    let estimate = hodges_lehmann(&x).unwrap();
    assert!(found.0 < estimate && estimate < found.1, "{found:?} {estimate}");
}

/// Both intervals estimate the same, with and without symmetry.
#[test]
fn intervals_agree_for_many_values() {
    let mut rng = stream(3, "");
    let uniform: Vec<f64> =
        (0..800).map(|_| (below(&mut rng, 1 << 53) as f64 + 0.5) / (1u64 << 53) as f64).collect();
    let skewed: Vec<f64> = uniform.iter().map(|u| -u.ln()).collect();
    for values in [uniform, skewed] {
        let x = sorted(&values);
        let walsh = Walsh::new(&x[..]).unwrap();
        let Ok(ranked) = walsh.median().and_then(|median| walsh.by_ranks(median));
        let resampled = bootstrap(&x, stream(1, ""));
        let width = ranked.1 - ranked.0;
        for (a, b) in [(resampled.0, ranked.0), (resampled.1, ranked.1)] {
            assert!((a - b).abs() < 0.08 * width, "{resampled:?} {ranked:?}");
        }
    }
}

proptest! {
    #[test]
    fn medians_are_those_of_all(values in values(60)) {
        prop_assert_eq!(median(&values), Some(middle(&sorted(&values))));
        prop_assert_eq!(hodges_lehmann(&values), Some(middle(&averages(&values))));
        let all = location(&values, 1, "").unwrap();
        prop_assert_eq!(Some(all.median), median(&values));
        prop_assert_eq!(Some(all.hodges_lehmann), hodges_lehmann(&values));
    }

    #[test]
    fn floats_and_whole_numbers_have_one_order(a in prop::num::f64::ANY, b in prop::num::f64::ANY) {
        prop_assert_eq!(ordered(a).cmp(&ordered(b)), a.total_cmp(&b));
        prop_assert_eq!(number(ordered(a)).to_bits(), a.to_bits());
    }

    #[test]
    fn shares_are_those_of_all(values in prop::collection::vec((-6i32..7).prop_map(f64::from), 1..40)) {
        let x = sorted(&values);
        let walsh = Walsh::new(&x[..]).unwrap();
        let Ok(t) = walsh.median();
        let mut shares = Vec::new();
        let Ok(()) = walsh.shares_below(t, |share| shares.push(share));
        for (a, share) in x.iter().zip(shares) {
            let pair = |b: &f64| match f64::midpoint(*a, *b).total_cmp(&t) {
                std::cmp::Ordering::Less => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 0.0,
            };
            prop_assert!((share - x.iter().map(pair).sum::<f64>() / x.len() as f64).abs() < 1e-15);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// With more averages than are looked at one by one.
    #[test]
    fn every_rank_is_found(values in values(200)) {
        let x = sorted(&values);
        let all = averages(&x);
        let walsh = Walsh::new(&x[..]).unwrap();
        let ranks = (1..=all.len()).step_by(1 + all.len() / 50).chain([all.len()]);
        for rank in ranks {
            let Ok(found) = walsh.nth(rank as u64);
            prop_assert_eq!(found.to_bits(), all[rank - 1].to_bits(), "{}", rank);
        }
        for (rank, pair) in (1..).zip(all.windows(2)).step_by(1 + all.len() / 50) {
            let Ok(found) = walsh.following(pair[0], rank);
            prop_assert_eq!(found.to_bits(), pair[1].to_bits(), "{}", rank);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What lies elsewhere has the same statistics to the last bit, with few and with more values than are bootstrapped.
    #[test]
    fn values_elsewhere_are_as_good(values in values(300), times in prop::sample::select(vec![1usize, 40])) {
        use crate::numerics::stats::sorted::tests::Away;
        use crate::numerics::stats::wilcoxon_of_sorted;
        let many: Vec<f64> = (0..times)
            .flat_map(|time| values.iter().map(move |value| value * (1.0 + 0.01 * time as f64)))
            .collect();
        let held = sorted(&many);
        let away = Away(held.clone());
        let both = [Sorted::Held(&held), Sorted::Stored(&away)];
        let [here, there] = both.map(|values| {
            let test = wilcoxon_of_sorted(values).unwrap().map(|test| [test.w, test.p, test.p_greater].map(f64::to_bits));
            let located = hodges_lehmann_of_sorted(values, 0, "te").unwrap();
            let located = located.map(|(at, interval)| (at.to_bits(), interval.map(|(a, b)| (a.to_bits(), b.to_bits()))));
            (test, located)
        });
        prop_assert_eq!(here, there);
    }
}
