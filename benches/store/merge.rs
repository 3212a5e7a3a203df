//! A merge of millions of rows out of the store.

use results::schema::Schemas;
use results::store::Location;

use super::coupling::{COUPLING, TABLE};
use super::process::spent;
use super::run::with_ratio;
use super::server::Bench;
use super::{number, say};

const TIMES: usize = 3;

pub(crate) fn merge(bench: &Bench) {
    let users = number("RESULTS_BENCH_USERS", 2_000_000);
    let schemas = schemas(bench);
    let url = format!("s3://bucket/merge-{}", std::process::id());
    COUPLING.make(bench.dir.join("run"), users, &schemas);
    COUPLING.make(url.parse::<Location>().unwrap(), users, &schemas);
    let args = |run: &str, i: usize| {
        let output = format!("merged-{i}");
        let _ = std::fs::remove_dir_all(bench.dir.join(&output));
        ["merge", "--table", "coupling", "--format", "csv", "--shards", run, "--output", &output]
            .map(str::to_owned)
            .to_vec()
    };
    let disk = bench.median(TIMES, |i| args("run", i));
    let store = bench.median(TIMES, |i| args(&url, i));
    say(&format!("merge of {} rows: disk", 2 * users), &disk.words(), "");
    say("the same, S3", &with_ratio(store, disk), "time 2, memory 1.5");
    let proxy = bench.proxy(&[], true);
    let mut command = bench.results(&[]);
    command.args(args(&url, 0)).env("AWS_ENDPOINT_URL", &proxy.url);
    spent(command);
    let read: u64 = proxy.asked().iter().filter(|(method, ..)| method == "GET").map(|(.., read)| read).sum();
    let files = size(&bench.dir.join("run"));
    let found = format!(
        "{:.0} MB of {:.0} MB, {:.3}",
        read as f64 / 1e6,
        files as f64 / 1e6,
        read as f64 / files as f64
    );
    say("bytes read for it, of the files' (on the disk)", &found, "1.05");
}

/// The schema of the table, for the program too.
pub(super) fn schemas(bench: &Bench) -> Schemas {
    let folder = bench.dir.join("schemas");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("coupling.yaml"), TABLE).unwrap();
    Schemas::load(Some(&folder)).unwrap()
}

fn size(path: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|e| if e.path().is_dir() { size(&e.path()) } else { e.metadata().unwrap().len() }).sum()
}
