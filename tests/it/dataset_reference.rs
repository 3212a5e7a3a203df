//! Preprocessing against the predecessor's discrete series, and the corrected rules on its input.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use results::config::{Config, Discretize, GapMode, MissingTarget, QuantileRule, RowOrder};
use results::dataset::{DatasetError, Recipe, Series, UserFrame, inputs};

const REFERENCE: &str = "tests/reference/extrasensory";

/// The corrected defaults on the `ExtraSensory` columns.
fn corrected() -> Config {
    serde_json::from_str(include_str!("../reference/dataset_config.json")).unwrap()
}

/// The predecessor's rules.
fn predecessor(rule: QuantileRule, hour_bins: u32) -> Config {
    let mut config = corrected();
    config.hour_bins = hour_bins;
    config.data.discretize_source = Discretize::Quantiles { bins: 5, rule };
    config.data.missing_target = MissingTarget::Zero;
    config.data.order = RowOrder::File;
    config.data.plausibility = false;
    config.gaps.mode = GapMode::Ignore;
    config
}

/// All users, by the first letters of their ids.
fn frames(recipe: &Recipe, config: &Config) -> BTreeMap<String, UserFrame> {
    let read = |input| recipe.read(input).unwrap();
    inputs(config).unwrap().iter().map(read).map(|frame| (frame.id.clone(), frame)).collect()
}

fn user(config: &Config, prefix: &str, mode: &str) -> Result<Series, DatasetError> {
    let recipe = Recipe::new(config).unwrap();
    let users = inputs(config).unwrap();
    let input = users.iter().find(|user| user.id.starts_with(prefix)).unwrap();
    recipe.series(&recipe.read(input).unwrap(), mode)
}

/// Columns of a small CSV of whole numbers.
fn columns(path: &Path) -> BTreeMap<String, Vec<i32>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for line in lines {
        for (name, cell) in names.iter().zip(line.split(',')) {
            columns.entry((*name).to_owned()).or_default().push(cell.parse().unwrap());
        }
    }
    columns
}

#[test]
fn every_series_of_the_predecessor() {
    let outcomes = std::fs::read_to_string(format!("{REFERENCE}/outcomes.csv")).unwrap();
    let configs = [6, 24].map(|bins| predecessor(QuantileRule::Linear, bins));
    let recipes = configs.each_ref().map(|config| Recipe::new(config).unwrap());
    let users = frames(&recipes[0], &configs[0]);
    let mut compared = 0;
    for outcome in outcomes.lines().skip(1) {
        let [id, mode, bins, "ok", "", n] = outcome.split(',').collect::<Vec<_>>()[..] else {
            panic!("{outcome}")
        };
        let recipe = &recipes[usize::from(bins == "24")];
        let series = recipe.series(&users[id], mode).unwrap();
        assert_eq!(series.len(), n.parse::<usize>().unwrap(), "{outcome}");
        assert_eq!(series.segment_starts, [0], "{outcome}");
        let file = format!("{REFERENCE}/expected/{id}.{mode}.h{bins}.csv");
        let expected = columns(Path::new(&file));
        let hour: Vec<i32> = series.hour.iter().map(|&hour| i32::from(hour)).collect();
        assert_eq!(series.source, expected["a"], "{outcome}: a");
        assert_eq!(series.target, expected["s"], "{outcome}: s");
        assert_eq!(hour, expected["hour"], "{outcome}: hour");
        assert_eq!(series.condition, expected["hour_bin"], "{outcome}: hour_bin");
        compared += 1;
    }
    assert_eq!(compared, std::fs::read_dir(format!("{REFERENCE}/expected")).unwrap().count());
}

#[test]
fn awkward_users_of_the_predecessor() {
    for rule in [QuantileRule::Linear, QuantileRule::AveragedInvertedCdf] {
        let config = predecessor(rule, 6);
        for mode in &config.feature_modes {
            let constant = user(&config, "CONST", mode).unwrap_err();
            assert_eq!(constant.code(), "no_variance", "{mode}");
            assert!(constant.to_string().starts_with("zero variance"), "{constant}");
            let short = user(&config, "SHORT", mode).unwrap_err();
            assert!(short.to_string().starts_with("Insufficient data (N=145)"), "{short}");
            assert!(constant.is_skip() && short.is_skip());
        }
        // No labels at all count as "not sitting".
        let unlabelled = user(&config, "NOLABEL", "composite").unwrap();
        assert!(unlabelled.target.iter().all(|&symbol| symbol == 0));
        assert_eq!(unlabelled.rows_without_target, unlabelled.rows_read);
        // These two modes of the heavily tied user have no expected series.
        for mode in ["variance_only", "magnitude_only"] {
            assert_eq!(user(&config, "TIES", mode).unwrap_err().code(), "one_bin", "{mode}");
        }
    }
}

#[test]
fn the_two_edge_rules_differ_in_a_few_codes_at_most() {
    let [linear, averaged] = [QuantileRule::Linear, QuantileRule::AveragedInvertedCdf]
        .map(|rule| user(&predecessor(rule, 6), "35FC5211", "composite").unwrap().source);
    let differing = linear.iter().zip(&averaged).filter(|(a, b)| a != b).count();
    assert!(differing <= 4, "{differing}");
}

#[test]
fn corrected_rules() {
    let config = corrected();
    let ties = user(&config, "TIES", "composite").unwrap();
    assert!(ties.segment_starts.len() > 1, "gaps break");
    assert_eq!(ties.segment_starts[0], 0);
    assert!(ties.segment_starts.is_sorted_by(|a, b| a < b));
    assert_eq!(user(&config, "NOLABEL", "composite").unwrap_err().code(), "no_labels");
    assert_eq!(user(&config, "CONST", "composite").unwrap_err().code(), "no_variance");
    assert_eq!(user(&config, "SHORT", "composite").unwrap_err().code(), "too_few_rows");

    // Ranks fill the bins evenly where values are distinct.
    let real = user(&config, "0EC60222", "composite").unwrap();
    let count = |symbol| real.source.iter().filter(|&&found| found == symbol).count();
    let counts: Vec<usize> = (0..5).map(count).collect();
    assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 2, "{counts:?}");
    let incomplete = real.rows_without_source.max(real.rows_without_target);
    let at_most = real.rows_without_source + real.rows_without_target;
    let dropped = real.rows_read - real.len();
    assert_eq!(real.rows_read, 1254);
    assert!((incomplete..=at_most).contains(&dropped), "{dropped} of {incomplete}..={at_most}");
}
