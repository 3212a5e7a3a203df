//! Symbolic transfer entropy and Granger causality against the reference numbers.

use results_numerics::numerics::cmi::estimate;
use results_numerics::numerics::embedding::Histories;
use results_numerics::numerics::granger::{granger, select_lag};
use results_numerics::numerics::ordinal::{Ties, patterns};
use results_numerics::numerics::transfer::transfer_entropy;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/measures");

fn series(case: &str) -> (Vec<i32>, Vec<i32>) {
    let text = std::fs::read_to_string(format!("{REFERENCE}/series/series_{case}.csv")).unwrap();
    let row = |l: &str| l.split(',').map(|v| v.parse().unwrap()).collect::<Vec<i32>>();
    text.lines().skip(1).map(row).map(|r| (r[0], r[1])).unzip()
}

fn rows(measure: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(format!("{REFERENCE}/expected.csv")).unwrap();
    let fields = |l: &str| l.split(',').map(str::to_owned).collect::<Vec<_>>();
    text.lines().skip(1).map(fields).filter(|f| f[1] == measure).collect()
}

#[test]
fn symbolic_transfer_entropy_is_exact() {
    let rows = rows("ste");
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let (a, s) = series(&row[0]);
        let of = |series: &[i32]| patterns(series, &[0], 3, Ties::Stable);
        let ((a, starts), (s, _)) = (of(&a), of(&s));
        let (from, to) = if row[2] == "A2S" { (&a, &s) } else { (&s, &a) };
        let (k, tau): (usize, usize) = (row[3].parse().unwrap(), row[4].parse().unwrap());
        let h = Histories { target: k.min(2), source: k.min(2), lag: tau };
        let found = estimate(&transfer_entropy(from, to, &starts, h).unwrap());
        let off = (found.value - row[5].parse::<f64>().unwrap()).abs();
        assert!(off < 1e-12, "{row:?} is off by {off}");
    }
}

#[test]
fn granger_causality_is_exact() {
    let rows = rows("granger");
    assert!(rows.len() > 8, "{}", rows.len());
    for row in rows {
        let (a, s) = series(&row[0]);
        let lag = select_lag(&a, &s, &[0], 8).unwrap();
        assert_eq!(lag.to_string(), row[3], "{row:?}");
        let (from, to) = if row[2] == "A2S" { (&a, &s) } else { (&s, &a) };
        let found = granger(from, to, &[0], lag).unwrap();
        let near = |x: f64, text: &str| (x / text.parse::<f64>().unwrap() - 1.0).abs() < 1e-9;
        assert!(near(found.f, &row[5]), "{row:?} {found:?}");
        assert!(near(found.p, &row[7]), "{row:?} {found:?}");
        let digits: Vec<&str> =
            row[6].split(|c: char| !c.is_ascii_digit()).filter(|t| !t.is_empty()).collect();
        assert_eq!(
            digits.iter().take(2).map(|t| t.parse::<usize>().unwrap()).collect::<Vec<_>>(),
            [found.df1, found.df2]
        );
    }
}
