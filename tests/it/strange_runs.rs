//! Runs as no worker leaves them: names from a newer version, a thousand attempts, equal ends, a clock that was set back,
//! files that vanish, a disk that cannot be written, data that are gone. Every command gives the same answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use results::store::{Assignment, Run, Voided, Writer};

use crate::world::{QUICK, Said, World, rows, said};

/// The only row of a file of the ledger.
fn ledger_row(file: &Path) -> RecordBatch {
    let mut rows = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(file).unwrap())
        .unwrap()
        .build()
        .unwrap();
    rows.next().unwrap().unwrap()
}

fn text(row: &RecordBatch, column: &str) -> String {
    row.column_by_name(column).unwrap().as_string::<i32>().value(0).to_owned()
}

fn finished_us(row: &RecordBatch) -> i64 {
    row.column_by_name("finished_at").unwrap().as_primitive::<TimestampMicrosecondType>().value(0)
}

/// The row with other values.
fn with(row: &RecordBatch, values: &[(&str, ArrayRef)]) -> RecordBatch {
    let schema = row.schema();
    let columns = schema.fields().iter().zip(row.columns()).map(|(field, old)| {
        let new = values.iter().find(|(name, _)| name == field.name());
        new.map_or_else(|| Arc::clone(old), |(_, new)| Arc::clone(new))
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
}

fn a_text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

fn a_time(us: i64) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(vec![us]).with_timezone("UTC"))
}

fn put(file: &Path, row: &RecordBatch) {
    let mut writer = ArrowWriter::try_new(std::fs::File::create(file).unwrap(), row.schema(), None).unwrap();
    writer.write(row).unwrap();
    writer.close().unwrap();
}

/// Another attempt like one that is there: its data files again, and its row with other values.
fn again(world: &World, ledger: &Path, name: &str, values: &[(&str, ArrayRef)]) {
    let row = ledger_row(ledger);
    let (old, files) = (text(&row, "attempt_id"), text(&row, "files"));
    for file in serde_json::from_str::<Vec<serde_json::Value>>(&files).unwrap() {
        let path = file["file"].as_str().unwrap();
        let run = world.path("run");
        std::fs::copy(run.join(path), run.join(path.replace(&old, name))).unwrap();
    }
    let own = [("attempt_id", a_text(name)), ("files", a_text(&files.replace(&old, name)))];
    let row = with(&row, &[&own[..], values].concat());
    put(&ledger.with_file_name(format!("{name}.parquet")), &row);
}

/// Takes an attempt away: its files and its row.
fn forget(world: &World, ledger: &Path) {
    for file in serde_json::from_str::<Vec<serde_json::Value>>(&text(&ledger_row(ledger), "files")).unwrap() {
        std::fs::remove_file(world.path("run").join(file["file"].as_str().unwrap())).unwrap();
    }
    std::fs::remove_file(ledger).unwrap();
}

/// The ledger files of a user.
fn ledgers(world: &World, user: &str) -> Vec<std::path::PathBuf> {
    let is_its = |file: &std::path::PathBuf| file.to_string_lossy().contains(&format!("user_id={user}/"));
    world.table_files("run", "users").into_iter().filter(is_its).collect()
}

fn sql(world: &World, query: &str) -> String {
    world.expect(0, &["sql", "--run", "run", "--format", "csv", "--strict", query]).out
}

/// What all commands say of a run whose units are done: the same, before it is compacted and after; what it merges to.
fn all_agree(world: &World, users: usize) -> BTreeMap<String, String> {
    let merged = agree(world, users);
    world.expect(0, &["run", "--resume", "run"]);
    world.expect(0, &["compact", "run"]);
    assert_eq!(agree(world, users), merged);
    merged
}

fn agree(world: &World, users: usize) -> BTreeMap<String, String> {
    let status = world.expect(0, &["status", "run"]).out;
    assert!(status.contains(&format!("complete, {users} of {users} units done\n")), "{status}");
    let explained = world.expect(0, &["run", "--resume", "run", "--dry-run", "--explain"]).out;
    assert!(explained.ends_with(&format!("\n0 units to do, {users} kept\n")), "{explained}");
    assert!(!world.expect(0, &["validate", "run"]).out.contains("FAIL"));
    for output in ["merged", "csv"] {
        let _ = std::fs::remove_dir_all(world.path(output));
    }
    world.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    world.expect(0, &["export", "run", "--format", "csv", "--output", "csv"]);
    let merged = world.csv("merged");
    // An export is what SQL shows.
    assert_eq!(world.csv("csv"), merged);
    merged
}

/// A run of so many users, done once, and what it merges to.
fn done(users: usize) -> (World, BTreeMap<String, String>) {
    let world = World::new(users);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "expected", "--shards", "run"]);
    let expected = world.csv("expected");
    (world, expected)
}

#[test]
#[ignore = "long"]
fn an_attempt_with_a_name_of_a_newer_version_is_an_attempt() {
    let (world, expected) = done(3);
    // Not a number behind the sign, one too large, and a place of writing that no version knows.
    for (user, name) in [("u00", "2~0193f7a1+3.1"), ("u01", "n+99999999999"), ("u02", "v3-9of9of9.a.b")] {
        let old = ledgers(&world, user).remove(0);
        again(&world, &old, name, &[]);
        forget(&world, &old);
    }
    let attempts = sql(&world, "select attempt from users order by user_id");
    assert_eq!(attempts, "attempt\n2~0193f7a1+3.1\nn+99999999999\nv3-9of9of9.a.b\n");
    assert_eq!(all_agree(&world, 3), expected);
    let attempts = sql(&world, "select attempt from users order by user_id");
    assert_eq!(attempts, "attempt\n2~0193f7a1+3.1+1\nn+99999999999+1\nv3-9of9of9.a.b+1\n");
}

#[test]
#[ignore = "long"]
fn a_unit_with_a_thousand_attempts_has_one_that_counts() {
    let (world, expected) = done(2);
    let ledger = ledgers(&world, "u01").remove(0);
    let end = finished_us(&ledger_row(&ledger));
    let input = |n: i64| a_text(&format!("other input {}", n % 7));
    for n in 0..500 {
        // Older ones on another input, and equal ones that ended later.
        let older = [("finished_at", a_time(end - 1 - n)), ("input_fingerprint", input(n))];
        again(&world, &ledger, &format!("a{n:03}"), &older);
        again(&world, &ledger, &format!("b{n:03}"), &[("finished_at", a_time(end + n))]);
    }
    let of_unit = "from raw.users where user_id = 'u01'";
    assert_eq!(sql(&world, &format!("select count(*) as n {of_unit}")), "n\n1001\n");
    assert_eq!(sql(&world, "select attempt from users where user_id = 'u01'"), "attempt\nb499\n");
    assert_eq!(all_agree(&world, 2), expected);
    let said = world.expect(0, &["merge", "--output", "again", "--shards", "run"]);
    assert!(said.err.contains("500 equal duplicates left out"), "{}", said.err);
}

#[test]
#[ignore = "long"]
fn of_attempts_that_end_at_once_the_name_decides() {
    let (world, old) = done(3);
    world.user("u01", &rows(77, 260));
    // The name of an attempt begins with its second.
    std::thread::sleep(std::time::Duration::from_millis(1001));
    world.expect(0, &["run", "--resume", "run"]);
    world.expect(0, &["merge", "--output", "newer", "--shards", "run"]);
    let new = world.csv("newer");
    let [first, second] = ledgers(&world, "u01").try_into().unwrap();
    let end = [("finished_at", a_time(finished_us(&ledger_row(&second))))];
    put(&first, &with(&ledger_row(&first), &end));
    assert_eq!(agree(&world, 3), new);

    // With the larger name the attempt on the older input counts, and is done again.
    again(&world, &first, "zz", &end);
    forget(&world, &first);
    let explained = world.expect(0, &["run", "--resume", "run", "--dry-run", "--explain"]).out;
    assert!(
        explained.contains("input changed") && explained.ends_with("1 unit to do, 2 kept\n"),
        "{explained}"
    );
    world.expect(0, &["status", "run"]);
    assert_eq!(sql(&world, "select attempt from users where user_id = 'u01'"), "attempt\nzz\n");
    world.expect(0, &["validate", "run"]);
    let _ = std::fs::remove_dir_all(world.path("merged"));
    world.expect(0, &["merge", "--output", "merged", "--shards", "run"]);
    assert_eq!(world.csv("merged"), old);
    world.expect(0, &["compact", "run"]);
    assert_eq!(sql(&world, "select attempt from users where user_id = 'u01'"), "attempt\nzz+1\n");
    world.expect(0, &["run", "--resume", "run"]);
    assert_eq!(all_agree(&world, 3), new);
}

#[test]
#[ignore = "long"]
fn a_name_that_was_made_void_has_no_rows_for_any_command() {
    for (runtime, folder) in [("", "user_id=u00"), ("runtime: {user_folders: 1}\n", "user_bucket=0000")] {
        let world = World::new(3);
        world.write("quick.yaml", format!("{QUICK}{runtime}"));
        assert_eq!(world.analyse("run", &[]).code, Some(0));
        world.expect(0, &["merge", "--output", "expected", "--shards", "run"]);
        let expected = world.csv("expected");
        let void = format!("users/shard=0/{folder}/20991231T000000-x-0of1f1.parquet");
        let by = Writer { share: Assignment::ALL, lease: Some(2) };
        assert_eq!(Run::open(world.path("run")).unwrap().void(&void, by).unwrap(), Voided::Made);
        assert_eq!(sql(&world, "select count(*) as n from raw.users"), "n\n3\n");
        assert_eq!(all_agree(&world, 3), expected);
        assert!(world.path("run").join(void).exists(), "nobody took it for damage");
    }
}

fn failing(world: &World, failpoint: &str, args: &[&str]) -> Said {
    let mut command = world.command(args);
    said(&command.env("RESULTS_FAILPOINT", failpoint).stdin(Stdio::null()).output().unwrap())
}

#[test]
#[ignore = "long"]
fn a_file_that_vanishes_while_it_is_looked_at_is_missing() {
    let (world, expected) = done(3);
    let file =
        world.table_files("run", "te").into_iter().find(|f| f.to_string_lossy().contains("u01")).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    // It is there when it is listed and when its size is looked at, and gone when it is opened.
    let vanish = "open|te/shard=0/user_id=u01/|vanish";
    let commands: [(&[&str], i32, &str); 6] = [
        (&["merge", "--output", "merged", "--shards", "run"], 3, "file missing"),
        (&["validate", "run"], 3, "file missing"),
        (&["sql", "--run", "run", "select * from te"], 3, "file missing"),
        (&["export", "run", "--format", "csv", "--output", "csv", "--table", "te"], 3, "file missing"),
        (&["compact", "run"], 3, "file missing"),
        (&["run", "--resume", "run", "--dry-run", "--explain"], 0, "file missing"),
    ];
    for (args, code, words) in commands {
        let said = failing(&world, vanish, args);
        let text = format!("{}{}", said.out, said.err);
        assert_eq!(said.code, Some(code), "{args:?}: {said:#?}");
        assert!(text.contains(words) && text.contains("user_id=u01"), "{args:?}: {said:#?}");
        assert!(!file.exists() && !text.contains("panicked"), "{args:?}: {said:#?}");
        let _ = std::fs::remove_dir_all(world.path("csv"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &bytes).unwrap();
    }
    let said = failing(&world, vanish, &["run", "--resume", "run"]);
    assert_eq!((said.code, file.exists()), (Some(0), false), "{said:#?}");
    assert_eq!(agree(&world, 3), expected);
}

/// A command that sees the run as on a disk that cannot be written.
fn on_a_read_only_disk(world: &World, args: &[&str]) -> Said {
    let mount = "mount --bind run run && mount -o remount,ro,bind run && exec \"$0\" \"$@\"";
    let of_results = world.command(args);
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", mount]).arg(of_results.get_program()).args(args);
    said(&command.current_dir(world.root()).env("CI", "true").stdin(Stdio::null()).output().unwrap())
}

#[test]
#[ignore = "long"]
fn a_run_that_cannot_be_written_can_be_read() {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &["--shard", "0/2"]).code, Some(0));
    // Where nobody may mount, writing fails by itself.
    let mounts = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output();
    let can_mount = mounts.is_ok_and(|output| output.status.success());
    let run = |args: &[&str]| {
        if can_mount { on_a_read_only_disk(&world, args) } else { failing(&world, "write||readonly", args) }
    };
    let commands: [(&[&str], i32, &str); 7] = [
        (&["status", "run"], 0, "incomplete, 2 of 3 units done"),
        (&["sql", "--run", "run", "--format", "csv", "select count(*) as n from te"], 0, "n\n4\n"),
        (&["merge", "--output", "merged", "--shards", "run", "--allow-partial"], 3, "2 of 3 units"),
        (&["validate", "run"], 3, "never started: 1"),
        (&["export", "run", "--format", "csv", "--output", "csv"], 0, "per_user_te.csv: 4 rows"),
        (&["run", "--resume", "run"], 1, "cannot"),
        (&["compact", "run"], 1, "cannot"),
    ];
    for (args, code, words) in commands {
        let said = run(args);
        let text = format!("{}{}", said.out, said.err);
        assert_eq!(said.code, Some(code), "{args:?}: {said:#?}");
        assert!(text.contains(words) && !text.contains("panicked"), "{args:?}: {said:#?}");
        if code == 1 {
            assert!(text.contains("run/_") && text.contains("permission"), "{args:?}: {said:#?}");
        }
    }
    let _ = std::fs::remove_dir_all(world.path("csv"));
    let _ = std::fs::remove_dir_all(world.path("merged"));
    world.expect(0, &["run", "--resume", "run"]);
    all_agree(&world, 3);
}

#[test]
#[ignore = "long"]
fn a_run_whose_data_are_gone_is_as_it_was() {
    let (world, expected) = done(3);
    std::fs::remove_dir_all(world.path("data")).unwrap();
    assert_eq!(all_agree(&world, 3), expected);
    let explained = world.expect(0, &["run", "--resume", "run", "--dry-run", "--explain"]).out;
    assert_eq!(explained.matches("reuse  done; its input cannot be read now").count(), 3, "{explained}");
    // Where there is something to do, nothing is done, and it is said what is needed.
    let te = world.table_files("run", "te").remove(0);
    std::fs::remove_file(te).unwrap();
    let said = world.expect(2, &["run", "--resume", "run"]);
    assert!(
        said.err.contains("/data of run is not there, and 3 units need it; nothing was done"),
        "{}",
        said.err
    );
}

#[test]
fn a_folder_without_any_file_of_the_plan_marks_nothing() {
    let world = World::new(4);
    assert_eq!(world.analyse("run", &["--shard", "0/2"]).code, Some(0));
    let before = sql(&world, "select user_id, attempt, state from users order by user_id");
    std::fs::rename(world.path("data"), world.path("elsewhere")).unwrap();
    // As a mount point is without its mount.
    std::fs::create_dir(world.path("data")).unwrap();
    let te = world.table_files("run", "te").remove(0);
    std::fs::remove_file(te).unwrap();
    let dir = world.path("data").canonicalize().unwrap();
    let told = |has: &str, more: &[&str]| {
        let said = world.expect(2, &[&["run", "--resume", "run"], more].concat());
        let words =
            format!("the data folder {} of run {has}: it lacks all 4 files of the plan", dir.display());
        assert!(said.err.contains(&words) && said.err.contains("nothing was done"), "{}", said.err);
        assert!(said.err.contains("mount it") && said.err.contains("--data DIR"), "{}", said.err);
        assert_eq!(said.err.matches("error:").count(), 1, "{}", said.err);
        assert_eq!(sql(&world, "select user_id, attempt, state from users order by user_id"), before);
    };
    told("is empty", &[]);
    world.write("data/NOT_MOUNTED", "");
    told("has only NOT_MOUNTED", &["--shards", "2"]);
    // One file is enough: whose is gone fails, and the others are done.
    let name = "u00.features_labels.csv";
    std::fs::copy(world.path(&format!("elsewhere/{name}")), world.path(&format!("data/{name}"))).unwrap();
    world.run(&["run", "--resume", "run"]);
    assert!(sql(&world, "select state from users where user_id = 'u00'").contains("ok"));
    world.expect(0, &["run", "--resume", "run", "--data", "elsewhere"]);
    assert!(!sql(&world, "select state from users").contains("failed"));
}

#[test]
#[ignore = "long"]
fn in_groups_a_clock_that_was_set_back_changes_no_answer() {
    let world = World::new(3);
    world.write("quick.yaml", format!("{QUICK}runtime: {{user_folders: 1}}\n"));
    let late = |args: &[&str], seconds: &str| {
        let mut command = world.command(args);
        let output = command.env("RESULTS_CLOCK", seconds).stdin(Stdio::null()).output();
        assert_eq!(said(&output.unwrap()).code, Some(0));
    };
    late(&["run", "--config", "quick.yaml", "--data", "data", "--out", "run"], "7200");
    world.user("u01", &rows(77, 260));
    late(&["run", "--resume", "run"], "-7200");
    assert_eq!(sql(&world, "select n_samples from users where user_id = 'u01'"), "n_samples\n260\n");
    let merged = all_agree(&world, 3);
    assert_eq!(world.analyse("whole", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "whole-merged", "--shards", "whole"]);
    assert_eq!(merged, world.csv("whole-merged"));
}
