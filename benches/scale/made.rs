//! Runs of millions of users, and what is known of them without the program.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use results::schema::{Row, Schemas};
use results::store::{Assignment, Run};

use super::coupling::{Made, draw, make_data};

/// Shards of a run.
pub(crate) const SHARDS: u32 = 40;

/// Lags of a user.
pub(crate) const LAGS: [u64; 2] = [1, 2];

/// Distinct p.
pub(crate) const STEPS: usize = 1000;

/// The table: a p that is corrected, and a value that is tested over all users.
const TABLE: &str = "table: coupling
version: 1
description: Made-up results, a row per lag.
csv: coupling.csv
key: [feature_mode, tau]
columns:
  - {name: feature_mode, type: text, nullable: false}
  - {name: tau, type: int, nullable: false}
  - {name: k, type: int}
  - {name: delta, type: float, unit: bits}
  - {name: p, type: float, min: 0.0, max: 1.0}
  - {name: q, type: float, min: 0.0, max: 1.0, derived: {q_of: p, family: [tau]}}
  - {name: p_delta, type: float, min: 0.0, max: 1.0, derived: {group_p_of: delta, by: [feature_mode, tau]}}
  - {name: q_delta, type: float, min: 0.0, max: 1.0, derived: {group_q_of: delta, by: [feature_mode, tau]}}
  - {name: n_samples, type: int}
  - {name: low_n, type: bool}
";

/// Workers are kept apart as in an object store, so that the plan is divided by shards.
pub(crate) const RUN: Made = Made { rows, config: "runtime: {locks: lease}\n", commits: 4 };

fn rows(user: u64) -> Vec<Row> {
    let row = |tau: u64| {
        Row::new()
            .with("feature_mode", "composite")
            .with("tau", tau as i64)
            .with("k", (draw(user, 7) * 6.0) as i64 + 1)
            .with("delta", delta(user, tau))
            .with("p", p(step(user, tau)))
            .with("n_samples", (draw(user, 8) * 5000.0) as i64)
            .with("low_n", draw(user, 8) < 0.1)
    };
    LAGS.map(row).to_vec()
}

/// What is tested: more than half of the users are above 0.
pub(crate) fn delta(user: u64, tau: u64) -> f64 {
    draw(user, 10 * tau) - 0.999 * draw(user, 10 * tau + 1)
}

/// Which of the p a user has: more small ones than large ones.
pub(crate) fn step(user: u64, tau: u64) -> usize {
    (draw(user, 10 * tau + 2).powf(1.5) * STEPS as f64) as usize
}

pub(crate) fn p(step: usize) -> f64 {
    (step as f64 + 1.0) / (STEPS as f64 + 1.0)
}

/// The q of each step of a lag, by Benjamini and Hochberg, of counts alone.
pub(crate) fn q(users: u64, tau: u64) -> Vec<f64> {
    let mut counts = vec![0u64; STEPS];
    for user in 0..users {
        counts[step(user, tau)] += 1;
    }
    let mut rank = users;
    let mut least = 1.0f64;
    let mut found = vec![0.0; STEPS];
    for (step, count) in counts.iter().enumerate().rev() {
        least = least.min(p(step) / (rank as f64 / users as f64));
        found[step] = least;
        rank -= count;
    }
    found
}

/// Definitions in a folder, for the program too.
pub(crate) fn schemas(dir: &Path) -> Schemas {
    let folder = dir.join("schemas");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("coupling.yaml"), TABLE).unwrap();
    make_data(dir);
    Schemas::load(Some(&folder)).unwrap()
}

/// Commits all users of a run.
pub(crate) fn commit(run: &Run, schemas: &Schemas, users: u64) {
    let next = AtomicU32::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= SHARDS {
                        break;
                    }
                    RUN.commit(run, schemas, users, Assignment { index, of: SHARDS });
                }
            });
        }
    });
}

/// Files and bytes below a folder.
pub(crate) fn size(path: &Path) -> (u64, u64) {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| {
        let path: PathBuf = entry.path();
        if path.is_dir() { size(&path) } else { (1, entry.metadata().unwrap().len()) }
    });
    sizes.fold((0, 0), |(files, bytes), (more, length)| (files + more, bytes + length))
}
