//! Measures against the Python package infomeasure (see `tests/record_infomeasure.py`).

use std::collections::HashMap;

use results_numerics::numerics::cmi::{Estimate, estimate};
use results_numerics::numerics::codes::Codes;
use results_numerics::numerics::conditional::{
    ConditionAt, Conditioned, Definition, Embedding, Lag, Options, Parts, Permuted, Pooling, SourceHistory,
    conditional, stratified,
};
use results_numerics::numerics::embedding::{Histories, Observations, Symbols};
use results_numerics::numerics::transfer::{active_information_storage, transfer_entropy};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/infomeasure");

/// The rows of a file, by the names of its columns.
fn rows(file: &str) -> Vec<HashMap<String, String>> {
    let text = std::fs::read_to_string(format!("{REFERENCE}/{file}")).unwrap();
    let mut lines = text.lines().filter(|l| !l.starts_with('#')).map(|l| l.split(',').map(str::to_owned));
    let names: Vec<String> = lines.next().unwrap().collect();
    lines.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
}

/// Source, target and condition of every case.
fn all_series() -> HashMap<String, [Vec<i32>; 3]> {
    let digits = |text: &String| text.bytes().map(|digit| i32::from(digit - b'0')).collect();
    let of = |row: &HashMap<String, String>| ["source", "target", "condition"].map(|name| digits(&row[name]));
    rows("series.csv").iter().map(|row| (row["case"].clone(), of(row))).collect()
}

/// Every row of a measure: its series without the samples to skip, its histories, the row.
fn compare(measure: &str, least: usize, of: impl Fn(&[Symbols; 3], Histories, &str) -> Vec<Estimate>) {
    let series = all_series();
    assert!(series.len() >= 30, "{}", series.len());
    let rows: Vec<_> = rows("expected.csv").into_iter().filter(|row| row["measure"] == measure).collect();
    assert!(rows.len() >= least, "{}", rows.len());
    let mut worst = 0.0f64;
    for row in rows {
        let whole = |name: &str| row[name].parse::<usize>().unwrap_or(0);
        let rest = series[&row["case"]].each_ref().map(|s| &s[whole("skip")..]);
        let symbols = rest.map(|values| Symbols::new(values, "series").unwrap());
        let h = Histories { target: whole("k"), source: whole("l"), lag: whole("lag") };
        for found in of(&symbols, h, &row["condition_at"]) {
            assert_eq!(found.n, whole("n"), "{row:?}");
            let off = (found.value - row["value"].parse::<f64>().unwrap()).abs();
            assert!(off < 1e-12, "{row:?}: off by {off}");
            worst = worst.max(off);
        }
    }
    println!("{measure}: largest deviation {worst:e}");
}

fn transfer([source, target, _]: &[Symbols; 3], h: Histories, _: &str) -> Vec<Estimate> {
    vec![estimate(&transfer_entropy(source, target, &[0], h).unwrap())]
}

#[test]
fn transfer_entropy_is_infomeasures() {
    compare("te", 100, transfer);
}

/// Without a history of the target, transfer entropy is mutual information at a lag.
#[test]
fn mutual_information_is_infomeasures() {
    compare("mi", 60, transfer);
}

#[test]
fn active_information_storage_is_infomeasures() {
    compare("ais", 120, |[_, target, _], h, _| {
        vec![estimate(&active_information_storage(target, &[0], h.target).unwrap())]
    });
}

#[test]
fn conditional_transfer_entropy_is_infomeasures() {
    compare("cte", 200, |[source, target, condition], histories, at| {
        let options = Options {
            embedding: Embedding::BeforeSelection,
            lag: Lag::Uniform,
            condition_at: if at == "target" { ConditionAt::Target } else { ConditionAt::Previous },
            source_history: SourceHistory::Full,
            permuted: Permuted::WithinCondition,
            pooling: Pooling::Observations,
            min_stratum_observations: 0,
        };
        let keep = vec![true; condition.base as usize];
        let data = Conditioned { source, target, condition, segment_starts: &[0], keep: &keep };
        let definition = Definition { histories, options, strict: false };
        // Strata weighted by their observations are the same information.
        [conditional, stratified]
            .map(|of| match of(&data, &definition).unwrap().parts {
                Parts::Whole { observations, .. } => estimate(&observations),
                Parts::Strata(_) => panic!("strata are pooled by observations"),
            })
            .to_vec()
    });
}

#[test]
fn conditional_mutual_information_is_infomeasures() {
    compare("cmi", 30, |symbols, _, _| {
        let [x, y, z] = symbols.each_ref().map(|s| {
            let values: Vec<u64> = s.values.iter().map(|v| u64::from(*v)).collect();
            Codes::of(&values, u64::from(s.base))
        });
        let times = (0..symbols[0].len()).collect();
        vec![estimate(&Observations { x, y, z, times })]
    });
}
