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

/// What is asked of the store: by a run that is over before its workers commit a second group, and by one whose workers
/// commit many, as those of a long run do.
pub(crate) fn requests(bench: &Bench) {
    make(bench);
    let short = Asked::of(bench, "many.yaml");
    say("requests of that run", &short.words(), "tables + 1; 5 %");
    std::fs::write(bench.dir.join("often.yaml"), format!("{MANY}runtime: {{commit_seconds: 0.02}}\n"))
        .unwrap();
    let long = Asked::of(bench, "often.yaml");
    let more = (long.others as f64 - short.others as f64) / (long.groups - short.groups) as f64;
    say(
        "the same, with a commit each 0.02 s",
        &format!("{}; {more:.3} others a further group", long.words()),
        "tables + 1; 5 %",
    );
}

/// How often a run asked for what.
struct Asked {
    groups: usize,
    /// Files of groups.
    files: usize,
    others: usize,
    methods: String,
}

impl Asked {
    fn of(bench: &Bench, config: &str) -> Self {
        let proxy = bench.proxy(&[], true);
        let mut command = bench.results(&[]);
        let out = format!("s3://bucket/counted-{}-{config}", std::process::id());
        command.args(args_of(config, &out)).env("AWS_ENDPOINT_URL", &proxy.url);
        super::process::spent(command);
        let asked = proxy.asked();
        let committed =
            |(method, path, _): &&(String, String, u64)| method == "PUT" && path.ends_with(".parquet");
        let files: Vec<_> = asked.iter().filter(committed).collect();
        let groups = files.iter().filter(|(_, path, _)| path.contains("/users/")).count();
        let methods = format!("{:?}", proxy.methods());
        Self { groups, files: files.len(), others: asked.len() - files.len(), methods }
    }

    fn words(&self) -> String {
        let Self { groups, files, others, methods } = self;
        let share = 100.0 * *others as f64 / (files + others) as f64;
        let each = *files as f64 / *groups as f64;
        format!("{groups} groups, {each:.2} PUT a group, {others} others, {share:.1} % ({methods})")
    }
}

fn args(out: &str) -> Vec<String> {
    args_of("many.yaml", out)
}

fn args_of(config: &str, out: &str) -> Vec<String> {
    ["run", "--config", config, "--data", "many", "--shards", "8", "--out", out].map(str::to_owned).to_vec()
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
