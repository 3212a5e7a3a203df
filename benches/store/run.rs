//! A run of ten thousand people in the store.

use super::people::{MANY, users};
use super::process::Spent;
use super::say;
use super::server::Bench;

/// How often each is done.
const TIMES: usize = 3;

const PEOPLE: u64 = 10_000;

/// Time and memory beside a disk, and through a store that answers slowly and badly.
pub(crate) fn run(bench: &Bench) {
    make(bench);
    let disk = bench.median(TIMES, |i| args(&format!("disk-{i}")));
    let store = bench.median(TIMES, |i| args(&format!("s3://bucket/bench-{}/{i}", std::process::id())));
    say("10,000 users, 8 workers: disk", &disk.words(), "");
    say("the same, S3", &with_ratio(store, disk), "time 1.5, memory 1.3");
    let proxy = bench.proxy(&["* / error 0.05", "* / slow 1 -1 0.05"], false);
    let mut command = bench.results(&[]);
    let out = format!("s3://bucket/slow-{}", std::process::id());
    command.args(args(&out)).env("AWS_ENDPOINT_URL", &proxy.url);
    say(
        "the same, 5 % errors and 50 ms a request",
        &with_ratio(super::process::spent(command), disk),
        "time 3",
    );
}

/// What is asked of the store.
pub(crate) fn requests(bench: &Bench) {
    make(bench);
    let proxy = bench.proxy(&[], true);
    let mut command = bench.results(&[]);
    let out = format!("s3://bucket/counted-{}", std::process::id());
    command.args(args(&out)).env("AWS_ENDPOINT_URL", &proxy.url);
    super::process::spent(command);
    let asked = proxy.asked();
    let commits: Vec<_> =
        asked.iter().filter(|(method, path, _)| method == "PUT" && path.ends_with(".parquet")).collect();
    let ledger = commits.iter().filter(|(_, path, _)| path.contains("/users/")).count();
    let rest = asked.len() - commits.len();
    let found = format!(
        "{} groups, {:.2} PUT a group, all else {:.1} % of {} requests ({:?})",
        ledger,
        commits.len() as f64 / ledger as f64,
        100.0 * rest as f64 / asked.len() as f64,
        asked.len(),
        proxy.methods(),
    );
    say("requests of that run", &found, "tables + 1; 5 %");
}

fn args(out: &str) -> Vec<String> {
    ["run", "--config", "many.yaml", "--data", "many", "--shards", "8", "--out", out]
        .map(str::to_owned)
        .to_vec()
}

pub(super) fn with_ratio(found: Spent, other: Spent) -> String {
    format!("{}, time {:.2}, memory {:.2}", found.words(), found.wall / other.wall, found.peak / other.peak)
}

/// Made-up people of 300 rows, once.
pub(super) fn make(bench: &Bench) {
    let folder = bench.dir.join("many");
    if folder.exists() {
        return;
    }
    std::fs::write(bench.dir.join("many.yaml"), MANY).unwrap();
    users(&folder, PEOPLE);
}
