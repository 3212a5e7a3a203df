//! A merge in parts refuses what a merge of all at once refuses: the same code, exit, words and report, wherever the fault
//! is, and nothing is put into place.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::DataType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::world::{QUICK, World, rows};

const PARTS: &str = "3";

/// Users of the first part, one in the middle, and the last.
const PLACES: [&str; 3] = ["u00", "u02", "u04"];

/// What a merge says: exit code, words, report.
type Refusal = (Option<i32>, String, Value);

fn merge(world: &World, args: &[&str], more: &[&str]) -> Refusal {
    let _ = std::fs::remove_file(world.path("report.json"));
    let common = ["merge", "--output", "merged", "--report", "report.json"];
    let said = world.run(&[&common[..], args, more].concat());
    let report = std::fs::read(world.path("report.json")).unwrap_or_else(|_| panic!("no report: {said:?}"));
    (said.code, said.err, serde_json::from_slice(&report).unwrap())
}

/// What one process says, which several parts say too, all at once and stage by stage.
fn refused(world: &World, args: &[&str], is_staged: bool) -> Refusal {
    let one = merge(world, args, &[]);
    assert_ne!(one.0, Some(0), "{one:?}");
    assert!(!world.path("merged").exists(), "{one:?}");
    let parts = merge(world, args, &["--parts", PARTS]);
    assert_eq!(parts, one);
    assert!(!world.path("merged").exists(), "{one:?}");
    if is_staged {
        let stages = ["survey", "runs", "ranges", "combine", "write", "together"];
        let mut told = stages.iter().map(|stage| merge(world, args, &["--parts", PARTS, "--stage", stage]));
        let refused = told.find(|said| said.0 != Some(0)).expect("a stage refuses");
        assert_eq!(refused, one);
        assert!(!world.path("merged/merge.yaml").exists() && !world.path("merged/per_user_te.csv").exists());
        let _ = std::fs::remove_dir_all(world.path("merged"));
    }
    one
}

/// A fault: its code, and how a run gets it for a user.
type Fault = (&'static str, fn(&World, &str));

/// Each fault, for a user of each part.
fn each_place(faults: &[Fault]) {
    let world = World::new(5);
    assert_eq!(world.analyse("whole", &["--shards", "2"]).code, Some(0));
    for (code, damage) in faults {
        for user in PLACES {
            let _ = std::fs::remove_dir_all(world.path("run"));
            let copied = Command::new("cp").args(["-r", "whole", "run"]).current_dir(world.root()).status();
            assert!(copied.unwrap().success());
            damage(&world, user);
            let (exit, words, report) = refused(&world, &["--shards", "run"], user == PLACES[1]);
            assert_eq!(exit, Some(3), "{code} {user}: {words}");
            let all = report["findings"].as_array().unwrap();
            let found =
                all.iter().find(|found| found["code"] == *code).unwrap_or_else(|| panic!("{code}: {report}"));
            assert!(found.to_string().contains(user) || *code == "M16", "{code} {user}: {found}");
        }
    }
}

/// The ledger's file of a user.
fn ledger(world: &World, user: &str) -> PathBuf {
    let is_its = |file: &PathBuf| file.to_string_lossy().contains(&format!("user_id={user}/"));
    world.files("run/users").into_iter().find(is_its).unwrap()
}

fn without_result(world: &World, user: &str) {
    std::fs::remove_file(ledger(world, user)).unwrap();
}

/// As `without_result`, and the workers say that they are in this state.
fn worker(world: &World, user: &str, state: &str, updated_us: i64, pid: u32) {
    without_result(world, user);
    for file in world.files("run/_status") {
        if file.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let mut status: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        status["state"] = state.into();
        status["updated_us"] = updated_us.into();
        status["pid"] = pid.into();
        status["last_error"] = format!("the last word of {user}").into();
        std::fs::write(&file, status.to_string()).unwrap();
    }
}

fn now_us() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

/// Writes a Parquet file again, with other rows.
fn change(file: &Path, change: impl Fn(RecordBatch) -> RecordBatch) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(file).unwrap()).unwrap();
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let batch = change(batch);
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(file).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// The batch with other texts in a column, for rows of a user.
fn with_texts(batch: &RecordBatch, user: &str, column: &str, new: impl Fn(&str) -> String) -> RecordBatch {
    let place = batch.schema().index_of(column).unwrap();
    let texts = |name: &str| cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap();
    let old = texts(column);
    // A file of a user's own does not say whose it is.
    let users: ArrayRef = if batch.column_by_name("user_id").is_some() {
        texts("user_id")
    } else {
        Arc::new(StringArray::from(vec![user; batch.num_rows()]))
    };
    let both = users.as_string::<i32>().iter().zip(old.as_string::<i32>());
    let new: StringArray =
        both.map(|(of, old)| old.map(|old| if of == Some(user) { new(old) } else { old.into() })).collect();
    let mut columns = batch.columns().to_vec();
    columns[place] = cast(&new, columns[place].data_type()).unwrap();
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

fn data_file(world: &World, user: &str) -> PathBuf {
    let is_its = |file: &PathBuf| file.to_string_lossy().contains(&format!("user_id={user}/"));
    world.table_files("run", "te").into_iter().find(is_its).unwrap()
}

#[test]
#[ignore = "long"]
fn units_whose_workers_have_not_done_them() {
    each_place(&[
        ("M01", without_result),
        // Nobody knows whether a process of another machine is alive.
        ("M02", |world, user| worker_elsewhere(world, user, now_us() + 3_600_000_000)),
        ("M03", |world, user| worker_elsewhere(world, user, now_us() - 3_600_000_000)),
    ]);
}

fn worker_elsewhere(world: &World, user: &str, updated_us: i64) {
    worker(world, user, "running", updated_us, std::process::id());
    for file in
        world.files("run/_status").into_iter().filter(|file| file.extension().is_some_and(|e| e == "json"))
    {
        let mut status: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        status["host"] = "elsewhere".into();
        std::fs::write(&file, status.to_string()).unwrap();
    }
}

#[test]
#[ignore = "long"]
fn units_whose_workers_have_ended() {
    each_place(&[
        ("M04", |world, user| worker(world, user, "running", now_us(), u32::MAX >> 2)),
        ("M05", |world, user| worker(world, user, "interrupted", now_us(), 1)),
        ("M06", |world, user| worker(world, user, "stopped", now_us(), 1)),
    ]);
}

#[test]
#[ignore = "long"]
fn files_that_are_not_what_was_written() {
    each_place(&[
        ("M10", |world, user| std::fs::remove_file(data_file(world, user)).unwrap()),
        ("M10", |world, user| {
            let file = data_file(world, user);
            let mut bytes = std::fs::read(&file).unwrap();
            let middle = bytes.len() / 3;
            bytes[middle] ^= 1;
            std::fs::write(file, bytes).unwrap();
        }),
        ("M12", |world, user| std::fs::write(ledger(world, user), b"").unwrap()),
    ]);
}

#[test]
#[ignore = "long"]
fn units_that_are_not_as_they_were_planned() {
    each_place(&[
        ("M11", |world, user| {
            change(&world.path("run/_expected.parquet"), |plan| {
                with_texts(&plan, user, "rows", |rows| rows.replacen(":2", ":7", 1))
            });
        }),
        ("M14", |world, user| {
            change(&world.path("run/_expected.parquet"), |plan| {
                let users = cast(plan.column_by_name("user_id").unwrap(), &DataType::Utf8).unwrap();
                let others: BooleanArray =
                    users.as_string::<i32>().iter().map(|of| Some(of != Some(user))).collect();
                filter_record_batch(&plan, &others).unwrap()
            });
        }),
        ("M15", |world, user| {
            let place = |shard: u32| world.path(&format!("run/users/shard={shard}/user_id={user}"));
            std::fs::rename(place(0), place(1)).unwrap();
        }),
        ("M16", |world, user| {
            change(&ledger(world, user), |row| {
                with_texts(&row, user, "engine", |engine| format!("{engine}x"))
            });
        }),
    ]);
}

#[test]
#[ignore = "long"]
fn units_that_failed_or_were_skipped() {
    for (place, user) in PLACES.into_iter().enumerate() {
        let world = World::new(5);
        let mut command =
            world.command(&["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "-q"]);
        assert!(!command.env("RESULTS_DEFECT", user).output().unwrap().status.success());
        let (_, words, report) = refused(&world, &["--shards", "run"], place == 1);
        assert_eq!(
            (&report["findings"][0]["code"], &report["findings"][0]["count"]),
            (&"M08".into(), &1.into())
        );
        assert!(words.contains(user), "{words}");

        world.user(user, &rows(3, 20));
        assert_eq!(world.analyse("skipped", &[]).code, Some(3));
        let (_, words, report) = refused(&world, &["--shards", "skipped"], place == 1);
        assert_eq!(
            (&report["findings"][0]["code"], &report["findings"][0]["count"]),
            (&"M09".into(), &1.into())
        );
        assert!(words.contains(user), "{words}");
        let (exit, _, report) =
            refused(&world, &["--shards", "skipped", "--accept-skipped", "2"], place == 1);
        assert_eq!((exit, &report["code"]), (Some(2), &"M27".into()));
    }
}

#[test]
#[ignore = "long"]
fn duplicates_that_differ_in_every_part() {
    let world = World::new(5);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    // One of each part first, then all of them: more than are shown, in one order.
    for users in [&PLACES[..1], &PLACES[1..2], &PLACES[2..], &["u00", "u01", "u02", "u03", "u04"]] {
        let other = World::new(5);
        for user in users {
            other.user(user, &rows(100, 300));
        }
        assert_eq!(other.analyse("run", &[]).code, Some(0));
        let dir = other.path("run").display().to_string();
        let (exit, words, report) = refused(&world, &["--shards", "run", &dir], users.len() != 1);
        assert_eq!((exit, &report["conflicts"][0]["code"]), (Some(3), &"M17".into()));
        let items = report["conflicts"][0]["items"].as_array().unwrap();
        for user in users {
            assert!(items.iter().any(|item| item["user_id"] == **user), "{user}: {report}");
        }
        assert_eq!(words.contains(" more\n"), items.len() > 10, "{words}");
    }
}

#[test]
fn duplicates_with_other_numbers_of_rows() {
    const SCHEMA: &str = "table: lines
version: 1
description: Lines of a file.
csv: per_user_lines.csv
key: [feature_mode, n]
columns:
  - {name: feature_mode, type: text, nullable: false}
  - {name: n, type: int, nullable: false}
";
    let world = World::new(0);
    std::fs::create_dir_all(world.path("own/schemas")).unwrap();
    world.write("own/schemas/lines.yaml", SCHEMA);
    for user in ["a", "b", "c", "d", "e"] {
        world.write(&format!("data/{user}.csv"), "x\n");
    }
    let command = "[sh, rows.sh, \"{user_id}\", \"{input}\"]";
    world.write("lines.yaml", format!("analysis:\n  engine: command\n  command: {command}\n"));
    let run = |out: &str, script: String| {
        world.write("rows.sh", script);
        let args = ["run", "--config", "lines.yaml", "--data", "data", "--definitions", "own", "--out", out];
        world.expect(0, &args);
    };
    let row = |n: u32| format!("echo '{{\"table\": \"lines\", \"n\": {n}}}'");
    run("once", row(1));
    for (place, user) in ["a", "c", "e"].into_iter().enumerate() {
        let more = format!("more-{user}");
        run(&more, format!("{}\n[ \"$1\" != {user} ] || {}\n", row(1), row(2)));
        let (exit, words, report) = refused(&world, &["--shards", "once", &more], place == 1);
        assert_eq!((exit, &report["conflicts"][0]["code"]), (Some(3), &"M17".into()), "{words}");
        assert!(words.contains("(number of rows)") && words.contains(user), "{words}");
    }
}

#[test]
#[ignore = "long"]
fn checks_that_fail_and_queries_that_do_not_run() {
    let world = World::new(5);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    std::fs::create_dir(world.path("mine")).unwrap();
    for (place, user) in PLACES.into_iter().enumerate() {
        let sql = format!("SELECT user_id, tau FROM te WHERE user_id = '{user}' ORDER BY tau");
        world.write("mine/own.sql", format!("-- It is {user}.\n-- remedy: ask.\n-- needs: te\n{sql}\n"));
        let args = ["--shards", "run", "--checks", "mine"];
        let (exit, words, report) = refused(&world, &args, place == 1);
        assert_eq!(
            (exit, &report["outcome"], &report["checks"][0]["name"]),
            (Some(3), &"wrong".into(), &"own".into())
        );
        assert!(words.contains(user), "{words}");
    }
    world.write("mine/own.sql", "-- It is not.\n-- remedy: ask.\n-- needs: te\nSELECT nothing FROM te\n");
    let (exit, _, report) = refused(&world, &["--shards", "run", "--checks", "mine"], true);
    assert_eq!((exit, &report["code"]), (Some(1), &"M26".into()), "{report}");
}

#[test]
fn merges_that_cannot_be_are_refused_alike() {
    let world = World::new(5);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["merge", "--shards", "run", "--output", "output"]);
    let code = |args: &[&str]| refused(&world, args, false).2["code"].as_str().unwrap().to_owned();
    assert_eq!(code(&["--shards", "output"]), "M21");
    assert_eq!(code(&["--shards", "run", "./run"]), "M22");
    assert_eq!(code(&["--shards", "run", "--control", "run"]), "M28");
    world.write("quick.yaml", QUICK.replace("surrogates: 19", "surrogates: 29"));
    assert_eq!(world.analyse("other", &[]).code, Some(0));
    assert_eq!(code(&["--shards", "run", "other"]), "M23");
    let manifest = std::fs::read(world.path("other/run.yaml")).unwrap();
    world.write("other/run.yaml", &manifest[..40]);
    assert_eq!(code(&["--shards", "other"]), "M25");
    std::fs::remove_file(world.path("other/run.yaml")).unwrap();
    assert_eq!(code(&["--shards", "other"]), "M25");
    // The place of the output: taken, and one that cannot be written.
    for (output, expected) in [("output", "M20"), ("quick.yaml", "M20"), ("quick.yaml/merged", "M24")] {
        for more in [&[][..], &["--parts", PARTS]] {
            let _ = std::fs::remove_file(world.path("report.json"));
            let args = ["merge", "--shards", "run", "--output", output, "--report", "report.json"];
            let said = world.run(&[&args[..], more].concat());
            let report = std::fs::read(world.path("report.json")).unwrap();
            let report: Value = serde_json::from_slice(&report).unwrap();
            assert_eq!(report["code"], expected, "{output} {more:?}: {said:?}");
        }
    }
}
