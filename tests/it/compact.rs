//! Many small files put together while others read and write them: the same results at every moment.

use std::path::Path;
use std::process::Stdio;

use results::attempts::Ledger;
use results::store::{ReadLock, Run, checksum};

use crate::torture::COMMIT;
use crate::world::{Said, World};

/// A run of nine users in two shards, each unit with files of its own, and what it merges to.
fn world() -> World {
    let world = World::new(9);
    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    world.expect(0, &["merge", "--output", "expected", "--shards", "run"]);
    world
}

fn merges_as_before(world: &World, run: &str) {
    let _ = std::fs::remove_dir_all(world.path("merged"));
    world.expect(0, &["merge", "--output", "merged", "--shards", run]);
    assert_eq!(world.csv("merged"), world.csv("expected"));
}

fn one(world: &World, sql: &str) -> String {
    world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
#[ignore = "long"]
fn everything_is_as_before_in_few_files() {
    let world = world();
    let status = world.expect(0, &["status", "run"]).out;
    let said = world.expect(0, &["compact", "run"]);
    let tables = std::fs::read_dir(world.path("run")).unwrap().flatten().filter(|entry| {
        let name = entry.file_name().into_string().unwrap();
        entry.path().is_dir() && !name.starts_with('_')
    });
    let tables: Vec<_> = tables.map(|entry| entry.file_name().into_string().unwrap()).collect();
    for table in &tables {
        let files = world.table_files("run", table);
        assert_eq!(files.len(), 2, "{files:?}");
        assert!(files.iter().all(|file| file.to_string_lossy().contains("user_bucket=0000")), "{files:?}");
    }
    let after = format!("-> {} files (", 2 * tables.len());
    assert!(said.out.contains(&after) && said.out.contains("9 attempts rewritten"), "{said:#?}");
    assert_eq!(said.err, "");
    merges_as_before(&world, "run");
    world.expect(0, &["validate", "run"]);
    assert_eq!(world.expect(0, &["status", "run"]).out, status);
    assert_eq!(one(&world, "select count(distinct attempt) as n, count(*) as r from raw.te"), "n,r\n9,18\n");
    assert_eq!(one(&world, "select count(*) as n from users where state = 'ok'"), "n\n9\n");

    let again = world.expect(0, &["compact", "run"]);
    assert!(again.out.contains("0 attempts rewritten"), "{again:#?}");
    let resumed = world.expect(0, &["run", "--resume", "run", "--dry-run"]);
    assert!(!(resumed.out + &resumed.err).contains("rerun"));
}

#[test]
#[ignore = "long"]
fn a_run_goes_on_in_buckets_and_is_compacted_again() {
    let world = World::new(9);
    world.expect(0, &["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shard", "0/2"]);
    world.expect(0, &["compact", "run"]);
    world.expect(0, &["run", "--resume", "run", "--shards", "2"]);
    assert!(world.files("run/te").iter().all(|file| file.to_string_lossy().contains("user_bucket=")));
    world.expect(0, &["compact", "run"]);
    assert_eq!(world.analyse("whole", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "expected", "--shards", "whole"]);
    merges_as_before(&world, "run");
    world.expect(0, &["validate", "run"]);
    // A run and a compacted copy of it are duplicates of each other.
    copy(&world.path("whole"), &world.path("copy"));
    world.expect(0, &["compact", "copy"]);
    std::fs::remove_dir_all(world.path("merged")).unwrap();
    let said = world.expect(0, &["merge", "--output", "merged", "--shards", "whole", "copy"]);
    assert_eq!(world.csv("merged"), world.csv("expected"), "{said:#?}");
}

/// Killed at every step, with readers in between, a compaction is ended by the next.
#[test]
#[ignore = "long"]
fn a_compaction_that_is_killed_loses_nothing() {
    let world = world();
    for step in COMMIT.into_iter().chain(["removed|te/", "removed|users/"]) {
        let _ = std::fs::remove_dir_all(world.path("killed"));
        copy(&world.path("run"), &world.path("killed"));
        let mut command = world.command(&["compact", "killed"]);
        let output = command.env("RESULTS_FAILPOINT", format!("{step}|kill")).output().unwrap();
        assert!(!output.status.success(), "nothing was killed at {step}");
        merges_as_before(&world, "killed");
        let doubles = "select count(*) as n from te where user_id in \
                       (select user_id from raw.te group by user_id, tau having count(*) > 1)";
        let said = world.expect(0, &["sql", "--run", "killed", "--format", "csv", doubles]);
        assert_eq!(said.out, "n\n0\n", "{step}");
        let resumed = world.expect(0, &["run", "--resume", "killed", "--shards", "3"]);
        assert!(!(resumed.out + &resumed.err).contains(" ok in "), "{step}: a unit was done again");
        world.expect(0, &["compact", "killed"]);
        assert_eq!(world.files("killed/te").len(), 2, "{step}");
        merges_as_before(&world, "killed");
    }
    world.expect(0, &["validate", "killed"]);
}

/// Every file of the ledger is there and whole, and every user at most once; how many users there are.
pub(crate) fn look(dir: &Path) -> usize {
    let Ok(run) = Run::open(dir) else { return 0 };
    let _reading = ReadLock::take(run.storage());
    let ledger = Ledger::read(run.storage()).unwrap();
    assert_eq!(ledger.corrupt, []);
    for file in ledger.rows.iter().flat_map(|row| &row.files) {
        let bytes = run.storage().read(&file.file).unwrap().expect("a file of the ledger is there");
        assert_eq!(checksum(&bytes), file.checksum, "{}", file.file);
    }
    let users: std::collections::BTreeSet<_> = ledger.rows.iter().map(|row| &row.user_id).collect();
    assert_eq!(users.len(), ledger.rows.len(), "a unit was done twice");
    users.len()
}

#[test]
#[ignore = "long"]
fn workers_and_readers_go_on_meanwhile() {
    let world = world();
    let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "live", "--shards", "3"];
    let quiet = |args: &[&str]| {
        let mut command = world.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut workers = quiet(&args);
    let mut seen = 0;
    while workers.try_wait().unwrap().is_none() {
        if !world.path("live/run.yaml").exists() {
            continue;
        }
        let mut compaction = quiet(&["compact", "live", "--wait", "1"]);
        while compaction.try_wait().unwrap().is_none() {
            let now = look(&world.path("live"));
            assert!(now >= seen, "{now} users after {seen}");
            seen = now;
        }
        assert!(compaction.wait().unwrap().success());
        let double = "select count(*) as n from (select user_id, tau from te group by user_id, tau having count(*) > 1)";
        let said = world.expect(0, &["sql", "--run", "live", "--format", "csv", double]);
        assert_eq!(said.out, "n\n0\n");
    }
    assert!(workers.wait().unwrap().success());
    world.expect(0, &["compact", "live"]);
    world.expect(0, &["validate", "live"]);
    merges_as_before(&world, "live");
}

fn refused(said: &Said, words: &str) {
    assert!(said.err.contains(words) && !said.err.contains("panicked"), "{said:#?}");
}

#[test]
#[ignore = "long"]
fn what_cannot_be_compacted_is_told() {
    let world = world();
    refused(&world.expect(2, &["compact", "expected"]), "is itself an output of `results merge`");
    refused(&world.expect(2, &["compact", "nothing"]), "directory nothing not found");
    refused(&world.expect(2, &["compact", "data"]), "data is not a run");

    let broken = world.table_files("run", "te").remove(3);
    let whole = std::fs::read(&broken).unwrap();
    std::fs::write(&broken, &whole[..whole.len() - 1]).unwrap();
    let said = world.expect(3, &["compact", "run"]);
    refused(&said, "left as they are");
    assert!(said.out.contains("8 attempts rewritten"), "{said:#?}");
    std::fs::write(&broken, &whole).unwrap();

    // Somebody reads: the files that were replaced stay for the time being.
    world.analyse("two", &["--shards", "1"]);
    let two = Run::open(world.path("two")).unwrap();
    let reading = ReadLock::take(two.storage());
    let before = world.files("two/te").len();
    let said = world.expect(0, &["compact", "two", "--wait", "0"]);
    refused(&said, "since somebody reads the run");
    assert_eq!(world.files("two/te").len(), before + 1);
    merges_as_before(&world, "two");
    drop(reading);
    world.expect(0, &["compact", "two"]);
    assert_eq!(world.files("two/te").len(), 1);
    merges_as_before(&world, "two");
}
