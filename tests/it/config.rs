//! Configurations: what is accepted, and how mistakes are told.

use crate::world::World;

/// The settings block that users of the older pipeline have, as it stands.
const GUIDE: &str = r#"hour_bins: 6          # 6-bin CTE (4-hour windows)
feature_modes:
  - composite         # Single mode for k=6 run

k_selection:
  strategy: "AIS"     # Pure AIS (no constraints)
  k_grid: [1,2,3,4,5,6]
  k_max: null         # No hard cap
  undersampling_guard: false

jvm:
  xms: "6g"
  xmx: "12g"          # Minimum for k=6 (validated)
"#;

#[test]
fn the_guides_settings_are_accepted_and_java_is_noticed_once() {
    let world = World::new(0);
    world.write("proposal.yaml", GUIDE);
    let said = world.expect(0, &["config", "check", "proposal.yaml"]);
    assert_eq!(said.err.matches("jvm").count(), 1, "{}", said.err);
    assert!(said.err.contains("not needed"), "{}", said.err);
}

#[test]
fn presets_read_back_from_what_show_prints() {
    let world = World::new(0);
    let list = world.expect(0, &["config", "show"]).out;
    for preset in ["smoke", "k6_full", "k4_fast", "24bin_cte", "production_k6_true_cte", "recommended"] {
        assert!(list.contains(preset), "{list}");
        let shown = world.expect(0, &["config", "show", preset]).out;
        world.write("shown.yaml", &shown);
        let again = world.expect(0, &["config", "show", "--config", "shown.yaml"]);
        assert_eq!(again.out, shown, "{preset}");
        assert_eq!(again.err, "", "{preset}");
    }
}

#[test]
fn all_mistakes_are_told_with_line_key_and_nearest() {
    let world = World::new(0);
    world.write(
        "bad.yaml",
        "hour_bin: 6\nfeature_modes: [compsite]\ntaus: one\nk_selection:\n  stratgy: AIS\n  strategy: AIC\n  k_grid: []\nquality_profile: strictt\nsurrogates: -1\nfdr: {alpha: 2}\n",
    );
    let said = world.expect(2, &["config", "check", "bad.yaml"]);
    insta::assert_snapshot!(said.err, @r#"
    error: bad.yaml:3: `taus` must be a list of whole numbers from 0, or a range such as 1..12, not "one"
    bad.yaml:9: `surrogates` must be a whole number from 0, not -1
    bad.yaml:2: `feature_modes` contains the unknown mode `compsite`; did you mean `composite`? (known: composite, magnitude_only, sma_only, variance_only)
    bad.yaml:6: `k_selection.strategy` must be AIS, GUARDED_AIS, AIS_CORRECTED, KT, BIC or fixed, not "AIC"; did you mean `AIS`? (known: AIS, GUARDED_AIS, AIS_CORRECTED, KT, BIC, fixed)
    bad.yaml:7: `k_selection.k_grid` must name at least one k
    bad.yaml:5: unknown key `k_selection.stratgy`; did you mean `k_selection.strategy`?
    bad.yaml:10: `fdr.alpha` must be between 0 and 1, not 2
    bad.yaml:8: `quality_profile` names the unknown profile `strictt`; did you mean `strict`? (known: balanced, exploratory, strict)
    bad.yaml:1: unknown key `hour_bin`; did you mean `hour_bins`?
    (hint: `results config show` prints every key with its value)
    "#);
    world.write("torn.yaml", "a: [1, 2\nb: 3\n");
    let said = world.expect(2, &["config", "check", "torn.yaml"]);
    assert!(said.err.contains("torn.yaml:") && said.err.contains("invalid YAML"), "{}", said.err);
    let said = world.expect(2, &["run", "k6_ful"]);
    assert!(said.err.contains("did you mean `k6_full`?"), "{}", said.err);
    let said = world.expect(2, &["config", "check", "nowhere.yaml"]);
    assert!(said.err.contains("nowhere.yaml"), "{}", said.err);
}

#[test]
fn expressions_are_checked_before_any_user() {
    let world = World::new(0);
    world.write("columns.yaml", "data: {format: columns, source: 'sqroot(\"a\")', target: '\"b\"'}\n");
    let said = world.expect(2, &["config", "check", "columns.yaml"]);
    assert!(said.err.contains("sqroot"), "{}", said.err);
}

/// Arguments with the folder of definitions in front.
fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["--definitions", "mine"], args].concat()
}

#[test]
fn definitions_of_the_users_own_are_used() {
    let world = World::new(2);
    for folder in ["mine/config/presets", "mine/schemas", "mine/queries/reports", "mine/queries/checks"] {
        std::fs::create_dir_all(world.path(folder)).unwrap();
    }
    world.write("mine/config/presets/tiny.yaml", crate::world::QUICK);
    world.write("mine/queries/reports/users_seen.sql", "-- Users seen.\nSELECT count(*) AS n FROM users");
    world.write(
        "mine/queries/checks/never_k2.sql",
        "-- A unit chose k = 2.\n-- remedy: none, this is a test.\n-- needs: users\nSELECT user_id, k FROM users WHERE k >= 1",
    );
    world.expect(0, &with(&["run", "tiny", "--data", "data", "--out", "run", "--shards", "2"]));
    let said = world.expect(0, &with(&["sql", "--run", "run", "--query", "users_seen", "--format", "csv"]));
    assert_eq!(said.out, "n\n2\n");
    let said = world.expect(3, &with(&["merge", "--shards", "run", "--output", "merged"]));
    assert!(said.err.contains("never_k2") && said.err.contains("none, this is a test"), "{}", said.err);
    assert!(!world.path("merged").exists());
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    assert_eq!(world.expect(2, &["--definitions", "nowhere", "sql", "--list"]).code, Some(2));
}

#[test]
fn a_query_that_cannot_be_read_keeps_nothing_else_from_working() {
    let world = World::new(2);
    for folder in ["mine/queries/reports", "mine/queries/checks"] {
        std::fs::create_dir_all(world.path(folder)).unwrap();
    }
    world.write("mine/queries/reports/good.sql", "-- Good.\nSELECT count(*) AS n FROM users");
    world.write("mine/queries/reports/bad.sql", b"\xff\xfe bad");
    std::os::unix::fs::symlink("nowhere", world.path("mine/queries/checks/gone.sql")).unwrap();
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let bad = "cannot read the query reports/bad.sql: it is in UTF-16, or not text";
    let listed = world.expect(0, &with(&["sql", "--list"])).out;
    assert!(listed.contains("Good.") && listed.contains(bad), "{listed}");
    let good = world.expect(0, &with(&["sql", "--run", "run", "--query", "good", "--format", "csv"]));
    assert_eq!(good.out, "n\n2\n");
    let said = world.expect(2, &with(&["sql", "--run", "run", "--query", "bad"])).err;
    assert!(said.contains(bad), "{said}");
    // A merge makes all checks.
    let said = world.run(&with(&["merge", "--shards", "run", "--output", "merged"]));
    assert!(said.code != Some(0) && !world.path("merged").exists(), "{said:?}");
    assert!(said.err.contains("cannot read the query checks/gone.sql: No such file"), "{}", said.err);
}

#[test]
fn help_has_examples_everywhere() {
    let world = World::new(0);
    for command in
        ["demo", "run", "status", "merge", "validate", "sql", "export", "config", "schema", "completions"]
    {
        let help = world.expect(0, &[command, "--help"]).out;
        assert!(help.contains("Example"), "{command}: {help}");
    }
    assert!(world.expect(0, &["completions", "bash"]).out.contains("_results"));
    assert!(world.expect(0, &["schema", "show", "te"]).out.contains("TE_A2S"));
    assert!(world.expect(0, &["schema", "show", "gc"]).out.contains("A2S|S2A"));
    assert!(world.expect(0, &["schema", "show", "true_cte"]).out.contains("0.. = hour_bins"));
    assert_eq!(world.run(&["frobnicate"]).code, Some(2));
}
