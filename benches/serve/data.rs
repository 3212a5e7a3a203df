//! What is measured on: made once, when something asks for it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::process::must;
use super::say;

/// Rows of a person of the large tables.
const ROWS: u64 = 40;

/// People of a file.
const OF_FILE: u64 = 50_000;

/// The analysis of many people: a test in each direction and at each lag.
pub(crate) const MANY: &str = "feature_modes: [x]
analysis_modes: [global_te]
k_selection: {strategy: fixed, k_fixed: 1}
statistical: {nulls: [permute]}
surrogates: 19
quality_profile: exploratory
data: {format: columns, user: who, text_columns: [who], source: a, target: b, min_rows: 30,
  discretize: {source: {quantiles: 3}, target: none}}
";

/// A run that takes a while, on one thread.
pub(crate) const SLOW: &str = "surrogates: 20000\nruntime: {threads: 1}\n";

pub(crate) struct Data {
    pub(crate) dir: PathBuf,
    pub(crate) people: u64,
    is_kept: bool,
}

impl Data {
    pub(crate) fn new() -> Self {
        let kept = std::env::var_os("RESULTS_BENCH_DIR").map(PathBuf::from);
        let people = std::env::var("RESULTS_BENCH_USERS").ok().and_then(|n| n.parse().ok());
        let temporary = || std::env::temp_dir().join(format!("results-bench-{}", std::process::id()));
        let (is_kept, dir) = (kept.is_some(), kept.unwrap_or_else(temporary));
        std::fs::create_dir_all(&dir).unwrap();
        Self { dir: dir.canonicalize().unwrap(), people: people.unwrap_or(1_000_000), is_kept }
    }

    /// The demonstration of 60 people: `demo60/merged`, `demo60/run`.
    pub(crate) fn demo(&self) -> &'static str {
        self.once("demo60", |dir, name| must(dir, &["demo", "--users", "60", "--shards", "2", "--out", name]))
    }

    /// Data of 60 people.
    pub(crate) fn input(&self) -> &'static str {
        self.once("input60", |dir, name| must(dir, &["demo", "--users", "60", "--data-only", "--out", name]));
        "input60/data"
    }

    /// Merged results of many people with two rows each.
    pub(crate) fn two_lags(&self) -> &'static str {
        self.once("two_lags", |dir, name| self.analyse(dir, name, "taus: [1, 2]\n"))
    }

    /// Merged results of many people with four rows each.
    pub(crate) fn four_lags(&self) -> &'static str {
        self.once("four_lags", |dir, name| self.analyse(dir, name, "taus: [1, 2, 3, 4]\n"))
    }

    fn analyse(&self, dir: &Path, name: &str, lags: &str) {
        self.once("people", |dir, name| people(&dir.join(name), self.people));
        let run = format!("{name}_run");
        let _ = std::fs::remove_dir_all(dir.join(&run));
        std::fs::write(dir.join("many.yaml"), format!("{MANY}{lags}")).unwrap();
        must(dir, &["run", "--config", "many.yaml", "--data", "people", "--out", &run, "--quiet"]);
        must(dir, &["merge", "--format", "parquet", "--shards", &run, "--output", name]);
    }

    /// Makes something that is not there yet.
    pub(crate) fn once(&self, name: &'static str, make: impl FnOnce(&Path, &str)) -> &'static str {
        let is_made = self.dir.join(format!("{name}.made"));
        if !is_made.exists() {
            let _ = std::fs::remove_dir_all(self.dir.join(name));
            let since = Instant::now();
            make(&self.dir, name);
            File::create(is_made).unwrap();
            println!("{name} was made in {:.0} s", since.elapsed().as_secs_f64());
        }
        name
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// So many people with a few rows each.
pub(crate) fn people(folder: &Path, count: u64) {
    std::fs::create_dir_all(folder).unwrap();
    for first in (0..count).step_by(OF_FILE as usize) {
        let file = File::create(folder.join(format!("{first:08}.csv"))).unwrap();
        let mut file = BufWriter::new(file);
        file.write_all(b"who,a,b\n").unwrap();
        for who in first..count.min(first + OF_FILE) {
            let mut state = who.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let mut before = 0;
            for _ in 0..ROWS {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                // One in ten people has a target that follows the source.
                let b = if who % 10 == 0 && state & 3 != 0 { before } else { state >> 40 & 1 };
                before = state >> 20 & 1;
                writeln!(file, "P{who:07},{},{b}", before * 500 + (state >> 8) % 500).unwrap();
            }
        }
        file.flush().unwrap();
    }
}

/// How large they are.
pub(crate) fn made(data: &Data) {
    for name in ["two_lags", "four_lags"] {
        if let Ok(about) = std::fs::metadata(data.dir.join(name).join("te.parquet")) {
            say(&format!("te.parquet of {name}"), &format!("{} MB", about.len() / 1_000_000), "");
        }
    }
}
