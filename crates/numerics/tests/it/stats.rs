//! Statistics over users against scipy, statsmodels and numpy (see `tests/record_stats.py`).

use std::collections::HashMap;

use results_numerics::numerics::stats::{
    benjamini_hochberg, benjamini_yekutieli, hodges_lehmann, hodges_lehmann_interval, location, median,
    share_positive, wilcoxon_signed_rank,
};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/stats");

/// The rows of a file, by the names of its columns.
fn rows(file: &str) -> Vec<HashMap<String, String>> {
    let text = std::fs::read_to_string(format!("{REFERENCE}/{file}")).unwrap();
    let mut lines = text.lines().filter(|l| !l.starts_with('#')).map(|l| l.split(',').map(str::to_owned));
    let names: Vec<String> = lines.next().unwrap().collect();
    lines.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(number).collect()
}

fn optional(text: &str) -> Vec<Option<f64>> {
    text.split_whitespace().map(|word| (word != "null").then(|| number(word))).collect()
}

/// Deviation relative to the expected value; absolute where that is 0.
fn relative(found: f64, expected: f64) -> f64 {
    (found - expected).abs() / if expected == 0.0 { 1.0 } else { expected.abs() }
}

#[test]
fn wilcoxon_is_scipys() {
    let rows = rows("wilcoxon.csv");
    assert!(rows.len() >= 40, "{}", rows.len());
    let mut worst = 0.0f64;
    for row in rows {
        let (name, values) = (&row["name"], numbers(&row["values"]));
        let Some(found) = wilcoxon_signed_rank(&values) else {
            assert!(row["p"].is_empty(), "{name}");
            continue;
        };
        let n = found.n as f64;
        // scipy tells the smaller of both sums of ranks.
        let statistic = found.w.min(n * (n + 1.0) / 2.0 - found.w);
        assert!((statistic - number(&row["statistic"])).abs() < 1e-12, "{name}: {statistic}");
        let p = number(&row["p"]);
        assert!((found.p - p).abs() < 1e-12, "{name}: {} {p}", found.p);
        worst = worst.max(relative(found.p, p));
    }
    // Far in the tails too.
    assert!(worst < 1e-12, "{worst:e}");
    println!("wilcoxon: largest relative deviation {worst:e}");
}

#[test]
fn q_is_statsmodels() {
    let rows = rows("multiple.csv");
    assert!(rows.len() >= 40, "{}", rows.len());
    let mut worst = 0.0f64;
    for row in rows {
        let of = match row["method"].as_str() {
            "fdr_bh" => benjamini_hochberg,
            "fdr_by" => benjamini_yekutieli,
            method => panic!("{method}"),
        };
        let (found, expected) = (of(&optional(&row["p"])), optional(&row["q"]));
        assert_eq!(found.len(), expected.len(), "{row:?}");
        for (found, expected) in found.into_iter().zip(expected) {
            let (Some(q), Some(expected)) = (found, expected) else {
                assert_eq!(found, expected, "{row:?}");
                continue;
            };
            assert!((q - expected).abs() < 1e-15, "{q} {expected} {}", row["name"]);
            worst = worst.max(relative(q, expected));
        }
    }
    assert!(worst < 1e-14, "{worst:e}");
    println!("q: largest relative deviation {worst:e}");
}

#[test]
fn locations_are_those_of_all_averages() {
    let rows = rows("location.csv");
    assert!(rows.len() >= 10, "{}", rows.len());
    for row in rows {
        let values = numbers(&row["values"]);
        let expected = ["median", "hodges_lehmann", "positive"].map(|name| number(&row[name]));
        let found = [median(&values), hodges_lehmann(&values), share_positive(&values)];
        assert_eq!(found, expected.map(Some), "{}", row["name"]);
        let all = location(&values, 1, "").unwrap();
        let all = [all.median, all.hodges_lehmann, all.positive];
        assert_eq!(all.map(f64::to_bits), expected.map(f64::to_bits), "{}", row["name"]);
    }
}

/// Limits of 2000 resamples against those of 20000 others.
#[test]
fn intervals_are_scipys_up_to_chance() {
    let rows = rows("location_interval.csv");
    assert!(rows.len() >= 5, "{}", rows.len());
    for row in rows {
        let found = hodges_lehmann_interval(&numbers(&row["values"]), 1, &row["name"]).unwrap();
        let (low, high) = (number(&row["low"]), number(&row["high"]));
        // A limit's standard error is √(0.025·0.975 / 2000) over the normal density there, 0.0584: 0.06 of
        // the estimate's standard deviation, of which the interval is 3.92 wide.
        let allowed = 5.0 * 0.06 / 3.92 * (high - low);
        assert!((found.0 - low).abs() < allowed, "{}: {found:?} {low} {high}", row["name"]);
        assert!((found.1 - high).abs() < allowed, "{}: {found:?} {low} {high}", row["name"]);
    }
}
