//! Transfer entropy and active information storage against the reference numbers.

use std::collections::HashMap;

use results_numerics::nulls::{PRule, Permute, Plan, Sample, Stop, StreamKey, test};
use results_numerics::numerics::embedding::{Histories, Symbols};
use results_numerics::numerics::transfer::{active_information_storage, transfer_entropy};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/measures");

/// Columns a (source) and s (target) of a case.
fn series(case: &str) -> (Symbols, Symbols) {
    let text = std::fs::read_to_string(format!("{REFERENCE}/series/series_{case}.csv")).unwrap();
    let rows: Vec<Vec<i32>> =
        text.lines().skip(1).map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    let column = |i: usize| rows.iter().map(|r| r[i]).collect::<Vec<_>>();
    (Symbols::new(&column(0), "source").unwrap(), Symbols::new(&column(1), "target").unwrap())
}

struct Row {
    case: String,
    direction: String,
    k: usize,
    tau: usize,
    value: f64,
    n: Option<usize>,
    p: Option<f64>,
    null_mean: Option<f64>,
    null_std: Option<f64>,
}

fn rows(measure: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(format!("{REFERENCE}/expected.csv")).unwrap();
    text.lines()
        .skip(1)
        .map(|l| l.split(',').collect::<Vec<_>>())
        .filter(|f| f[1] == measure)
        .map(|f| Row {
            case: f[0].into(),
            direction: f[2].into(),
            k: f[3].parse().unwrap(),
            tau: f[4].parse().unwrap_or(1),
            value: f[5].parse().unwrap(),
            n: f[6].parse().ok(),
            p: f[7].parse().ok(),
            null_mean: f[8].parse().ok(),
            null_std: f[9].parse().ok(),
        })
        .collect()
}

fn key(row: &Row) -> StreamKey<'_> {
    let tau = row.tau as u32;
    StreamKey::new(1, &row.case, "", "te", &row.direction, tau)
}

/// Mean and standard deviation of 200 surrogates against those of 500 or more.
fn same_null(row: &Row, mean: Option<f64>, std: Option<f64>) {
    let (Some(expected), Some(spread)) = (row.null_mean, row.null_std) else { return };
    let error = spread * (1.0f64 / 200.0 + 1.0 / 500.0).sqrt();
    let away = (mean.unwrap() - expected).abs();
    assert!(
        away <= 5.0 * error + 1e-12,
        "{} {} k={}: null mean off by {away}",
        row.case,
        row.direction,
        row.k
    );
    let ratio = std.unwrap() / spread;
    assert!(
        spread == 0.0 || (0.7..1.4).contains(&ratio),
        "{} {} k={}: {ratio}",
        row.case,
        row.direction,
        row.k
    );
}

#[test]
fn transfer_entropy_is_exact() {
    let rows = rows("te");
    assert!(rows.len() > 50 && rows.iter().any(|r| r.k == 6), "{}", rows.len());
    let plan = Plan { surrogates: 200, stop: Stop::AtEnd, p: PRule::Raw };
    let mut cases = HashMap::new();
    for row in rows {
        let (a, s) = cases.entry(row.case.clone()).or_insert_with(|| series(&row.case));
        let (source, target) = if row.direction == "A2S" { (&*a, &*s) } else { (&*s, &*a) };
        let h = Histories { target: row.k, source: row.k, lag: row.tau };
        let observations = transfer_entropy(source, target, &[0], h).unwrap();
        let found = test(Sample::of(&observations), &Permute, &plan, key(&row)).unwrap();
        let off = (found.estimate.value - row.value).abs();
        assert!(off < 1e-12, "{} {} k={} tau={}: off by {off}", row.case, row.direction, row.k, row.tau);
        assert_eq!(Some(found.estimate.n), row.n.or(Some(found.estimate.n)));
        same_null(&row, found.null.mean, found.null.std);
        if let (Some(expected), Some(p)) = (row.p, found.null.p) {
            let error = (expected.clamp(0.01, 0.99)
                * (1.0 - expected.clamp(0.01, 0.99))
                * (1.0 / 200.0 + 1.0 / 500.0))
                .sqrt();
            assert!(
                (p - expected).abs() < 5.0 * error,
                "{} {} k={}: p {p}, {expected}",
                row.case,
                row.direction,
                row.k
            );
        }
    }
}

#[test]
fn active_information_storage_is_exact() {
    let rows = rows("ais");
    assert!(rows.len() > 30 && rows.iter().any(|r| r.k == 6), "{}", rows.len());
    let plan = Plan { surrogates: 200, stop: Stop::AtEnd, p: PRule::Raw };
    for row in rows {
        let (a, s) = series(&row.case);
        let symbols = if row.direction == "A" { a } else { s };
        let observations = active_information_storage(&symbols, &[0], row.k).unwrap();
        let found = test(Sample::of(&observations), &Permute, &plan, key(&row)).unwrap();
        let off = (found.estimate.value - row.value).abs();
        assert!(off < 1e-12, "{} {} k={}: off by {off}", row.case, row.direction, row.k);
        same_null(&row, found.null.mean, found.null.std);
    }
}
