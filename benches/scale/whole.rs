//! A run of millions of users, and what commands take on it.

use std::path::Path;
use std::time::Instant;

use results::store::Assignment;

use super::figures::Figures;
use super::made::{RUN, SHARDS, commit, schemas, size};
use super::merging::{check, in_parts, in_processes, one};
use super::process::{Spent, high_water, results, spent};
use super::say;

/// Shares of which one is gone on with.
const SHARES: u32 = 1000;

/// Users of the run beside which memory must be flat.
const SMALLER: u64 = 1_000_000;

pub(crate) fn whole(dir: &Path, name: &str, users: u64, figures: &mut Figures) {
    make(dir, name, users, figures);
    let of = |what: &str| format!("{name}: {what}");
    let found = |args: &[&str]| {
        let mut command = results(dir, args);
        command.stderr(std::process::Stdio::inherit());
        spent(command)
    };
    let status = found(&["status", "run"]);
    say(&of("status"), &status.words(), "1 s");
    figures.spent(&of("status"), status);
    let count = found(&["sql", "--run", "run", "select count(*) from coupling"]);
    say(&of("sql count(*)"), &count.words(), "3 s, 300 MB");
    figures.spent(&of("sql count"), count);
    share(dir, name, users, figures);
    let alone = one(dir, "run", "merged");
    say(&of("merge"), &alone.words(), "");
    figures.spent(&of("merge"), alone);
    let output = size(&dir.join("merged"));
    figures.note(&of("output"), &[("files", output.0 as f64), ("bytes", output.1 as f64)]);
    let known = check(&dir.join("merged"), users);
    say(&of("rows, q and group tests"), &known, "the same bits");
    let csv = checksum(&dir.join("merged/coupling.csv"));
    let _ = std::fs::remove_dir_all(dir.join("merged"));
    let parts = in_parts(dir, "run", "merged", 8);
    say(&of("merge --parts 8"), &ratio(parts, alone), "the same bytes");
    figures.spent(&of("merge 8"), parts);
    assert_eq!(checksum(&dir.join("merged/coupling.csv")), csv, "8 parts");
    let _ = std::fs::remove_dir_all(dir.join("merged"));
    let several = in_processes(dir, "run", "merged", 8, 4);
    say(&of("the same in 4 processes"), &ratio(several, alone), "time 1.3, memory 1");
    figures.spent(&of("merge 8 in 4 processes"), several);
    assert_eq!(checksum(&dir.join("merged/coupling.csv")), csv, "4 processes");
    let _ = std::fs::remove_dir_all(dir.join("merged"));
    let _ = std::fs::remove_dir_all(dir.join("run"));
    if users > SMALLER {
        let smaller = &dir.join("smaller");
        std::fs::create_dir_all(smaller).unwrap();
        make(smaller, "1M, beside", SMALLER, figures);
        let one = one(smaller, "run", "merged");
        let words = format!("{:.0} MB, {:.2} of it for {name}", one.peak, alone.peak / one.peak);
        say("merge of 1M, memory", &words, "flat");
        figures.spent("1M, beside: merge", one);
    }
}

/// Makes the run, and says how large it is.
fn make(dir: &Path, name: &str, users: u64, figures: &mut Figures) {
    let schemas = schemas(dir);
    let place = dir.join("run");
    let worked = || super::process::worked(std::process::id(), false);
    let (since, before) = (Instant::now(), worked());
    let run = RUN.register(&*place, users, SHARDS, &schemas);
    let planned = Spent {
        wall: since.elapsed().as_secs_f64(),
        cpu: worked() - before,
        peak: high_water(std::process::id()) as f64 / 1000.0,
    };
    say(&format!("{name}: plan, with its making"), &planned.words(), "");
    let since = Instant::now();
    commit(&run, &schemas, users);
    let committed = since.elapsed().as_secs_f64();
    let since = Instant::now();
    run.close_if_complete().unwrap();
    let closed = since.elapsed().as_secs_f64();
    let of = |part: &str| size(&place.join(part));
    let (data, ledger, plan) = (of("coupling"), of("users"), of("_expected"));
    let words = format!(
        "committed in {committed:.0} s, closed in {closed:.1} s; {} files, bytes a user: data {:.1}, ledger {:.1}, plan {:.1}",
        size(&place).0,
        data.1 as f64 / users as f64,
        ledger.1 as f64 / users as f64,
        plan.1 as f64 / users as f64,
    );
    say(&format!("{name}: run of {SHARDS} shards"), &words, "600 s");
    // Memory is that of all that this process has made, of which a second run is less.
    if !name.contains("beside") {
        figures.spent(&format!("{name}: plan"), planned);
    }
    figures.note(
        &format!("{name}: run"),
        &[
            ("users", users as f64),
            ("files", size(&place).0 as f64),
            ("data_bytes", data.1 as f64),
            ("ledger_bytes", ledger.1 as f64),
            ("plan_bytes", plan.1 as f64),
            ("commit_seconds", committed),
            ("close_seconds", closed),
        ],
    );
}

/// One finished share of a thousand is gone on with, of a plan of so many shards.
fn share(dir: &Path, name: &str, users: u64, figures: &mut Figures) {
    let schemas = schemas(dir);
    let own = Assignment { index: 7, of: SHARES };
    let run = RUN.register(&*dir.join("shares"), users, SHARES, &schemas);
    RUN.commit(&run, &schemas, users, own);
    drop(run);
    let of_plan = spent(results(dir, &["run", "--resume", "shares", "--shard", &own.to_string()]));
    say(&format!("{name}: resume of share {own}"), &of_plan.words(), "2 s, 200 MB");
    figures.spent(&format!("{name}: resume of a share"), of_plan);
    std::fs::remove_dir_all(dir.join("shares")).unwrap();
    let other = spent(results(dir, &["run", "--resume", "run", "--shard", &own.to_string()]));
    say(&format!("{name}: the same of a run of {SHARDS} shards"), &other.words(), "");
    figures.spent(&format!("{name}: resume of a share of {SHARDS} shards"), other);
}

fn ratio(found: Spent, alone: Spent) -> String {
    let (time, memory) = (found.wall / alone.wall, found.peak / alone.peak);
    format!("{}, time {time:.2}, memory {memory:.2}", found.words())
}

fn checksum(file: &Path) -> blake3::Hash {
    let mut hash = blake3::Hasher::new();
    std::io::copy(&mut std::fs::File::open(file).unwrap(), &mut hash).unwrap();
    hash.finalize()
}
