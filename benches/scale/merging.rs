//! Merges at once, in parts and in processes, and whether what comes out is right.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use results_numerics::numerics::stats::location;
use results_numerics::numerics::stats::wilcoxon_signed_rank;

use super::coupling::user_id;
use super::made::{LAGS, delta, p, q, step};
use super::process::{Spent, of_children, results, spent};

/// Every so many rows are looked at.
const LOOKED_AT: u64 = 97;

const MERGE: [&str; 5] = ["merge", "--table", "coupling", "--table", "group_tests"];

fn merge<'a>(run: &'a str, output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&MERGE[..], &["--format", "csv", "--shards", run, "--output", output], more].concat()
}

/// All of it at once.
pub(crate) fn one(dir: &Path, run: &str, output: &str) -> Spent {
    spent(results(dir, &merge(run, output, &[])))
}

/// In parts, one after the other.
pub(crate) fn in_parts(dir: &Path, run: &str, output: &str, parts: u32) -> Spent {
    spent(results(dir, &merge(run, output, &["--parts", &parts.to_string()])))
}

/// One stage of it.
pub(crate) fn stage(dir: &Path, of: (&str, &str), parts: u32, stage: &str, part: Option<u32>) -> Spent {
    let (parts, part) = (parts.to_string(), part.map(|part| part.to_string()));
    let mut more = vec!["--parts", &parts, "--stage", stage];
    more.extend(part.iter().flat_map(|part| ["--part", part.as_str()]));
    spent(results(dir, &merge(of.0, of.1, &more)))
}

/// In parts, so many processes at a time: wall time of all, memory of the largest.
pub(crate) fn in_processes(dir: &Path, run: &str, output: &str, parts: u32, processes: u32) -> Spent {
    let (since, before) = (Instant::now(), of_children());
    let mut peak = 0.0f64;
    for (name, count) in [
        ("survey", parts),
        ("runs", parts),
        ("ranges", parts),
        ("combine", 1),
        ("write", parts),
        ("together", 1),
    ] {
        let next = AtomicU32::new(0);
        let at_work = || {
            let mut peak = 0.0f64;
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                if part >= count {
                    return peak;
                }
                let part = (count > 1).then_some(part);
                peak = peak.max(stage(dir, (run, output), parts, name, part).peak);
            }
        };
        let peaks = std::thread::scope(|scope| {
            let all: Vec<_> = (0..processes.min(count)).map(|_| scope.spawn(at_work)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect::<Vec<f64>>()
        });
        peak = peaks.into_iter().fold(peak, f64::max);
    }
    Spent { wall: since.elapsed().as_secs_f64(), cpu: of_children() - before, peak }
}

/// Whether the output has all rows in order, and a sample of them what is known; and its group tests.
pub(crate) fn check(output: &Path, users: u64) -> String {
    let known: Vec<Vec<f64>> = LAGS.iter().map(|tau| q(users, *tau)).collect();
    let mut lines =
        BufReader::with_capacity(1 << 20, File::open(output.join("coupling.csv")).unwrap()).lines();
    let header = lines.next().unwrap().unwrap();
    let place = |name: &str| header.split(',').position(|column| column == name).unwrap();
    let [user_at, tau_at, delta_at, p_at, q_at] = ["user_id", "tau", "delta", "p", "q"].map(place);
    let (mut rows, mut looked_at) = (0u64, 0u64);
    for line in lines {
        let line = line.unwrap();
        // Ids have the order of their numbers; every user has each lag once.
        let (user, tau) = (rows / LAGS.len() as u64, LAGS[(rows % LAGS.len() as u64) as usize]);
        if rows % LOOKED_AT == 0 {
            let fields: Vec<&str> = line.split(',').collect();
            let found = |at: usize| fields[at].parse::<f64>().unwrap().to_bits();
            assert_eq!((fields[user_at], fields[tau_at]), (&*user_id(user), &*tau.to_string()), "row {rows}");
            let step = step(user, tau);
            let q = known[tau as usize - 1][step];
            let expected = [delta(user, tau), p(step), q].map(f64::to_bits);
            assert_eq!([delta_at, p_at, q_at].map(found), expected, "row {rows}");
            looked_at += 1;
        }
        rows += 1;
    }
    assert_eq!(rows, users * LAGS.len() as u64, "rows");
    let tests = std::fs::read_to_string(output.join("group_tests.csv")).unwrap();
    for tau in LAGS {
        group_test(&tests, users, tau);
    }
    format!("{rows} rows, {looked_at} of them looked at, {} tests over all users", LAGS.len())
}

/// Compares a test over all users with the one of values in memory.
fn group_test(tests: &str, users: u64, tau: u64) {
    let mut lines = tests.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let row = rows.iter().find(|row| row[place("tau")] == tau.to_string()).unwrap();
    let values: Vec<f64> = (0..users).map(|user| delta(user, tau)).collect();
    let test = wilcoxon_signed_rank(&values).unwrap();
    let known = location(&values, 0, "hodges_lehmann_interval").unwrap();
    let interval = known.interval.unwrap();
    for (name, expected) in [
        ("n", users as f64),
        ("median", known.median),
        ("share_positive", known.positive),
        ("p", test.p),
        ("location", known.hodges_lehmann),
        ("location_low", interval.0),
        ("location_high", interval.1),
    ] {
        let found: f64 = row[place(name)].parse().unwrap();
        assert_eq!(found.to_bits(), expected.to_bits(), "{name} of lag {tau}: {found} and {expected}");
    }
}
