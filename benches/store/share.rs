//! One finished share of a thousand is resumed.

use results::store::{Assignment, Location};

use super::coupling::{COUPLING, make_data};
use super::merge::schemas;
use super::process::spent;
use super::server::Bench;
use super::{number, say};

const SHARE: Assignment = Assignment { index: 7, of: 1000 };

pub(crate) fn share(bench: &Bench) {
    let users = number("RESULTS_BENCH_PLAN", 10_000_000);
    let url = format!("s3://bucket/share-{}", std::process::id());
    let schemas = schemas(bench);
    make_data(&bench.dir);
    let run = COUPLING.register(url.parse::<Location>().unwrap(), users, SHARE.of, &schemas);
    COUPLING.commit(&run, &schemas, users, SHARE);
    drop(run);
    let proxy = bench.proxy(&[], true);
    let mut command = bench.results(&["run", "--resume", &url, "--shard", &SHARE.to_string()]);
    command.env("AWS_ENDPOINT_URL", &proxy.url).stderr(std::process::Stdio::inherit());
    let found = spent(command);
    let asked = proxy.asked();
    // Of files that count, and of those only, the checksums are compared.
    let of = |what: &dyn Fn(&str) -> bool| asked.iter().filter(|(_, path, _)| what(path)).count();
    let ledger = of(&|path| path.contains("/users/") && path.ends_with(".parquet"));
    let files = of(&|path| path.contains("/coupling/") && path.ends_with(".parquet"));
    let words = format!(
        "{}, {} requests, {ledger} for files of its ledger, {files} for files of rows ({:?})",
        found.words(),
        asked.len() - ledger - files,
        proxy.methods()
    );
    say(&format!("resume of share {SHARE} of {users} users"), &words, "5 requests, 200 MB, 2 s");
}
