//! What the world does to a run: each time a named failure, no panic, and a run that can go on.

use std::process::Stdio;

use crate::world::{Said, World, said};

fn run(world: &World, env: &[(&str, &str)], args: &[&str]) -> Said {
    let mut command = world.command(args);
    command.envs(env.iter().copied());
    said(&command.stdin(Stdio::null()).output().unwrap())
}

fn analyse(world: &World, env: &[(&str, &str)], more: &[&str]) -> Said {
    run(world, env, &[&["run", "--config", "quick.yaml", "--data", "data", "--out", "run"], more].concat())
}

/// A run that was disturbed goes on and ends as an undisturbed one.
fn goes_on(world: &World) {
    world.expect(0, &["run", "--resume", "run", "--shards", "2"]);
    world.expect(0, &["validate", "run"]);
    assert_eq!(world.analyse("undisturbed", &[]).code, Some(0));
    for run in ["run", "undisturbed"] {
        world.expect(0, &["merge", "--output", &format!("{run}-merged"), "--shards", run]);
    }
    assert_eq!(world.csv("run-merged"), world.csv("undisturbed-merged"));
}

#[test]
#[ignore = "long"]
fn a_full_disk_and_a_read_only_one_are_named() {
    for (action, words) in [
        ("full", "(hint: free some space"),
        ("readonly", "(hint: check the owner and the write permission of the folder)"),
    ] {
        let world = World::new(4);
        let once = format!("write|_staging|{action}");
        // In this process: as soon as anything is to be written.
        let said = analyse(&world, &[("RESULTS_FAILPOINT", &once)], &[]);
        assert_eq!(said.code, Some(1), "{said:#?}");
        assert!(said.err.contains("cannot write run/_staging/"), "{}", said.err);
        assert!(said.err.contains(words) && !said.err.contains("panicked"), "{}", said.err);
        // In workers, after the run was registered.
        assert_eq!(analyse(&world, &[], &["--shard", "0/2"]).code, Some(0));
        let args = ["run", "--resume", "run", "--shards", "2", "--retries", "1"];
        let said = run(&world, &[("RESULTS_FAILPOINT", &once)], &args);
        assert_eq!(said.code, Some(1), "{said:#?}");
        assert!(said.err.contains("shard 1: cannot write run/_staging/"), "{}", said.err);
        assert!(said.err.contains("continue with: results run --resume run"), "{}", said.err);
        assert_eq!(world.files("run/users").len(), 2);
        goes_on(&world);
    }
}

#[test]
#[ignore = "long"]
fn a_disk_that_is_full_for_a_moment_costs_a_restart() {
    let world = World::new(4);
    let said = analyse(&world, &[("RESULTS_FAILPOINT", "write|_staging|full|once")], &["--shards", "2"]);
    // The first write of all is the plan's, before any worker is there.
    assert_eq!(said.code, Some(1), "{said:#?}");
    std::fs::remove_file(world.path("once")).unwrap();
    assert_eq!(analyse(&world, &[], &["--shard", "0/2"]).code, Some(0));
    let args = ["run", "--resume", "run", "--shards", "2"];
    let said = run(&world, &[("RESULTS_FAILPOINT", "write|_staging|full|once")], &args);
    assert_eq!(said.code, Some(0), "{said:#?}");
    goes_on(&world);
}

#[test]
#[ignore = "long"]
fn a_log_that_cannot_be_written_is_named() {
    let world = World::new(3);
    assert_eq!(analyse(&world, &[], &["--shard", "0/2"]).code, Some(0));
    std::fs::remove_dir_all(world.path("run/_logs")).unwrap();
    world.write("run/_logs", "no folder");
    let said = run(&world, &[], &["run", "--resume", "run", "--shards", "2"]);
    assert_eq!(said.code, Some(1), "{said:#?}");
    assert!(said.err.contains("cannot write the log run/_logs/shard-"), "{}", said.err);
    std::fs::remove_file(world.path("run/_logs")).unwrap();
    goes_on(&world);
}

#[test]
#[ignore = "long"]
fn an_input_that_vanishes_is_that_units_failure() {
    let world = World::new(4);
    assert_eq!(analyse(&world, &[], &["--shard", "0/2"]).code, Some(0));
    let file = world.path("data/u03.features_labels.csv");
    let kept = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let said = run(&world, &[], &["run", "--resume", "run", "--shards", "2"]);
    assert_eq!(said.code, Some(3), "{said:#?}");
    assert!(
        said.err.contains("u03 composite failed") && said.err.contains("u03.features_labels.csv"),
        "{}",
        said.err
    );
    std::fs::write(&file, kept).unwrap();
    goes_on(&world);
}

#[test]
#[ignore = "long"]
fn a_clock_that_was_set_back_loses_nothing() {
    let world = World::new(3);
    assert_eq!(analyse(&world, &[("RESULTS_CLOCK", "7200")], &[]).code, Some(0));
    // Another input, and a clock two hours before the first attempt.
    let text = std::fs::read_to_string(world.path("data/u01.features_labels.csv")).unwrap();
    let shorter: Vec<&str> = text.lines().take(260).collect();
    world.user("u01", &(shorter.join("\n") + "\n"));
    let status = world.expect(0, &["status", "run"]);
    assert!(status.out.contains("complete, 3 of 3 units done"), "{}", status.out);
    world.expect(0, &["run", "--resume", "run"]);
    let n = "select n_samples as n from users where user_id = 'u01'";
    assert_eq!(world.expect(0, &["sql", "--run", "run", "--format", "csv", n]).out, "n\n259\n");
    goes_on(&world);
}

#[test]
#[ignore = "long"]
fn broken_status_files_are_as_good_as_none() {
    let world = World::new(3);
    assert_eq!(analyse(&world, &[], &["--shards", "2"]).code, Some(0));
    for (content, file) in [("", "shard-0.json"), ("{\"shard\": 1, \"of\":", "shard-1.json")] {
        world.write(&format!("run/_status/{file}"), content);
    }
    let status = world.expect(0, &["status", "run"]);
    assert!(status.out.contains("complete, 3 of 3 units done"), "{}", status.out);
    goes_on(&world);
}
