//! A merge in parts through the binary: all at once, stage by stage by processes of their own, after a crash, and what is
//! refused.

use std::collections::BTreeMap;
use std::process::Command;

use crate::world::{World, program};

const ALL: &str = "feature_modes: [composite]
analysis_modes: [global_te, stratified_te, true_cte, ste, gc]
k_selection: {strategy: AIS, k_grid: [1, 2], per_variable: false}
taus: [1, 2]
surrogates: 19
statistical: {nulls: [permute, days]}
data: {min_rows: 100}
quality_profile: exploratory
";

/// The CSV files and the manifest of an output, without the time.
fn output(world: &World, dir: &str) -> BTreeMap<String, String> {
    let mut files = world.csv(dir);
    let manifest = std::fs::read_to_string(world.path(&format!("{dir}/merge.yaml"))).unwrap();
    let lines = manifest.lines().filter(|line| !line.starts_with("merged_at"));
    files.insert("merge.yaml".into(), lines.collect::<Vec<_>>().join("\n"));
    let names =
        world.files(dir).into_iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned());
    files.insert("names".into(), names.collect::<Vec<_>>().join("\n"));
    files
}

/// A run of five users with two shards, and what it merges to at once.
fn merged() -> (World, BTreeMap<String, String>) {
    let world = World::new(5);
    world.write("quick.yaml", ALL);
    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    world.expect(0, &["merge", "--shards", "run", "--output", "one"]);
    let one = output(&world, "one");
    (world, one)
}

fn args<'a>(output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["merge", "--shards", "run", "--output", output, "--parts", "3"], more].concat()
}

#[test]
#[ignore = "long"]
fn parts_by_whomever_are_what_one_makes() {
    let (world, one) = merged();
    world.expect(0, &args("three", &[]));
    assert_eq!(output(&world, "three"), one);
    world.expect(0, &["validate", "three"]);

    // Stage by stage, in another order, some of it twice.
    for (stage, order) in
        [("survey", ["2", "0", "1", "0"]), ("runs", ["1", "2", "2", "0"]), ("ranges", ["0", "2", "1", "1"])]
    {
        for part in order {
            world.expect(0, &args("staged", &["--stage", stage, "--part", part]));
        }
        assert!(!world.path("staged/merge.yaml").exists());
    }
    world.expect(0, &args("staged", &["--stage", "combine"]));
    world.expect(0, &args("staged", &["--stage", "write"]));
    let again = world.expect(0, &args("staged", &["--stage", "write", "--part", "1"]));
    assert!(!again.err.contains("done again"), "{}", again.err);
    world.expect(0, &args("staged", &["--stage", "together"]));
    assert_eq!(output(&world, "staged"), one);
}

#[test]
#[ignore = "long"]
fn a_stage_before_its_inputs_and_parts_of_another_merge_are_refused() {
    let (world, _) = merged();
    let refused = |args: &[&str]| world.expect(2, args).err;
    for (more, said) in [
        (&["--stage", "ranges", "--part", "3"][..], "--part 3 of 3: parts are counted from 0"),
        (&["--stage", "combine", "--part", "0"], "the stage combine has no parts"),
        (&["--part", "0"], "--stage"),
        (&["--stage", "nothing"], "survey"),
    ] {
        let err = refused(&args("out", more));
        assert!(err.contains(said), "{said}: {err}");
    }
    assert!(refused(&["merge", "--shards", "run", "--output", "out", "--parts", "0"]).contains("--parts"));
    let err = refused(&["merge", "--shards", "run", "--output", "out", "--parts", "6"]);
    assert!(
        err.contains("6 parts are more than the 5 users of the plan\n(hint: --parts 5 at most)"),
        "{err}"
    );
    assert!(!world.path("out").exists());

    world.expect(0, &args("out", &["--stage", "survey", "--part", "1"]));
    let err = refused(&args("out", &["--stage", "runs", "--part", "0"]));
    let said = "error: the stage runs needs parts 0, 2 of 3 of the stage survey, which out does not have\n(hint: \
                `--stage survey --part 0` makes it)";
    assert!(err.contains(said), "{err}");
    let err = refused(&["merge", "--shards", "run", "--output", "out", "--parts", "2", "--stage", "survey"]);
    assert!(err.contains("the parts in out are of another merge: number of parts there 3, here 2"), "{err}");
    let err = refused(&args("out", &["--stage", "survey", "--table", "te"]));
    assert!(err.contains("what was asked for there"), "{err}");
    for more in [&[][..], &["--resume-parts", "--table", "te"]] {
        let err = refused(&args("out", more));
        assert!(err.contains("out "), "{err}");
    }
    let err = refused(&["merge", "--shards", "run", "--output", "out"]);
    assert!(
        err.contains("out has parts of a merge that did not end") && err.contains("--resume-parts"),
        "{err}"
    );
    // Somebody adds to the run.
    world.user("u09", &crate::world::rows(9, 300));
    world.expect(0, &["run", "--resume", "run", "--extend", "--data", "data"]);
    let err = refused(&args("out", &["--stage", "survey"]));
    assert!(err.contains("files of the ledger there"), "{err}");
    world.expect(0, &["merge", "--shards", "run", "--output", "other", "--parts", "2"]);
}

#[test]
#[ignore = "long"]
fn what_a_crash_left_is_gone_on_with_and_what_is_damaged_is_done_again() {
    let (world, one) = merged();
    for (stage, place) in ["0-survey/00001", "1-runs/00002", "2-ranges/00000", "3-combine", "4-write/00001"]
        .into_iter()
        .enumerate()
    {
        let out = format!("out{stage}");
        let spec = format!("part|{place}|kill");
        let killed = world.command(&args(&out, &[])).env("RESULTS_FAILPOINT", spec).output().unwrap();
        assert_eq!(killed.status.code(), None, "{killed:?}");
        assert!(
            world.path(&format!("{out}/_parts")).exists()
                && !world.path(&format!("{out}/merge.yaml")).exists()
        );
        let err = world.expect(2, &args(&out, &[])).err;
        assert!(err.contains("did not end; it was begun by process"), "{err}");
        if stage == 2 {
            let damaged = world.path(&format!("{out}/_parts/1-runs/00001"));
            let damaged = std::fs::read_dir(damaged).unwrap().next().unwrap().unwrap().path();
            let mut bytes = std::fs::read(&damaged).unwrap();
            bytes[40] ^= 1;
            std::fs::write(&damaged, bytes).unwrap();
            let err = world.expect(1, &args(&out, &["--stage", "ranges"])).err;
            assert!(
                err.contains("is not what was written") && err.contains("`--stage runs --part 1`"),
                "{err}"
            );
        }
        let said = world.expect(0, &args(&out, &["--resume-parts"])).err;
        assert_eq!(said.contains("part 1 of 3 of the stage runs is done again"), stage == 2, "{said}");
        assert_eq!(output(&world, &out), one);
    }
}

#[test]
#[ignore = "long"]
fn a_conflict_in_any_part_stops_the_merge_as_it_does_at_once() {
    let world = World::new(5);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    for user in ["u00", "u02", "u04"] {
        let other = World::new(5);
        let place = user[2..].parse::<u64>().unwrap();
        other.user(user, &crate::world::rows(100 + place, 300));
        assert_eq!(other.analyse("run", &[]).code, Some(0));
        let dir = other.path("run").to_string_lossy().into_owned();
        let report = |more: &[&str]| {
            let _ = std::fs::remove_file(world.path("report.json"));
            let common = ["merge", "--output", "merged", "--report", "report.json", "--shards", "run", &dir];
            let said = world.run(&[&common[..], more].concat());
            assert!(!world.path("merged").exists());
            (said.code, said.err, std::fs::read_to_string(world.path("report.json")).unwrap())
        };
        let one = report(&[]);
        assert_eq!(one.0, Some(3), "{one:?}");
        assert_eq!(report(&["--parts", "3"]), one);
        assert!(one.2.contains(user), "{}", one.2);
    }
}

#[test]
fn a_cluster_is_for_another_program() {
    let world = World::new(0);
    std::fs::create_dir(world.path("bin")).unwrap();
    let (own, alone) = (env!("CARGO_BIN_EXE_results"), world.path("bin/results"));
    // Where it cannot have a second name another process copies it, for the reason of `program`.
    let copied = || Command::new("cp").arg(own).arg(&alone).status().unwrap().success();
    assert!(std::fs::hard_link(own, &alone).is_ok() || copied());
    let other = world.path("bin/results-cluster");
    let world = world.with_program(alone);
    let args = args("out", &["--engine", "ballista", "--cluster", "df://127.0.0.1:1"]);
    let run = || crate::world::said(&world.command(&args).env("PATH", "/nowhere").output().unwrap());
    let said = run();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.starts_with("error: the program results-cluster was found neither beside"), "{said:?}");
    program(&other, "#!/bin/sh\necho \"$@\"\nexit 3\n");
    let said = run();
    assert_eq!((said.code, said.out), (Some(3), args.join(" ") + "\n"));
}

#[test]
#[ignore = "long"]
fn an_output_that_another_merge_is_making_is_left_to_it() {
    let (world, one) = merged();
    let go = world.path("go").display().to_string();
    let mut command = world.command(&args("out", &[]));
    command.env("RESULTS_FAILPOINT", format!("part|3-combine|wait|{go}"));
    let mut first = crate::world::quiet(&mut command);
    world.wait_until("all of ranges", |world| world.path("out/_parts/2-ranges/00002.parquet").exists());
    let process = format!("process {} on ", first.id());
    for more in [&[][..], &["--resume-parts"]] {
        let err = world.expect(2, &args("out", more)).err;
        assert!(err.contains(&format!("error: out is being made by another merge: {process}")), "{err}");
        assert!(err.contains("(hint: wait until it has ended, or name another place)"), "{err}");
    }
    let err = world.expect(2, &["merge", "--shards", "run", "--output", "out"]).err;
    assert!(err.contains(&format!("did not end; it was begun by {process}")), "{err}");
    world.write("go", "");
    assert!(first.wait().unwrap().success());
    assert_eq!(output(&world, "out"), one);

    // Nobody knows whether a process of another machine is at work but who says that it has ended.
    let spec = "part|4-write/00000|kill";
    let killed = world.command(&args("far", &[])).env("RESULTS_FAILPOINT", spec).output().unwrap();
    assert_eq!(killed.status.code(), None, "{killed:?}");
    world.write("far/_parts/claim", "process 7 on elsewhere\n");
    let err = world.expect(2, &args("far", &[])).err;
    assert!(err.contains("far is being made by another merge: process 7 on elsewhere"), "{err}");
    world.expect(0, &args("far", &["--resume-parts"]));
    assert_eq!(output(&world, "far"), one);
}

#[test]
#[ignore = "long"]
fn what_a_part_reads_and_is_damaged_is_named_with_what_makes_it_again() {
    let (world, one) = merged();
    for stage in ["survey", "runs"] {
        world.expect(0, &args("out", &["--stage", stage]));
    }
    let file =
        std::fs::read_dir(world.path("out/_parts/1-runs/00001")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let err = world.expect(1, &args("out", &["--stage", "ranges"])).err;
    assert!(err.contains("is not what was written\n(hint: `--stage runs --part 1` makes it again)"), "{err}");
    let again = world.expect(0, &args("out", &["--stage", "runs", "--part", "1"])).err;
    assert!(again.contains("note: the part 1 of 3 of the stage runs is done again: "), "{again}");
    // What stands behind the rows says where they are.
    let file =
        std::fs::read_dir(world.path("out/_parts/1-runs/00000")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.push(b'x');
    std::fs::write(&file, bytes).unwrap();
    let err = world.expect(1, &args("out", &["--stage", "ranges"])).err;
    assert!(err.contains("is not what was written\n(hint: `--stage runs --part 0` makes it again)"), "{err}");
    world.expect(0, &args("out", &["--stage", "runs", "--part", "0"]));
    // A record that is damaged is none.
    let record = world.path("out/_parts/1-runs/00002.parquet");
    let bytes = std::fs::read(&record).unwrap();
    std::fs::write(&record, &bytes[..bytes.len() - 9]).unwrap();
    let err = world.expect(2, &args("out", &["--stage", "ranges"])).err;
    assert!(err.contains("needs part 2 of 3 of the stage runs, which out does not have"), "{err}");
    for stage in ["runs", "ranges", "combine", "write", "together"] {
        world.expect(0, &args("out", &["--stage", stage]));
    }
    assert_eq!(output(&world, "out"), one);
}

#[test]
fn what_a_merge_takes_is_told_and_nothing_is_made() {
    let (world, _) = merged();
    // Nothing but plan and ledger is read.
    for file in world.table_files("run", "te") {
        std::fs::remove_file(file).unwrap();
    }
    let told = world.expect(0, &args("out", &["--explain"]));
    assert_eq!(told.err, "");
    for words in [
        "merges    5 units with ",
        "parts     3; this process alone is the quickest below 100,000,000 rows\n",
        " of plan and ledger by each process\n",
        " of sorted rows, which are read twice\n",
        "requests  none: the runs are in folders\n",
        "memory    about 300 MB a process\n",
        "nothing was merged, and no data file was read\n",
    ] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
    let alone =
        world.expect(0, &["merge", "--shards", "run", "--output", "out", "--explain", "--table", "te"]).out;
    assert!(
        alone.contains("5 units with 10 rows in ") && alone.contains("writes    the output alone\n"),
        "{alone}"
    );
    assert!(!world.path("out").exists());
    let err =
        world.expect(2, &["merge", "--shards", "run", "--output", "out", "--explain", "--parts", "9"]).err;
    assert!(err.contains("9 parts are more than the 5 users of the plan"), "{err}");
    world.expect(2, &args("out", &["--explain", "--stage", "runs"]));
}
