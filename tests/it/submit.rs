//! Runs that are handed to a batch system: the engine `local` from end to end, and engines of one's own that answer what
//! a test has them answer. A real scheduler is asked by `tests/services/slurm.sh`.

use std::path::PathBuf;
use std::process::Stdio;

use crate::world::{Said, World, said};

const SUBMIT: [&str; 9] =
    ["submit", "--config", "quick.yaml", "--data", "data", "--out", "run", "--engine", "local"];

fn submit(world: &World, code: i32, more: &[&str]) -> Said {
    world.expect(code, &[&SUBMIT, more].concat())
}

/// The CSV of a run that nobody submitted.
fn whole(world: &World) {
    assert_eq!(world.analyse("whole", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "merged_whole", "--shards", "whole"]);
}

fn wait_until_over(world: &World, run: &str) {
    world.wait_until("nothing of the run goes on", |world| {
        let status = world.expect(0, &["status", run, "--json"]).out;
        let all: serde_json::Value = serde_json::from_str(&status).unwrap();
        all[0]["batch"]["tasks"].as_array().unwrap().iter().all(|task| task["state"].is_null())
            && all[0]["state"] != "running"
    });
}

/// The process groups of a submission, which are gone when the test is.
fn ids(said: &Said) -> Vec<String> {
    let line: serde_json::Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    let ids = line["jobs"].as_array().unwrap().iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[test]
fn tasks_of_this_machine_do_all_shards_and_the_merge_comes_behind_them() {
    let world = World::new(7);
    whole(&world);
    let told = submit(&world, 0, &["--shards", "5", "--pack", "2", "--merge", "merged", "--json"]);
    assert!(told.err.contains("submitted 5 shards of run to this machine as 3 tasks: job "), "{}", told.err);
    assert!(
        told.err.contains("results status run") && told.err.contains("results cancel run"),
        "{}",
        told.err
    );
    assert_eq!(ids(&told).len(), 1);
    world.wait_until("the merge", |world| world.path("merged/merge.yaml").exists());
    assert_eq!(world.csv("merged"), world.csv("merged_whole"));
    let tasks = std::fs::read_to_string(world.path("run/_submit/0001/tasks")).unwrap();
    assert_eq!(tasks, "0-1/5\n2-3/5\n4/5\n");
    wait_until_over(&world, "run");
    let status = world.expect(0, &["status", "run"]).out;
    assert!(status.contains("run: complete, 7 of 7 units done"), "{status}");
    assert!(!status.contains("continue it with"), "{status}");
    // Nothing is left, so nothing is submitted, and there is nothing to cancel.
    let told = world.expect(0, &["submit", "--resume", "run", "--engine", "local"]);
    assert!(told.err.contains("nothing to submit: every unit of run is done"), "{}", told.err);
    // Its processes end a moment after its units.
    world.wait_until("the end of the job", |world| {
        world.expect(0, &["cancel", "run"]).err.contains("nothing to cancel")
    });
    assert!(!world.path("run/_submit/0002").exists());
    world.expect(0, &["validate", "run"]);
}

#[test]
fn a_cancelled_run_keeps_what_is_done_and_is_submitted_again_where_work_is_left() {
    let world = World::new(6);
    whole(&world);
    let go = world.path("go").display().to_string();
    // Shard 1 stays at its second unit until it is let go.
    let mut command = world.command(&[&SUBMIT[..], &["--shards", "2", "--merge", "merged"]].concat());
    let output =
        command.env("RESULTS_FAILPOINT", format!("unit|u03|wait|{go}")).stdin(Stdio::null()).output();
    assert_eq!(said(&output.unwrap()).code, Some(0));
    world.wait_for_commits("run", 4);
    let twice = world.expect(2, &["submit", "--resume", "run", "--engine", "local"]);
    assert!(twice.err.contains("run is in the queue already: this machine job "), "{}", twice.err);
    assert!(twice.err.contains("(hint: results status run"), "{}", twice.err);
    let status = world.expect(0, &["status", "run"]).out;
    assert!(
        status.contains("shard") && status.contains("scheduler") && status.contains("  running\n"),
        "{status}"
    );
    assert!(status.contains("merge: job "), "{status}");

    // The task finishes the unit in work, commits it, and ends.
    let cancel =
        world.command(&["cancel", "run"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    world.wait_until("told to stop", |world| {
        let status = std::fs::read_to_string(world.path("run/_status/shard-1.json")).unwrap_or_default();
        status.contains("\"stopping\": true")
    });
    world.write("go", "");
    let told = said(&cancel.wait_with_output().unwrap());
    assert_eq!(told.code, Some(0), "{told:#?}");
    assert!(told.err.contains("cancelled this machine job "), "{}", told.err);
    assert!(told.err.contains("5 of 6 units are done"), "{}", told.err);
    assert!(!world.path("merged").exists());
    wait_until_over(&world, "run");
    let status = world.expect(0, &["status", "run"]).out;
    assert!(status.contains("interrupted"), "{status}");
    assert!(status.contains("continue it with: results submit --resume run --engine local"), "{status}");

    let again = world.expect(0, &["submit", "--resume", "run", "--engine", "local", "--merge", "merged"]);
    assert!(again.err.contains("submitted 1 shard of run"), "{}", again.err);
    assert_eq!(std::fs::read_to_string(world.path("run/_submit/0002/tasks")).unwrap(), "1/2\n");
    world.wait_until("the merge", |world| world.path("merged/merge.yaml").exists());
    assert_eq!(world.csv("merged"), world.csv("merged_whole"));
    assert_eq!(world.files("run/users").len(), 6, "a unit was done twice");
}

#[test]
#[ignore = "long"]
fn a_task_that_is_killed_keeps_no_other_from_its_work() {
    let world = World::new(10);
    // More tasks than cores, so that some begin after the first one is gone.
    let shards = (2 * std::thread::available_parallelism().unwrap().get() + 1).to_string();
    let once = world.path("killed").display().to_string();
    let mut command = world.command(&[&SUBMIT[..], &["--shards", &shards]].concat());
    let told = said(&command.env("RESULTS_FAILPOINT", format!("unit|u00|kill|{once}")).output().unwrap());
    assert_eq!(told.code, Some(0), "{told:?}");
    wait_until_over(&world, "run");
    let status = world.expect(0, &["status", "run"]).out;
    assert!(world.path("killed").exists() && !status.contains("not started"), "{status}");
    let left = status.lines().filter(|line| line.contains(" lost ")).count();
    assert_eq!(left, 1, "{status}");
}

#[test]
fn a_dry_run_shows_scripts_and_commands_and_makes_nothing() {
    let world = World::new(3);
    let shown = submit(&world, 0, &["--shards", "3", "--dry-run", "--merge", "merged"]).out;
    assert!(shown.contains("/run/_submit/0001/job-1.sh\n#!/bin/sh\n"), "{shown}");
    assert!(shown.contains("/run/_submit/0001/job-merge.sh") && shown.contains("\n$ sh -c "), "{shown}");
    assert!(!world.path("run").exists() && !world.path("out").exists());
    // A mistake of the configuration shows too.
    world.write("quick.yaml", "surrogates: many\n");
    assert!(submit(&world, 2, &["--dry-run"]).err.contains("surrogates"));
}

#[test]
fn requests_that_cannot_be_are_refused_before_anything_is_made() {
    let world = World::new(2);
    let refused = |more: &[&str], words: &str| {
        let told = world.expect(2, &[&SUBMIT[..7], more].concat());
        assert!(told.err.contains(words), "{more:?}: {}", told.err);
        assert!(!world.path("run").exists(), "{more:?}");
    };
    refused(&["--engine", "local", "--pack", "0"], "a whole number from 1 to 4096");
    refused(&["--engine", "local", "--shards", "0"], "a whole number from 1 to");
    refused(&["--engine", "slrum"], "unknown engine `slrum`; did you mean `slurm`?");
    refused(&["--engine", "local", "--merge", "data"], "--merge data is there already");
    refused(&["--engine", "local", "--container", "no.sif"], "--container: image no.sif not found");
    refused(&["--engine", "local", "--partition", ""], "a name, without control characters");
    let mut command = world.command(&[&SUBMIT[..7], &["--engine", "slurm"]].concat());
    let told = said(&command.env("PATH", "/nowhere").output().unwrap());
    assert_eq!(told.code, Some(2), "{told:#?}");
    assert!(
        told.err.contains("Slurm cannot be asked: sbatch, squeue, scancel, scontrol not found"),
        "{}",
        told.err
    );
    assert!(told.err.contains("(hint: submit where the scheduler's commands are"), "{}", told.err);
    assert!(!world.path("run").exists());
    // A run that was never submitted, and one that somebody works on.
    assert_eq!(world.analyse("own", &[]).code, Some(0));
    assert!(world.expect(2, &["cancel", "own"]).err.contains("own was not submitted to a scheduler"));
    let mut worker =
        world.at_the_third_unit(&["run", "--config", "quick.yaml", "--data", "data", "--out", "busy"]);
    worker.kill().unwrap();
    worker.wait().unwrap();
}

#[test]
fn a_run_that_is_worked_on_is_not_submitted() {
    let world = World::new(4);
    let mut worker = world.at_the_third_unit(&[
        "run",
        "--config",
        "quick.yaml",
        "--data",
        "data",
        "--out",
        "run",
        "--shard",
        "0/1",
        "--threads",
        "1",
    ]);
    world.wait_for_commits("run", 2);
    let told = world.expect(2, &["submit", "--resume", "run", "--engine", "local"]);
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(told.err.contains("run is being worked on: shard 0"), "{}", told.err);
    assert!(told.err.contains("(hint: wait for it, or stop it"), "{}", told.err);
}

/// An engine of the test's own: what is submitted goes nowhere, and what its scheduler says is in files.
pub(crate) const OWN: &str = r#"title: Own
needs: [sh, cat]
script: |
  #!/bin/sh
  {commands}
submit: [sh, -c, 'cat submitted; cat refusal >&2; [ ! -s refusal ]', "{options}", "{script}"]
options: {name: ["{name}"], after: ["{after}"]}
after: {each: "{id}", between: ","}
id: 'job (?<id>\d+)'
array: {index: TASK, first: 1, least: 1}
log: {array: "{log}-%.out", alone: "{log}.out"}
state: {command: [sh, FOLDER/state.sh, "{ids}"], row: '(?m)^(?<job>\d+) (?<task>\d+) (?<state>\w+) (?<reason>\S*) (?<node>\w*)$', forgotten: unknown}
cancel: [sh, -c, 'echo "$@" >>FOLDER/cancelled', sh, "{each}"]
words: {W: queued, R: running, X: failed, P: preempted}
reasons: {Turn: waits for its turn}
never: {Size: "nobody is so large (hint: ask for less)"}
refusals: [{says: partition, hint: another --partition; these there are, ask: [echo, one]}]
log_words: [{says: GONE, word: node lost}]
"#;

struct Own(World);

impl Own {
    fn new(users: usize) -> Self {
        let world = World::new(users);
        std::fs::create_dir_all(world.path("mine/config/engines")).unwrap();
        world.write(
            "mine/config/engines/own.yaml",
            OWN.replace("FOLDER", &world.root().display().to_string()),
        );
        let own = Self(world);
        own.0.write("refusal", "");
        own.0.write("submitted", "job 7\n");
        own.says("");
        own
    }

    /// What the scheduler says of its jobs from now on; each question is counted.
    fn says(&self, state: &str) {
        let folder = self.0.root().display();
        self.0.write("state.sh", format!("echo \"$@\" >>{folder}/asked\ncat {folder}/state\n"));
        self.0.write("state", state);
    }

    fn asked(&self) -> usize {
        std::fs::read_to_string(self.0.path("asked")).map_or(0, |text| text.lines().count())
    }

    fn submit(&self, code: i32, more: &[&str]) -> Said {
        let args = [&SUBMIT[..7], &["--engine", "own", "--definitions", "mine"], more].concat();
        self.0.expect(code, &args)
    }

    fn status(&self, more: &[&str]) -> Said {
        self.0.expect(0, &[&["status", "run", "--definitions", "mine"], more].concat())
    }
}

#[test]
#[ignore = "long"]
fn what_a_scheduler_says_stands_beside_what_the_run_says() {
    let own = Own::new(6);
    own.says("7 1 R - n1\n7 2 W Turn \n7 3 P - \n7 4 X - n2\n");
    own.submit(0, &["--shards", "5"]);
    own.0.write("run/_submit/0001/1-4.out", "error: no space left on n2\n");
    own.0.write("run/_submit/0001/1-5.out", "the node is GONE\n");
    let before = own.asked();
    let status = own.status(&[]).out;
    assert_eq!(own.asked(), before + 1, "one question for all");
    for words in [
        "run: in the queue, 0 of 6 units done, 6 missing",
        "running on n1\n",
        "queued: waits for its turn\n",
        "shard 2: preempted: it will not come back by itself\n",
        "shard 3: failed: its log says why\n  no space left on n2\n  its log: run/_submit/0001/1-4.out\n",
        "shard 4: node lost: it will not come back by itself; what is done stays\n",
    ] {
        assert!(status.contains(words), "{words}: {status}");
    }
    assert!(!status.contains("continue it with"), "{status}");
    let json: serde_json::Value = serde_json::from_str(&own.status(&["--json"]).out).unwrap();
    let tasks = json[0]["batch"]["tasks"].as_array().unwrap();
    let states: Vec<&str> = tasks.iter().map(|task| task["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["running", "queued", "preempted", "failed", "node lost"]);
    assert_eq!((&tasks[1]["id"], &tasks[1]["shards"]), (&"7_2".into(), &serde_json::json!([1])));

    // The scheduler has forgotten them all.
    own.says("");
    let status = own.status(&[]).out;
    assert!(status.contains("continue it with: results submit --resume run --engine own"), "{status}");
    assert!(status.contains("not known any more"), "{status}");
    // It is down.
    own.0.write(
        "state.sh",
        format!("echo {} >>{}/asked; echo nobody home >&2; exit 1", "x", own.0.root().display()),
    );
    let before = own.asked();
    let status = own.status(&[]).out;
    assert_eq!(own.asked(), before + 3, "it is tried again before it is given up");
    assert!(status.contains("Own did not answer at 2") && status.contains(": nobody home\n"), "{status}");
    assert!(status.contains("the run's own view") && status.contains("not started"), "{status}");
    // Without the file of the engine, the run is seen as well.
    let status = own.0.expect(0, &["status", "run"]).out;
    assert!(status.contains("own did not answer") && status.contains("unknown engine `own`"), "{status}");
    // Nobody is sure whether it is over.
    let told = own.0.expect(1, &["submit", "--resume", "run", "--engine", "own", "--definitions", "mine"]);
    assert!(told.err.contains("Own does not answer: nobody home"), "{}", told.err);
}

#[test]
#[ignore = "long"]
fn whoever_watches_asks_every_ten_seconds_at_most() {
    let own = Own::new(2);
    own.says("7 1 W Turn \n");
    own.submit(0, &["--shards", "1"]);
    let before = own.asked();
    let mut watch = own.0.command(&["status", "run", "--definitions", "mine", "--watch", "1"]);
    let mut watch = watch.stdout(std::fs::File::create(own.0.path("seen")).unwrap()).spawn().unwrap();
    let seen =
        |world: &World| std::fs::read_to_string(world.path("seen")).unwrap().matches("in the queue").count();
    own.0.wait_until("three looks", |world| seen(world) >= 3);
    assert_eq!(own.asked(), before + 1);
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
fn what_would_never_start_is_told_at_once_and_taken_back() {
    let own = Own::new(2);
    own.says("7 1 W Size \n");
    let told = own.submit(2, &["--shards", "1"]);
    assert!(
        told.err.contains("Own would never start it: nobody is so large\n(hint: ask for less)"),
        "{}",
        told.err
    );
    assert!(told.err.contains("note: the run run is planned; submit it with --resume run"), "{}", told.err);
    assert_eq!(std::fs::read_to_string(own.0.path("cancelled")).unwrap(), "7\n");
    own.says("");
    own.0.write("refusal", "bad: no such partition\n");
    let told = own.0.expect(2, &["submit", "--resume", "run", "--engine", "own", "--definitions", "mine"]);
    assert!(
        told.err.contains(
            "Own refuses the job: bad: no such partition\n(hint: another --partition; these there are: one)"
        ),
        "{}",
        told.err
    );
    own.0.write("refusal", "");
    own.0.write("submitted", "good day\nsubmitted as number 7\n");
    let told = own.0.expect(1, &["submit", "--resume", "run", "--engine", "own", "--definitions", "mine"]);
    assert!(
        told.err.contains("sh printed no id that the pattern `job (?<id>\\d+)` of engine `own`"),
        "{}",
        told.err
    );
    assert!(told.err.contains("  good day\n  submitted as number 7\n(hint: "), "{}", told.err);
    // An engine without a field.
    let text = OWN.replace("cancel:", "# cancel:");
    own.0.write("mine/config/engines/own.yaml", text);
    let told = own.0.expect(2, &["submit", "--resume", "run", "--engine", "own", "--definitions", "mine"]);
    assert!(
        told.err.contains("mine/config/engines/own.yaml: ") && told.err.contains("missing field `cancel`")
    );
    assert!(told.err.contains("(hint: config/engines/slurm.yaml"), "{}", told.err);
}

#[test]
fn several_shards_in_one_task_are_done_side_by_side() {
    let world = World::new(8);
    whole(&world);
    let analyse = |more: &[&str]| world.analyse("run", more);
    assert_eq!(analyse(&["--shard", "0,2-3/5"]).code, Some(0));
    let done: Vec<PathBuf> = world.files("run/users");
    assert_eq!(done.len(), 5, "{done:?}");
    assert_eq!(analyse(&["--shard", "1,4/5"]).code, Some(0));
    world.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    assert_eq!(world.csv("merged"), world.csv("merged_whole"));
    assert!(
        world.expect(2, &["run", "--resume", "run", "--shard", "3-9/5"]).err.contains("the last of 5 shards")
    );
}
