//! Is a p of 0.05 a p of 0.05? Many short series without coupling, and some with.
//!
//! `cargo test` looks at 500 series a measure; `cargo test --release -- --ignored calibration` at 5000.

use std::collections::BTreeMap;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use results::config::{Config, parse};
use results::dataset::Series;
use results::measures::{UnitId, UnitOutput, analyse, asked};
use results::schema::{Cell, Row};
use results_numerics::numerics::stats::benjamini_hochberg;

/// Every measure by the corrected definitions, k = l = 1.
const SETTINGS: &str = "feature_modes: [composite]
hour_bins: 3
taus: [1]
analysis_modes: [global_te, stratified_te, true_cte, ste, gc]
k_selection: {strategy: fixed, k_fixed: 1}
surrogates: 199
quality_control:
  global: {min_samples: 10, action: warn}
  te: {min_samples: 10, min_samples_per_state: null, action: warn}
  cte: {min_samples: 10, min_samples_per_bin: null, action: warn}
  ste: {min_samples: 10, action: warn}
  gc: {min_samples: 10, action: warn}
";

/// What they stand against.
const PERMUTE: &str = "statistical: {nulls: [permute]}\n";

/// Tables with the columns of the two directions' p.
const TABLES: [(&str, [&str; 2]); 5] = [
    ("te", ["p_A2S", "p_S2A"]),
    ("stratified_cte", ["p_A2S", "p_S2A"]),
    ("true_cte", ["p_A2S", "p_S2A"]),
    ("ste", ["p_A2S", "p_S2A"]),
    ("gc", ["GC_A2S_pval", "GC_S2A_pval"]),
];

fn config(more: &str) -> Config {
    parse("calibration.yaml", &format!("{SETTINGS}{more}"), None, &results::measures::settings())
        .unwrap()
        .config
}

struct Noise(Xoshiro256PlusPlus);

impl Noise {
    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: u32) -> i32 {
        (self.uniform() * f64::from(n)) as i32
    }
}

/// A source of five symbols, a target of three with a memory of one step, and a condition that drives
/// neither. With `coupling` the target follows the source's last symbol that often, as far as it can.
fn series(seed: u64, n: usize, coupling: f64) -> Series {
    let mut noise = Noise(Xoshiro256PlusPlus::seed_from_u64(seed));
    let mut series = Series {
        condition: (0..n).map(|t| (t / 8 % 3) as i32).collect(),
        condition_levels: 3,
        segment_starts: vec![0],
        rows_read: n,
        ..Series::default()
    };
    let (mut source, mut target) = (0, 0);
    for _ in 0..n {
        target = if noise.uniform() < coupling {
            source * 3 / 5
        } else if noise.uniform() < 0.3 {
            target
        } else {
            noise.below(3)
        };
        source = noise.below(5);
        series.source.push(source);
        series.target.push(target);
    }
    series
}

fn p(output: &UnitOutput, table: &str, column: &str) -> f64 {
    let rows: &[Row] = &output.tables.iter().find(|(name, _)| *name == table).unwrap().1;
    match rows[0].0.iter().find(|(name, _)| *name == column) {
        Some((_, Cell::Float(p))) => *p,
        other => panic!("{table}.{column}: {other:?}"),
    }
}

/// p of every series, by table and direction.
fn ps(
    config: &Config,
    series: usize,
    n: usize,
    coupling: f64,
) -> BTreeMap<(&'static str, &'static str), Vec<f64>> {
    let found: Vec<UnitOutput> = (0..series as u64)
        .into_par_iter()
        .map(|i| {
            let id = UnitId { user_id: &i.to_string(), feature_mode: "m" };
            analyse(&id, &self::series(i + 1, n, coupling), config, asked(config), &|_| ())
        })
        .collect();
    let column = |table, column| found.iter().map(|output| p(output, table, column)).collect();
    TABLES.iter().flat_map(|(t, columns)| columns.map(|c| ((*t, c), column(t, c)))).collect()
}

/// Largest distance of the empirical distribution from the uniform one.
fn kolmogorov_smirnov(p: &[f64]) -> f64 {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let distances =
        sorted.iter().enumerate().map(|(i, p)| (p - i as f64 / n).abs().max(((i + 1) as f64 / n - p).abs()));
    distances.fold(0.0, f64::max)
}

/// Passes at the level of 1 % a measure; p of 199 surrogates comes in steps of 0.005.
fn uniform(series: usize) {
    for ((table, column), p) in ps(&config(PERMUTE), series, 300, 0.0) {
        let distance = kolmogorov_smirnov(&p);
        let critical = 1.63 / (series as f64).sqrt() + 0.005;
        println!("{table} {column}: distance {distance:.4}, critical {critical:.4}");
        assert!(distance < critical, "{table} {column}: {distance} from uniform, at most {critical}");
    }
}

#[test]
fn p_is_uniform_where_nothing_is_coupled() {
    uniform(500);
}

#[test]
#[ignore = "minutes; with --release"]
fn p_is_uniform_in_the_long_run() {
    uniform(5000);
}

/// Stopping early does not make p too small: P(p ≤ a) ≤ a, for every a.
#[test]
fn sequential_p_is_valid() {
    let adaptive = "statistical: {nulls: [permute], adaptive_surrogates: {enabled: true, exceedances: 5}}\n";
    let found = ps(&config(adaptive), 500, 200, 0.0);
    for ((table, column), p) in found.iter().filter(|((table, _), _)| *table != "gc") {
        for level in [0.02, 0.05, 0.1, 0.3] {
            let share = p.iter().filter(|p| **p <= level).count() as f64 / p.len() as f64;
            let error = (level * (1.0 - level) / p.len() as f64).sqrt();
            assert!(share < level + 3.0 * error, "{table} {column}: {share} at or below {level}");
        }
    }
}

#[test]
fn power_grows_with_the_series() {
    // Patterns say less than symbols: their measure needs longer series.
    let short = [100, 200, 500].map(|n| ps(&config(PERMUTE), 60, n, 0.3));
    let long = [100, 300, 1000].map(|n| ps(&config(PERMUTE), 60, n, 0.8));
    for (table, [column, _]) in TABLES {
        let by_length = if table == "ste" { &long } else { &short };
        let power = by_length.each_ref().map(|found| {
            let p = &found[&(table, column)];
            p.iter().filter(|p| **p <= 0.05).count() as f64 / p.len() as f64
        });
        println!("{table}: power {power:?}");
        assert!(power[0] < power[2] && power[1] <= power[2] && power[2] > 0.6, "{table}: {power:?}");
    }
}

/// A third of the users coupled: of the users found, at most the share asked for is not, on average.
#[test]
fn benjamini_hochberg_keeps_its_rate() {
    let (none, some) = (ps(&config(PERMUTE), 400, 300, 0.0), ps(&config(PERMUTE), 200, 300, 0.9));
    let mut noise = Noise(Xoshiro256PlusPlus::seed_from_u64(9));
    for (table, [column, _]) in TABLES {
        let mut pick = |p: &[f64], n: usize| -> Vec<Option<f64>> {
            (0..n).map(|_| Some(p[noise.below(p.len() as u32) as usize])).collect()
        };
        let families = 500;
        let (mut false_share, mut found) = (0.0, 0.0);
        for _ in 0..families {
            let all = [pick(&none[&(table, column)], 40), pick(&some[&(table, column)], 20)].concat();
            let q = benjamini_hochberg(&all);
            let count = |q: &[Option<f64>]| q.iter().flatten().filter(|q| **q <= 0.2).count() as f64;
            false_share += count(&q[..40]) / count(&q).max(1.0) / f64::from(families);
            found += count(&q[40..]) / 20.0 / f64::from(families);
        }
        println!("{table}: {false_share:.3} false among those found, {found:.2} of the coupled found");
        assert!(false_share < 0.2 && found > 0.3, "{table}: {false_share} false, {found} found");
    }
}
