//! Against directories as the predecessor left them; files of them, to be changed by other tests.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::shard::{Files, read_files};
use super::unit::LegacyUnit;
use super::*;
use crate::schema::{Cell, Row, Schemas};
use crate::store::UnitState;

pub(super) const SHARDS: [&str; 3] = [
    "full_bins6_20261123_1300_shard0of3",
    "full_bins6_20261123_1301_shard1of3",
    "full_bins6_20261123_1302_shard2of3",
];
pub(super) const INTERRUPTED: &str = "interrupted_shard2of3";

pub(super) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/legacy").join(name)
}

/// Read once: it takes longer than a sample does.
pub(super) fn schemas() -> &'static Schemas {
    static SCHEMAS: OnceLock<Schemas> = OnceLock::new();
    SCHEMAS.get_or_init(|| Schemas::load(None).unwrap())
}

pub(super) fn sample(name: &str) -> LegacyShard {
    read(&folder(name), schemas()).unwrap()
}

/// The files of a sample, to be changed.
pub(super) fn files(name: &str) -> Files {
    let there = |file| Some((file, std::fs::read(folder(name).join(file)).ok()?));
    layout::all_files().filter_map(there).collect()
}

pub(super) fn of_files(files: &Files) -> LegacyShard {
    read_files(Path::new("dir"), "dir_shard0of3", files, schemas()).unwrap()
}

/// The first sample with a file changed.
pub(super) fn changed(file: &str, change: impl FnOnce(String) -> String) -> LegacyShard {
    let mut files = files(SHARDS[0]);
    let bytes = files.get_mut(file).unwrap();
    *bytes = change(String::from_utf8(bytes.clone()).unwrap()).into_bytes();
    of_files(&files)
}

pub(super) fn rows<'a>(unit: &'a LegacyUnit, table: &str) -> &'a [Row] {
    unit.tables.iter().find(|(name, _)| name == table).map_or(&[], |(_, rows)| rows)
}

pub(super) fn cell<'a>(row: &'a Row, column: &str) -> &'a Cell {
    row.0.iter().find(|(name, _)| *name == column).map_or(&Cell::Null, |(_, cell)| cell)
}

pub(super) fn unit<'a>(shard: &'a LegacyShard, user: &str) -> &'a LegacyUnit {
    shard.units.iter().find(|unit| unit.user_id.starts_with(user)).unwrap()
}

/// Lines of the findings of a kind in a file.
pub(super) fn lines(shard: &LegacyShard, file: &str, kind: Kind) -> Vec<u64> {
    let of = |f: &&Finding| f.kind == kind && f.file.ends_with(file);
    shard.findings.iter().filter(of).flat_map(|f| f.lines.clone()).collect()
}

pub(super) fn has(shard: &LegacyShard, file: &str, kind: Kind) -> bool {
    shard.findings.iter().any(|f| f.kind == kind && f.file.ends_with(file))
}

#[test]
fn only_the_predecessors_directories_are_legacy() {
    assert!(SHARDS.iter().chain([&INTERRUPTED]).all(|name| is_legacy(&folder(name))));
    assert!(!is_legacy(Path::new(env!("CARGO_MANIFEST_DIR"))));
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("per_user_te.csv"), "").unwrap();
    assert!(is_legacy(dir.path()));
    std::fs::write(dir.path().join("merge.yaml"), "").unwrap();
    assert!(!is_legacy(dir.path()));
    let error = read(dir.path(), schemas()).unwrap_err().to_string();
    assert!(error.contains("isn't an output of the predecessor") && error.contains("hint"), "{error}");
}

#[test]
fn a_finished_shard_is_read_whole() {
    let shard = sample(SHARDS[0]);
    assert_eq!(shard.shard, Some((0, 3)));
    let settings = shard.settings.as_ref().unwrap();
    assert_eq!((settings.seed, settings.config.seed), (Some(42), 42));
    assert_eq!((settings.config.hour_bins, settings.config.surrogates), (6, 100));
    assert_eq!(
        (&settings.config.taus[..], &settings.config.k_selection.k_grid[..]),
        (&[1, 2][..], &[1, 2, 3][..])
    );
    assert_eq!(settings.config.compat, crate::config::Compat::Predecessor);
    assert_eq!(settings.ended_us, Some(1_795_439_200_059_430));

    assert_eq!(shard.units.len(), 3);
    for user in ["0EC60222", "4CD235CB"] {
        let unit = unit(&shard, user);
        assert_eq!((unit.state, unit.k, unit.feature_mode.as_str()), (UnitState::Ok, Some(3), "composite"));
        let counts = ["te", "stratified_cte", "true_cte", "ste", "gc", "k_selection", "hour_bins", "issues"];
        assert_eq!(counts.map(|table| rows(unit, table).len()), [2, 2, 2, 2, 1, 1, 6, 0]);
    }
    let failed = unit(&shard, "SHORT");
    assert_eq!(failed.state, UnitState::Failed);
    assert!(failed.reason.as_ref().unwrap().starts_with("Insufficient data (N=145)"));
    assert_eq!(cell(&rows(failed, "issues")[0], "method"), &Cell::Text("PROCESS".into()));
    // Empty p of Granger causality, and `S2A` all the same.
    assert_eq!(lines(&shard, "per_user_gc.csv", Kind::Doubtful), [2, 3]);
    assert_eq!(shard.findings.len(), 1, "{:?}", shard.findings);
}

#[test]
fn values_are_those_of_the_file() {
    let shard = sample(SHARDS[0]);
    let unit = unit(&shard, "0EC60222");
    assert_eq!(unit.n_samples, Some(1230));
    let te = &rows(unit, "te")[0];
    assert_eq!(cell(te, "TE_A2S"), &Cell::Float(0.256_750_504_807_527_15));
    assert_eq!((cell(te, "p_S2A"), cell(te, "tau")), (&Cell::Float(0.99), &Cell::Int(1)));
    assert_eq!((cell(te, "low_n"), cell(te, "q_A2S")), (&Cell::Bool(false), &Cell::Null));
    let cte = &rows(unit, "stratified_cte")[1];
    assert_eq!(cell(cte, "low_n_hours"), &Cell::Text("[1]".into()));
    let gc = &rows(unit, "gc")[0];
    assert_eq!((cell(gc, "gc_optimal_lag"), cell(gc, "sign_GC")), (&Cell::Int(3), &Cell::Null));
    let bins: Vec<&Cell> = rows(unit, "hour_bins").iter().map(|row| cell(row, "count")).collect();
    assert_eq!(bins, [280, 75, 225, 237, 173, 240].map(Cell::Int).iter().collect::<Vec<_>>());
    let k = &rows(unit, "k_selection")[0];
    assert_eq!((cell(k, "k_at_grid_edge"), cell(k, "capped")), (&Cell::Bool(true), &Cell::Bool(false)));

    assert_eq!(shard.calls.len(), 32);
    let call = &shard.calls[0];
    assert_eq!((call.table.as_str(), call.column.as_str(), call.tau), ("te", "q_A2S", Some(1)));
    assert_eq!((call.p, call.q), (Some(0.73), 0.82));
}

#[test]
fn nan_among_ais_values_is_null() {
    let shard = sample(SHARDS[2]);
    let k = &rows(unit(&shard, "NOLABEL"), "k_selection")[0];
    assert_eq!(cell(k, "ais_values"), &Cell::Text(r#"{"1": null, "2": null, "3": null}"#.into()));
    assert_eq!(cell(&rows(unit(&shard, "NOLABEL"), "gc")[0], "gc_optimal_lag"), &Cell::Null);
    assert_eq!(shard.units.len(), 2);
    assert_eq!(unit(&sample(SHARDS[1]), "CONST").state, UnitState::Failed);
}

#[test]
fn what_a_crash_left_is_read_as_far_as_it_goes() {
    let shard = sample(INTERRUPTED);
    assert_eq!((shard.settings.as_ref(), shard.shard), (None, Some((2, 3))));
    assert_eq!(shard.units.len(), 2);
    assert_eq!(rows(unit(&shard, "35FC"), "te").len(), 2);
    assert_eq!(rows(unit(&shard, "NOLABEL"), "te").len(), 1);
    assert_eq!(lines(&shard, "per_user_te.csv", Kind::RepeatedRow), [4]);
    assert_eq!(lines(&shard, "per_user_te.csv", Kind::Torn), [6]);
    let file = "k_selected_by_user.csv";
    assert_eq!(lines(&shard, file, Kind::OtherLayout), [4, 5]);
    assert_eq!(lines(&shard, file, Kind::RepeatedRow), [4, 5]);
    assert_eq!(lines(&shard, file, Kind::Assumed), [2, 3]);
    assert_eq!(shard.findings.iter().filter(|f| f.kind == Kind::MissingFile).count(), 4);
    let k = &rows(unit(&shard, "35FC"), "k_selection")[0];
    assert_eq!((cell(k, "k_original"), cell(k, "k_selected")), (&Cell::Int(3), &Cell::Int(3)));
    let told = shard.findings.iter().find(|f| f.kind == Kind::Torn).unwrap().to_string();
    assert!(told.starts_with("interrupted_shard2of3/per_user_te.csv, line 6: does not end"), "{told}");
}
