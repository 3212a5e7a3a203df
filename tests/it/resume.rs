//! A run that was killed goes on behind its last commit, and its result is the same.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use nix::sys::signal::Signal::{SIGHUP, SIGINT, SIGTERM};

use crate::world::{QUICK, World, quiet, rows, signal};

/// One worker of two, one user at a time.
const SHARD: [&str; 11] =
    ["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shard", "0/2", "--threads", "1"];

#[test]
#[ignore = "long"]
fn killed_and_resumed_equals_uninterrupted() {
    let world = World::new(8);
    assert_eq!(world.analyse("whole", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "merged_whole", "--shards", "whole"]);

    world.killed_at_work("run", &SHARD);
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
    let world = World::new(8);
    let mut first = world.at_the_third_unit(&SHARD);
    world.wait_for_commits("run", 2);
    let second = world.run(&SHARD);
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

#[test]
#[ignore = "long"]
fn ctrl_c_keeps_what_is_done_and_says_how_to_go_on() {
    stopped_by(SIGINT, &["--shards", "2", "--threads", "1"], 2);
    // The end of a connection, with workers and without.
    stopped_by(SIGHUP, &["--shards", "2", "--threads", "1"], 2);
    stopped_by(SIGHUP, &["--threads", "1"], 1);
}

/// Stopped while each worker is at its third unit, which is brought to its end.
fn stopped_by(told: nix::sys::signal::Signal, more: &[&str], workers: usize) {
    let world = World::new(8);
    let args = [&["run", "--config", "quick.yaml", "--data", "data", "--out", "run"], more].concat();
    let child = world
        .at_a_terminal(&args)
        .env("RESULTS_FAILPOINT", "unit@3||wait|go")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    world.wait_for_commits("run", 2 * workers);
    let third = ["\"ok\": 2,", "\"running\": 1\n"];
    world.wait_until("every worker is at its third unit", |world| world.all_say("run", workers, &third));
    signal(&child, told);
    let asked = ["\"stopping\": true"];
    world.wait_until("every worker was told", |world| world.all_say("run", workers, &asked));
    world.write("go", "");
    let said = crate::world::said(&child.wait_with_output().unwrap());
    assert_eq!(said.code, Some(130), "{said:#?}");
    assert!(said.err.contains("continue with: results run --resume run"), "{}", said.err);
    assert_eq!(world.committed("run"), 3 * workers);
    world.expect(0, &["run", "--resume", "run"]);
    assert_eq!(world.committed("run"), 8);
}

#[test]
fn under_nohup_the_end_of_a_connection_ends_nothing() {
    for more in [&["--shards", "2"][..], &["--threads", "1"]] {
        let world = World::new(6);
        let args = [&["run", "--config", "quick.yaml", "--data", "data", "--out", "run"], more].concat();
        let mut command = world.under_nohup(&args);
        let mut child = quiet(command.env("RESULTS_FAILPOINT", "unit@2||wait|go"));
        world.wait_for_commits("run", 1);
        signal(&child, SIGHUP);
        // Whoever heeds it would stop behind this unit.
        std::thread::sleep(std::time::Duration::from_millis(100));
        world.write("go", "");
        assert_eq!(child.wait().unwrap().code(), Some(0), "{more:?}");
        assert_eq!(world.committed("run"), 6);
    }
}

/// As by SIGTERM: at once, and what it leaves is in nobody's way.
#[test]
fn a_merge_ends_with_the_connection_and_under_nohup_it_does_not() {
    let world = World::new(2);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let merge = ["merge", "--output", "merged", "--shards", "run"];
    let held = |command: &mut std::process::Command| {
        let _ = std::fs::remove_file(world.path("go"));
        quiet(command.env("RESULTS_FAILPOINT", "open|/te/|wait|go"))
    };
    for told in [SIGHUP, SIGTERM] {
        let mut child = held(&mut world.at_a_terminal(&merge));
        let program = format!("/proc/{}/exe", child.id());
        let runs = |_: &World| std::fs::read_link(&program).is_ok_and(|file| file.ends_with("results"));
        world.wait_until("the program runs", runs);
        signal(&child, told);
        assert_eq!(child.wait().unwrap().signal(), Some(told as i32));
        assert!(!world.path("merged").exists());
    }
    let mut child = held(&mut world.under_nohup(&merge));
    world.wait_until("the shell ignores it", |world| world.path("nohup.out").exists());
    signal(&child, SIGHUP);
    world.write("go", "");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    world.expect(0, &["validate", "merged"]);
}

#[test]
#[ignore = "long"]
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
