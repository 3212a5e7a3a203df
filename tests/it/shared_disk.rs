//! Runs on a disk that machines share, where a lock of the operating system may hold on one of them only: with
//! `runtime.locks: lease` their workers are kept apart as in an object store.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::world::{QUICK, Said, World, quiet, said};

/// A world with a configuration for leases, and what a run with locks merges to.
fn world(users: usize) -> World {
    let world = World::new(users);
    world.write("lease.yaml", format!("{QUICK}runtime: {{locks: lease, commit_seconds: 0}}\n"));
    assert_eq!(world.analyse("flock", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "merged_flock", "--shards", "flock"]);
    world
}

const RUN: [&str; 7] = ["run", "--config", "lease.yaml", "--data", "data", "--out", "run"];

/// Leases twenty times as short, on a machine whose clock is off by so many seconds.
fn on_a_machine<'a>(command: &'a mut Command, clock: &str) -> &'a mut Command {
    command.env("RESULTS_HURRY", "20").env("RESULTS_CLOCK", clock)
}

fn expect(world: &World, code: i32, clock: &str, args: &[&str]) -> Said {
    let said = said(&on_a_machine(&mut world.command(args), clock).output().unwrap());
    assert_eq!(said.code, Some(code), "{args:?}: {said:#?}");
    said
}

/// The lease of a share as another machine has it.
fn elsewhere(world: &World, file: &str) {
    let text = std::fs::read_to_string(world.path(file)).unwrap();
    let mut claim: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(claim["ttl_ms"], 4500);
    claim["host"] = "elsewhere".into();
    claim["process"] = 17.into();
    world.write(file, claim.to_string());
}

#[test]
#[ignore = "long"]
fn another_machine_takes_over_where_a_worker_dies() {
    let world = world(14);
    let first = [&RUN[..], &["--shard", "0/4", "--threads", "1"]].concat();
    let mut command = world.command(&first);
    let mut worker = quiet(on_a_machine(&mut command, "-86400").env("RESULTS_FAILPOINT", "unit@3||hang"));
    world.wait_for_commits("run", 1);
    worker.kill().unwrap();
    worker.wait().unwrap();
    let manifest = std::fs::read_to_string(world.path("run/run.yaml")).unwrap();
    assert!(manifest.starts_with("format: 2\n") && manifest.contains("\n    locks: lease\n"), "{manifest}");
    let status = world.expect(0, &["status", "run"]).out;
    assert!(status.contains("run: incomplete, "), "{status}");
    elsewhere(&world, "run/_leases/1/0of4/1");

    // Another number of shards would overlap with it, as far as is known; the same one waits until it is stale.
    let told = expect(&world, 0, "86400", &["run", "--resume", "run", "--shards", "4"]);
    assert!(told.err.contains("process 17 on elsewhere"), "{}", told.err);
    assert!(world.path("run/_leases/1/0of4/2.end").exists(), "{:?}", world.files("run/_leases"));
    assert!(!world.path("run/_leases/1/1of4/2").exists());
    world.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    assert_eq!(world.csv("merged"), world.csv("merged_flock"));
    assert!(world.expect(0, &["status", "run"]).out.contains("run: complete, 14 of 14 units done"));

    // Nobody asked for a lock, those who look and put together neither.
    world.expect(0, &["validate", "run"]);
    world.expect(0, &["compact", "run"]);
    let count = ["sql", "--run", "run", "--format", "csv", "select count(distinct user_id) as n from te"];
    assert_eq!(world.expect(0, &count).out, "n\n14\n");
    assert!(world.expect(2, &["cancel", "run"]).err.contains("was not submitted"));
    world.expect(0, &["merge", "--output", "compacted", "--shards", "run", "flock"]);
    assert_eq!(world.csv("compacted"), world.csv("merged_flock"));
    let locks = world.files("run").into_iter().filter(|path| path.extension().is_some_and(|e| e == "lock"));
    assert_eq!(locks.count(), 0);
    assert!(!world.path("run/_status").exists() && world.path("flock/_status").exists());
}

#[test]
#[ignore = "long"]
fn two_machines_do_not_have_one_share() {
    let world = world(4);
    expect(&world, 0, "0", &[&RUN[..], &["--shard", "1/2"]].concat());
    let claim = world.path("run/_leases/1/0of2/1");
    std::fs::create_dir_all(claim.parent().unwrap()).unwrap();
    std::fs::copy(world.path("run/_leases/1/1of2/1"), &claim).unwrap();
    elsewhere(&world, "run/_leases/1/0of2/1");
    let over = AtomicBool::new(false);
    let resume = ["run", "--resume", "run", "--shard", "0/2"];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut beats = 0;
            while !over.load(Ordering::Relaxed) {
                beats += 1;
                world.write("run/_leases/1/0of2/1.beat", format!("{beats}"));
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let told = expect(&world, 2, "86400", &resume);
        let other = expect(&world, 2, "0", &["run", "--resume", "run", "--shard", "0/3"]);
        let submitted = expect(&world, 2, "-86400", &["submit", "--resume", "run", "--engine", "local"]);
        over.store(true, Ordering::Relaxed);
        let words = "run is being worked on: shard 0/2: process 17 on elsewhere";
        assert!(submitted.err.contains(words), "{}", submitted.err);
        let words = "shard 0/2 is being worked on by another process: process 17 on elsewhere";
        assert!(told.err.contains(words), "{}", told.err);
        let words = "a worker that divides the users by 2 (process 17 on elsewhere";
        assert!(other.err.contains(words), "{}", other.err);
    });
    assert!(!world.path("run/_leases/1/0of2/2").exists());
    // It says nothing any more.
    expect(&world, 0, "0", &resume);
    world.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    assert_eq!(world.csv("merged"), world.csv("merged_flock"));
}

/// Whoever submits sees that nobody works any more, whatever the clocks say, and the tasks do not wait for it again.
#[test]
#[ignore = "long"]
fn a_worker_that_died_is_watched_by_who_submits_and_by_no_task() {
    let world = world(4);
    expect(&world, 0, "0", &[&RUN[..], &["--shard", "1/2"]].concat());
    let lease = |file: &str| world.path("run/_leases/1/0of2").join(file);
    std::fs::create_dir_all(lease("")).unwrap();
    std::fs::copy(world.path("run/_leases/1/1of2/1"), lease("1")).unwrap();
    elsewhere(&world, "run/_leases/1/0of2/1");
    // It said that it is at work, at a time that has not come by the clock of this machine.
    let told = std::fs::read_to_string(world.path("run/_leases/1/1of2/1.end")).unwrap();
    let mut told: serde_json::Value = serde_json::from_str(&told).unwrap();
    told["state"] = "running".into();
    told["current_user"] = "u00".into();
    told["host"] = "elsewhere".into();
    std::fs::write(lease("1.beat"), told.to_string()).unwrap();

    let status = expect(&world, 0, "86400", &["status", "run"]).out;
    assert!(status.contains("silent") && status.contains("was at u00"), "{status}");
    let submit = ["submit", "--resume", "run", "--engine", "local", "--merge", "merged"];
    let submitted = expect(&world, 0, "-86400", &submit).err;
    let words = "whether it is still worked on: shard 0/2: process 17 on elsewhere";
    assert!(submitted.contains(words), "{submitted}");
    world.wait_until("the merge", |world| world.path("merged/merge.yaml").exists());
    assert_eq!(world.csv("merged"), world.csv("merged_flock"));
    let script = std::fs::read_to_string(world.path("run/_submit/0001/job-1.sh")).unwrap();
    assert!(
        script.contains("\nRESULTS_OVER=") && script.contains(" of _submit/0001\"; export RESULTS_JOB\n"),
        "{script}"
    );
    let claim: serde_json::Value = serde_json::from_slice(&std::fs::read(lease("2")).unwrap()).unwrap();
    assert_eq!(claim["job"], "task 0 of _submit/0001");
    let logs =
        world.files("run/_submit").into_iter().filter(|path| path.extension().is_some_and(|e| e == "out"));
    for log in logs {
        let said = std::fs::read_to_string(&log).unwrap();
        assert!(!said.contains("still at work"), "{}: {said}", log.display());
    }
}

#[test]
fn a_run_keeps_what_it_was_made_with() {
    let world = world(2);
    world.write("flock.yaml", format!("{QUICK}runtime: {{locks: flock}}\n"));
    world.write("lok.yaml", format!("{QUICK}runtime: {{locks: flok}}\n"));
    assert!(world.expect(0, &["config", "show", "k6_full"]).out.contains("\n  locks: auto\n"));
    let told = world.expect(2, &["config", "check", "lok.yaml"]).err;
    assert!(told.contains("lok.yaml:8: `runtime.locks`") && told.contains("flock"), "{told}");
    let run = |code, config: &str, out: &str| {
        world.expect(code, &["run", "--config", config, "--data", "data", "--out", out])
    };
    run(0, "lease.yaml", "leases");
    for (config, out, of) in [("flock.yaml", "leases", "lease"), ("lease.yaml", "flock", "flock")] {
        let told = run(2, config, out).err;
        assert!(told.contains(&format!("{out} was made with `runtime.locks: {of}`, not `")), "{told}");
    }
    // Who does not say joins either.
    run(0, "quick.yaml", "leases");
    assert!(!world.path("leases/_status").exists());
    run(0, "flock.yaml", "flock");
}

#[test]
fn locks_on_a_network_file_system_are_told_about() {
    let world = world(2);
    let words =
        "note: run lies on a network file system (NFS), where a lock may hold on one machine only\n(hint: ";
    let told = |args: &[&str]| said(&world.command(args).env("RESULTS_DISK", "NFS").output().unwrap()).err;
    assert_eq!(told(&RUN).matches("network file system").count(), 0, "leases hold there");
    std::fs::remove_dir_all(world.path("run")).unwrap();
    let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shards", "2"];
    assert_eq!(told(&args).matches(words).count(), 1);
    assert_eq!(told(&["run", "--resume", "run"]).matches(words).count(), 1);
    assert!(!world.expect(0, &["run", "--resume", "run"]).err.contains("network"));
}

#[cfg(feature = "s3")]
#[test]
fn an_object_store_keeps_no_locks() {
    let world = World::new(1);
    world.write("flock.yaml", format!("{QUICK}runtime: {{locks: flock}}\n"));
    let mut command =
        world.command(&["run", "--config", "flock.yaml", "--data", "data", "--out", "s3://bucket/run"]);
    let keys = [
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_REGION", "here"),
        ("AWS_ENDPOINT_URL", "https://127.0.0.1:9"),
    ];
    let told = said(&command.envs(keys).output().unwrap());
    assert_eq!(told.code, Some(2), "{told:#?}");
    assert!(told.err.contains("s3://bucket/run keeps no locks, and `runtime.locks: flock` asks for them"));
}
