use std::path::Path;

use super::Survey;
use crate::attempts::{OpenRun, Precedence, Role};
use crate::merge::{Gap, Kind};
use crate::schema::{Row, Schemas};
use crate::store::{ExpectedUnit, LedgerRow, NewRun, Prepared, Run, UnitState, commit, commit_group};

const SHARDS: u32 = 2;

fn unit(user: u64) -> ExpectedUnit {
    ExpectedUnit {
        position: user,
        shard: (user % u64::from(SHARDS)) as u32,
        user_id: format!("u{user:02}"),
        feature_mode: "composite".into(),
        input: "{}".into(),
        input_bytes: 0,
        rows: std::sync::Arc::new([("k_selection".to_owned(), 1)].into()),
    }
}

fn run(dir: &Path, users: u64, schemas: &Schemas) -> Run {
    let config = crate::config::parse("test", "", None, &crate::measures::settings()).unwrap().config;
    let units = (0..users).map(unit).collect();
    let new = NewRun {
        config: &config,
        units,
        shards: SHARDS,
        only_shards: vec![],
        schemas,
        data_folder: "-".into(),
        control: None,
    };
    Run::create_or_join(dir, &new).unwrap()
}

/// An attempt with a row of k selection.
fn attempt(run: &Run, schemas: &Schemas, user: u64, name: &str, change: impl Fn(&mut LedgerRow)) -> Prepared {
    let unit = unit(user);
    let mut row = LedgerRow {
        user_id: unit.user_id,
        feature_mode: unit.feature_mode,
        shard: unit.shard,
        position: user,
        attempt: name.into(),
        state: UnitState::Ok,
        reason: None,
        n_samples: None,
        k: None,
        started_us: 0,
        finished_us: 1,
        peak_memory_bytes: None,
        tool_version: "t".into(),
        engine: "e1".into(),
        config_fingerprint: run.manifest().config_fingerprint.clone(),
        input_fingerprint: Some("i".into()),
        files: vec![],
    };
    change(&mut row);
    let cells = Row::new().with("feature_mode", "composite");
    let cells = cells.with("k_selected", 1i64).with("k_original", 1i64).with("capped", false);
    let cells = cells.with("criterion", "max_ais").with("k_at_grid_edge", false);
    Prepared::new(schemas, row, &[("k_selection".to_owned(), vec![cells])]).unwrap()
}

fn survey(run: Run, schemas: &Schemas) -> Survey {
    super::survey(&[OpenRun::new(run)], Precedence::Latest, schemas).unwrap()
}

fn kinds(gaps: &[Gap]) -> Vec<(Kind, &str)> {
    gaps.iter().map(|gap| (gap.kind, gap.user_id.as_str())).collect()
}

#[test]
fn units_in_files_of_their_own_and_in_groups_are_one_ledger() {
    let (dir, schemas) = (tempfile::tempdir().unwrap(), Schemas::load(None).unwrap());
    let run = run(dir.path(), 6, &schemas);
    commit(&run, &schemas, attempt(&run, &schemas, 0, "a", |_| {})).unwrap();
    let group = [1, 3, 5].map(|user| attempt(&run, &schemas, user, "g", |_| {}));
    commit_group(&run, &schemas, group.to_vec(), 1).unwrap();
    let again = attempt(&run, &schemas, 3, "h", |row| row.finished_us = 9);
    commit(&run, &schemas, again).unwrap();
    let failed = attempt(&run, &schemas, 2, "f", |row| {
        row.state = UnitState::Failed;
        row.reason = Some("oh no".into());
    });
    commit(&run, &schemas, failed).unwrap();
    let found = survey(run, &schemas);
    assert_eq!(kinds(&found.gaps), [(Kind::Failed, "u02"), (Kind::NeverStarted, "u04")]);
    assert_eq!((found.units, found.units_ok, found.duplicates), (6, 4, 1));
    assert_eq!(found.files.paths().filter(|(_, path)| path.starts_with("k_selection/")).count(), 4);
    assert_eq!(found.attempts.role(0, "g.1"), Role::Duplicate);
}

#[test]
fn a_ledger_file_of_a_group_that_is_torn_is_named_and_its_units_are_missing() {
    let (dir, schemas) = (tempfile::tempdir().unwrap(), Schemas::load(None).unwrap());
    let run = run(dir.path(), 4, &schemas);
    for users in [[0, 2], [1, 3]] {
        let group = users.map(|user| attempt(&run, &schemas, user, &format!("g{}", users[0]), |_| {}));
        commit_group(&run, &schemas, group.to_vec(), 1).unwrap();
    }
    let file = dir.path().join("users/shard=1/user_bucket=0000/g1.parquet");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 5]).unwrap();
    let found = survey(run, &schemas);
    let kinds = kinds(&found.gaps);
    assert_eq!(kinds, [(Kind::NeverStarted, "u01"), (Kind::NeverStarted, "u03"), (Kind::CorruptLedger, "")]);
    assert!(found.gaps[2].reason.contains("g1.parquet"), "{}", found.gaps[2].reason);
}

#[test]
fn numbers_of_two_estimators_are_not_one_result() {
    let (dir, schemas) = (tempfile::tempdir().unwrap(), Schemas::load(None).unwrap());
    let run = run(dir.path(), 2, &schemas);
    commit(&run, &schemas, attempt(&run, &schemas, 0, "a", |_| {})).unwrap();
    commit(&run, &schemas, attempt(&run, &schemas, 1, "b", |row| row.engine = "e2".into())).unwrap();
    let found = survey(run, &schemas);
    assert_eq!(kinds(&found.gaps), [(Kind::MixedEstimators, "")]);
    assert!(found.gaps[0].reason.contains("1 units by e1") && found.gaps[0].reason.contains("e2"));
}

#[test]
fn a_group_file_that_was_changed_costs_its_units_and_no_others() {
    let (dir, schemas) = (tempfile::tempdir().unwrap(), Schemas::load(None).unwrap());
    let run = run(dir.path(), 4, &schemas);
    for users in [[0, 2], [1, 3]] {
        let group = users.map(|user| attempt(&run, &schemas, user, &format!("g{}", users[0]), |_| {}));
        commit_group(&run, &schemas, group.to_vec(), 1).unwrap();
    }
    let whole = attempt(&run, &schemas, 2, "w", |_| {});
    commit(&run, &schemas, whole).unwrap();
    let file = dir.path().join("k_selection/shard=0/user_bucket=0000/g0.parquet");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let found = survey(run, &schemas);
    assert_eq!(kinds(&found.gaps), [(Kind::BrokenFile, "u00")]);
    assert!(found.notes[0].contains("g0.parquet") && found.notes[0].contains("u02"), "{:?}", found.notes);
    assert!(found.gaps[0].reason.contains("checksum"));
    assert_eq!((found.units_ok, found.duplicates), (3, 0));
    // What is whole and equal takes the place of what is damaged, or a run could never be healed.
    assert_eq!(found.attempts.role(0, "g0.1"), Role::Damaged);
    assert_eq!(found.attempts.role(0, "w"), Role::Counts);
}
