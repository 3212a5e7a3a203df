use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use proptest::prelude::*;

use super::{Compacted, Compaction};
use crate::attempts::{Index, Ledger};
use crate::config::testing::config;
use crate::schema::{Row, Schemas};
use crate::store::{
    Assignment, LedgerRow, NewRun, Object, Prepared, ReadLock, Run, UnitState, Writer, commit, commit_group,
    fault_of, is_group, new_attempt_id, origin,
};

const ALL: Writer = Writer { share: Assignment::ALL, lease: None };

const WAIT: Duration = Duration::from_secs(10);

fn schemas() -> Schemas {
    Schemas::load(None).unwrap()
}

fn new_run(dir: &Path) -> Run {
    let config = config();
    let new = NewRun {
        config: &config,
        units: Vec::new(),
        shards: 2,
        only_shards: Vec::new(),
        schemas: &schemas(),
        data_folder: "data".into(),
        control: None,
    };
    Run::create_or_join(dir, &new).unwrap()
}

/// An attempt with rows of a keyed table, in no order, and of a list, whose order says something.
fn attempt(user: &str, shard: u32, rows: u32, state: UnitState) -> Prepared {
    let id = new_attempt_id();
    let te = |tau: u32| {
        let row = Row::new().with("feature_mode", "composite").with("tau", tau);
        row.with("TE_A2S", f64::from(tau) / 8.0)
    };
    let issue = |i: u32| {
        let row = Row::new().with("feature_mode", "composite").with("method", "te");
        row.with("severity", "warning").with("error", format!("{id} {}", 9 - i))
    };
    let tables = [
        ("te".to_owned(), (1..=rows).rev().map(te).collect()),
        ("issues".to_owned(), (0..rows.min(9)).map(issue).collect()),
    ];
    let mut row = LedgerRow::done(user, &id);
    (row.shard, row.state) = (shard, state);
    let tables = if state == UnitState::Ok { &tables[..] } else { &[] };
    Prepared::new(&schemas(), row, tables).unwrap()
}

fn compact(run: &Run) -> Compacted {
    let done = Compaction { run, schemas: &schemas(), wait: WAIT }.run().unwrap();
    assert_eq!((done.kept, done.left.as_slice()), (0, [].as_slice()));
    done
}

/// The index has the files of the ledger, and the attempts of units that have several.
fn same_as_indexed(run: &Run, ledger: &Ledger) {
    let index = Index::read(run.storage()).unwrap();
    let files: BTreeSet<&str> = ledger.rows.iter().flat_map(|r| &r.files).map(|f| f.file.as_str()).collect();
    assert_eq!(index.files.iter().map(|file| file.path.as_str()).collect::<BTreeSet<_>>(), files);
    let of_user = |user: &str| ledger.rows.iter().filter(|row| row.user_id == user).count();
    let several: BTreeSet<&str> =
        ledger.rows.iter().filter(|r| of_user(&r.user_id) > 1).map(|r| r.attempt.as_str()).collect();
    assert_eq!(index.names_of_several().collect::<BTreeSet<_>>(), several);
}

/// Everything a run says: each attempt under its first name, with its rows in order.
fn told(run: &Run) -> BTreeMap<String, (String, Vec<String>)> {
    let _reading = ReadLock::take(run.storage());
    let ledger = Ledger::read(run.storage()).unwrap();
    assert_eq!(ledger.corrupt, []);
    let mut all = BTreeMap::new();
    for row in &ledger.rows {
        let mut rows = Vec::new();
        let files: BTreeMap<_, _> = row.files.iter().map(|file| (&file.table, file)).collect();
        for file in files.into_values().filter(|file| file.rows > 0) {
            assert_eq!(fault_of(run.storage(), &file.file, file.bytes, &file.checksum), None);
            let found = rows_of(run, row, &file.file);
            assert_eq!(found.len() as u64, file.rows, "{}", file.file);
            rows.extend(found);
        }
        let plain = LedgerRow { attempt: String::new(), files: Vec::new(), ..row.clone() };
        let (name, _) = origin(&row.attempt);
        let before = all.insert(name.to_owned(), (format!("{plain:?}"), rows));
        assert!(before.is_none(), "{name} is there twice");
    }
    all
}

fn rows_of(run: &Run, row: &LedgerRow, path: &str) -> Vec<String> {
    let bytes = bytes::Bytes::from(run.storage().read(path).unwrap().unwrap());
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let mut found = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let text = |name: &str, at| Some(batch.column_by_name(name)?.as_string::<i32>().value(at).to_owned());
        let is_te = path.starts_with("te/");
        for at in 0..batch.num_rows() {
            let owner = (text("user_id", at), text("attempt", at));
            assert_eq!(owner.0.is_some(), is_group(path));
            if owner.1.as_ref().is_some_and(|attempt| *attempt != row.attempt) {
                continue;
            }
            assert!(owner.0.is_none_or(|user| user == row.user_id));
            found.push(if is_te {
                batch.column_by_name("tau").unwrap().as_primitive::<Int64Type>().value(at).to_string()
            } else {
                text("error", at).unwrap()
            });
        }
        if is_te {
            // The order of a unit's own file is the analysis'.
            found.sort();
        }
    }
    found
}

fn files(run: &Run) -> usize {
    ["users", "te", "issues"].iter().map(|table| run.storage().list(table).unwrap().len()).sum()
}

fn in_folders_of_users(run: &Run) -> usize {
    let all = run.storage().list("").unwrap();
    all.iter().filter(|entry| entry.path.contains("user_id=") && !entry.path.starts_with('_')).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Attempts in files of their own and in groups, several of a user, compacted in between.
    #[test]
    fn a_run_says_the_same_afterwards(
        steps in prop::collection::vec(
            (prop::collection::vec(("[a-d]{1,2}", 0u32..2, 0u32..5, 0u8..8), 1..5), any::<bool>(), 0u8..5), 1..12),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let run = new_run(dir.path());
        for (units, grouped, then) in steps {
            let units: Vec<Prepared> = units
                .iter()
                .map(|(user, shard, rows, state)| {
                    let state = if *state == 0 { UnitState::Failed } else { UnitState::Ok };
                    attempt(user, *shard, *rows, state)
                })
                .collect();
            if grouped {
                commit_group(&run, &schemas(), units, 1).unwrap();
            } else {
                for unit in units {
                    commit(&run, &schemas(), unit).unwrap();
                }
            }
            if then == 0 {
                let before = told(&run);
                compact(&run);
                prop_assert_eq!(told(&run), before);
            }
        }
        let before = told(&run);
        same_as_indexed(&run, &Ledger::read(run.storage()).unwrap());
        let done = compact(&run);
        prop_assert_eq!(&told(&run), &before);
        same_as_indexed(&run, &Ledger::read(run.storage()).unwrap());
        prop_assert!(done.after.files <= done.before.files);
        prop_assert_eq!(in_folders_of_users(&run), 0);
        prop_assert_eq!(done.after.files as usize, files(&run));
        let again = compact(&run);
        prop_assert!(again.attempts <= done.attempts);
    }
}

#[test]
fn many_small_files_become_one_a_table_and_shard() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    for i in 0..40u32 {
        commit(&run, &schemas(), attempt(&format!("u{i:02}"), i % 2, 3, UnitState::Ok)).unwrap();
    }
    let before = told(&run);
    let done = compact(&run);
    assert_eq!((done.before.files, done.after.files, done.attempts), (120, 6, 40));
    assert_eq!(told(&run), before);
    // No folder of a user is left, and later commits are groups too.
    assert_eq!(std::fs::read_dir(dir.path().join("te/shard=0")).unwrap().count(), 1);
    assert_eq!(Run::open(dir.path()).unwrap().manifest().buckets, Some(1));
    assert_eq!(compact(&run), Compacted { before: done.after, after: done.after, ..Compacted::default() });
    let twice: Vec<String> =
        Ledger::read(run.storage()).unwrap().rows.into_iter().map(|r| r.attempt).collect();
    assert!(twice.iter().all(|attempt| origin(attempt).1 == 1), "{twice:?}");
}

#[test]
fn damaged_files_stay_where_they_are_and_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    let rows: Vec<LedgerRow> = (0..6)
        .map(|i| commit(&run, &schemas(), attempt(&format!("u{i}"), 0, 3, UnitState::Ok)).unwrap())
        .collect();
    let broken = dir.path().join(&rows[2].files[0].file);
    std::fs::write(&broken, b"torn").unwrap();
    let done = Compaction { run: &run, schemas: &schemas(), wait: WAIT }.run().unwrap();
    assert_eq!(done.attempts, 5);
    assert_eq!(done.left.len(), 1);
    assert!(
        done.left[0].file.contains("user_id=u2") && done.left[0].why.contains("4 bytes"),
        "{:?}",
        done.left
    );
    assert!(broken.exists());
    assert_eq!(Ledger::read(run.storage()).unwrap().rows.len(), 6);
}

#[test]
fn a_damaged_attempt_that_nobody_needs_leaves_the_folder_of_its_user() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    let rows: Vec<LedgerRow> = (0..3)
        .map(|i| commit(&run, &schemas(), attempt(&format!("u{i}"), 0, 3, UnitState::Ok)).unwrap())
        .collect();
    let broken = dir.path().join(&rows[1].files[0].file);
    std::fs::write(&broken, b"torn").unwrap();
    // The only attempt of its unit stays and is named; once it was done again, it goes.
    let done = Compaction { run: &run, schemas: &schemas(), wait: WAIT }.run().unwrap();
    assert_eq!((done.left.len(), done.set_aside, broken.exists()), (1, 0, true));
    commit(&run, &schemas(), attempt("u1", 0, 3, UnitState::Ok)).unwrap();
    let done = compact(&run);
    assert_eq!((done.set_aside, broken.exists(), in_folders_of_users(&run)), (1, false, 0));
    let damaged = dir.path().join("_damaged").join(&rows[1].files[0].file);
    assert_eq!(std::fs::read(damaged).unwrap(), b"torn");
    let left: Vec<String> = run.storage().list("_damaged").unwrap().into_iter().map(|e| e.path).collect();
    assert_eq!(left.len(), 1 + rows[1].files.len(), "{left:?}");
    let names: Vec<String> = told(&run).into_keys().collect();
    assert!(names.len() == 3 && !names.contains(&rows[1].attempt));
}

#[test]
fn old_files_stay_as_long_as_somebody_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    for i in 0..4 {
        commit(&run, &schemas(), attempt(&format!("u{i}"), 0, 2, UnitState::Ok)).unwrap();
    }
    let before = told(&run);
    let compaction = Compaction { run: &run, schemas: &schemas(), wait: Duration::ZERO };
    std::fs::create_dir_all(dir.path().join("_status")).unwrap();
    std::fs::write(dir.path().join("_status/readers.lock"), b"").unwrap();
    let reader = ReadLock::take(run.storage());
    let kept = compaction.run().unwrap();
    assert_eq!((kept.kept, files(&run)), (12, 15));
    assert_eq!(told(&run), before);
    same_as_indexed(&run, &Ledger::read(run.storage()).unwrap());
    // A worker that looks for leftovers leaves them too.
    crate::attempts::sweep(&run, ALL, 0, None).unwrap();
    assert_eq!(files(&run), 15);
    drop(reader);
    assert_eq!(compaction.run().unwrap().kept, 0);
    assert_eq!(files(&run), 3);
    assert_eq!(told(&run), before);
}

#[test]
fn data_files_without_a_ledger_are_removed_by_workers_only_while_no_compaction_is_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    let path = "te/shard=0/user_bucket=0000/20261123T143012-3fa9c1d2e4b5-compact.parquet";
    let leave = || run.storage().replace(&Object { path: path.into(), bytes: b"x".to_vec() }).unwrap();
    leave();
    assert_eq!(compact(&run).leftovers, 1);
    leave();
    let at_work = crate::store::CompactionLock::take(run.storage()).unwrap();
    assert_eq!(crate::attempts::sweep(&run, ALL, 0, None).unwrap().leftovers.data_files, 0);
    let refused = Compaction { run: &run, schemas: &schemas(), wait: WAIT }.run().unwrap_err();
    assert!(refused.to_string().contains("by another process"), "{refused}");
    drop(at_work);
    assert_eq!(crate::attempts::sweep(&run, ALL, 0, None).unwrap().leftovers.data_files, 1);
}

/// Workers, readers and compactions at once.
#[test]
fn readers_and_writers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let run = new_run(dir.path());
    commit(&run, &schemas(), attempt("first", 0, 2, UnitState::Ok)).unwrap();
    compact(&run);
    let (done, rewritten) = (AtomicBool::new(false), AtomicU64::new(0));
    let written = std::thread::scope(|scope| {
        let (run, done, rewritten) = (&run, &done, &rewritten);
        let writer = |name: char| {
            scope.spawn(move || {
                let mut written = 0_usize;
                for i in 0..20_000u32 {
                    // However quick the disk is, compactions have met with them in the end.
                    if i >= 60 {
                        if rewritten.load(Ordering::Relaxed) > 50 {
                            break;
                        }
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    let unit = |j| attempt(&format!("{name}{i}.{j}"), i % 2, 2, UnitState::Ok);
                    if i % 3 == 0 {
                        commit_group(run, &schemas(), (0..3).map(unit).collect(), 1).unwrap();
                        written += 3;
                    } else {
                        commit(run, &schemas(), unit(0)).unwrap();
                        written += 1;
                    }
                }
                written
            })
        };
        let writers = [writer('a'), writer('b')];
        let compactions = scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                // The reader is there nearly always, and keeps the old files from being removed.
                let wait = Duration::from_millis(50);
                let compacted = Compaction { run, schemas: &schemas(), wait }.run().unwrap();
                rewritten.fetch_add(compacted.attempts, Ordering::Relaxed);
            }
        });
        let reader = scope.spawn(move || {
            let mut seen = BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                // What `OpenRun` holds for as long as a merge or a query goes on.
                let _reading = ReadLock::take(run.storage());
                let now: BTreeSet<String> = told(run).into_keys().collect();
                assert!(now.is_superset(&seen), "lost: {:?}", seen.difference(&now));
                seen = now;
            }
        });
        let written: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        compactions.join().unwrap();
        written
    });
    assert!(rewritten.into_inner() > 50);
    compact(&run);
    assert_eq!(told(&run).len(), 1 + written);
    assert!(written >= 2 * (40 + 20 * 3), "{written}");
}
