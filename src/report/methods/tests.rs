//! Tests of the methods in words.

use super::{Study, methods};
use crate::config::{Config, Fdr, GapMode, KStrategy, NullKind, parse};
use crate::schema::Schemas;
use crate::store::{AcceptedUnit, MergeManifest, MergedRun};

fn config() -> Config {
    let of_k = "k_selection: {strategy: AIS_CORRECTED, ais_correction: null_subtracted}";
    let text = format!("{of_k}\nstatistical: {{nulls: [permute]}}\n");
    parse("f.yaml", &text, None, &crate::measures::settings()).unwrap().config
}

fn manifest(config: Option<Config>) -> MergeManifest {
    MergeManifest {
        format: 1,
        complete: true,
        tool_version: "0.1.0".to_owned(),
        merged_at: "2026-11-28T17:39:47Z".to_owned(),
        sources: vec![MergedRun { run_id: "recommended-1".to_owned(), dir: "out/r".to_owned(), input: None }],
        config_fingerprint: "20fc7aeb".to_owned(),
        seed: 42,
        hour_bins: 6,
        fdr: Fdr::of(&crate::measures::settings()),
        control: None,
        nulls: false,
        units: 12,
        units_ok: 12,
        duplicates: 0,
        accepted_skipped: Vec::new(),
        missing: Vec::new(),
        csv: true,
        parquet: true,
        rows: [].into(),
        schema_versions: [].into(),
        tables: Vec::new(),
        config: config.map(Box::new),
    }
}

fn told(manifest: &MergeManifest) -> String {
    let schemas = Schemas::load(None).unwrap();
    let couplings = if manifest.nulls { 16 } else { 0 };
    methods(&Study { manifest, schemas: &schemas, users: Some(12), tests: 8, couplings })
}

#[test]
fn in_words() {
    insta::assert_snapshot!(told(&manifest(Some(config()))), @r##"
    # Methods

    The analysis was made with `results` 0.1.0. It has 12 users, 12 of 12 planned units (a user in a feature mode).

    Source (A): composite = `0.6 * ((abs("raw_acc:3d:mean_x") + abs("raw_acc:3d:mean_y") + abs("raw_acc:3d:mean_z")) / 3) + 0.4 * sqrt("raw_acc:3d:std_x" * "raw_acc:3d:std_x" + "raw_acc:3d:std_y" * "raw_acc:3d:std_y" + "raw_acc:3d:std_z" * "raw_acc:3d:std_z")`, as 5 bins of equal frequency (by rank, equal values in one bin). Target (S): `"label:SITTING"`, as symbols as they are. Conditional measures have the hour of the day in 6 equal bins as the condition. Histories do not cross steps of more than 1.5 times the median step of the recording. Recordings with fewer than 200 rows were left out.

    Measures: TE (Transfer entropy between source (A) and target (S)); CTE (Transfer entropy within strata of the condition); TRUE\_CTE (Transfer entropy given the condition); STE (Symbolic transfer entropy of ordinal patterns); GC (Granger causality between source (A) and target (S)). Values are plug-in estimates from counts, in bits; Granger causality is an F statistic of linear models. Lags: τ = 1, 2 steps. Strata of at least 30 observations were pooled, weighted by observations. Ordinal patterns have 3 samples. The order of linear models was at most 8.

    History length: for each user that of 1, 2, 3, 4, 5, 6 with the largest active information storage minus the mean of 100 surrogates; a length for each variable.

    Significance of a user's values: 1000 surrogates a test, each a permutation of the source's histories over the observations, within the condition for conditional measures; p = (1 + exceedances) / (1 + surrogates).

    False discovery rate: q by Benjamini and Hochberg over all users, a family being the tests of a direction of a measure (TE, CTE, TRUE\_CTE, STE, GC), and of a lag; α = 0.05. The difference of the two directions was tested over users by the Wilcoxon signed-rank test, with the Hodges–Lehmann estimate and its 95 % bootstrap interval; these 8 tests are a family of their own.

    To do it again: seed 42, settings with the fingerprint `20fc7aeb`, merged from `recommended-1`.
    "##);
}

/// Words, and the setting that brings them.
type Change = (&'static str, fn(&mut Config));

#[test]
fn every_setting_changes_its_words() {
    let base = told(&manifest(Some(config())));
    let changes: [Change; 9] = [
        ("by permutation of whole local days of the source and by permutation", |c| {
            c.statistical.nulls.nulls = vec![NullKind::Days, NullKind::WithinPast];
        }),
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
fn couplings_are_told_where_they_were_tested() {
    let manifest = MergeManifest { nulls: true, ..manifest(Some(config())) };
    let told = told(&manifest);
    for words in
        ["effective values of the two directions", "one-sided Wilcoxon signed-rank test; these 16 tests"]
    {
        assert!(told.contains(words), "{words}: {told}");
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
