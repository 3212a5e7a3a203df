//! Workers that die are named, started again, and kept from dying of the same unit for ever.

use std::process::Stdio;

use nix::sys::signal::Signal::SIGTERM;

use crate::world::{Said, World, said, signal};

/// Runs three shards with a place at which a worker fails.
fn run_with(world: &World, failpoint: &str, more: &[&str]) -> Said {
    let args = [&["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shards", "2"], more]
        .concat();
    let output = world.command(&args).env("RESULTS_FAILPOINT", failpoint).stdin(Stdio::null()).output();
    said(&output.unwrap())
}

fn merged_like(world: &World, whole: &World) {
    world.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    whole.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    assert_eq!(world.csv("merged"), whole.csv("merged"));
}

fn whole(users: usize) -> World {
    let whole = World::new(users);
    assert_eq!(whole.analyse("run", &[]).code, Some(0));
    whole
}

#[test]
#[ignore = "long"]
fn a_worker_that_is_killed_once_is_started_again() {
    let world = World::new(6);
    let said = run_with(&world, "unit|u02|kill|once", &[]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.err.contains("shard 0: killed (signal 9"), "{}", said.err);
    assert!(said.err.contains("at user u02; starting again in 0.5 s (1 of 3 times)"), "{}", said.err);
    assert!(said.err.contains("6 of 6 units done in") && said.err.contains(", 1 restart"), "{}", said.err);
    // What befell the workers is kept, and can be asked for.
    let events = std::fs::read_to_string(world.path("run/_logs/events.ndjson")).unwrap();
    assert_eq!(
        events.lines().filter(|line| line.contains("\"event\":\"shard_restarting\"")).count(),
        1,
        "{events}"
    );
    let sql =
        "select shard, event, user_id, starts_with(cause, 'killed') as killed from events where shard = 0";
    let rows = world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out;
    assert_eq!(rows, "shard,event,user_id,killed\n0,started,,\n0,restarted,u02,True\n");
    let plot = world.expect(0, &["plot", "retries", "--run", "run"]).out;
    assert!(plot.contains("restarted: killed"), "{plot}");
    world.expect(0, &["validate", "run"]);
    merged_like(&world, &whole(6));
}

#[test]
fn a_defect_in_one_users_analysis_is_that_users_failure() {
    let world = World::new(4);
    let mut command = world.command(&["run", "--config", "quick.yaml", "--data", "data", "--out", "run"]);
    let said = said(&command.env("RESULTS_DEFECT", "u02").stdin(Stdio::null()).output().unwrap());
    // It is no end of the worker: nothing is started again, and the others are done.
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert!(said.err.contains("3 of 4 units done") && !said.err.contains("restart"), "{}", said.err);
    let reason = "u02 composite failed: internal error, please report it with the input: RESULTS_DEFECT=u02";
    assert!(said.err.contains(reason), "{}", said.err);
    world.expect(0, &["run", "--resume", "run"]);
    merged_like(&world, &whole(4));
}

#[test]
#[ignore = "long"]
fn a_unit_that_kills_twice_is_quarantined_and_tried_again_on_demand() {
    let world = World::new(5);
    // A panic outside of the analysis ends the worker as a signal does.
    let said = run_with(&world, "unit|u02|panic", &[]);
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert!(said.err.contains("quarantined: ended its worker 2 times"), "{}", said.err);
    std::fs::remove_dir_all(world.path("run")).unwrap();

    let said = run_with(&world, "unit|u02|kill", &[]);
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert!(said.err.contains("quarantined: ended its worker 2 times: killed"), "{}", said.err);
    assert!(said.err.contains("--resume with --retry-failed"), "{}", said.err);
    assert_eq!(world.files("run/users").len(), 5);
    let sql = "select event, count(*) as n from events where user_id = 'u02' group by event order by event";
    let rows = world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out;
    assert_eq!(rows, "event,n\nquarantined,1\nrestarted,2\n");
    // What is quarantined stays; a resume does not die of it again.
    let resumed = world.expect(3, &["run", "--resume", "run"]);
    assert!(resumed.err.contains("4 of 5 units done"), "{}", resumed.err);
    assert_eq!(world.files("run/users").len(), 5);
    world.expect(0, &["run", "--resume", "run", "--retry-failed"]);
    merged_like(&world, &whole(5));
}

#[test]
fn memory_is_limited_and_named() {
    let world = World::new(3);
    let said = run_with(&world, "unit|u01|memory", &["--memory", "400MB", "--threads", "1"]);
    assert_eq!(said.code, Some(3), "{said:#?}");
    let reason = "quarantined: ended its worker 2 times: out of memory: needs more than 400 MB";
    assert!(said.err.contains(reason), "{}", said.err);
    assert!(said.err.contains("(hint: more memory: --memory"), "{}", said.err);

    // Too little even to begin, and for the words about it.
    let args = ["--memory", "10MB", "--retries", "0"];
    std::fs::remove_dir_all(world.path("run")).unwrap();
    let mut command = world.command(&[]);
    command.args(["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shards", "2"]);
    let output = command.args(args).env("RUST_BACKTRACE", "1").stdin(Stdio::null()).output();
    let too_little = crate::world::said(&output.unwrap());
    assert_eq!(too_little.code, Some(1), "{too_little:#?}");
    assert!(too_little.err.contains("error: shard 0: "), "{}", too_little.err);
}

#[test]
#[ignore = "long"]
fn a_unit_that_hangs_fails_and_the_rest_goes_on() {
    let world = World::new(4);
    let said = run_with(&world, "unit|u01|hang", &["--timeout", "3s"]);
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert!(said.err.contains("quarantined: ran longer than 3s (--timeout)"), "{}", said.err);
    assert!(said.err.contains("3 of 4 units done"), "{}", said.err);
}

#[test]
fn retries_end_and_the_run_can_be_resumed() {
    let world = World::new(4);
    // No unit is at fault: the worker dies before its first.
    let said = run_with(&world, "renamed|_status/shard-1|kill", &["--retries", "1"]);
    assert_eq!(said.code, Some(1), "{said:#?}");
    assert!(said.err.contains("shard 1: killed (signal 9"), "{}", said.err);
    assert!(said.err.contains("starting again in 0.5 s (1 of 1 times)"), "{}", said.err);
    assert!(said.err.contains("see run/_logs/shard-1.log"), "{}", said.err);
    world.expect(0, &["run", "--resume", "run", "--shards", "1"]);
    merged_like(&world, &whole(4));
}

#[test]
fn events_are_lines_of_json() {
    let world = World::new(3);
    let said = run_with(&world, "unit|u02|kill|once", &["--json"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let events: Vec<serde_json::Value> =
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["event"], "run_started");
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["exit"]), (&"run_finished".into(), &0.into()));
    assert_eq!(last["counts"]["ok"], 3);
    let kinds: Vec<&str> = events.iter().filter_map(|e| e["kind"]["event"].as_str()).collect();
    for kind in ["shard_started", "unit_started", "unit_committed", "shard_restarting", "shard_finished"] {
        assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
    }
    assert!(said.err.contains("starting again"), "{}", said.err);
}

#[test]
fn two_signals_end_everything_now() {
    let world = World::new(4);
    let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shards", "2"];
    let child = world
        .command(&[&args[..], &["--threads", "1"]].concat())
        .env("RESULTS_FAILPOINT", "unit|u0|hang")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let at_work = ["\"running\": 1\n"];
    world.wait_until("both workers are at a unit", |world| world.all_say("run", 2, &at_work));
    signal(&child, SIGTERM);
    // A second one that came before the first is heeded would be one with it.
    let asked = ["\"stopping\": true"];
    world.wait_until("both workers were told", |world| world.all_say("run", 2, &asked));
    signal(&child, SIGTERM);
    let said = said(&child.wait_with_output().unwrap());
    assert_eq!(said.code, Some(130), "{said:#?}");
    // Nothing is left behind that holds the locks.
    world.expect(0, &["run", "--resume", "run"]);
}

#[test]
fn resume_explains_itself_and_follows_the_input() {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let dry = world.expect(0, &["run", "--resume", "run", "--dry-run", "--explain"]);
    assert_eq!(dry.out.matches("reuse  same input, configuration and estimator").count(), 3, "{}", dry.out);
    assert!(dry.out.ends_with("0 units to do, 3 kept\n"), "{}", dry.out);

    // A file that changed is done again, and the merge takes the new attempt without a conflict.
    let text = std::fs::read_to_string(world.path("data/u01.features_labels.csv")).unwrap();
    let shorter: Vec<&str> = text.lines().take(250).collect();
    world.user("u01", &(shorter.join("\n") + "\n"));
    let dry = world.expect(0, &["run", "--resume", "run", "--dry-run", "--explain"]);
    assert!(dry.out.contains("rerun  input changed: "), "{}", dry.out);
    assert!(dry.out.ends_with("1 unit to do, 2 kept\n"), "{}", dry.out);
    assert_eq!(world.files("run/users").len(), 3);
    world.expect(0, &["run", "--resume", "run"]);
    assert_eq!(world.files("run/users").len(), 4);
    world.expect(0, &["validate", "run"]);
    world.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    assert!(world.csv("merged")["users.csv"].contains(",249,"), "{}", world.csv("merged")["users.csv"]);

    // Newcomers are offered, and taken in on demand.
    world.user("u09", &crate::world::rows(9, 300));
    let offered = world.expect(0, &["run", "--resume", "run"]);
    assert!(offered.err.contains("1 new user in the data folder: u09; --extend"), "{}", offered.err);
    let extended = world.expect(0, &["run", "--resume", "run", "--extend", "--shards", "2"]);
    assert!(extended.err.contains("4 of 4 units done"), "{}", extended.err);
    world.expect(0, &["validate", "run"]);
}

#[test]
fn status_can_be_watched_to_the_end() {
    let world = World::new(2);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let watched = world.expect(0, &["status", "run", "--watch", "1"]);
    assert!(watched.out.contains("complete, 2 of 2 units done"), "{}", watched.out);
    let bad = world.expect(2, &["run", "smoke", "--memory", "lots"]);
    assert!(bad.err.contains("a size such as 2GB"), "{}", bad.err);
}
