//! Which attempt of a unit counts: every command gives the same answer, whatever happened to input and files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use crate::world::{Said, World, rows, said};

/// How the files of a run lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A folder a user.
    Plain,
    /// Committed in groups.
    Grouped,
    /// Put together by a compaction.
    Compacted,
}

const FORMS: [Form; 3] = [Form::Plain, Form::Grouped, Form::Compacted];

/// Three users, done once in run directories: all in `run`, or divided among `run` and `run_b`.
fn world(form: Form, dirs: &[&str]) -> World {
    let world = World::new(3);
    if form == Form::Grouped {
        world.write("quick.yaml", format!("{}runtime: {{user_folders: 1}}\n", crate::world::QUICK));
    }
    for (place, dir) in dirs.iter().enumerate() {
        let share = format!("{place}/{}", dirs.len());
        let more: &[&str] = if dirs.len() > 1 { &["--shard", &share] } else { &[] };
        assert_eq!(world.analyse(dir, more).code, Some(0), "{form:?}");
        compact(&world, form, dir);
    }
    world
}

fn compact(world: &World, form: Form, dir: &str) {
    if form == Form::Compacted {
        world.expect(0, &["compact", dir]);
    }
}

/// The run directory that has `u01`.
fn home<'a>(dirs: &[&'a str]) -> &'a str {
    dirs[1 % dirs.len()]
}

/// A story in every form, in one directory and in two: a test each, for each is a dozen processes.
macro_rules! everywhere {
    ($story:ident) => {
        everywhere!($story, &["run"], &["run", "run_b"]);
    };
    ($story:ident, $($dirs:expr),+) => {
        mod $story {
            use super::{Form, $story as story};

            #[test]
            fn in_folders_of_users() {
                $(story(Form::Plain, $dirs);)+
            }

            #[test]
            fn in_groups() {
                $(story(Form::Grouped, $dirs);)+
            }

            #[test]
            fn compacted() {
                $(story(Form::Compacted, $dirs);)+
            }
        }
    };
}

fn merge(world: &World, code: i32, dirs: &[&str], output: &str, more: &[&str]) -> Said {
    world.expect(code, &[&["merge", "--output", output, "--shards"], dirs, more].concat())
}

fn resume(world: &World, code: i32, dir: &str) -> Said {
    world.expect(code, &["run", "--resume", dir])
}

/// The te file of the newest attempt of `u01`. A resume of the second of two directories does all users, of whom `u01`
/// alone is in shard 1.
fn newest_te(world: &World, dir: &str, before: &[PathBuf]) -> PathBuf {
    let shard = if dir == "run" { "shard=0" } else { "shard=1" };
    let is_its =
        |file: &PathBuf| !before.contains(file) && file.iter().any(|part| part.to_str() == Some(shard));
    let mut new: Vec<PathBuf> = world.table_files(dir, "te").into_iter().filter(is_its).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    new.remove(0)
}

fn flip_a_bit(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

/// Files of an output, by name.
type Files = BTreeMap<String, String>;

/// What an undamaged run over the same data merges to. How files lie changes nothing of it, so it is found once for
/// each input of `u01`.
fn expected(world: &World) -> Files {
    static KNOWN: Mutex<BTreeMap<Vec<u8>, Files>> = Mutex::new(BTreeMap::new());
    let input = std::fs::read(world.path("data/u01.features_labels.csv")).unwrap();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known.entry(input).or_insert_with(|| {
        assert_eq!(world.analyse("whole", &[]).code, Some(0));
        merge(world, 0, &["whole"], "expected", &[]);
        world.csv("expected")
    });
    found.clone()
}

fn sql(world: &World, dirs: &[&str], query: &str) -> String {
    let mut args = vec!["sql", "--format", "csv"];
    for dir in dirs {
        args.extend(["--run", dir]);
    }
    args.push(query);
    world.expect(0, &args).out
}

everywhere!(a_damaged_attempt_brings_nothing_older_back_and_a_resume_heals_it);

fn a_damaged_attempt_brings_nothing_older_back_and_a_resume_heals_it(form: Form, dirs: &[&str]) {
    let world = world(form, dirs);
    let home = home(dirs);
    world.user("u01", &rows(77, 300));
    let before = world.table_files(home, "te");
    resume(&world, 0, home);
    let file = newest_te(&world, home, &before);
    let expected = expected(&world);
    flip_a_bit(&file);

    let told = merge(&world, 3, dirs, "no", &[]).err;
    assert!(told.contains("broken file: 1") && told.contains("--resume"), "{form:?}: {told}");
    merge(&world, 3, dirs, "partial", &["--allow-partial"]);
    let partial = world.csv("partial");
    assert!(!partial["per_user_te.partial.csv"].contains("u01"), "{form:?}");
    assert!(partial["missing_units.csv"].contains("u01"), "{form:?}");
    let told = world.expect(3, &["export", home, "--format", "csv", "--output", "export"]).err;
    assert!(told.contains("user u01") && told.contains("--resume"), "{form:?}: {told}");
    assert!(!world.csv("export")["per_user_te.csv"].contains("u01"), "{form:?}");
    world.expect(3, &["validate", home]);

    let told = world.expect(0, &["run", "--resume", home, "--dry-run", "--explain"]);
    let line = told.out.lines().find(|line| line.contains("u01")).unwrap_or_default().to_owned();
    assert!(line.contains("rerun") && line.contains("te/shard="), "{form:?}: {told:?}");
    assert!(line.contains("checksum differs from the ledger's"), "{form:?}: {line}");
    resume(&world, 0, home);
    world.expect(0, &["validate", home]);
    let told = merge(&world, 0, dirs, "healed", &[]).err;
    assert!(told.contains("note: te/") && told.contains("is whole and counts"), "{form:?}: {told}");
    assert_eq!(world.csv("healed"), expected, "{form:?}");
    let again = world.expect(0, &["run", "--resume", home, "--dry-run", "--explain"]).out;
    assert!(!again.contains("rerun"), "{form:?}: {again}");
    compact_and_merge(&world, form, home, dirs, &expected);
}

/// Whatever lies there, a compaction changes no answer.
fn compact_and_merge(world: &World, form: Form, home: &str, dirs: &[&str], expected: &Files) {
    let said = world.run(&["compact", home]);
    assert!([Some(0), Some(3)].contains(&said.code), "{form:?}: {said:?}");
    let _ = std::fs::remove_dir_all(world.path("again"));
    merge(world, 0, dirs, "again", &[]);
    assert_eq!(&world.csv("again"), expected, "{form:?}");
}

everywhere!(missing_empty_cut_and_changed_files_are_done_again, &["run"]);

fn missing_empty_cut_and_changed_files_are_done_again(form: Form, dirs: &[&str]) {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 4] = [
        ("file missing", |file| std::fs::remove_file(file).unwrap()),
        ("0 bytes", |file| std::fs::write(file, b"").unwrap()),
        ("were written", |file| {
            let bytes = std::fs::read(file).unwrap();
            std::fs::write(file, &bytes[..bytes.len() - 10]).unwrap();
        }),
        ("checksum differs", flip_a_bit),
    ];
    let world = world(form, dirs);
    let expected = expected(&world);
    for (place, (words, harm)) in harms.into_iter().enumerate() {
        let table = ["te", "k_selection"][place % 2];
        // The newest: it is of an attempt that counts, whatever random part names have.
        let written = |file: &PathBuf| std::fs::metadata(file).unwrap().modified().unwrap();
        let file = world.table_files("run", table).into_iter().max_by_key(written).unwrap();
        harm(&file);
        let told = world.expect(0, &["run", "--resume", "run", "--dry-run", "--explain"]).out;
        assert!(told.contains("rerun") && told.contains(words), "{form:?} {words}: {told}");
        let told = resume(&world, 0, "run").err;
        let line = told.lines().find(|line| line.ends_with("; its units are done again")).unwrap_or_default();
        assert!(line.contains(table) && line.contains(words), "{form:?} {words}: {told}");
        world.expect(0, &["validate", "run"]);
        let _ = std::fs::remove_dir_all(world.path("merged"));
        merge(&world, 0, &["run"], "merged", &[]);
        assert_eq!(world.csv("merged"), expected, "{form:?} {words}");
    }
}

everywhere!(a_torn_ledger_file_is_set_aside_and_its_units_are_done_again);

fn a_torn_ledger_file_is_set_aside_and_its_units_are_done_again(form: Form, dirs: &[&str]) {
    let world = world(form, dirs);
    let expected = expected(&world);
    let home = home(dirs);
    let ledger = world.files(&format!("{home}/users")).pop().unwrap();
    let bytes = std::fs::read(&ledger).unwrap();
    std::fs::write(&ledger, &bytes[..bytes.len() - 7]).unwrap();
    let name = ledger.strip_prefix(world.path(home)).unwrap();
    assert!(world.expect(0, &["status", home]).out.contains("corrupt ledger file"), "{form:?}");
    let told = resume(&world, 0, home).err;
    assert!(told.contains(name.to_str().unwrap()) && told.contains("_damaged/"), "{form:?}: {told}");
    assert!(!ledger.exists() && world.path(home).join("_damaged").join(name).exists(), "{form:?}");
    world.expect(0, &["validate", home]);
    merge(&world, 0, dirs, "merged", &[]);
    assert_eq!(world.csv("merged"), expected, "{form:?}");
    assert!(!world.expect(0, &["status", home]).out.contains("corrupt"), "{form:?}");
}

everywhere!(a_newer_attempt_that_was_skipped_supersedes_an_older_one);

fn a_newer_attempt_that_was_skipped_supersedes_an_older_one(form: Form, dirs: &[&str]) {
    // Too short.
    supersedes(form, dirs, &rows(3, 20), "skipped");
}

everywhere!(a_newer_attempt_that_failed_supersedes_an_older_one);

fn a_newer_attempt_that_failed_supersedes_an_older_one(form: Form, dirs: &[&str]) {
    // A column that is not a number.
    supersedes(form, dirs, &rows(3, 300).replacen("0.", "zero", 40), "failed");
}

fn supersedes(form: Form, dirs: &[&str], text: &str, state: &str) {
    let world = world(form, dirs);
    let home = home(dirs);
    world.user("u01", text);
    resume(&world, 3, home);
    compact(&world, form, home);
    let status = world.expect(0, &["status", home]).out;
    assert!(status.contains(&format!("1 {state}")), "{form:?} {state}: {status}");
    let told = merge(&world, 3, dirs, "no", &[]).err;
    assert!(told.contains(&format!("{state}: 1")) && !world.path("no").exists(), "{form:?} {state}: {told}");
    let found = sql(&world, dirs, "select state from users where user_id = 'u01'");
    assert_eq!(found, format!("state\n{state}\n"), "{form:?}");
    let of = |table| format!("select '{table}' as t from {table} where user_id = 'u01'");
    let all = ["te", "tests", "k_selection"].map(of).join(" union all ");
    assert_eq!(sql(&world, dirs, &all), "t\n", "{form:?}");
    // No command that reads brings back what was replaced.
    merge(&world, 3, dirs, "partial", &["--allow-partial"]);
    let partial = world.csv("partial");
    assert!(partial["missing_units.csv"].contains("u01"), "{form:?} {state}: {partial:?}");
    world.expect(0, &["export", home, "--format", "csv", "--output", "export"]);
    for (name, text) in partial.iter().chain(&world.csv("export")) {
        let is_of_units = ["users", "missing_units", "error_log"].iter().any(|known| name.contains(known));
        assert!(is_of_units || !text.contains("u01"), "{form:?} {state} {name}: {text}");
    }
    let said = world.expect(3, &["validate", home]);
    assert!((said.out + &said.err).contains(&format!("{state}: 1")), "{form:?} {state}: {}", said.err);
    let runs: Vec<&str> = dirs.iter().flat_map(|dir| ["--run", dir]).collect();
    world.expect(0, &[&["plot", "forest", "-o", "plotted.csv"][..], &runs].concat());
    assert!(!std::fs::read_to_string(world.path("plotted.csv")).unwrap().contains("u01"), "{form:?} {state}");

    let explained = world.expect(0, &["run", "--resume", home, "--dry-run", "--explain"]).out;
    let line = explained.lines().find(|line| line.contains("u01")).unwrap_or_default();
    assert_eq!(line.contains("rerun"), state == "failed", "{form:?}: {explained}");
    let files = world.files(&format!("{home}/users")).len();
    resume(&world, 3, home);
    let more = world.files(&format!("{home}/users")).len() - files;
    assert_eq!(more, usize::from(state == "failed"), "{form:?} {state}");
    merge(&world, 3, dirs, "no", &[]);

    // Another input brings the unit back.
    world.user("u01", &rows(2, 300));
    resume(&world, 0, home);
    let expected = expected(&world);
    merge(&world, 0, dirs, "merged", &[]);
    assert_eq!(world.csv("merged"), expected, "{form:?} {state}");
}

#[test]
fn a_newer_attempt_that_panicked_or_ended_its_worker_supersedes_an_older_one() {
    for (name, value, reason) in [
        ("RESULTS_DEFECT", "u01", "internal error, please report it with the input"),
        ("RESULTS_FAILPOINT", "unit|u01|kill", "quarantined: ended its worker 2 times"),
    ] {
        let world = World::new(3);
        assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
        world.user("u01", &rows(77, 300));
        let mut command = world.command(&["run", "--resume", "run"]);
        let told = said(&command.env(name, value).stdin(Stdio::null()).output().unwrap());
        assert_eq!(told.code, Some(3), "{told:#?}");
        assert!(told.err.contains(reason), "{told:#?}");
        let of_u01 = "select state, reason from users where user_id = 'u01'";
        let found = sql(&world, &["run"], of_u01);
        assert!(found.starts_with("state,reason\nfailed,") && found.contains(reason), "{found}");
        assert_eq!(sql(&world, &["run"], "select tau from te where user_id = 'u01'"), "tau\n");
        let told = merge(&world, 3, &["run"], "no", &[]).err;
        assert!(told.contains("failed: 1"), "{told}");
        merge(&world, 3, &["run"], "partial", &["--allow-partial"]);
        assert!(!world.csv("partial")["per_user_te.partial.csv"].contains("u01"));

        world.expect(0, &["run", "--resume", "run", "--retry-failed"]);
        merge(&world, 0, &["run"], "merged", &[]);
        assert_eq!(world.csv("merged"), expected(&world), "{name}");
    }
}

#[test]
fn an_input_that_cannot_be_read_supersedes_nothing() {
    for form in FORMS {
        let world = world(form, &["run"]);
        let expected = expected(&world);
        let file = world.path("data/u01.features_labels.csv");
        let text = std::fs::read(&file).unwrap();
        // Damage makes the unit due while its input is gone.
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        let te = world
            .table_files("run", "te")
            .into_iter()
            .find(|file| form != Form::Plain || file.to_string_lossy().contains("u01"));
        flip_a_bit(&te.unwrap());
        resume(&world, 3, "run");
        let told = merge(&world, 3, &["run"], "no", &[]).err;
        assert!(told.contains("broken file: 1"), "{form:?}: {told}");
        std::fs::remove_dir(&file).unwrap();
        std::fs::write(&file, text).unwrap();
        resume(&world, 0, "run");
        merge(&world, 0, &["run"], "merged", &[]);
        assert_eq!(world.csv("merged"), expected, "{form:?}");
    }
}
