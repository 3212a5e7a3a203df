//! A merge of millions of users: `cargo bench --bench merge`.
//!
//! Makes a run of 16 shards (2,000,000 users, 2 taus, 12 columns, every fiftieth user done twice) once, and
//! merges it into sorted, de-duplicated CSV several times. `RESULTS_BENCH_USERS` sets another number of users;
//! `RESULTS_BENCH_DIR` names a folder in which the run is kept, for other programs to read.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

#[path = "shared/coupling.rs"]
mod coupling;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use coupling::{COUPLING, TABLE};
use results::schema::Schemas;

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
        COUPLING.make(&*run, users, &schemas);
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
