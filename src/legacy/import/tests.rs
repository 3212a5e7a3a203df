//! Imported directories are runs like any other.

use std::path::{Path, PathBuf};

use super::super::tests::*;
use super::super::*;
use crate::attempts::Ledger;
use crate::merge::{Merge, MergeOutcome};
use crate::sql::{Definitions, Queries};
use crate::store::{Run, RunState, UnitState};

fn samples(names: &[&str]) -> Vec<LegacyShard> {
    names.iter().map(|name| sample(name)).collect()
}

/// Rows of a table in the ledgers.
fn count(runs: &[PathBuf], table: &str) -> u64 {
    let ledger = |run: &PathBuf| Ledger::read(Run::open(run).unwrap().storage()).unwrap();
    let files = |run| ledger(run).rows.into_iter().flat_map(|row| row.files);
    runs.iter().flat_map(files).filter(|file| file.table == table).map(|file| file.rows).sum()
}

fn merge(runs: &[PathBuf], output: &Path, allow_partial: bool) -> MergeOutcome {
    let queries = Queries::load(None).unwrap();
    let definitions = Definitions { schemas: schemas(), queries: &queries };
    let shards = runs.iter().cloned().map(Into::into).collect();
    let merge = Merge { allow_partial, ..Merge::new(shards, output.to_owned(), definitions) };
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(merge.run()).unwrap().outcome
}

/// User (shortened), kind and reason of each gap.
fn gaps(outcome: &MergeOutcome) -> Vec<(String, String, String)> {
    let MergeOutcome::Incomplete(gaps) = outcome else { panic!("{outcome:?}") };
    let short = |user: &str| user.chars().take(5).collect();
    gaps.iter().map(|gap| (short(&gap.user_id), gap.kind.to_string(), gap.reason.clone())).collect()
}

#[test]
fn three_shards_become_three_runs_with_all_rows() {
    let dir = tempfile::tempdir().unwrap();
    let imported = import(&samples(&SHARDS), dir.path(), None, schemas()).unwrap();
    assert_eq!(imported.findings, []);
    assert_eq!(imported.runs, SHARDS.map(|name| dir.path().join(name)));
    for (place, path) in imported.runs.iter().enumerate() {
        let run = Run::open(path).unwrap();
        assert_eq!((run.expected().unwrap().len(), run.manifest().shards), (8, 3));
        assert_eq!(run.manifest().only_shards, [place as u32]);
        assert_eq!(run.manifest().state, RunState::Complete);
        assert_eq!(run.expected().unwrap()[0].rows["hour_bins"], 6);
        let ledger = Ledger::read(run.storage()).unwrap();
        assert!(ledger.corrupt.is_empty() && ledger.rows.iter().all(|row| row.engine == "predecessor"));
        assert_eq!(ledger.rows.len(), [3, 3, 2][place]);
        assert_eq!(ledger.rows.iter().filter(|r| r.state == UnitState::Ok).count(), 2);
    }
    let tables = ["te", "stratified_cte", "true_cte", "ste", "gc", "k_selection", "hour_bins", "issues"];
    assert_eq!(tables.map(|table| count(&imported.runs, table)), [12, 12, 12, 12, 6, 6, 36, 2]);

    let found = gaps(&merge(&imported.runs, &dir.path().join("merged"), false));
    let kinds: Vec<_> = found.iter().map(|(user, kind, _)| (user.as_str(), kind.as_str())).collect();
    assert_eq!(kinds, [("CONST", "failed"), ("SHORT", "failed")]);
    assert!(found[1].2.starts_with("Insufficient data"), "{found:?}");
    let outcome = merge(&imported.runs, &dir.path().join("merged"), true);
    let MergeOutcome::Written(written) = outcome else { panic!("{outcome:?}") };
    assert_eq!((written.manifest.rows["te"], written.manifest.units_ok), (12, 6));
}

#[test]
fn importing_again_gives_the_same_attempts() {
    let attempts = || {
        let dir = tempfile::tempdir().unwrap();
        let imported = import(&samples(&SHARDS), dir.path(), None, schemas()).unwrap();
        let ledger = |run: &PathBuf| Ledger::read(Run::open(run).unwrap().storage()).unwrap();
        imported.runs.iter().flat_map(|run| ledger(run).rows).map(|row| row.attempt).collect::<Vec<_>>()
    };
    let (one, other) = (attempts(), attempts());
    assert_eq!(one, other);
    let mut unique = one.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 8);
}

#[test]
fn a_shard_twice_is_equal_duplicates() {
    let dir = tempfile::tempdir().unwrap();
    let names = [SHARDS[0], SHARDS[1], SHARDS[2], SHARDS[1]];
    let imported = import(&samples(&names), dir.path(), None, schemas()).unwrap();
    assert!(imported.runs[3].ends_with(format!("{}_2", SHARDS[1])));
    let outcome = merge(&imported.runs, &dir.path().join("merged"), true);
    let MergeOutcome::Written(written) = outcome else { panic!("{outcome:?}") };
    assert_eq!((written.manifest.rows["te"], written.manifest.duplicates), (12, 2));
}

#[test]
fn rows_that_contradict_each_other_stop_the_merge() {
    let te = |text: String| {
        let line = text.lines().nth(2).unwrap().to_owned();
        format!("{text}{}\n", line.replacen(",0.87,", ",0.5,", 1))
    };
    let dir = tempfile::tempdir().unwrap();
    let imported = import(&[changed("per_user_te.csv", te)], dir.path(), Some(&[]), schemas()).unwrap();
    let MergeOutcome::Conflicting(conflicts) = merge(&imported.runs, &dir.path().join("merged"), true) else {
        panic!()
    };
    assert_eq!((conflicts.count(), conflicts.items.len()), (1, 1));
    let conflicts = conflicts.items;
    assert_eq!((conflicts[0].table.as_str(), conflicts[0].difference.column.as_str()), ("te", "p_A2S"));
    assert_eq!(
        (conflicts[0].difference.one.as_str(), conflicts[0].difference.other.as_str()),
        ("0.5", "0.87")
    );
}

#[test]
fn an_interrupted_shard_is_gaps_and_yields_to_a_whole_one() {
    let dir = tempfile::tempdir().unwrap();
    let imported =
        import(&samples(&[SHARDS[0], SHARDS[1], INTERRUPTED]), dir.path(), None, schemas()).unwrap();
    let found = gaps(&merge(&imported.runs, &dir.path().join("merged"), false));
    let of = |name: &str| -> Vec<String> {
        let told = found.iter().filter(|(user, ..)| user == name);
        told.map(|(_, kind, why)| format!("{kind}: {why}")).collect()
    };
    assert!(
        of("NOLAB").contains(&"wrong row count: table te: 1 rows, 2 were planned".to_owned()),
        "{found:?}"
    );
    assert!(
        of("35FC5").contains(&"wrong row count: table gc: 0 rows, 1 were planned".to_owned()),
        "{found:?}"
    );
    assert!(!of("35FC5").iter().any(|gap| gap.contains("table te")));

    let all = [SHARDS[0], SHARDS[1], SHARDS[2], INTERRUPTED];
    let both = tempfile::tempdir().unwrap();
    let imported = import(&samples(&all), both.path(), None, schemas()).unwrap();
    assert_eq!(imported.findings.iter().map(|f| f.kind).collect::<Vec<_>>(), [Kind::Superseded; 2]);
    let found = gaps(&merge(&imported.runs, &both.path().join("merged"), false));
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn shards_and_users_that_are_missing_are_gaps() {
    let dir = tempfile::tempdir().unwrap();
    let two = samples(&[SHARDS[0], SHARDS[1]]);
    let imported = import(&two, dir.path(), None, schemas()).unwrap();
    assert_eq!(imported.findings[0].kind, Kind::Directories);
    let found = gaps(&merge(&imported.runs, &dir.path().join("merged"), false));
    assert!(found.iter().any(|(user, kind, _)| user == "(unkn" && kind == "never started"), "{found:?}");

    let dir = tempfile::tempdir().unwrap();
    let mut users: Vec<String> = two.iter().flat_map(|d| &d.units).map(|u| u.user_id.clone()).collect();
    let stranger = users.pop().unwrap();
    users.push("another".into());
    let imported = import(&two, dir.path(), Some(&users), schemas()).unwrap();
    assert!(imported.findings.iter().any(|f| f.what.starts_with(&stranger)), "{:?}", imported.findings);
    let found = gaps(&merge(&imported.runs, &dir.path().join("merged"), false));
    assert_eq!(found.iter().filter(|(user, ..)| user == "anoth").count(), 1, "{found:?}");
    assert_eq!(found.len(), 3);
}

#[test]
fn without_settings_the_rows_make_the_plan() {
    let dir = tempfile::tempdir().unwrap();
    let imported = import(&samples(&[INTERRUPTED]), dir.path(), Some(&[]), schemas()).unwrap();
    assert!(imported.findings.iter().any(|f| f.kind == Kind::Assumed && f.what.contains("taus [1, 2]")));
    let found = gaps(&merge(&imported.runs, &dir.path().join("merged"), false));
    assert_eq!(
        found,
        [("NOLAB".into(), "wrong row count".into(), "table te: 1 rows, 2 were planned".into())]
    );
}
