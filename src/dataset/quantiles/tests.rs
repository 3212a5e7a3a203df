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
        assert_eq!(found, repeat(&[(0.0, low), (1.0, high)]).iter().map(|&v| v as i32).collect::<Vec<_>>());
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
