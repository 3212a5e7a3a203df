//! What the tests of this room share.

use super::rows::GroupTest;
use crate::config::{Fdr, FdrMethod};

/// Tests of two measures; the last one has no value.
pub(super) fn tests() -> Vec<GroupTest> {
    let test = |measure: &str, mode: &str, tau, q, location, interval| GroupTest {
        measure: measure.to_owned(),
        feature_mode: mode.to_owned(),
        tau: Some(tau),
        direction: None,
        users: 12,
        median: Some(location * 0.9),
        share_positive: Some(0.166_666),
        p: Some(q / 2.0),
        q: Some(q),
        location: Some(location),
        interval: Some(interval),
        unit: Some("bits".to_owned()),
    };
    vec![
        test("TE", "composite", 1, 0.018_554, -0.072_254, (-0.142_344, -0.020_996)),
        test("TE", "composite", 2, 0.000_013_02, -0.102_071, (-0.186_416, -0.039_406)),
        test("TRUE_CTE", "composite", 1, 0.38, -0.003_268, (-0.012_189, 0.005_189)),
        GroupTest {
            measure: "OWN".to_owned(),
            feature_mode: "50 % <a|b>".to_owned(),
            users: 2,
            ..GroupTest::default()
        },
    ]
}

/// Both directions of a measure.
pub(super) fn couplings() -> Vec<GroupTest> {
    let of = |(direction, test): (&str, GroupTest)| GroupTest {
        direction: Some(direction.to_owned()),
        tau: Some(1),
        ..test
    };
    ["A2S", "S2A"].into_iter().zip(tests()).map(of).collect()
}

pub(super) fn fdr() -> Fdr {
    Fdr { alpha: 0.05, method: FdrMethod::Bh, by_tau: true, families: vec!["TE".to_owned()] }
}
