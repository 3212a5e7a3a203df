//! Tests of the methods in words.

use super::{Study, methods};
use crate::config::{Config, ConfigSource, Fdr, GapMode, KStrategy, Overrides, load};
use crate::schema::Schemas;
use crate::store::{AcceptedUnit, MergeManifest, MergedRun};

fn config() -> Config {
    load(
        &ConfigSource::Preset("recommended".to_owned()),
        &Overrides::default(),
        None,
        &crate::measures::settings(),
    )
    .unwrap()
    .config
}

fn manifest(config: Option<Config>) -> MergeManifest {
    MergeManifest {
        format: 1,
        complete: true,
        tool_version: "0.1.0".to_owned(),
        merged_at: "2026-11-28T17:39:47Z".to_owned(),
        sources: vec![MergedRun { run_id: "recommended-1".to_owned(), dir: "out/r".to_owned() }],
        config_fingerprint: "20fc7aeb".to_owned(),
        seed: 42,
        hour_bins: 6,
        fdr: Fdr::of(&crate::measures::settings()),
        control: None,
        units: 12,
        units_ok: 12,
        duplicates: 0,
        accepted_skipped: Vec::new(),
        csv: true,
        parquet: true,
        rows: [].into(),
        tables: Vec::new(),
        config: config.map(Box::new),
    }
}

fn told(manifest: &MergeManifest) -> String {
    let schemas = Schemas::load(None).unwrap();
    methods(&Study { manifest, schemas: &schemas, users: Some(12), tests: 8 })
}

#[test]
fn in_words() {
    insta::assert_snapshot!(told(&manifest(Some(config()))), @"");
}

#[test]
fn every_setting_changes_its_words() {
    let base = told(&manifest(Some(config())));
    let changes: [(&str, fn(&mut Config)); 8] = [
        ("k = 4 for every user", |c| c.k_selection.strategy = KStrategy::Fixed),
        (", at most 3 with", |c| c.k_selection.k_max = Some(3)),
        ("Krichevsky", |c| c.k_selection.strategy = KStrategy::Kt),
        ("τ = 5 steps", |c| c.taus = vec![5]),
        ("in 24 equal bins", |c| c.hour_bins = 24),
        ("whatever lay between them", |c| c.gaps.mode = GapMode::Ignore),
        ("more than 90 s", |c| c.gaps.max_seconds = Some(90.0)),
        ("fewer than 77 rows", |c| c.data.min_rows = 77),
    ];
    for (words, change) in changes {
        let mut config = config();
        change(&mut config);
        let changed = told(&manifest(Some(config)));
        assert!(changed.contains(words) && !base.contains(words), "{words}: {changed}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let mut manifest = manifest(None);
    manifest.complete = false;
    manifest.accepted_skipped = vec![AcceptedUnit {
        user_id: "u_7".to_owned(),
        feature_mode: "composite".to_owned(),
        reason: "no labels".to_owned(),
    }];
    let told = told(&manifest);
    for words in ["not complete", "u\\_7 (no labels)", "merge again"] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
