//! With `compat: predecessor`, the program's own CSVs hold the predecessor's numbers.

use std::collections::BTreeMap;

use crate::world::World;

const CONFIG: &str = "compat: predecessor
feature_modes: [composite]
taus: [1, 2]
hour_bins: 6
surrogates: 20
k_selection: {strategy: AIS, k_grid: [1, 2, 3], k_max: 3, undersampling_guard: false}
analysis_modes: [global_te, stratified_te, true_cte, ste, gc]
# The legacy run had scikit-learn 1.9, whose quantiles are these.
data: {format: extrasensory, discretize: {rule: averaged_inverted_cdf}}
";

const LEGACY: [&str; 3] = [
    "full_bins6_20261123_1300_shard0of3",
    "full_bins6_20261123_1301_shard1of3",
    "full_bins6_20261123_1302_shard2of3",
];

type Table = BTreeMap<(String, String), BTreeMap<String, String>>;

/// The fields of a line; fields hold no quotes of their own here but JSON lists.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    fields
}

/// Rows by user and tau.
fn table(text: &str) -> Table {
    let mut lines = text.lines();
    let names = fields(lines.next().unwrap());
    lines
        .map(|line| {
            let row: BTreeMap<String, String> = names.iter().cloned().zip(fields(line)).collect();
            ((row["user_id"].clone(), row.get("tau").cloned().unwrap_or_default()), row)
        })
        .collect()
}

fn legacy(file: &str) -> Table {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/legacy");
    LEGACY
        .iter()
        .flat_map(|dir| table(&std::fs::read_to_string(format!("{root}/{dir}/{file}")).unwrap()))
        .collect()
}

/// Every row of a legacy file, text for text and number for number.
fn agree(csv: &BTreeMap<String, String>, name: &str, same: &[&str], numbers: &[&str]) {
    let expected = legacy(&format!("{name}.csv"));
    let text = &csv[&format!("{name}.partial.csv")];
    let found = table(text);
    assert_eq!(found.len(), 12, "{name}");
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/legacy");
    let header = std::fs::read_to_string(format!("{root}/{}/{name}.csv", LEGACY[0])).unwrap();
    assert!(text.starts_with(header.lines().next().unwrap()), "{name}: old columns come first");
    for (key, row) in &expected {
        for column in same {
            assert_eq!(found[key][*column], row[*column], "{name} {key:?} {column}");
        }
        for column in numbers {
            let number = |row: &BTreeMap<String, String>| row[*column].parse::<f64>().unwrap();
            let off = (number(&found[key]) - number(row)).abs();
            assert!(off < 1e-12, "{name} {key:?} {column} is off by {off}");
        }
    }
}

#[test]
fn every_number_of_the_legacy_run() {
    let world = World::new(0);
    world.write("old.yaml", CONFIG);
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/extrasensory/input");
    let said = world.run(&["run", "--config", "old.yaml", "--data", data, "--out", "run", "--shards", "3"]);
    // Two of the four awkward users have no result, here as there.
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert!(said.err.contains("N=145") && said.err.contains("CONST000"), "{}", said.err);
    world.expect(3, &["merge", "--shards", "run", "--output", "m", "--allow-partial"]);
    let csv = world.csv("m");

    let same = ["k", "l", "n_samples", "low_n", "quality_passed", "feature_mode"];
    let binned = ["hour_bins", "n_samples_per_bin_min", "low_n_hours", "bins_filtered"];
    let binned = [&same[..], &binned].concat();
    agree(&csv, "per_user_te", &same, &["TE_A2S", "TE_S2A", "Delta_TE"]);
    agree(&csv, "per_user_cte", &binned, &["CTE_A2S", "CTE_S2A", "Delta_CTE"]);
    agree(&csv, "per_user_true_cte", &binned, &["CTE_true_A2S", "CTE_true_S2A", "Delta_CTE_true"]);
    let same: Vec<&str> = same.into_iter().filter(|column| *column != "l").collect();
    agree(&csv, "per_user_ste", &same, &["STE_A2S", "STE_S2A", "Delta_STE"]);
    // The predecessor's Granger p-values are empty: its call failed. Lags and verdicts are there.
    let gc = table(&csv["per_user_gc.partial.csv"]);
    for (key, row) in legacy("per_user_gc.csv") {
        for column in ["gc_optimal_lag", "n_samples", "low_n", "quality_passed"] {
            assert_eq!(gc[&key][column], row[column], "{key:?} {column}");
        }
    }
    for (key, row) in legacy("k_selected_by_user.csv") {
        let found = &table(&csv["k_selected_by_user.partial.csv"])[&key];
        for column in ["k_selected", "k_original", "capped"] {
            assert_eq!(found[column], row[column], "{key:?} {column}");
        }
    }
    for (key, row) in legacy("hbin_counts.csv") {
        let found = &table(&csv["hbin_counts.partial.csv"])[&key];
        assert_eq!(found["total_samples"], row["total_samples"]);
        let bins: Vec<&str> = (0..6).map(|h| row[&format!("hour_{h:02}")].as_str()).collect();
        let line = csv["hbin_counts.partial.csv"].lines().find(|l| l.starts_with(&key.0)).unwrap();
        assert!(line.ends_with(&format!("\"[{}]\"", bins.join(", "))), "{line}");
    }
}
