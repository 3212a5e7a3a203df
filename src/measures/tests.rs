//! Rows of a unit: those of the schema and the plan, whatever the series.

use proptest::prelude::*;

use crate::config::{Compat, Config, GateAction, parse};
use crate::dataset::Series;
use crate::measures::{UnitId, analyse, asked, planned_rows, settings};
use crate::schema::{Cell, Only, Row, Schemas, record_batch};

const SETTINGS: &str = "feature_modes: [composite]
hour_bins: 3
taus: [1, 2]
analysis_modes: [global_te, stratified_te, true_cte, ste, gc]
k_selection: {strategy: fixed, k_fixed: 1}
surrogates: 19
conditional: {min_stratum_observations: 10}
quality_control:
  global: {min_samples: 0, action: warn}
  te: {min_samples: 50, min_samples_per_state: null, action: warn}
  cte: {min_samples: 50, min_samples_per_bin: 20, action: filter_bins}
  ste: {min_samples: 50, action: warn}
  gc: {min_samples: 50, action: warn}
";

/// Table, method in `issues`, and the columns that have no value where nothing can be computed.
const VALUES: [(&str, &str, [&str; 5]); 5] = [
    ("te", "TE", ["TE_A2S", "TE_S2A", "Delta_TE", "p_A2S", "p_S2A"]),
    ("stratified_cte", "CTE", ["CTE_A2S", "CTE_S2A", "Delta_CTE", "p_A2S", "p_S2A"]),
    ("true_cte", "TRUE_CTE", ["CTE_true_A2S", "CTE_true_S2A", "Delta_CTE_true", "p_A2S", "p_S2A"]),
    ("ste", "STE", ["STE_A2S", "STE_S2A", "Delta_STE", "p_A2S", "p_S2A"]),
    ("gc", "GC", ["gc_optimal_lag", "GC_A2S_pval", "GC_S2A_pval", "sign_GC", "F_A2S"]),
];

fn config_with(more: &str) -> Config {
    parse("test.yaml", &format!("{SETTINGS}{more}"), None, &settings()).unwrap().config
}

fn config() -> Config {
    config_with("statistical: {nulls: [permute]}\n")
}

/// Two full bins and one of 5 rows.
fn series() -> Series {
    let n = 125i32;
    Series {
        source: (0..n).map(|t| (t * t * 7 + t) % 11 % 3).collect(),
        target: (0..n).map(|t| (t * t * 5 + 3 * t) % 13 % 2).collect(),
        condition: (0..n).map(|t| t / 60).collect(),
        condition_levels: 3,
        segment_starts: vec![0],
        rows_read: 125,
        ..Series::default()
    }
}

fn tables(config: &Config, series: &Series) -> Vec<(&'static str, Vec<Row>)> {
    analyse(&UnitId { user_id: "u", feature_mode: "m" }, series, config, asked(config), &|_| ()).tables
}

fn table<'a>(tables: &'a [(&'static str, Vec<Row>)], name: &str) -> &'a [Row] {
    tables.iter().find(|(n, _)| *n == name).map_or(&[], |(_, rows)| rows)
}

fn cell(row: &Row, name: &str) -> Cell {
    row.0.iter().find(|(n, _)| *n == name).map_or(Cell::Null, |(_, c)| c.clone())
}

/// The tables of an analysis with the configuration.
fn schemas(config: &Config) -> Schemas {
    let mut schemas = Schemas::load(None).unwrap();
    if config.statistical.nulls.is_permute() {
        schemas.without(Only::Nulls);
    }
    schemas
}

#[test]
fn rows_are_those_of_the_schema_and_the_plan() {
    for nulls in ["permute", "circular_shift, permute", "within_past, days"] {
        rows_are_those_of(&config_with(&format!("statistical: {{nulls: [{nulls}], min_shift: 5}}\n")));
    }
}

/// Six days with 125 samples at 20 minutes each, less the last.
fn six_days() -> Series {
    let local: Vec<f64> =
        (0..125).map(|t| 86_400.0 * f64::from(t / 21) + 1200.0 * f64::from(t % 21)).collect();
    Series { local, period: Some(1200.0), ..series() }
}

fn rows_are_those_of(config: &Config) {
    let tables = tables(config, &six_days());
    let schemas = schemas(config);
    let kept: Vec<&Row> = table(&tables, "nulls").iter().collect();
    if !config.statistical.nulls.is_permute() {
        let columns: Vec<&str> = schemas.get("nulls").unwrap().stored().map(|c| c.name.as_str()).collect();
        assert!(kept.iter().all(|row| row.0.iter().map(|(c, _)| *c).eq(columns.iter().copied())), "{kept:?}");
        assert!(kept.len() > 20, "{}", kept.len());
    }
    for (name, ..) in VALUES {
        let columns: Vec<&str> = schemas.get(name).unwrap().stored().map(|c| c.name.as_str()).collect();
        let rows = table(&tables, name);
        assert_eq!(Some(&(rows.len() as u64)), planned_rows(config).get(name));
        for row in rows {
            assert_eq!(row.0.iter().map(|(c, _)| *c).collect::<Vec<_>>(), columns);
            let may_lack = |c: &str| c.ends_with("_reason") || c.starts_with("reason_");
            assert!(row.0.iter().all(|(c, v)| *v != Cell::Null || may_lack(c)), "{row:?}");
        }
    }
}

/// Every p of a measure is the largest of those that its nulls have, unless one has none for a reason of the data.
#[test]
fn p_is_the_largest_over_the_nulls() {
    let of = |nulls: &str, stop_above: f64| {
        let settings = format!("statistical: {{nulls: [{nulls}], min_shift: 5, stop_above: {stop_above}}}\n");
        tables(&config_with(&settings), &six_days())
    };
    let found = of("days, within_past, circular_shift, permute", 1.0);
    let p_of = |row: &Row| match cell(row, "p") {
        Cell::Float(p) => p,
        other => panic!("{other:?}: {row:?}"),
    };
    let mut decided = std::collections::BTreeSet::new();
    for (name, _, [.., forth, back]) in VALUES.iter().filter(|(name, ..)| *name != "gc") {
        for row in table(&found, name) {
            for (direction, p, null) in [("A2S", forth, "null_A2S"), ("S2A", back, "null_S2A")] {
                let nulls: Vec<&Row> = table(&found, "nulls")
                    .iter()
                    .filter(|n| cell(n, "measure") == (*name).into() && cell(n, "tau") == cell(row, "tau"))
                    .filter(|n| cell(n, "direction") == direction.into() && cell(n, "p") != Cell::Null)
                    .collect();
                let largest = nulls.iter().map(|n| p_of(n)).fold(0.0, f64::max);
                assert_eq!(cell(row, p), largest.into(), "{row:?}");
                let by = nulls.iter().find(|n| p_of(n) >= largest).map(|n| cell(n, "null")).unwrap();
                assert_eq!(cell(row, null), by);
                decided.insert(format!("{by:?}"));
            }
        }
    }
    assert!(decided.len() > 1, "{decided:?}");
    // A null above the limit spares those behind it.
    let spared = of("days, permute", 0.5).into_iter().find(|(name, _)| *name == "nulls").unwrap().1;
    let is_spared = |row: &&Row| cell(row, "reason") == "another null is above stop_above".into();
    let count = spared.iter().filter(is_spared).count();
    assert!(count > 0 && count < spared.len() / 2, "{count} of {}", spared.len());
}

/// The lags of a measure are scanned together, a row a direction; a lag that is too long for the data has a row
/// without a value, is told in `issues`, and leaves the others as they are.
#[test]
fn lags_are_scanned_and_those_that_are_too_long_are_told() {
    let with = |taus: &str| {
        let text = SETTINGS.replace("taus: [1, 2]", &format!("taus: {taus}"));
        let text = format!("{text}statistical: {{nulls: [days, within_past], lag_scan: true}}\n");
        let config = parse("test.yaml", &text, None, &settings()).unwrap().config;
        tables(&config, &six_days())
    };
    let (found, longer) = (with("1..3"), with("[1, 2, 3, 5000]"));
    let scans = table(&found, "lag_scan");
    let schemas = Schemas::load(None).unwrap();
    let schema = schemas.get("lag_scan").unwrap();
    let known = |row: &Row| row.0.iter().all(|(name, _)| schema.column(name).is_some());
    assert!(scans.len() == 8 && scans.iter().all(known), "{scans:?}");
    for row in scans {
        assert_eq!((cell(row, "lags"), cell(row, "days")), (3i64.into(), 6i64.into()), "{row:?}");
        let (Cell::Int(e), Cell::Int(m)) = (cell(row, "exceedances_scan"), cell(row, "surrogates_scan"))
        else {
            panic!("{row:?}")
        };
        assert_eq!(cell(row, "p_scan"), ((1.0 + e as f64) / (1.0 + m as f64)).into());
        assert!(matches!(cell(row, "best_tau"), Cell::Int(1..=3)), "{row:?}");
    }
    assert_eq!(table(&longer, "lag_scan"), scans, "a lag without a value is not scanned");
    for (name, method, [value, ..]) in VALUES.iter().filter(|(name, ..)| *name != "gc") {
        let rows = table(&longer, name);
        assert_eq!(rows[..3], *table(&found, name), "{name}");
        assert_eq!((cell(&rows[3], "tau"), cell(&rows[3], value)), (5000i64.into(), Cell::Null));
        let told = |row: &&Row| cell(row, "method") == (*method).into() && cell(row, "tau") == 5000i64.into();
        assert_eq!(table(&longer, "issues").iter().filter(told).count(), 2, "{name}: both directions");
    }
}

#[test]
fn one_day_or_no_times_leave_no_p_and_a_reason() {
    let config = config_with("statistical: {nulls: [days, within_past]}\n");
    let one_day =
        Series { local: (0..125).map(|t| 60.0 * f64::from(t)).collect(), period: Some(60.0), ..series() };
    for (series, why) in [(one_day, "one day only"), (series(), "no timestamps")] {
        let found = tables(&config, &series);
        let te = &table(&found, "te")[0];
        assert!(cell(te, "TE_A2S") != Cell::Null && cell(te, "effective_A2S") != Cell::Null, "{te:?}");
        assert_eq!(
            [cell(te, "p_A2S"), cell(te, "null_A2S"), cell(te, "z_A2S")],
            [Cell::Null, Cell::Null, Cell::Null]
        );
        let nulls = table(&found, "nulls");
        let reasons: Vec<Cell> = nulls.iter().take(2).map(|row| cell(row, "reason")).collect();
        assert_eq!(reasons, [why.into(), Cell::Null], "{nulls:?}");
        let told =
            |row: &Row| cell(row, "error") == format!("A2S: no p, `days` has none: {why}").as_str().into();
        assert_eq!(table(&found, "issues").iter().filter(|row| told(row)).count(), 9, "{found:?}");
        // Nothing of it where the values are.
        assert_eq!(cell(&table(&found, "gc")[0], "GC_A2S_pval"), Cell::Null);
        assert!(cell(&table(&found, "gc")[0], "p_GC_parametric_A2S") != Cell::Null);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Every planned row is there and keeps its schema; a value that is not there has a reason.
    #[test]
    fn whatever_the_series_there_is_a_value_or_a_reason(
        rows in prop::collection::vec((-1i32..5, 0i32..3, -1i32..4), 0..160),
        constant in 0usize..4, cut in 0usize..200, k in 1u32..9, compat: bool, chosen in 0usize..4, bins in 0u32..60,
        dimension in 2u32..5, nulls in prop::sample::select(vec!["permute", "days, within_past", "circular_shift"]),
        taus in prop::sample::select(vec!["[1]", "[0, 3]", "[1, 40]"]),
    ) {
        let strategy = [
            "fixed", "AIS_CORRECTED, k_grid: [1, 3, 9], per_variable: true", "KT, k_grid: [3, 1]", "BIC",
        ][chosen];
        let compat = if compat { "predecessor" } else { "none" };
        let text = format!("compat: {compat}\n{SETTINGS}ste: {{dimension: {dimension}}}\nstatistical: {{nulls: [{nulls}]}}\n")
            .replace("strategy: fixed, k_fixed: 1", &format!("strategy: {strategy}, k_fixed: {k}, ais_surrogates: 3"))
            .replace("min_samples_per_bin: 20", &format!("min_samples_per_bin: {bins}"))
            .replace("taus: [1, 2]", &format!("taus: {taus}"))
            .replace("surrogates: 19", "surrogates: 3");
        let config = parse("test.yaml", &text, None, &settings()).unwrap().config;
        // Mostly good symbols: a negative one makes its whole series unusable.
        let good = |v: i32| if rows.len() % 3 == 0 { v } else { v.abs() };
        let column = |i: usize, f: fn(&(i32, i32, i32)) -> i32| -> Vec<i32> {
            rows.iter().map(|r| if constant == i { 1 } else { good(f(r)) }).collect()
        };
        let series = Series {
            source: column(0, |r| r.0),
            target: column(1, |r| r.1),
            condition: column(2, |r| r.2),
            condition_levels: 3,
            segment_starts: match rows.len() { 0 => vec![], n if cut > 0 && cut < n => vec![0, cut], _ => vec![0] },
            rows_read: rows.len(),
            // A sample an hour, so that there are up to seven days.
            local: (0..rows.len()).map(|t| 3600.0 * t as f64).collect(),
            period: (rows.len() > 1).then_some(3600.0),
            ..Series::default()
        };
        let found = tables(&config, &series);
        let schemas = schemas(&config);
        for (name, rows) in &found {
            if let Err(fault) = record_batch(schemas.get(name).unwrap(), rows) {
                prop_assert!(false, "{name}: {fault}");
            }
        }
        let told = |method: &str| table(&found, "issues").iter().any(|row| cell(row, "method") == method.into());
        for (name, method, columns) in VALUES {
            let rows = table(&found, name);
            prop_assert_eq!(rows.len() as u64, planned_rows(&config)[name]);
            for (row, column) in rows.iter().flat_map(|row| columns.map(|c| (row, c))) {
                prop_assert!(cell(row, column) != Cell::Null || told(method), "{name}.{column}: {row:?}");
            }
        }
    }
}

#[test]
fn small_bins_are_left_out_or_told() {
    let mut config = config();
    let found = tables(&config, &series());
    for name in ["stratified_cte", "true_cte"] {
        let row = &table(&found, name)[1];
        assert_eq!(cell(row, "low_n_hours"), "[2]".into());
        assert_eq!((cell(row, "bins_filtered"), cell(row, "quality_passed")), (1i64.into(), true.into()));
        assert_eq!((cell(row, "strata_used_A2S"), cell(row, "effective_lag")), (2i64.into(), 2i64.into()));
        // Tuples may reach into a bin that is left out, but predict nothing there.
        assert_eq!(cell(row, "n_obs_A2S"), 118i64.into());
    }
    config.quality_control.cte.action = GateAction::Warn;
    for (compat, passed, filtered) in [(Compat::None, false, 0i64), (Compat::Predecessor, true, 1)] {
        config.compat = compat;
        let found = tables(&config, &series());
        let row = &table(&found, "true_cte")[0];
        assert_eq!(cell(row, "quality_passed"), passed.into());
        assert_eq!(
            (cell(row, "bins_filtered"), cell(row, "strata_used_A2S")),
            (filtered.into(), 3i64.into())
        );
    }
}

#[test]
fn rows_without_values_have_a_reason() {
    let mut config = config();
    let mut negative = series();
    negative.target[3] = -1;
    let mut constant = series();
    constant.source.fill(1);
    for (series, told) in [(negative, "symbol -1"), (constant, "source has one symbol only")] {
        let found = tables(&config, &series);
        for (name, value, method) in
            [("stratified_cte", "CTE_A2S", "CTE"), ("true_cte", "CTE_true_A2S", "TRUE_CTE")]
        {
            assert_eq!(table(&found, name).len(), 2);
            assert!(table(&found, name).iter().all(|row| cell(row, value) == Cell::Null));
            let issues = table(&found, "issues").iter().filter(|row| cell(row, "method") == method.into());
            let told = |row: &Row| matches!(cell(row, "error"), Cell::Text(why) if why.contains(told));
            assert_eq!(issues.filter(|row| told(row)).count(), 4, "{found:?}");
        }
    }
    config.quality_control.cte.min_samples_per_bin = Some(100);
    let found = tables(&config, &series());
    let row = &table(&found, "true_cte")[0];
    assert_eq!((cell(row, "p_A2S"), cell(row, "quality_passed")), (Cell::Null, false.into()));
    assert_eq!(table(&found, "issues").len(), 2, "{found:?}");
}

/// The target repeats what it was three steps before, the source what it was one step before.
#[test]
fn orders_by_evidence_are_those_of_each_variable() {
    let noise = |t: usize| ((t * t * 7 + t * 3) % 101).is_multiple_of(7);
    let mut series = Series { condition: vec![0; 600], condition_levels: 1, rows_read: 600, ..series() };
    series.source = vec![0];
    series.target = vec![0, 1, 1];
    for t in 3..600 {
        let repeated = series.target[t - 3];
        series.target.push(if noise(t) { 1 - repeated } else { repeated });
    }
    for t in 1..600 {
        let next = (series.source[t - 1] + i32::from(noise(t + 50))) % 3;
        series.source.push(next);
    }
    for (strategy, criterion) in [("KT", "min_code_kt"), ("BIC", "min_code_bic")] {
        let text = SETTINGS
            .replace("strategy: fixed, k_fixed: 1", &format!("per_variable: false, strategy: {strategy}"));
        let config = parse("test.yaml", &text, None, &settings()).unwrap().config;
        let found = tables(&config, &series);
        let row = &table(&found, "k_selection")[0];
        assert_eq!((cell(row, "k_selected"), cell(row, "k_source")), (3i64.into(), 1i64.into()), "{row:?}");
        assert_eq!(cell(row, "criterion"), criterion.into());
        let Cell::Text(lengths) = cell(row, "ais_values") else { panic!("{row:?}") };
        let lengths: std::collections::BTreeMap<u32, f64> = serde_json::from_str(&lengths).unwrap();
        assert!(lengths.len() == 6 && lengths.values().all(|bits| *bits >= lengths[&3]), "{lengths:?}");
        assert_eq!(
            (cell(&table(&found, "te")[0], "k"), cell(&table(&found, "te")[0], "l")),
            (3i64.into(), 1i64.into())
        );
    }
}
