//! A merge in parts by a batch system: an array a stage, one job for all parts where one does it, each behind the stage before
//! it, however that ended.

use std::process::Stdio;

use crate::submit::OWN;
use crate::world::{Said, World, said};

const RESUME: [&str; 8] = ["submit", "--resume", "run", "--engine", "local", "--merge", "merged", "--parts"];

/// A run of seven users in two shards, and what it merges to by one process.
fn done() -> World {
    let world = World::new(7);
    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    world.expect(0, &["merge", "--output", "one", "--shards", "run"]);
    world
}

fn status(world: &World) -> String {
    world.expect(0, &["status", "run"]).out
}

fn wait_until_over(world: &World) {
    world.wait_until("no job is left", |world| {
        let status = world.expect(0, &["status", "run", "--json"]).out;
        let all: serde_json::Value = serde_json::from_str(&status).unwrap();
        let stages = all[0]["batch"]["merge_parts"]["stages"].as_array().unwrap();
        stages.iter().all(|part| part["state"] != "running")
    });
}

fn merged(world: &World) {
    world.wait_until("the merge", |world| world.path("merged/merge.yaml").exists());
    assert_eq!(world.csv("merged"), world.csv("one"));
    assert!(!world.path("merged/_parts").exists());
}

#[test]
#[ignore = "long"]
fn a_run_and_its_merge_in_parts_are_jobs_behind_each_other() {
    let world = World::new(7);
    assert_eq!(world.analyse("whole", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "one", "--shards", "whole"]);
    let told = world.expect(
        0,
        &[
            "submit",
            "--config",
            "quick.yaml",
            "--data",
            "data",
            "--out",
            "run",
            "--engine",
            "local",
            "--shards",
            "2",
            "--merge",
            "merged",
            "--parts",
            "3",
            "--json",
        ],
    );
    assert!(told.err.contains("submitted 2 shards of run to this machine as 2 tasks: job "), "{}", told.err);
    assert!(
        told.err.contains("merged in 3 parts into ") && told.err.contains(" behind them: jobs "),
        "{}",
        told.err
    );
    let line: serde_json::Value = serde_json::from_str(told.out.lines().last().unwrap()).unwrap();
    let stages = line["stages"].as_array().unwrap().iter();
    let stages: Vec<_> =
        stages.map(|of| (of["stage"].as_str().unwrap(), of["tasks"].as_u64().unwrap())).collect();
    let all = [("survey", 3), ("runs", 3), ("ranges", 3), ("combine", 1), ("write", 3), ("together", 1)];
    assert_eq!(stages, all);
    merged(&world);
    wait_until_over(&world);
    let seen = status(&world);
    assert!(
        seen.contains("run: complete, 7 of 7 units done") && seen.contains("merge in 3 parts: done, "),
        "{seen}"
    );
    // It is there: nothing is made anew.
    let told = world.expect(2, &[&RESUME[..], &["3"]].concat());
    assert!(told.err.contains("merged exists already"), "{}", told.err);
}

#[test]
#[ignore = "long"]
fn a_part_that_was_killed_stops_what_is_behind_it_and_is_gone_on_with() {
    let world = done();
    let go = world.path("killed").display().to_string();
    let mut command = world.command(&[&RESUME[..], &["3"]].concat());
    let spec = format!("part|2-ranges/00001|kill|{go}");
    let told = said(&command.env("RESULTS_FAILPOINT", spec).stdin(Stdio::null()).output().unwrap());
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.err.contains("submitted the merge of run to this machine; every unit of it is done"),
        "{}",
        told.err
    );
    wait_until_over(&world);
    let log = |name: &str| std::fs::read_to_string(world.path(&format!("run/_submit/{name}.out"))).unwrap();
    // This engine begins no other task of a job once one was killed.
    let needs = " of 3 of the stage ranges, which ";
    assert!(log("0001/merge-combine").contains(needs), "{}", log("0001/merge-combine"));
    assert!(
        log("0001/merge-together").contains("the stage together needs parts 0, 1, 2 of 3 of the stage write")
    );
    let seen = status(&world);
    assert!(seen.contains("merge in 3 parts into ") && seen.contains(needs), "{seen}");
    assert!(seen.contains("stage combine: its log: run/_submit/0001/merge-combine.out"), "{seen}");
    let way_on = "go on with it: results submit --resume run --engine local --merge ";
    assert!(seen.contains(way_on) && seen.contains("/merged --parts 3\n"), "{seen}");
    assert!(!world.path("merged/merge.yaml").exists());

    // What is of another merge is refused here, and not by a job hours later.
    let refused = |more: &[&str]| world.expect(2, &[&RESUME[..], more].concat()).err;
    let err = refused(&["2"]);
    assert!(err.contains("of another merge: number of parts there 3, here 2"), "{err}");
    assert!(refused(&["8"]).contains("8 parts are more than the 7 users of the plan"));
    assert!(refused(&["0"]).contains("a whole number from 1 to 10000"));
    assert!(world.expect(2, &RESUME[..7]).err.contains("--merge merged is there already"));
    // One part was damaged meanwhile: it is done again. All others are passed over.
    let damaged =
        std::fs::read_dir(world.path("merged/_parts/1-runs/00002")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    world.expect(0, &[&RESUME[..], &["3"]].concat());
    merged(&world);
    let again = "the part 2 of 3 of the stage runs is done again: ";
    assert!(log("0002/merge-runs-2").contains(again), "{}", log("0002/merge-runs-2"));
    assert_eq!(log("0002/merge-runs-1"), "");
}

#[test]
#[ignore = "long"]
fn a_run_with_work_left_is_merged_by_no_part_and_then_gone_on_with() {
    let world = World::new(6);
    let submit = [
        "submit",
        "--config",
        "quick.yaml",
        "--data",
        "data",
        "--out",
        "run",
        "--engine",
        "local",
        "--shards",
        "2",
        "--merge",
        "merged",
        "--parts",
        "2",
    ];
    // The worker of shard 1 ends, and is not started again by anybody.
    let once = world.path("killed").display().to_string();
    let mut command = world.command(&submit);
    let told = said(&command.env("RESULTS_FAILPOINT", format!("unit|u03|kill|{once}")).output().unwrap());
    assert_eq!(told.code, Some(0), "{told:?}");
    wait_until_over(&world);
    assert!(!world.path("merged").exists(), "{:?}", world.files("merged"));
    let survey = std::fs::read_to_string(world.path("run/_submit/0001/merge-survey-1.out")).unwrap();
    assert!(survey.contains("error: the result is incomplete (2 gaps)"), "{survey}");
    assert_eq!(world.analyse("whole", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "one", "--shards", "whole"]);
    let again = world.expect(0, &[&RESUME[..], &["2"]].concat());
    assert!(again.err.contains("submitted 1 shard of run"), "{}", again.err);
    merged(&world);
}

#[test]
#[ignore = "long"]
fn what_a_scheduler_says_of_parts_stands_below_the_shards() {
    let world = done();
    std::fs::create_dir_all(world.path("mine/config/engines")).unwrap();
    let folder = world.root().display().to_string();
    // Each job has the next number.
    let own = OWN
        .replace("cat submitted; cat refusal >&2; [ ! -s refusal ]", "echo >>sent; echo job $(wc -l <sent)");
    let own = own.replace("(?<task>\\d+)", "(?<task>\\d*)").replace("FOLDER", &folder);
    assert!(own.contains("echo job") && own.contains("\\d*"), "{own}");
    world.write("mine/config/engines/own.yaml", own);
    let says = |state: &str| {
        world.write("state.sh", format!("cat {folder}/state\n"));
        world.write("state", state);
    };
    let own = |code, args: &[&str]| world.expect(code, &[&["--definitions", "mine"], args].concat());
    let submit = ["submit", "--resume", "run", "--engine", "own", "--merge", "merged", "--parts", "3"];
    says("");
    own(0, &submit);
    let lines: fn(&Said) -> String = |said| said.out.lines().skip(1).collect::<Vec<_>>().join("\n");
    says("1 1 R - n1\n1 2 R - n1\n1 3 W Turn \n2 1 W - \n2 2 W - \n2 3 W - \n4  W - \n");
    let seen = lines(&own(0, &["status", "run"])).replace(&folder, "HERE");
    for line in [
        "survey    1_1    0-1  running on n1",
        "survey    1_3      2  queued: waits for its turn",
        "runs      2_1    0-2  queued: -",
        "ranges    3_1    0-2  not known any more",
        "combine     4      -  queued: -",
        "together    6      -  not known any more",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
    assert!(
        seen.contains("merge in 3 parts into HERE/merged:\n") && !seen.contains("go on with it"),
        "{seen}"
    );
    // It is not submitted twice, and it can be ended: the last stage first.
    assert!(own(2, &submit).err.contains("run is in the queue already: Own job 1, Own job 2, Own job 4"));
    own(0, &["cancel", "run"]);
    assert_eq!(std::fs::read_to_string(world.path("cancelled")).unwrap(), "4 2 1\n");
    says("1 1 X - n1\n1 2 P - n1\n");
    world.write("run/_submit/0001/merge-survey-1.out", "error: no space left on n1\n");
    world.write("run/_submit/0001/merge-runs-2.out", "the node is GONE\n");
    let seen = lines(&own(0, &["status", "run"])).replace(&folder, "HERE");
    for words in [
        "failed: no space left on n1",
        "preempted",
        "node lost",
        "stage survey, part 0: its log: run/_submit/0001/merge-survey-1.out",
        "go on with it: results submit --resume run --engine own --merge HERE/merged --parts 3",
    ] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    let json: serde_json::Value = serde_json::from_str(&own(0, &["status", "run", "--json"]).out).unwrap();
    let first = &json[0]["batch"]["merge_parts"]["stages"][0];
    assert_eq!(
        (&first["stage"], &first["part"], &first["state"]),
        (&"survey".into(), &0.into(), &"failed".into())
    );
    own(0, &submit);
}
