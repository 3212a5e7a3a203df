//! Buckets of users and units that are committed together: the same results from fewer files.

use crate::world::{QUICK, Said, World, rows};

/// Buckets from three users on.
fn grouped(users: usize, seconds: f64) -> World {
    let world = World::new(users);
    let runtime = format!("runtime: {{user_folders: 2, commit_seconds: {seconds}}}\n");
    world.write("quick.yaml", format!("{QUICK}{runtime}"));
    world
}

fn whole(users: usize) -> World {
    let whole = World::new(users);
    assert_eq!(whole.analyse("run", &[]).code, Some(0));
    whole.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    whole
}

fn merge(world: &World, runs: &[&str]) -> Said {
    let _ = std::fs::remove_dir_all(world.path("merged"));
    world.expect(0, &[&["merge", "--output", "merged", "--shards"], runs].concat())
}

fn one(world: &World, sql: &str) -> String {
    world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out
}

#[test]
#[ignore = "long"]
fn a_group_holds_many_units_and_changes_no_result() {
    let world = grouped(9, 60.0);
    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    for table in ["users", "te", "k_selection"] {
        let files = world.files(&format!("run/{table}"));
        assert_eq!(files.len(), 2, "{files:?}");
        assert!(files.iter().all(|file| file.to_string_lossy().contains("user_bucket=0000")), "{files:?}");
    }
    world.expect(0, &["validate", "run"]);
    merge(&world, &["run"]);
    assert_eq!(world.csv("merged"), whole(9).csv("merged"));
    assert_eq!(one(&world, "select count(distinct attempt) as n, count(*) as r from raw.te"), "n,r\n9,18\n");
}

#[test]
#[ignore = "long"]
fn units_that_wait_are_committed_in_time_and_done_again_after_a_kill() {
    let world = grouped(8, 0.0);
    let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shards", "1"];
    let mut command = world.command(&args);
    let output = command.env("RESULTS_FAILPOINT", "unit|u05|kill|once").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    world.expect(0, &["validate", "run"]);
    merge(&world, &["run"]);
    let whole = whole(8);
    assert_eq!(world.csv("merged"), whole.csv("merged"));

    // Killed with everything still waiting: all of it is done again, by another number of workers.
    let world = grouped(8, 60.0);
    let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shard", "0/1"];
    let output = world.command(&args).env("RESULTS_FAILPOINT", "unit|u05|kill").output().unwrap();
    assert!(!output.status.success());
    world.expect(0, &["run", "--resume", "run", "--shards", "3"]);
    merge(&world, &["run"]);
    assert_eq!(world.csv("merged"), whole.csv("merged"));
}

#[test]
fn an_attempt_that_was_replaced_stays_out_of_the_group_it_lies_in() {
    let world = grouped(6, 60.0);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.user("u03", &rows(77, 300));
    world.expect(0, &["run", "--resume", "run"]);
    assert_eq!(one(&world, "select count(*) as n from te"), "n\n12\n");
    assert_eq!(one(&world, "select count(*) as n from raw.te"), "n\n14\n");
    merge(&world, &["run"]);
    let other = World::new(6);
    other.user("u03", &rows(77, 300));
    assert_eq!(other.analyse("run", &[]).code, Some(0));
    merge(&other, &["run"]);
    assert_eq!(world.csv("merged"), other.csv("merged"));
}

#[test]
fn copies_of_a_run_are_equal_duplicates() {
    let world = grouped(6, 60.0);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let copied =
        std::process::Command::new("cp").args(["-r", "run", "copy"]).current_dir(world.path("")).status();
    assert!(copied.unwrap().success());
    let said = merge(&world, &["run", "copy"]);
    assert!(said.err.contains("6 equal duplicates left out"), "{}", said.err);
    assert_eq!(world.csv("merged"), whole(6).csv("merged"));
}

#[test]
fn a_broken_group_names_every_unit_in_it() {
    let world = grouped(4, 60.0);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let file = world.files("run/te").remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let said = world.expect(3, &["merge", "--output", "merged", "--shards", "run"]);
    assert!(said.err.contains("broken file: 4\n"), "{}", said.err);
    std::fs::write(world.files("run/users").remove(0), "").unwrap();
    let said = world.expect(3, &["merge", "--output", "merged", "--shards", "run"]);
    assert!(said.err.contains("corrupt ledger file: 1") && said.err.contains("has 0 bytes"), "{}", said.err);
}
