//! The negative control: pairs of strangers are a run like any other, and what is called of them stands beside every q.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{Float64Type, Int64Type};

use crate::checks::change;
use crate::world::{QUICK, World, rows};

/// Four users with results, and a control of all twelve pairs.
fn controlled() -> World {
    let world = World::new(4);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["control", "run", "--pairs", "12", "--shards", "2"]);
    world
}

fn sql(world: &World, dir: &str, query: &str) -> String {
    world.expect(0, &["sql", "--run", dir, "--format", "csv", query]).out
}

fn run_id(world: &World, dir: &str) -> String {
    let manifest = std::fs::read_to_string(world.path(&format!("{dir}/run.yaml"))).unwrap();
    manifest.lines().find_map(|line| line.strip_prefix("run_id: ")).unwrap().to_owned()
}

#[test]
#[ignore = "long"]
fn a_control_is_a_run_of_pairs_and_its_merge_has_the_table() {
    let world = controlled();
    let manifest = std::fs::read_to_string(world.path("run_control/run.yaml")).unwrap();
    let run = std::fs::read_to_string(world.path("run/run.yaml")).unwrap();
    let id = run_id(&world, "run");
    assert!(manifest.contains(&format!("control:\n  of: {id}\n")), "{manifest}");
    assert!(!run.contains("\ncontrol:"), "{run}");
    let fingerprint = |text: &str| text.lines().find(|l| l.starts_with("config_fing")).unwrap().to_owned();
    assert_eq!(fingerprint(&manifest), fingerprint(&run));

    let status = world.expect(0, &["status", "run_control"]);
    assert!(status.out.contains("run_control: complete, 12 of 12 units done"), "{}", status.out);
    world.expect(0, &["validate", "run_control"]);
    let users = sql(&world, "run_control", "select user_id from users order by user_id");
    assert_eq!(users.lines().count(), 13);
    let pairs = users.lines().skip(1).map(|pair| pair.split_once('~').unwrap());
    assert!(pairs.clone().all(|(source, target)| source != target), "{users}");

    // The same from the run as from its merge.
    let said = world.expect(0, &["merge", "--shards", "run_control", "--output", "mc"]);
    assert!(said.err.contains("pairs of strangers, called at p <= 0.05"), "{}", said.err);
    let ask = "select measure, tau, direction, \"null\", pairs, rejected, share, low, high, ks, verdict from control order by 1, 2, 3";
    let table = sql(&world, "mc", ask);
    assert_eq!(table, sql(&world, "run_control", ask));
    assert_eq!(table.lines().count(), 5, "two lags in two directions: {table}");
    let counted = sql(
        &world,
        "mc",
        "select count(*) n, sum(case when p <= 0.05 then 1 else 0 end) k from (select p_A2S p from te where tau = 1)",
    );
    let (_, counted) = counted.trim().split_once('\n').unwrap();
    assert!(table.contains(&format!("te,1,A2S,called,{counted},")), "{table} {counted}");
    world.expect(0, &["validate", "mc"]);
    assert!(world.csv("mc").contains_key("control.csv"));
}

/// What is believed of every other q is counted again, even where both files say the same of it.
type Change<'a> = &'a dyn Fn(&ArrayRef) -> ArrayRef;

#[test]
#[ignore = "long"]
fn a_share_that_is_not_what_was_counted_is_refused() {
    let world = controlled();
    world.expect(0, &["merge", "--shards", "run_control", "--output", "mc"]);
    let said = world.expect(0, &["validate", "mc"]).out;
    assert!(said.contains("ok    control_share\n"), "{said}");
    let floats = |by: f64| {
        move |values: &ArrayRef| -> ArrayRef {
            let own = values.as_primitive::<Float64Type>().iter();
            Arc::new(own.map(|value| value.map(|value| value + by)).collect::<Float64Array>())
        }
    };
    let more = |values: &ArrayRef| -> ArrayRef {
        let own = values.as_primitive::<Int64Type>().iter();
        Arc::new(own.map(|value| value.map(|value| value + 1)).collect::<Int64Array>())
    };
    let other = |values: &ArrayRef| -> ArrayRef {
        let own = values.as_string::<i32>().iter();
        let other = |verdict| if verdict == "holds" { "too many" } else { "holds" };
        Arc::new(own.map(|verdict| verdict.map(other)).collect::<StringArray>())
    };
    let changes: [(&str, Change<'_>); 6] = [
        ("share", &floats(0.01)),
        ("low", &floats(1e-6)),
        ("high", &floats(-1e-6)),
        ("rejected", &more),
        ("pairs", &more),
        ("verdict", &other),
    ];
    let (parquet, csv) = (world.path("mc/control.parquet"), world.path("mc/control.csv"));
    let (whole, text) = (std::fs::read(&parquet).unwrap(), std::fs::read(&csv).unwrap());
    for (column, by) in changes {
        change(&parquet, column, by);
        let other = format!("other_{column}");
        world.expect(0, &["export", "mc", "--table", "control", "--format", "csv", "--output", &other]);
        std::fs::copy(world.path(&other).join("control.csv"), &csv).unwrap();
        let said = world.expect(3, &["validate", "mc"]).out;
        for line in ["ok    control.csv agrees with control.parquet\n", "FAIL  control_share\n"] {
            assert!(said.contains(line), "{column}: {said}");
        }
        std::fs::write(&parquet, &whole).unwrap();
        std::fs::write(&csv, &text).unwrap();
    }
    world.expect(0, &["validate", "mc"]);
}

#[test]
fn every_q_of_the_run_stands_beside_the_share_of_strangers() {
    let world = controlled();
    world.expect(0, &["merge", "--shards", "run", "--output", "plain"]);
    world.expect(0, &["merge", "--shards", "run_control", "--output", "mc"]);
    let said = world.expect(
        0,
        &["merge", "--shards", "run", "--control", "run_control", "--output", "m", "--report", "r.json"],
    );
    assert!(said.err.contains("pairs of strangers, called at p <= 0.05"), "{}", said.err);
    let report = std::fs::read_to_string(world.path("r.json")).unwrap();
    assert!(report.contains("\"null\": \"called\""), "{report}");
    world.expect(0, &["validate", "m"]);
    // From the control's merge it is the same, byte for byte.
    world.expect(0, &["merge", "--shards", "run", "--control", "mc", "--output", "m2"]);
    let (with, plain) = (world.csv("m"), world.csv("plain"));
    assert_eq!(with, world.csv("m2"));
    assert_eq!(with["control.csv"], world.csv("mc")["control.csv"]);
    assert!(!plain.contains_key("control.csv"));
    // Only the columns beside the q are new.
    let te = |files: &std::collections::BTreeMap<String, String>| files["per_user_te.csv"].clone();
    let header = te(&with).lines().next().unwrap().to_owned();
    assert!(header.contains(",q_A2S,control_A2S,q_S2A,control_S2A,"), "{header}");
    assert_eq!(
        header.replace(",control_A2S", "").replace(",control_S2A", ""),
        te(&plain).lines().next().unwrap()
    );
    let beside = sql(
        &world,
        "m",
        "select count(*) n from te t join control c on c.measure = 'te' and c.tau = t.tau and c.direction = 'A2S' \
         and c.feature_mode = t.feature_mode where t.control_A2S = c.share",
    );
    assert_eq!(beside, "n\n8\n");
}

/// With a choice of nulls there is a row for each of them, besides that of the p that is used.
#[test]
fn each_null_has_a_share_of_its_own() {
    let world = World::new(3);
    world.write("quick.yaml", QUICK.replace("[permute]", "[permute, within_past], stop_above: 1"));
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["control", "run", "--pairs", "6"]);
    world.expect(0, &["merge", "--shards", "run_control", "--output", "mc"]);
    let ask =
        "select \"null\", tau, direction, pairs, rejected from control where measure = 'te' order by 1, 2, 3";
    let table = sql(&world, "mc", ask);
    assert_eq!(table.lines().count(), 1 + 3 * 4, "{table}");
    for null in ["permute", "within_past"] {
        let counted = format!(
            "select \"null\", tau, direction, count(p), sum(case when p <= 0.05 then 1 else 0 end) from nulls \
             where \"null\" = '{null}' group by 1, 2, 3 order by 1, 2, 3"
        );
        for line in sql(&world, "mc", &counted).lines().skip(1) {
            assert!(table.contains(line), "{line} is not in {table}");
        }
    }
    let called = |of: &str| table.lines().filter(|line| line.starts_with(of)).count();
    assert_eq!((called("called,"), called("permute,"), called("within_past,")), (4, 4, 4));
}

#[test]
#[ignore = "long"]
fn too_many_strangers_end_with_3() {
    let world = controlled();
    let merge = |output: &str, limit: &str, code: i32| {
        let control = ["merge", "--shards", "run", "--control", "run_control", "--output", output];
        world.expect(code, &[&control[..], &["--fail-above", limit]].concat())
    };
    // The made-up users of these tests have nothing in common; the smallest share there can be above is none.
    let said = merge("some", "0", 3);
    assert!(said.err.contains("of the strangers (--fail-above); the output was written"), "{}", said.err);
    assert!(world.path("some/control.csv").exists());
    merge("all", "1", 0);
    world.expect(3, &["merge", "--shards", "run_control", "--output", "mc", "--fail-above", "0"]);
    let said = world.expect(2, &["merge", "--shards", "run", "--output", "n", "--fail-above", "0.1"]);
    assert!(said.err.contains("no control is merged"), "{}", said.err);
    assert!(!world.path("n").exists());
    world.expect(
        2,
        &["merge", "--shards", "run", "--control", "run_control", "--output", "n", "--fail-above", "5"],
    );
}

#[test]
#[ignore = "long"]
fn killed_and_resumed_equals_uninterrupted() {
    let world = World::new(4);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["control", "run", "--out", "whole"]);
    world.killed_at_work("killed", &["control", "run", "--threads", "1", "--out", "killed"]);
    let partial = ["merge", "--shards", "run", "--control", "killed", "--output", "no", "--allow-partial"];
    let said = world.expect(0, &partial);
    assert!(said.err.contains("pairs of strangers"), "{}", said.err);
    let said = world.expect(2, &["merge", "--shards", "run", "--control", "killed", "--output", "not"]);
    assert!(said.err.contains("killed is not complete: "), "{}", said.err);
    world.expect(0, &["run", "--resume", "killed", "--shards", "3"]);
    assert_eq!(world.committed("killed"), 12, "a pair was done twice");
    for dir in ["whole", "killed"] {
        world.expect(0, &["merge", "--shards", dir, "--output", &format!("m_{dir}")]);
    }
    let mut merged = [world.csv("m_whole"), world.csv("m_killed")];
    for files in &mut merged {
        files.retain(|name, _| name != "users.csv");
    }
    assert_eq!(merged[0], merged[1]);
}

#[test]
fn a_change_of_either_person_is_noticed() {
    let world = controlled();
    world.user("u02", &rows(99, 300));
    let said = world.expect(0, &["run", "--resume", "run_control", "--dry-run", "--explain"]);
    let again: Vec<&str> = said.out.lines().filter(|line| line.contains("input changed")).collect();
    assert_eq!(again.len(), 6, "{}", said.out);
    assert!(again.iter().all(|line| line.contains("u02")), "{}", said.out);
    assert!(!said.err.contains("new user"), "the users of the folder are in the pairs: {}", said.err);
    // The data may move.
    std::fs::rename(world.path("data"), world.path("elsewhere")).unwrap();
    let said = world.expect(0, &["run", "--resume", "run_control", "--data", "elsewhere"]);
    assert!(said.err.contains("6 units were done before"), "{}", said.err);
    world.expect(0, &["validate", "run_control"]);
}

#[test]
#[ignore = "long"]
fn pairs_with_too_little_in_common_are_not_missed() {
    let world = World::new(2);
    // Half a day later: nothing of it is at a time of day of the others.
    let text = rows(7, 300);
    let late = text.lines().enumerate().map(|(i, line)| match line.split_once(',') {
        Some((time, rest)) if i > 0 => format!("{},{rest}\n", time.parse::<u64>().unwrap() + 43_200),
        _ => format!("{line}\n"),
    });
    world.user("u09", &late.collect::<String>());
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let said = world.expect(0, &["control", "run"]);
    assert!(said.err.contains("3 users make 6 pairs, all of which are taken"), "{}", said.err);
    assert!(said.err.contains("2 of 6 units done") && said.err.contains("4 skipped"), "{}", said.err);
    assert!(!said.err.contains("--accept-skipped"), "{}", said.err);
    let said = world.expect(0, &["merge", "--shards", "run", "--control", "run_control", "--output", "m"]);
    assert!(said.err.contains("te         1  A2S            2 "), "{}", said.err);
    let said = world.expect(0, &["merge", "--shards", "run_control", "--output", "mc"]);
    assert!(said.err.contains("accepted as skipped: 4"), "{}", said.err);
    world.expect(0, &["validate", "run_control"]);
}

#[test]
fn what_cannot_be_controlled_is_refused_in_words() {
    let world = controlled();
    let id = run_id(&world, "run");
    let said = |args: &[&str]| {
        let said = world.expect(2, args).err;
        assert!(said.contains("\n(hint: "), "{said}");
        let error = said.lines().find(|line| line.starts_with("error: ")).unwrap();
        let root = world.root().canonicalize().unwrap();
        error.replace(root.to_str().unwrap(), "…").replace(&id, "ID").replace(&run_id(&world, "two"), "TWO")
    };
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    assert_eq!(world.analyse("one", &["--users", "1"]).code, Some(0));
    assert_eq!(world.analyse("two", &["--users", "2"]).code, Some(0));
    let bad = QUICK.replace("min_rows: 100", "min_rows: 5000");
    world.write("bad.yaml", bad);
    world.expect(3, &["run", "--config", "bad.yaml", "--data", "data", "--out", "none"]);
    world.write("program.yaml", "analysis: {engine: command, command: [cat]}\nfeature_modes: [composite]\ndata: {format: columns, files: '*'}\n");
    let _ = world.run(&["run", "--config", "program.yaml", "--data", "data", "--out", "program"]);
    let words = [
        said(&["control", "one"]),
        said(&["control", "none"]),
        said(&["control", "program"]),
        said(&["control", "run_control"]),
        said(&["control", "merged"]),
        said(&["control", "data"]),
        said(&["control", "run", "--out", "two"]),
        said(&["control", "run", "--out", "run/control"]),
        said(&["control", "two", "--out", "run_control"]),
        said(&["merge", "--shards", "run", "run_control", "--output", "no"]),
        said(&["merge", "--shards", "two", "--control", "run_control", "--output", "no"]),
        said(&["merge", "--shards", "run", "--control", "two", "--output", "no"]),
        said(&["merge", "--shards", "run_control", "--control", "run_control", "--output", "no"]),
        said(&["run", "--resume", "run_control", "--extend"]),
    ];
    assert!(!world.path("no").exists());
    insta::assert_snapshot!(words.join("\n"), @r"
    error: one has results of one user only, u00; a control puts the source of one beside the target of another and takes two at least
    error: none has no results yet: none of its 4 units is ok
    error: program was analysed by a program (`analysis.engine: command`), which reads a user's file itself; the source of one user and the target of another cannot be put into one file for it
    error: run_control is a control itself, of …/run
    error: merged is an output of `results merge`
    error: data is not a run: it has no run.yaml
    error: two is a run of users, not a control of ID
    error: --out run/control lies in …/run, which holds a run or merged results and nothing else
    error: run_control is a control of ID, not a control of TWO
    error: run_control is a control and run isn't: they have no users in common
    error: run_control is a control of another run: of ID, which was in …/run
    error: two is not a control
    error: run_control cannot be a control of run_control, which is a control itself
    error: run_control is a control: its pairs were chosen when it was made
    ");
}

#[test]
fn a_run_and_its_control_are_two_tables_in_sql() {
    let world = controlled();
    let args = ["sql", "--run", "run", "--run", "run_control", "--format", "csv"];
    let said =
        world.expect(0, &[&args[..], &["select run, count(*) n from te group by run order by run"]].concat());
    assert_eq!(said.out, "run,n\nrun,8\nrun_control,24\n");
    let said = world.expect(0, &["sql", "--run", "run", "--format", "csv", "select count(*) n from control"]);
    assert_eq!(said.out, "n\n0\n", "users are no strangers");
}
