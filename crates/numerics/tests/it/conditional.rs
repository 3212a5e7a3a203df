//! Conditional transfer entropies, as the predecessor defines them, against the reference numbers.

use std::collections::HashMap;

use results_numerics::nulls::{
    Judges, PRule, Permute, Plan, Pooled, Stop, StreamKey, Surrogates, test_selected,
};
use results_numerics::numerics::conditional::{
    ConditionAt, Conditioned, Definition, Embedding, Lag, Options, Permuted, Pooling, SourceHistory,
    conditional, stratified,
};
use results_numerics::numerics::embedding::{Histories, Symbols};
use results_numerics::numerics::fisher::fisher;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/measures");

const OLD: Options = Options {
    embedding: Embedding::AfterSelection,
    lag: Lag::DataShift,
    condition_at: ConditionAt::Previous,
    source_history: SourceHistory::One,
    permuted: Permuted::Global,
    pooling: Pooling::Fisher,
    min_stratum_observations: 0,
};

/// Columns a (source), s (target) and h (condition) of a case.
fn series(case: &str) -> [Symbols; 3] {
    let text = std::fs::read_to_string(format!("{REFERENCE}/series/series_{case}.csv")).unwrap();
    let rows: Vec<Vec<i32>> =
        text.lines().skip(1).map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    [(0, "source"), (1, "target"), (2, "condition")].map(|(i, name)| {
        let column: Vec<i32> = rows.iter().map(|r| r[i]).collect();
        Symbols::new(&column, name).unwrap()
    })
}

/// `case,measure,direction,k,tau,value,n_obs,p,null_mean,null_std`
type Fields = Vec<String>;

fn rows(measure: &str) -> Vec<Fields> {
    let text = std::fs::read_to_string(format!("{REFERENCE}/expected.csv")).unwrap();
    text.lines()
        .skip(1)
        .map(|l| l.split(',').map(str::to_owned).collect::<Fields>())
        .filter(|f| f[1] == measure)
        .collect()
}

/// Calls `check` with every row of a measure, what is found, and returns the largest deviation.
fn deviation(measure: &'static str, surrogates: u32, check: impl Fn(&Fields, &Pooled)) -> f64 {
    let plan = Plan { surrogates, stop: Stop::AtEnd, p: PRule::Raw };
    let mut cases = HashMap::new();
    let mut worst = 0.0f64;
    for row in rows(measure) {
        let [a, s, h] = cases.entry(row[0].clone()).or_insert_with(|| series(&row[0]));
        let (source, target) = if row[2] == "A2S" { (&*a, &*s) } else { (&*s, &*a) };
        let keep = vec![true; h.base as usize];
        let data = Conditioned { source, target, condition: h, segment_starts: &[0], keep: &keep };
        let (k, tau): (usize, u32) = (row[3].parse().unwrap(), row[4].parse().unwrap());
        let histories = Histories { target: k, source: k, lag: tau as usize };
        let definition = Definition { histories, options: OLD, strict: false };
        let key = StreamKey::new(1, &row[0], "", measure, &row[2], tau);
        let of = if measure == "true_cte" { conditional } else { stratified };
        let judges =
            Judges { nulls: &[&Permute], stop_above: 1.0, plan: &plan, exact: false, observations: false };
        let found = test_selected(of(&data, &definition).unwrap(), &judges, None, key);
        let off = (found.told.estimate.value - row[5].parse::<f64>().unwrap()).abs();
        assert!(off < 1e-12, "{row:?}: off by {off}");
        worst = worst.max(off);
        check(&row, &found);
    }
    worst
}

fn null(found: &Pooled) -> Surrogates {
    found.told.verdict.each[0].said.unwrap()
}

#[test]
fn stratified_cte_is_exact() {
    assert_eq!(rows("stratified_cte").len(), 88);
    let worst = deviation("stratified_cte", 20, |row, found| {
        assert!(null(found).p.is_some_and(|p| (0.0..=1.0).contains(&p)), "{row:?}");
        assert_eq!((null(found).exceedances, null(found).drawn), (None, None));
    });
    println!("stratified_cte: largest deviation {worst:e}");
}

#[test]
fn true_cte_is_exact() {
    assert_eq!(rows("true_cte").len(), 90);
    let compared = std::cell::Cell::new(0);
    let worst = deviation("true_cte", 200, |row, found| {
        if let Ok(n) = row[6].parse::<usize>() {
            assert_eq!(found.told.estimate.n, n, "{row:?}");
        }
        if let (Ok(mean), Ok(std)) = (row[8].parse::<f64>(), row[9].parse::<f64>()) {
            let error = std * (1.0f64 / 200.0 + 1.0 / 500.0).sqrt();
            assert!((null(found).mean.unwrap() - mean).abs() <= 5.0 * error + 1e-12, "{row:?}: {found:?}");
            assert!(
                std == 0.0 || (0.7..1.4).contains(&(null(found).std.unwrap() / std)),
                "{row:?}: {found:?}"
            );
            compared.set(compared.get() + 1);
        }
        if let Ok(p) = row[7].parse::<f64>() {
            let clamped = p.clamp(0.01, 0.99);
            let error = (clamped * (1.0 - clamped) * (1.0 / 200.0 + 1.0 / 500.0)).sqrt();
            assert!((null(found).p.unwrap() - p).abs() < 5.0 * error, "{row:?}: {found:?}");
        }
    });
    assert!(compared.get() > 10, "{}", compared.get());
    println!("true_cte: largest deviation {worst:e}");
}

#[test]
fn fisher_is_the_chi_squared_tail() {
    // scipy.stats.combine_pvalues on these.
    let cases: [(&[f64], f64); 4] = [
        (&[0.3], 0.3),
        (&[0.0, 0.5], 0.0),
        (&[1.0, 1.0, 1.0], 1.0),
        (&[0.05, 0.05], 0.017_478_661_367_769_956),
    ];
    for (p, expected) in cases {
        assert!((fisher(p) - expected).abs() < 1e-15, "{p:?}: {}", fisher(p));
    }
    // Far in the tail, where e to the minus half the statistic alone is below every float.
    let expected = 5.645_051_714_907_68e-143;
    assert!((fisher(&[0.0183; 200]) / expected - 1.0).abs() < 1e-9, "{}", fisher(&[0.0183; 200]));
}
