//! A run that is killed again and again ends as if nothing had happened.
//!
//! `cargo test` kills a dozen times; `RESULTS_KILLS=200 cargo test -- torture` as often as you like.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use results::attempts::Ledger;
use results::store::{Run, checksum};

use crate::world::{QUICK, World};

const USERS: usize = 9;

/// How many rows there are more than once.
pub(crate) const DOUBLE: &str =
    "select count(*) as n from (select user_id, tau from te group by user_id, tau having count(*) > 1)";

/// The steps of a commit, which are those of a compaction too.
pub(crate) const COMMIT: [&str; 6] =
    ["staged|te/", "renamed|te/", "flushed|te/", "staged|users/", "renamed|users/", "flushed|users/"];

/// Where workers are killed: at every step of a commit, and before and beside it.
fn steps() -> Vec<&'static str> {
    [&["unit|u"], &COMMIT[..], &["staged|_status/", "renamed|_status/"]].concat()
}

fn start(world: &World, run: &str, failpoint: &str) -> Child {
    let what: &[&str] = if world.path(run).join("run.yaml").exists() {
        &["run", "--resume", run]
    } else {
        &["run", "--config", "quick.yaml", "--data", "data", "--out", run]
    };
    let mut command = world.command(&[what, &["--shards", "3", "--retries", "0"]].concat());
    if !failpoint.is_empty() {
        command.env("RESULTS_FAILPOINT", format!("{failpoint}|kill"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills a supervisor and its workers, all of them at any moment. The workers are not ours to wait for: the
/// next resume finds them with their locks.
pub(crate) fn kill_all(child: &mut Child) {
    // A thread each starts a worker.
    let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).into_iter().flatten();
    let children = |thread: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(thread.ok()?.path().join("children")).ok()
    };
    let workers: String = threads.filter_map(children).collect();
    let _ = child.kill();
    for worker in workers.split_whitespace() {
        let id = nix::unistd::Pid::from_raw(worker.parse().unwrap());
        let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL);
    }
    child.wait().unwrap();
}

/// What any reader sees at any moment: files that are whole, and no unit twice.
fn look(dir: &Path) -> usize {
    let Ok(run) = Run::open(dir) else { return 0 };
    let ledger = Ledger::read(run.storage()).unwrap();
    assert_eq!(ledger.corrupt, []);
    let mut attempts: BTreeMap<&str, u32> = BTreeMap::new();
    for row in &ledger.rows {
        *attempts.entry(&row.user_id).or_default() += 1;
        for file in &row.files {
            let bytes = run.storage().read(&file.file).unwrap().expect("a file of the ledger is there");
            assert_eq!(checksum(&bytes), file.checksum, "{}", file.file);
        }
    }
    assert!(attempts.values().all(|n| *n == 1), "a unit was done twice: {attempts:?}");
    // One that knows nothing of the ledger and takes every file it finds.
    for table in ["te", "users"] {
        for entry in run.storage().list(table).unwrap() {
            let Some(bytes) = run.storage().read(&entry.path).unwrap() else { continue };
            let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
                bytes::Bytes::from(bytes),
            );
            let rows: usize = reader.unwrap().build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
            let each = if table == "te" { 2 } else { 1 };
            let grouped = entry.path.contains("user_bucket=");
            assert!(
                rows == each || grouped && rows > 0 && rows.is_multiple_of(each),
                "{rows} rows in {}",
                entry.path
            );
        }
    }
    ledger.rows.len()
}

/// What `sql` and `merge` see at any moment: no row twice, and no whole result before its time.
fn ask(world: &World, run: &str, round: usize) {
    if !world.path(run).join("run.yaml").exists() {
        return;
    }
    if round.is_multiple_of(2) {
        assert_eq!(world.expect(0, &["sql", "--run", run, "--format", "csv", DOUBLE]).out, "n\n0\n");
        return;
    }
    let output = format!("{run}-early-{round}");
    let said = world.run(&["merge", "--output", &output, "--shards", run]);
    match said.code {
        Some(0) => assert_eq!(world.csv(&output), world.csv("expected")),
        code => assert!(code == Some(3) && !world.path(&output).exists(), "{said:?}"),
    }
}

/// Kills a run once, while readers look.
fn round(world: &World, run: &str, round: usize) {
    let watched = AtomicBool::new(true);
    let steps = steps();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while watched.load(Ordering::Relaxed) {
                look(&world.path(run));
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let asker = scope.spawn(|| ask(world, run, round));
        if let Some(step) = steps.get(round % (steps.len() + 3)) {
            let ended = start(world, run, step).wait().unwrap();
            assert!(!ended.success(), "nothing was killed at {step}");
        } else {
            let mut child = start(world, run, "");
            // From before the first commit to after the last.
            std::thread::sleep(Duration::from_millis((round * 7919 % 900) as u64));
            kill_all(&mut child);
        }
        watched.store(false, Ordering::Relaxed);
        reader.join().unwrap();
        asker.join().unwrap();
    });
    look(&world.path(run));
}

#[test]
#[ignore = "long"]
fn killed_at_every_step_it_ends_as_if_nothing_had_happened() {
    torture("");
}

#[test]
#[ignore = "long"]
fn and_so_where_units_are_committed_in_groups() {
    torture("runtime: {user_folders: 2, commit_seconds: 0.2}\n");
}

fn torture(runtime: &str) {
    let kills: usize =
        std::env::var("RESULTS_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(steps().len() + 3);
    let world = World::new(USERS);
    assert_eq!(world.analyse("whole", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "expected", "--shards", "whole"]);
    world.write("quick.yaml", format!("{QUICK}{runtime}"));
    let (mut runs, mut done) = (0, 0);
    for kill in 0..kills {
        round(&world, &format!("run-{runs}"), kill);
        done = look(&world.path(&format!("run-{runs}")));
        if done == USERS {
            finish(&world, &format!("run-{runs}"));
            runs += 1;
        }
    }
    if done < USERS {
        finish(&world, &format!("run-{runs}"));
    }
    println!("{kills} kills, {} runs", runs + 1);
}

/// Brings a run to its end and compares.
fn finish(world: &World, run: &str) {
    world.expect(0, &["run", "--resume", run, "--shards", "2"]);
    assert_eq!(look(&world.path(run)), USERS);
    world.expect(0, &["validate", run]);
    let merged = format!("{run}-merged");
    world.expect(0, &["merge", "--output", &merged, "--shards", run]);
    assert_eq!(world.csv(&merged), world.csv("expected"));
    assert_eq!(world.expect(0, &["sql", "--run", run, "--format", "csv", DOUBLE]).out, "n\n0\n");
}
