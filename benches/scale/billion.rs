//! A merge of a thousand million users: a part of a hundred of it, and what combines a thousand summaries.

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use results::schema::{Row, Schemas};
use results::store::Assignment;

use super::coupling::Made;
use super::figures::Figures;
use super::made::{self, LAGS, SHARDS};
use super::merging::stage;
use super::process::Spent;
use super::say;

/// Users of a part; `RESULTS_BENCH_PART` sets another number.
const PART: u64 = 10_000_000;

/// Parts whose summaries are combined.
const PARTS: u32 = 1000;

/// Corrected columns: with two lags there are twice as many families.
const P: [&str; 12] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11"];
const COLUMNS: u64 = P.len() as u64;

/// Distinct p of each.
const STEPS: u64 = 10_000;

/// Users behind one summary: every p is there, the smaller ones more often.
const SUMMED: u64 = 15_000;

pub(crate) fn billion(dir: &Path, figures: &mut Figures) {
    part(dir, figures);
    combine(dir, figures);
}

/// All stages of a merge of one part.
fn part(dir: &Path, figures: &mut Figures) {
    let users = std::env::var("RESULTS_BENCH_PART").ok().and_then(|n| n.parse().ok()).unwrap_or(PART);
    let schemas = made::schemas(dir);
    let run = made::RUN.register(&*dir.join("run"), users, SHARDS, &schemas);
    made::commit(&run, &schemas, users);
    for name in ["survey", "runs", "ranges", "combine", "write", "together"] {
        let found = stage(dir, ("run", "merged"), 1, name, None);
        say(&format!("1B: part of {users} users: {name}"), &found.words(), "");
        figures.spent(&format!("1B: {name}"), found);
        if name == "ranges" {
            let (_, bytes) = made::size(&dir.join("merged/_parts/2-ranges"));
            let each = bytes as f64 / users as f64;
            say("1B: bytes a user for what all determine", &format!("{each:.1}"), "8 a family, and counts");
            figures.note("1B: handed on", &[("bytes", bytes as f64), ("users", users as f64)]);
        }
    }
    let known = super::merging::check(&dir.join("merged"), users);
    say("1B: rows, q and group tests", &known, "the same bits");
    std::fs::remove_dir_all(dir.join("run")).unwrap();
    std::fs::remove_dir_all(dir.join("merged")).unwrap();
}

/// A table with many families.
fn table() -> String {
    let mut text =
        "table: coupling\nversion: 1\ndescription: Made-up results with many families.\ncsv: coupling.csv
key: [feature_mode, tau]\ncolumns:\n  - {name: feature_mode, type: text, nullable: false}
  - {name: tau, type: int, nullable: false}\n  - {name: delta, type: float}\n"
            .to_owned();
    for column in 0..COLUMNS {
        text += &format!(
            "  - {{name: p{column}, type: float}}\n  - {{name: q{column}, type: float, derived: {{q_of: p{column}, family: [tau]}}}}\n"
        );
    }
    text
}

/// Which p a user of a summary has.
fn step(user: u64, column: u64, tau: u64) -> u64 {
    let place = user % SUMMED;
    if place < STEPS { (place * 7919 + 31 * column + tau) % STEPS } else { place % (100 * (column + tau)) }
}

fn rows(user: u64) -> Vec<Row> {
    let row = |tau: u64| {
        let row = Row::new().with("feature_mode", "composite").with("tau", tau as i64).with("delta", 0.5);
        P.iter().zip(0..).fold(row, |row, (name, column)| {
            row.with(name, (step(user, column, tau) as f64 + 1.0) / (STEPS as f64 + 1.0))
        })
    };
    LAGS.map(row).to_vec()
}

/// The summary of one part, as that of a thousand.
fn combine(dir: &Path, figures: &mut Figures) {
    let folder = dir.join("schemas");
    std::fs::write(folder.join("coupling.yaml"), table()).unwrap();
    let schemas = Schemas::load(Some(&folder)).unwrap();
    let many = Made { rows, config: "runtime: {locks: lease}\n", commits: 1 };
    let run = many.register(&*dir.join("families"), 2 * SUMMED, 1, &schemas);
    many.commit(&run, &schemas, 2 * SUMMED, Assignment { index: 0, of: 1 });
    for (name, part) in [("survey", None), ("runs", None), ("ranges", Some(0))] {
        stage(dir, ("families", "two"), 2, name, part);
    }
    stage(dir, ("families", "thousand"), PARTS, "survey", None);
    let (from, to) = (dir.join("two/_parts/2-ranges"), dir.join("thousand/_parts/2-ranges"));
    let record = std::fs::read(from.join("00000.parquet")).unwrap();
    for part in 0..PARTS {
        let own = to.join(format!("{part:05}"));
        std::fs::create_dir_all(&own).unwrap();
        for file in std::fs::read_dir(from.join("00000")).unwrap().flatten() {
            std::fs::hard_link(file.path(), own.join(file.file_name())).unwrap();
        }
        std::fs::write(to.join(format!("{part:05}.parquet")), of_part(&record, part)).unwrap();
    }
    let found: Spent = stage(dir, ("families", "thousand"), PARTS, "combine", None);
    let families = COLUMNS * LAGS.len() as u64;
    let looked_at = check(&dir.join("thousand/_parts/3-combine/00000"));
    assert_eq!(looked_at, families * STEPS, "every p of every family has a q");
    let what = format!("1B: combine of {PARTS} parts, {families} families, {STEPS} p each");
    say(&what, &found.words(), "60 s, 1 GB");
    figures.spent("1B: combine of a thousand", found);
}

/// The record of the first part as that of another one, whose files have the same bytes at other places.
fn of_part(record: &[u8], part: u32) -> Vec<u8> {
    let (first, own) = ("2-ranges/00000/", format!("2-ranges/{part:05}/"));
    let mut bytes = record.to_vec();
    for at in 0..bytes.len() - first.len() {
        if bytes[at..].starts_with(first.as_bytes()) {
            bytes[at..at + own.len()].copy_from_slice(own.as_bytes());
        }
    }
    // BLAKE3 of the whole, in which it is zeros.
    let key = b"results.checksum";
    let at = bytes.windows(key.len()).rposition(|window| window == key).unwrap() + key.len() + 2;
    bytes[at..at + 64].fill(b'0');
    let sum = blake3::hash(&bytes).to_hex();
    bytes[at..at + 64].copy_from_slice(sum.as_bytes());
    bytes
}

/// Compares each q with one of counts alone. Gives how many there are.
fn check(folder: &Path) -> u64 {
    let mut known = Vec::new();
    for column in 0..COLUMNS {
        known.push(LAGS.map(|tau| q(column, tau)));
    }
    let mut looked_at = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let file = std::fs::File::open(entry.path()).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        if names != ["tau", "p", "q"] {
            continue;
        }
        // The files do not say of which column they are; no two have the same counts.
        let rows: Vec<(i64, f64, f64)> = builder
            .build()
            .unwrap()
            .flat_map(|batch| {
                let batch = batch.unwrap();
                let tau = batch.column(0).as_primitive::<Int64Type>().values().to_vec();
                let [p, q] =
                    [1, 2].map(|at| batch.column(at).as_primitive::<Float64Type>().values().to_vec());
                tau.into_iter().zip(p).zip(q).map(|((tau, p), q)| (tau, p, q)).collect::<Vec<_>>()
            })
            .collect();
        let is_of = |q: &[Vec<f64>; 2]| {
            rows.iter().all(|(tau, p, found)| {
                let step = (p * (STEPS as f64 + 1.0)).round() as usize - 1;
                q[*tau as usize - 1][step].to_bits() == found.to_bits()
            })
        };
        let column = known.iter().position(is_of).unwrap();
        known.remove(column);
        looked_at += rows.len() as u64;
    }
    looked_at
}

/// The q of each p of a family, by counts of all parts.
fn q(column: u64, tau: u64) -> Vec<f64> {
    let mut counts = vec![0u64; STEPS as usize];
    for user in 0..SUMMED {
        counts[step(user, column, tau) as usize] += u64::from(PARTS);
    }
    let all: u64 = counts.iter().sum();
    let (mut rank, mut least) = (all, 1.0f64);
    let mut found = vec![0.0; counts.len()];
    for (step, count) in counts.iter().enumerate().rev() {
        let p = (step as f64 + 1.0) / (STEPS as f64 + 1.0);
        least = least.min(p / (rank as f64 / all as f64));
        found[step] = least;
        rank -= count;
    }
    found
}
