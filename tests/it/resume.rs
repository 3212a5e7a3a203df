//! A run that was killed goes on behind its last commit, and its result is the same.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::world::{QUICK, World, rows};

/// Long enough a unit that a kill comes in the middle of a shard.
const SLOW: &str = "feature_modes: [composite]
analysis_modes: [global_te]
k_selection: {strategy: fixed, k_fixed: 4}
statistical: {nulls: [permute]}
surrogates: 1500
data: {min_rows: 100}
quality_profile: exploratory
";

fn slow_world() -> World {
    let world = World::new(0);
    world.write("quick.yaml", SLOW);
    for user in 0..8 {
        world.user(&format!("u{user:02}"), &rows(user + 1, 2500));
    }
    world
}

#[test]
fn killed_and_resumed_equals_uninterrupted() {
    let world = slow_world();
    assert_eq!(world.analyse("whole", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "merged_whole", "--shards", "whole"]);

    let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shard", "0/2"];
    let done = world.killed_at_work("run", &args);
    assert!((1..4).contains(&done), "{done} units were committed before the kill");
    let status = world.expect(0, &["status", "run"]);
    assert!(status.out.contains("lost") && status.out.contains("--resume"), "{}", status.out);
    let merge = world.expect(3, &["merge", "--output", "no", "--shards", "run"]);
    assert!(merge.err.contains("lost: ") && merge.err.contains("never started: 4"), "{}", merge.err);
    assert!(!world.path("no").exists());

    // What a crash between data file and ledger leaves behind, and a half-written file.
    let orphan = world.path("run/te/shard=0/user_id=u00/20200101T000000-0123456789ab-0of4.parquet");
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, b"").unwrap();
    std::fs::create_dir_all(world.path("run/_staging")).unwrap();
    world.write("run/_staging/999999999-0", "half");
    // The run was on another machine before.
    world.write("run/_staging/1-0@0badcafe~20200101T000000-0123456789ab-2of3.parquet", "half");
    let said = world.expect(0, &["run", "--resume", "run", "--shards", "3"]);
    assert!(said.err.contains("units were done before"), "{}", said.err);
    let logs: String = (0..3)
        .map(|i| std::fs::read_to_string(world.path(&format!("run/_logs/shard-{i}.log"))).unwrap())
        .collect();
    assert_eq!(logs.matches("1 file that no row of the ledger names").count(), 1, "{logs}");
    world.expect(0, &["run", "--resume", "run", "--shards", "2"]);
    assert!(!orphan.exists(), "the orphan was not removed");
    assert!(world.files("run/_staging").is_empty());
    assert_eq!(world.files("run/users").len(), 8, "a unit was done twice");
    world.expect(0, &["validate", "run"]);
    world.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    assert_eq!(world.csv("merged"), world.csv("merged_whole"));
}

#[test]
fn a_shard_has_one_worker_at_a_time() {
    let world = slow_world();
    let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shard", "0/2"];
    let mut first = world.started(&args);
    let deadline = Instant::now() + Duration::from_mins(1);
    while !world.path("run/_status/shard-0-of-2.lock").exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(50));
    let second = world.run(&args);
    let other_division = world.run(&["run", "--resume", "run", "--shards", "1"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.code, Some(2), "{second:#?}");
    assert!(
        second.err.contains("shard 0/2 is being worked on by another process: process"),
        "{}",
        second.err
    );
    assert_eq!(other_division.code, Some(2), "{other_division:#?}");
    world.expect(0, &["run", "--resume", "run"]);
    world.expect(0, &["validate", "run"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_done_and_says_how_to_go_on() {
    use nix::sys::signal::Signal::{SIGHUP, SIGINT};
    stopped_by(SIGINT, &["--shards", "2"]);
    // The end of a connection, with workers and without.
    stopped_by(SIGHUP, &["--shards", "2"]);
    stopped_by(SIGHUP, &["--threads", "1"]);
}

fn stopped_by(signal: nix::sys::signal::Signal, more: &[&str]) {
    let world = slow_world();
    let args = [&["run", "--config", "quick.yaml", "--data", "data", "--out", "run"], more].concat();
    let child = world
        .command(&args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    world.wait_for_a_commit("run");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, signal).unwrap();
    let said = crate::world::said(&child.wait_with_output().unwrap());
    assert_eq!(said.code, Some(130), "{said:#?}");
    assert!(said.err.contains("continue with: results run --resume run"), "{}", said.err);
    let done = world.files("run/users").len();
    assert!((1..8).contains(&done), "{done} units");
    world.expect(0, &["run", "--resume", "run"]);
    assert_eq!(world.files("run/users").len(), 8);
}

#[test]
fn what_a_crash_left_behind_is_removed_by_any_number_of_workers() {
    for runtime in ["", "runtime: {user_folders: 2, commit_seconds: 0}\n"] {
        let world = World::new(5);
        world.write("quick.yaml", format!("{QUICK}{runtime}"));
        let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shards", "3"];
        let mut command = world.command(&[&args[..], &["--retries", "0"]].concat());
        let output = command.env("RESULTS_FAILPOINT", "flushed|te/shard|kill").output().unwrap();
        assert!(!output.status.success());
        assert!(!world.files("run/te").is_empty());
        world.expect(0, &["run", "--resume", "run", "--shards", "2"]);
        world.expect(0, &["validate", "run"]);
    }
}

#[test]
fn data_that_were_moved_are_compared_with_what_they_were() {
    let world = World::new(3);
    std::os::unix::fs::symlink(world.path("data"), world.path("link")).unwrap();
    world.expect(0, &["run", "--config", "quick.yaml", "--data", "link", "--out", "run"]);
    std::fs::rename(world.path("data"), world.path("elsewhere")).unwrap();
    world.write("elsewhere/u01.features_labels.csv", rows(9, 300));
    let said = world.expect(0, &["run", "--resume", "run", "--data", "elsewhere"]);
    let told = "of users that are done, 2 have the input that they had, 1 another one: u01";
    assert!(said.err.contains(told), "{}", said.err);
    assert_eq!(world.files("run/users").len(), 4);
}
