//! Whole processes, from files to committed results: `cargo bench --bench whole`.
//!
//! Prints the median wall time of several runs and the largest peak memory. Takes some minutes; a name
//! after `--` picks one line, as in `cargo bench --bench whole -- k6_full`.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark")]

#[path = "shared/people.rs"]
mod people;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use people::{MANY, users};

const RUNS: usize = 3;

/// Parse, discretise, one k = 1 value without surrogates, commit.
const READ: &str = "feature_modes: [composite]
analysis_modes: [global_te]
taus: [1]
k_selection: {strategy: fixed, k_fixed: 1}
statistical: {nulls: [permute]}
surrogates: 0
";

fn results(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_results"));
    command.args(args).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Wall time and peak memory in MB, read from the process while it runs.
fn measure(mut command: Command) -> (Duration, u64) {
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let end = loop {
        if let Some(kb) = std::fs::read_to_string(&status).ok().and_then(|text| high_water(&text)) {
            peak = peak.max(kb);
        }
        if let Some(end) = child.try_wait().unwrap() {
            break end;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    // 3: some made-up users are too short for a quality gate.
    assert!(matches!(end.code(), Some(0 | 3)), "{end}");
    (start.elapsed(), peak / 1024)
}

fn high_water(status: &str) -> Option<u64> {
    status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

fn line(what: &str, dir: &Path, args: &[&str]) {
    let mut runs: Vec<(Duration, u64)> = (0..RUNS)
        .map(|i| {
            let out = format!("run-{i}");
            let _ = std::fs::remove_dir_all(dir.join(&out));
            let found = measure(results(dir, &[args, &["--out", &out]].concat()));
            if i + 1 < RUNS {
                std::fs::remove_dir_all(dir.join(&out)).unwrap();
            }
            found
        })
        .collect();
    runs.sort();
    let peak = runs.iter().map(|r| r.1).max().unwrap_or(0);
    println!("{what:44} {:7.2} s {peak:5} MB", runs[RUNS / 2].0.as_secs_f64());
}

/// Ten thousand users of 300 rows in 8 shards: what the supervisor and somebody who watches cost.
fn many_users(dir: &Path) {
    users(&dir.join("many"), 10_000);
    std::fs::write(dir.join("many.yaml"), MANY).unwrap();
    let args = ["run", "--config", "many.yaml", "--data", "many", "--out", "many-run", "--shards", "8"];
    let started = Instant::now();
    let mut supervisor = results(dir, &args).spawn().unwrap();
    while !dir.join("many-run/_status/shard-7.json").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut status = results(dir, &["status", "many-run", "--watch"]).spawn().unwrap();
    let (mut of_supervisor, mut of_status) = (Cost::default(), Cost::default());
    while supervisor.try_wait().unwrap().is_none() {
        of_supervisor.look(supervisor.id());
        of_status.look(status.id());
        std::thread::sleep(Duration::from_millis(5));
    }
    let seconds = started.elapsed().as_secs_f64();
    status.wait().unwrap();
    println!("10,000 users in 8 shards                      {seconds:7.2} s");
    for (who, cost) in [("supervisor", of_supervisor), ("status --watch", of_status)] {
        println!("  {who:20} {:5} MB {:5.1} % of a core", cost.peak / 1024, cost.cpu / seconds * 100.0);
    }
    let files = |table: &str| count_files(&dir.join("many-run").join(table));
    println!("  files: {} of te, {} of the ledger", files("te"), files("users"));
}

fn count_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|e| if e.path().is_dir() { count_files(&e.path()) } else { 1 }).sum()
}

/// Twenty thousand units with files of their own, asked through SQL; `DuckDB` reads the same files by a pattern, and
/// knows neither attempts nor q. `RESULTS_BENCH_PYTHON` names a Python that has `DuckDB`.
fn small_files(dir: &Path) {
    users(&dir.join("small"), 20_000);
    std::fs::write(dir.join("small.yaml"), format!("{MANY}runtime: {{user_folders: null}}\n")).unwrap();
    let args = ["run", "--config", "small.yaml", "--data", "small", "--out", "small-run"];
    assert!(matches!(results(dir, &args).status().unwrap().code(), Some(0 | 3)));
    println!("{} files of te with a unit each", count_files(&dir.join("small-run/te")));
    let aggregate = "select tau, count(*), avg(TE_A2S), min(p_A2S) from";
    for (query, columns) in [("select count(*) from", ""), (aggregate, "group by tau")] {
        for table in ["te", "raw.te"] {
            let sql = format!("{query} {table} {columns}");
            asked(&sql, || results(dir, &["sql", "--run", "small-run", &sql]));
        }
        let sql = format!("{query} 'small-run/te/*/*/*.parquet' {columns}");
        let python = std::env::var("RESULTS_BENCH_PYTHON").unwrap_or_else(|_| "python3".into());
        let code = "import duckdb, sys; print(duckdb.sql(sys.argv[1]))";
        let duckdb = || {
            let mut command = Command::new(&python);
            command.args(["-c", code, &sql]).current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        if duckdb().status().is_ok_and(|end| end.success()) {
            asked(&format!("DuckDB: {sql}"), duckdb);
        }
    }
}

/// Median time and largest memory of a query, once it has been asked before.
fn asked(what: &str, command: impl Fn() -> Command) {
    measure(command());
    let mut runs: Vec<(Duration, u64)> = (0..RUNS).map(|_| measure(command())).collect();
    runs.sort();
    let peak = runs.iter().map(|r| r.1).max().unwrap_or(0);
    println!("  {:7.2} s {peak:5} MB  {what}", runs[RUNS / 2].0.as_secs_f64());
}

/// What a process of ours costs, without those it starts.
#[derive(Default)]
struct Cost {
    /// Kilobytes.
    peak: u64,
    /// Seconds of a core.
    cpu: f64,
}

impl Cost {
    fn look(&mut self, process: u32) {
        let read =
            |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        self.peak = self.peak.max(high_water(&read("status")).unwrap_or(0));
        // The name, which may have spaces, ends with a bracket; user and system time follow as ticks of 10 ms.
        let stat = read("stat");
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: f64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        self.cpu = self.cpu.max(ticks / 100.0);
    }
}

fn main() {
    // Cargo passes `--bench`; what is left is a name.
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let is_wanted = |name: &str| wanted.as_deref().is_none_or(|w| name.contains(w));
    let dir = std::env::temp_dir().join(format!("results-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("read.yaml"), READ).unwrap();
    let made = |args: &[&str]| assert!(results(&dir, args).status().unwrap().success(), "{args:?}");
    made(&["demo", "--users", "60", "--out", "narrow", "--data-only"]);
    let narrow: &[&str] = &["--data", "narrow/data"];
    if is_wanted("k6_full") {
        line("k6_full, 60 users", &dir, &[&["run", "k6_full"], narrow].concat());
    }
    if is_wanted("one core") {
        line("k6_full, 60 users, one core", &dir, &[&["run", "k6_full", "--threads", "1"], narrow].concat());
    }
    if is_wanted("processes") {
        let args = [&["run", "k6_full", "--shards", "4"], narrow].concat();
        line("k6_full, 60 users, 4 processes (one's memory)", &dir, &args);
    }
    if is_wanted("production") {
        line(
            "production_k6_true_cte, 60 users",
            &dir,
            &[&["run", "production_k6_true_cte"], narrow].concat(),
        );
    }
    if is_wanted("recommended") {
        line("recommended, 60 users", &dir, &[&["run", "recommended"], narrow].concat());
    }
    if is_wanted("read narrow") {
        line("read narrow, 60 users", &dir, &[&["run", "--config", "read.yaml"], narrow].concat());
    }
    if is_wanted("read wide") {
        made(&["demo", "--users", "60", "--wide", "--out", "wide", "--data-only"]);
        line("read wide gz, 60 users", &dir, &["run", "--config", "read.yaml", "--data", "wide/data"]);
    }
    if is_wanted("many users") {
        many_users(&dir);
    }
    if is_wanted("small_files") {
        small_files(&dir);
    }
    std::fs::remove_dir_all(&dir).unwrap();
}
