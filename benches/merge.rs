//! A merge of millions of users: `cargo bench --bench merge`.
//!
//! Makes a run of 16 shards (2,000,000 users, 2 taus, 12 columns, every fiftieth user done twice) once, and
//! merges it into sorted, de-duplicated CSV several times. `RESULTS_BENCH_USERS` sets another number of users;
//! `RESULTS_BENCH_DIR` names a folder in which the run is kept, for other programs to read.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use results::schema::{Row, Schemas};
use results::store::{
    ExpectedUnit, LedgerRow, NewRun, Prepared, Run, UnitState, attempt_id_of, commit_group,
};

const SHARDS: u32 = 16;

/// How often a shard commits.
const COMMITS: usize = 4;

const TABLE: &str = "table: coupling
version: 1
description: Made-up results, a row per lag.
csv: coupling.csv
key: [feature_mode, tau]
columns:
  - {name: feature_mode, type: text, nullable: false}
  - {name: tau, type: int, nullable: false}
  - {name: k, type: int}
  - {name: A2S, type: float, unit: bits}
  - {name: S2A, type: float, unit: bits}
  - {name: delta, type: float, unit: bits}
  - {name: p_A2S, type: float, min: 0.0, max: 1.0}
  - {name: p_S2A, type: float, min: 0.0, max: 1.0}
  - {name: n_samples, type: int}
  - {name: low_n, type: bool}
  - {name: quality_passed, type: bool}
";

/// A number in [0, 1) that depends on its arguments alone.
fn draw(user: u64, what: u64) -> f64 {
    let mut x = user.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ what.wrapping_mul(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn user_id(user: u64) -> String {
    format!("{user:08X}-0000-4000-8000-000000000000")
}

fn rows(user: u64) -> Vec<Row> {
    let row = |tau: u64| {
        let (a, b) = (draw(user, 10 * tau), draw(user, 10 * tau + 1));
        Row::new()
            .with("feature_mode", "composite")
            .with("tau", tau as i64)
            .with("k", (draw(user, 7) * 6.0) as i64 + 1)
            .with("A2S", a)
            .with("S2A", b)
            .with("delta", a - b)
            .with("p_A2S", (1.0 + (draw(user, 10 * tau + 2) * 1000.0).floor()) / 1001.0)
            .with("p_S2A", (1.0 + (draw(user, 10 * tau + 3) * 1000.0).floor()) / 1001.0)
            .with("n_samples", (draw(user, 8) * 5000.0) as i64)
            .with("low_n", draw(user, 8) < 0.1)
            .with("quality_passed", draw(user, 8) >= 0.1)
    };
    vec![row(1), row(2)]
}

fn unit(schemas: &Schemas, run: &Run, shard: u32, user: u64, time: i64) -> Prepared {
    let row = LedgerRow {
        user_id: user_id(user),
        feature_mode: "composite".into(),
        shard,
        position: user,
        attempt: attempt_id_of(shard, SHARDS),
        state: UnitState::Ok,
        reason: None,
        n_samples: Some(1000),
        k: Some(3),
        started_us: time,
        finished_us: time + 1000,
        peak_memory_bytes: Some(1 << 26),
        tool_version: "bench".into(),
        engine: "bench".into(),
        config_fingerprint: run.manifest().config_fingerprint.clone(),
        input_fingerprint: None,
        files: Vec::new(),
    };
    Prepared::new(schemas, row, &[("coupling".to_owned(), rows(user))]).unwrap()
}

fn make(dir: &Path, users: u64, schemas: &Schemas) {
    let planned = Arc::new(BTreeMap::from([("coupling".to_owned(), 2)]));
    let expected = |user: u64| ExpectedUnit {
        position: user,
        shard: (user % u64::from(SHARDS)) as u32,
        user_id: user_id(user),
        feature_mode: "composite".into(),
        input: "{}".into(),
        input_bytes: 0,
        rows: Arc::clone(&planned),
    };
    let new = NewRun {
        config: &results::config::parse("bench", "", None, &results::measures::settings()).unwrap().config,
        units: (0..users).map(expected).collect(),
        shards: SHARDS,
        only_shards: Vec::new(),
        schemas,
        data_folder: "made up".into(),
        control: None,
    };
    let run = Run::create_or_join(dir, &new).unwrap();
    drop(new);
    for shard in 0..SHARDS {
        let own: Vec<u64> = (0..users).filter(|u| (*u % u64::from(SHARDS)) as u32 == shard).collect();
        for part in own.chunks(own.len().div_ceil(COMMITS).max(1)) {
            let units = part.iter().map(|user| unit(schemas, &run, shard, *user, 1_700_000_000_000_000));
            commit_group(&run, schemas, units.collect(), 1).unwrap();
        }
        let again = own.iter().filter(|user| **user % 50 == u64::from(shard) % 50);
        let units = again.map(|user| unit(schemas, &run, shard, *user, 1_700_000_600_000_000));
        commit_group(&run, schemas, units.collect(), 1).unwrap();
    }
    run.close_if_complete().unwrap();
}

/// Wall time and peak memory in MB.
fn merge(run: &Path, output: &Path, formats: &[&str]) -> (Duration, u64) {
    let _ = std::fs::remove_dir_all(output);
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_results"))
        .args(["merge", "--table", "coupling", "--shards"])
        .arg(run)
        .arg("--output")
        .arg(output)
        .args(formats.iter().flat_map(|f| ["--format", f]))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let high = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kb = high.and_then(|h| h.split_whitespace().next()?.parse().ok());
        peak = peak.max(kb.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    (start.elapsed(), peak / 1024)
}

fn main() {
    let users = std::env::var("RESULTS_BENCH_USERS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000_000);
    let kept = std::env::var_os("RESULTS_BENCH_DIR").map(std::path::PathBuf::from);
    let temporary = std::env::temp_dir().join(format!("results-bench-{}", std::process::id()));
    let dir = kept.clone().unwrap_or(temporary);
    std::fs::create_dir_all(dir.join("schemas")).unwrap();
    std::fs::write(dir.join("schemas/coupling.yaml"), TABLE).unwrap();
    let schemas = Schemas::load(Some(&dir.join("schemas"))).unwrap();
    let run = dir.join(format!("run-{users}"));
    if !run.join("run.yaml").exists() {
        make(&run, users, &schemas);
    }
    for formats in [&["csv"][..], &["csv", "parquet"]] {
        let mut runs: Vec<_> = (0..3).map(|_| merge(&run, &dir.join("merged"), formats)).collect();
        runs.sort();
        let peak = runs.iter().map(|r| r.1).max().unwrap_or(0);
        let seconds = runs[1].0.as_secs_f64();
        println!("{users} users x 2 rows, {:12} {seconds:7.2} s {peak:5} MB", formats.join(" + "));
    }
    std::fs::remove_dir_all(dir.join("merged")).unwrap();
    if kept.is_none() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
