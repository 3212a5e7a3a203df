//! Tests of the configuration.

use proptest::prelude::*;

use super::settings;
use crate::config::*;
use crate::yaml::{from_yaml, to_yaml};

const REFERENCE: &str = include_str!("../../../config/reference.yaml");

fn read(text: &str) -> Loaded {
    parse("f.yaml", text, None, &settings()).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

/// What is said about a file with faults, without the hint at the end.
fn faults(text: &str) -> String {
    let said = parse("f.yaml", text, None, &settings()).expect_err(text).to_string();
    said.split_once("\n(hint:").expect(&said).0.to_owned()
}

/// The dotted names of all values.
fn keys(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    let serde_json::Value::Object(entries) = value else { return found.push(path.to_owned()) };
    for (key, below) in entries {
        keys(below, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, found);
    }
}

fn keys_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    keys(&from_yaml(text).unwrap(), "", &mut found);
    found.sort();
    found
}

#[test]
fn the_reference_holds_every_key_with_its_default() {
    let defaults = read("");
    assert_eq!(read(REFERENCE), defaults);
    assert_eq!(keys_of(REFERENCE), keys_of(&show(&defaults.config)));
    let bare = REFERENCE.lines().filter(|line| line.contains(": ") && !line.contains('#'));
    assert_eq!(bare.collect::<Vec<_>>(), Vec::<&str>::new(), "keys without a word of explanation");
    // The expressions that `format: extrasensory` stands for are told as comments.
    let data = &defaults.config.data;
    for sql in data.sources.values().chain(data.timestamp.as_ref()).chain([&data.target]) {
        assert!(REFERENCE.contains(sql.as_str()), "{sql}");
    }
}

#[test]
fn compat_changes_these_defaults_and_no_others() {
    let (new, old) = (read("").config, read("compat: predecessor").config);
    let changed: Vec<String> =
        differences(&new, &old).iter().map(|(key, new, old)| format!("{key}: {new} -> {old}")).collect();
    let expected = r#"
analysis_modes: ["global_te","stratified_te","true_cte","ste","gc"] -> ["global_te","stratified_te","ste","gc"]
compat: "none" -> "predecessor"
conditional.condition_at: "target" -> "previous"
conditional.embedding: "before_selection" -> "after_selection"
conditional.lag: "uniform" -> "data_shift"
conditional.min_stratum_observations: 30 -> 0
conditional.null: "within_condition" -> "global"
conditional.pooling: "observations" -> "fisher"
conditional.source_history: "full" -> "one"
data.discretize_source.quantiles.rule: "ranked" -> "linear"
data.missing_target: "break" -> "zero"
data.order: "time" -> "file"
data.plausibility: true -> false
gaps.mode: "break" -> "ignore"
k_selection.guard_min_samples_per_state: 5.0 -> 25.0
k_selection.guard_rule: "observations" -> "raw_hours"
k_selection.per_variable: true -> false
k_selection.strategy: "KT" -> "AIS"
statistical.adaptive_surrogates.rule: "besag_clifford" -> "fresh_stages"
statistical.nulls: ["days","within_past"] -> null
statistical.p_value: "add_one" -> "raw"
"#;
    let mut changed = changed;
    changed.sort();
    assert_eq!(changed.join("\n"), expected.trim());
}

#[test]
fn options_move_one_by_one_from_either_side() {
    let one = read("compat: predecessor\nconditional: {null: within_condition}\n").config;
    let whole = read("compat: predecessor").config;
    assert_eq!(differences(&whole, &one).len(), 1);
    assert_eq!(one.conditional.lag, CondLag::DataShift);
    let one = read("data: {discretize: {rule: averaged_inverted_cdf}}\n").config;
    assert_eq!(
        one.data.discretize_source,
        Discretize::Quantiles { bins: 5, rule: QuantileRule::AveragedInvertedCdf }
    );
}

#[test]
fn the_profiles_hold_the_thresholds_of_the_predecessor() {
    use GateAction::{FilterBins, Skip, Warn};
    let table = [
        ("strict", [200, 200, 500, 200, 200], 10.0, 100, [Skip, Skip, FilterBins, Skip, Skip]),
        ("balanced", [100, 100, 200, 100, 100], 5.0, 100, [Warn, Warn, FilterBins, Warn, Warn]),
        ("exploratory", [50, 50, 100, 50, 50], 3.0, 30, [Warn; 5]),
    ];
    for (profile, samples, per_state, per_bin, actions) in table {
        let q = read(&format!("quality_profile: {profile}")).config.quality_control;
        let gates = [q.global, q.te, q.cte, q.ste, q.gc];
        assert_eq!(gates.map(|g| g.min_samples), samples, "{profile}");
        assert_eq!(gates.map(|g| g.action), actions, "{profile}");
        let states = gates.map(|g| g.min_samples_per_state);
        assert_eq!(states, [None, Some(per_state), None, None, None], "{profile}");
        let bins = gates.map(|g| g.min_samples_per_bin);
        assert_eq!(bins, [None, None, Some(per_bin), None, None], "{profile}");
    }
}

#[test]
fn an_inline_gate_replaces_its_block_under_compat_and_its_keys_otherwise() {
    let text = "quality_profile: strict\nquality_control: {te: {min_samples: 7}}\n";
    let te = read(text).config.quality_control.te;
    assert_eq!(te, Gate { min_samples: 7, ..read("quality_profile: strict").config.quality_control.te });
    let old = read(&format!("compat: predecessor\n{text}")).config.quality_control;
    let expected = Gate {
        min_samples: 7,
        min_samples_per_state: None,
        min_samples_per_bin: None,
        action: GateAction::Warn,
    };
    assert_eq!(old.te, expected);
    assert_eq!(old.gc.action, GateAction::Skip, "other blocks stay the profile's");
}

#[test]
fn columns_beside_the_built_in_ones_are_refused() {
    assert_eq!(
        faults("data:\n  target: '\"label:LYING_DOWN\"'\n  sources: {a: b}\n"),
        "f.yaml:2: `data.target` is fixed by `format: extrasensory`; set `data.format: columns` to choose columns\n\
         f.yaml:3: unknown key `data.sources`; known keys: format, files, id_suffixes, condition, text_columns, \
         missing_target, utc_offset_hours, time_zone, min_rows, order, plausibility, separator, decimal, encoding, \
         skip_lines, missing_values, not_missing, discretize"
    );
}

#[test]
fn values_that_cannot_work_are_refused() {
    for (text, fault) in [
        (
            "analysis_modes: [ste, true_te]",
            "f.yaml:1: `analysis_modes` must be a list of global_te, stratified_te, true_cte, ste, gc, not \
             [\"ste\",\"true_te\"]; did you mean `true_cte` for `true_te`? \
             (known: global_te, stratified_te, true_cte, ste, gc)",
        ),
        (
            "k_selection:\n  k_grid: [2, 3]\n  k_max: 1",
            "f.yaml:3: `k_selection.k_max` allows no k of `k_grid`",
        ),
        (
            "k_selection: {strategy: GUARDED_AIS, k_grid: [5]}",
            "f.yaml:1: `k_selection.k_max` allows no k of `k_grid`",
        ),
        (
            "k_selection: {k_max: 0}",
            "f.yaml:1: `k_selection.k_max` must be from 1, or null for no cap, not 0",
        ),
        (
            "k_selection: {guard_min_samples_per_state: -1}",
            "f.yaml:1: `k_selection.guard_min_samples_per_state` must be from 0, not -1",
        ),
        (
            "statistical: {adaptive_surrogates: {p_sig: 0.5, p_nonsig: 0.1}}",
            "f.yaml:1: `statistical.adaptive_surrogates.p_nonsig` must be above `p_sig`, not 0.1",
        ),
        (
            "quality_control: {te: {action: filter_bins}}",
            "f.yaml:1: `quality_control.te.action` `filter_bins` is for `cte` only",
        ),
        (
            "quality_control: {gc: {min_samples_per_bin: 4}}",
            "f.yaml:1: `quality_control.gc.min_samples_per_bin` is for `cte` only",
        ),
        (
            "quality_control: {te: {min_samples_per_state: -3}}",
            "f.yaml:1: `quality_control.te.min_samples_per_state` must be from 0, not -3",
        ),
        ("hour_bins: 0", "f.yaml:1: `hour_bins` must be from 1 to 100000, not 0"),
        ("taus: []", "f.yaml:1: `taus` must name at least one lag"),
        ("seed: 1\nseed: 2", "f.yaml:2: invalid YAML: the key `seed` is given twice"),
    ] {
        assert_eq!(faults(text), fault, "{text}");
    }
    // The predecessor took the cap for k, whether it was a candidate or not.
    assert_eq!(
        read("compat: predecessor\nk_selection: {k_grid: [2, 3], k_max: 1}").config.k_selection.k_max,
        Some(1)
    );
    assert_eq!(read("k_selection: {strategy: fixed, k_grid: [5], k_max: 4}").config.k_selection.k_fixed, 4);
}

#[test]
fn what_was_found_and_what_to_write_are_told() {
    for (text, told) in [
        ("hour_bins: 6.5", "must be a whole number from 1, not 6.5"),
        ("surrogates: 1_000", "write 1000"),
        ("surrogates: 010", "write 10, or 8 if it was octal"),
        ("surrogates: 0x10", "write 16"),
        ("surrogates: 0o17", "write 15"),
        ("surrogates: \"1000\"", "write 1000"),
        ("surrogates: 1,000", "not \"1,000\"; write 1000"),
        ("surrogates: 1 000 000", "write 1000000"),
        ("gaps: {max_seconds: \"1,000\"}", "write 1000, or 1 if the comma is a decimal mark"),
        ("gaps: {max_seconds: \"1,5\"}", "write 1.5"),
        ("taus: [1.5]", "not [1.5]"),
        ("fdr: {alpha: \"0.05\"}", "write 0.05"),
        ("fdr: {alpha: 5%}", "write 0.05"),
        ("fdr: {alpha: 2}", "must be between 0 and 1, not 2"),
        ("fdr: {by_tau: yes}", "write true"),
        ("statistical: {adaptive_surrogates: on}", "write true"),
        ("k_selection: {k_max: none}", "write null"),
        ("data: {encoding: latin-9x}", "is `latin-9x`, which is not the name of an encoding"),
        ("data: {encoding: latin-1}", "can be read; did you mean `latin1`?"),
        ("data: {encoding: utf-8-sig}", "did you mean `utf-8`?"),
        ("data: {utc_offset_hours: 25}", "must be from -24 to 24, not 25"),
        ("data: {files: *.csv}", "files: \"*.csv\""),
        ("out_dir: ~/out", "only a shell replaces"),
        ("out_dir: ~bob/out", "only a shell replaces"),
        ("out_dir: $HOME/out", "only a shell replaces"),
        ("out_dir: \"\"", "must be a folder"),
        ("data_root: \"a\\nb\"", "on one line"),
        ("name: ../up", "must hold no `/`"),
    ] {
        assert!(faults(text).contains(told), "{text}: {}", faults(text));
    }
    let whole = read("hour_bins: 12.0\nsurrogates: 1e3\ntaus: [1.0, 2]\nn_users: 3.0").config;
    assert_eq!(
        (whole.hour_bins, whole.surrogates, whole.taus, whole.n_users),
        (12, 1000, vec![1, 2], Some(3))
    );
    for (text, separator) in [("pipe", '|'), ("TAB", '\t'), ("space", ' '), ("Semicolon", ';'), ("'|'", '|')]
    {
        let read = read(&format!("data: {{separator: {text}}}")).config.data.reading.separator;
        assert_eq!(read, Some(separator), "{text}");
    }
}

#[test]
fn a_key_in_another_place_is_told_where_it_belongs() {
    for (text, told) in [
        ("min_rows: 5", "unknown key `min_rows`; it belongs below `data`: `data.min_rows`"),
        ("alpha: 0.1", "unknown key `alpha`; it belongs below `fdr`: `fdr.alpha`"),
        ("target: a", "it belongs elsewhere: `data.target` or `data.discretize.target`"),
        ("data: {hour_bins: 6}", "unknown key `data.hour_bins`; it belongs at the top of the file"),
        ("k_selection: {nulls: [days]}", "it belongs below `statistical`: `statistical.nulls`"),
        ("timeout: 5", "`analysis.timeout`"),
        ("min_row: 5", "unknown key `min_row`; "),
    ] {
        assert!(faults(text).contains(told), "{text}: {}", faults(text));
    }
}

#[test]
fn symbols_source_and_target_are_told_key_by_key() {
    let discretize = |text: &str| faults(&format!("data: {{discretize: {{source: {text}}}}}"));
    for (text, told) in [
        (
            "{quantiles: 3, rule: rank}",
            "`data.discretize.source.rule` must be ranked, averaged_inverted_cdf or linear, not \"rank\"; did you mean `ranked`?",
        ),
        (
            "{quantile: 3}",
            "unknown key `data.discretize.source.quantile`; did you mean `data.discretize.source.quantiles`?",
        ),
        ("{quantiles: 1}", "`data.discretize.source.quantiles` must be from 2 to 1000, not 1"),
        (
            "{quantiles: -1}",
            "`data.discretize.source.quantiles` must be a whole number from 2 to 1000, not -1",
        ),
        ("{rule: linear}", "`data.discretize.source` needs `quantiles`, as in {quantiles: 5}"),
        ("5", "`data.discretize.source` must be `none` or `{quantiles: 5}`, not 5; write {quantiles: 5}"),
        ("None", "not \"None\"; write none"),
        ("~", "`data.discretize.source` has no value"),
    ] {
        let said = discretize(text);
        assert!(said.contains(told) && said.lines().count() == 1, "{text}: {said}");
    }
    let columns = |text: &str| faults(&format!("feature_modes: [m]\ndata:\n  format: columns\n{text}"));
    for (text, told) in [
        (
            "  source: [a]\n  target: b",
            "f.yaml:4: `data.source` must be an SQL expression, or a map from feature mode to expression, not [\"a\"]",
        ),
        ("  source: {}\n  target: b", "f.yaml:4: `data.source` is empty: it names no feature mode"),
        ("  source: ~\n  target: b", "f.yaml:4: `data.source` is missing: the SQL expression of the source"),
        ("  source: a\n  target: ~", "f.yaml:5: `data.target` is missing: the SQL expression of the target"),
        ("  source: a\n  target: [b]", "f.yaml:5: `data.target` must be an SQL expression, not [\"b\"]"),
        (
            "  source: a\n  target: ''",
            "f.yaml:5: `data.target` is empty: write the SQL expression of the target",
        ),
        ("  source: a", "f.yaml:3: `data.target` is missing: the SQL expression of the target"),
    ] {
        assert_eq!(columns(text), told, "{text}");
    }
}

#[test]
fn settings_without_effect_are_noticed() {
    let said = |text: &str| read(text).notices;
    for (text, told) in [
        (
            "k_selection: {strategy: BIC, k_fixed: 3}",
            "k_selection.k_fixed: no effect without `strategy: fixed`",
        ),
        ("k_selection: {l_fixed: 3}", "k_selection.l_fixed: no effect without `strategy: fixed`"),
        (
            "surrogates: 19\nstatistical: {adaptive_surrogates: {enabled: true, exceedances: 100}}",
            "statistical.adaptive_surrogates.exceedances: no effect, besag_clifford draws at most `surrogates`, here 19",
        ),
        ("gaps: {mode: ignore, max_seconds: 60}", "gaps.max_seconds: no effect with `mode: ignore`"),
    ] {
        assert_eq!(said(text), [format!("f.yaml: {told}")], "{text}");
    }
    assert!(said("k_selection: {strategy: fixed, k_fixed: 3, l_fixed: 2}").is_empty());
    assert_eq!(said("surrogates: 0"), ["f.yaml: `surrogates` is 0: every p will be empty"]);
    let adaptive = "statistical: {adaptive_surrogates: {enabled: true, stages: [1000, 3000]}}\n";
    assert_eq!(
        said(adaptive),
        [
            "f.yaml: statistical.adaptive_surrogates.stages: besag_clifford draws at most `surrogates`, here 1000"
        ]
    );
    assert!(said(&format!("surrogates: 3000\n{adaptive}")).is_empty());
    assert!(said(&format!("compat: predecessor\n{adaptive}")).is_empty(), "there they are drawn");
}

#[test]
fn old_keys_are_read_over_but_never_suggested() {
    let echo =
        include_str!("../../../tests/reference/legacy/full_bins6_20261123_1300_shard0of3/run_info.yaml");
    let (_, echo) = echo.split_once("config:\n").unwrap();
    let (echo, _) = echo.split_once("implementation:").unwrap();
    // The anchor lies outside of the block.
    let loaded = read(&echo.replace("*id001", "[]"));
    assert_eq!(
        loaded.notices,
        [
            "f.yaml: runtime.checkpoint, runtime.heartbeat_interval: no effect, every user is kept the moment it is done",
            "f.yaml: jvm: not needed: this program doesn't use Java, and memory follows the samples",
            "f.yaml: schema_version: no effect here",
        ]
    );
    let config = loaded.config;
    assert_eq!((config.n_users, config.out_dir.as_str(), config.surrogates), (Some(8), "analysis/out", 100));
    assert_eq!(config.analysis_modes.len(), 5);
    assert!(!faults("schema_versions: 1").contains("schema_version`"));
    assert!(!faults("zzz: 1").contains("jvm"));
}

#[test]
fn only_settings_that_decide_numbers_are_in_the_fingerprint() {
    let base = read("").config;
    for text in [
        "name: x",
        "out_dir: x",
        "data_root: x",
        "n_users: 3",
        "fdr: {alpha: 0.1, method: by}",
        "runtime: {concurrency: 4, threads: 1}",
        "k_selection: {}",
    ] {
        let other = read(text).config;
        assert_eq!(fingerprint(&other), fingerprint(&base), "{text}");
        assert!(differences(&base, &other).is_empty(), "{text}");
    }
    let same_gates = Config { quality_profile: "mine".into(), ..base.clone() };
    assert_eq!(fingerprint(&same_gates), fingerprint(&base));
    for (text, key, value) in [
        ("seed: 43", "seed", "43"),
        ("quality_control: {te: {min_samples: 99}}", "quality_control.te.min_samples", "99"),
        ("data: {utc_offset_hours: -8}", "data.utc_offset_hours", "-8.0"),
        ("taus: [1]", "taus", "[1]"),
    ] {
        let other = read(text).config;
        assert_ne!(fingerprint(&other), fingerprint(&base), "{text}");
        let found = differences(&base, &other);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!((found[0].0.as_str(), found[0].2.as_str()), (key, value));
    }
}

#[test]
fn without_times_shifts_stand_in_for_days_unless_these_were_asked_for() {
    let no_times = "data: {format: columns, source: a, target: b}\n";
    let loaded = read(no_times);
    assert_eq!(loaded.config.statistical.nulls.nulls, [NullKind::CircularShift, NullKind::WithinPast]);
    assert_eq!(loaded.notices.len(), 1, "{:?}", loaded.notices);
    assert!(loaded.notices[0].contains("`data.timestamp` is not set"), "{:?}", loaded.notices);
    let told = faults(&format!("{no_times}statistical: {{nulls: [days]}}\n"));
    assert!(told.contains("asks in `nulls` for `days`") && told.contains("set `data.timestamp`"), "{told}");
    assert_eq!(read(&format!("{no_times}statistical: {{nulls: [permute]}}\n")).notices, [""; 0]);
    let programs = read("analysis: {engine: command, command: [cat]}\n").config;
    assert!(programs.statistical.nulls.is_permute(), "a program has nulls of its own");
}

#[test]
fn lags_may_be_a_range() {
    assert_eq!(read("taus: 1..4").config.taus, [1, 2, 3, 4]);
    assert_eq!(read("taus: 3..3").config.taus, [3]);
    for (text, told) in [
        ("taus: 4..1", "`taus` begins above its end: write 1..4"),
        ("taus: 1..x", "a range such as 1..12, not \"1..x\""),
        ("taus: 0..4000000000", "`taus` has more than 10000 lags"),
        ("taus: one", "`taus` must be a list of whole numbers from 0, or a range such as 1..12, not \"one\""),
    ] {
        assert!(faults(text).contains(told), "{text}: {}", faults(text));
    }
    let told = faults("statistical: {nulls: [within_past], lag_scan: true}");
    assert!(
        told.contains("`statistical.lag_scan` arranges days alike at every lag: it needs `days`"),
        "{told}"
    );
    let scans = read("statistical: {lag_scan: true}").config;
    assert_ne!(fingerprint(&scans), fingerprint(&read("").config));
}

/// What runs of earlier versions have in their `run.yaml`: a changed fingerprint would do all their units again.
#[test]
fn fingerprints_stay_what_they_were() {
    let preset = |name: &str| {
        load(&ConfigSource::Preset(name.into()), &Overrides::default(), None, &settings()).expect(name).config
    };
    let pinned = [
        ("24bin_cte", "905f8b21675390ab"),
        ("k4_fast", "ee0d994fa580fb43"),
        ("k6_full", "db61fa06c74b364b"),
        ("production_k6_true_cte", "79e590baf818ae7c"),
        ("recommended", "84ada15e6575a8ca"),
        ("smoke", "5dbf337d50271132"),
    ];
    let names: Vec<String> = presets(None).into_iter().map(|(name, _)| name).collect();
    assert_eq!(pinned.map(|(name, _)| name.to_owned()), *names, "a preset without a pinned fingerprint");
    for (name, pinned) in pinned {
        assert_eq!(fingerprint(&preset(name))[..16], *pinned, "{name}");
    }
    let columns = "data: {format: columns, user: id, timestamp: t, source: {one: a, two: 'b * 2'}, target: s, condition: 'c % 4'}
feature_modes: [one, two]
analysis_modes: [global_te, stratified_te, true_cte, ste, gc]
k_selection: {strategy: AIS, per_variable: false}
statistical: {adaptive_surrogates: true, nulls: [permute]}
ste: {dimension: 4}
granger: {max_lag: 3}
";
    // What stood there before orders went by evidence and nulls could be chosen.
    let guide = "analysis_modes: [global_te, stratified_te, ste, gc]
k_selection: {strategy: AIS, per_variable: false}
statistical: {nulls: [permute]}
";
    let recommended = "analysis_modes: [global_te, stratified_te, true_cte, ste, gc]
k_selection: {strategy: AIS_CORRECTED, ais_correction: null_subtracted, per_variable: true}
statistical: {nulls: [permute]}
";
    for (text, pinned) in [
        (guide, "784c517dda826f69"),
        (recommended, "20fc7aeb0bb93865"),
        // A run without a preset is one with this.
        ("", "84ada15e6575a8ca"),
        ("compat: predecessor", "f8d141aee639503a"),
        (columns, "bc1d18c82851698d"),
        ("analysis: {engine: command, command: ['true']}", "8860cfb5f085ea08"),
    ] {
        assert_eq!(fingerprint(&read(text).config)[..16], *pinned, "{text}");
    }
}

#[test]
fn a_folder_of_the_users_own_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("presets/smoke.yaml", "# Mine.\nseed: 7\nquality_profile: own\n"),
        ("presets/notes.txt", "no preset"),
        ("quality/own.yaml", "te: {min_samples: 1}\n"),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let own = Some(folder.path());
    let listed = presets(own);
    assert_eq!(listed.len(), presets(None).len());
    assert!(listed.contains(&("smoke".into(), "Mine.".into())));
    let smoke = ConfigSource::Preset("smoke".into());
    let overrides = Overrides { seed: Some(9), ..Overrides::default() };
    let config = load(&smoke, &overrides, own, &settings()).unwrap().config;
    assert_eq!((config.seed, config.quality_control.te.min_samples), (9, 1), "{}", config.name);
    assert_eq!(load(&smoke, &Overrides::default(), own, &settings()).unwrap().config.seed, 7);
    std::fs::write(folder.path().join("quality/own.yaml"), "te: {min_sample: 1}\n").unwrap();
    let fault = load(&smoke, &overrides, own, &settings()).unwrap_err().to_string();
    assert!(
        fault.contains("own.yaml:1: unknown key `te.min_sample`; did you mean `te.min_samples`?"),
        "{fault}"
    );
    for preset in presets(None) {
        assert!(!preset.1.is_empty(), "{} has no description", preset.0);
        let loaded =
            load(&ConfigSource::Preset(preset.0.clone()), &Overrides::default(), None, &settings()).unwrap();
        assert_eq!((loaded.notices.len(), loaded.config.name), (0, preset.0));
    }
}

#[test]
fn a_name_in_the_file_beats_the_files_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    for (text, name) in [("seed: 1", "mine"), ("name: run", "run"), ("name: other", "other")] {
        std::fs::write(&file, text).unwrap();
        let loaded =
            load(&ConfigSource::File(file.clone()), &Overrides::default(), None, &settings()).unwrap();
        assert_eq!(loaded.config.name, name);
    }
}

fn parsed(text: &str) -> Result<Loaded, ConfigError> {
    parse("f.yaml", text, None, &settings())
}

fn said(text: &str) -> String {
    parsed(text).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn empty_blocks_set_nothing() {
    let text = "statistical:\n  # p_value: raw\nruntime: ~\ndata: {discretize: }\nfdr: {}\n";
    assert_eq!(said(text), "");
    assert_eq!(said("statistical: {adaptive_surrogates: }"), "");
    // A block of measures that are all commented out, too, although no measure here has settings of its own.
    assert_eq!(said("measures:\n  # mine: {width: 3}\nfdr: {}\n"), "");
    assert_eq!(said("measures: {}"), "");
    assert!(said("measures: {mine: {width: 3}}").contains("unknown key `measures`"));
    // So does a list whose items are; which value holds then is not seen in the file, so it is told.
    for (text, key) in [
        ("taus:\n", "taus"),
        ("statistical:\n  nulls:\n  # - permute\n", "statistical.nulls"),
        ("analysis_modes:\n", "analysis_modes"),
        ("fdr: {families: }\n", "fdr.families"),
        ("k_selection: {k_grid: ~}\n", "k_selection.k_grid"),
        ("data: {text_columns: null}\n", "data.text_columns"),
    ] {
        let loaded = read(text);
        assert_eq!(loaded.config, read("").config, "{text}");
        assert_eq!(loaded.notices, [format!("f.yaml: `{key}` is empty and sets nothing")], "{text}");
    }
    let no_times = "data: {format: columns, source: a, target: b}\nstatistical:\n  nulls:\n";
    assert_eq!(
        read(no_times).config.statistical.nulls.nulls[0],
        NullKind::CircularShift,
        "nobody asked for days"
    );
    assert!(said("seed:\n").contains("f.yaml:1: `seed` has no value: it must be a whole number"));
    assert!(!said("hour: 3").contains("taus, taus"));
    assert!(said("statistical: 1").contains("must be a map of keys, not 1"));
}

#[test]
fn values_of_older_yaml_are_named() {
    for (text, wanted) in [
        ("fdr: {by_tau: yes}", "not \"yes\"; write true"),
        ("fdr: {by_tau: Off}", "not \"Off\"; write false"),
        ("surrogates: 1_000", "not \"1_000\"; write 1000"),
        ("surrogates: 010", "not \"010\"; write 10, or 8 if it was octal"),
        ("taus: [1, 08]", "; write 8"),
    ] {
        assert!(said(text).contains(wanted), "{text}: {}", said(text));
    }
    assert_eq!(parsed("name: 007").unwrap().config.name, "007");
    assert_eq!(parsed("gaps: {max_seconds: 0.5}").unwrap().config.gaps.max_seconds, Some(0.5));
}

#[test]
fn names_are_one_part_of_a_path() {
    for name in ["../../escape", "a/b", "a\\b", "", " ", "a\nb", &"x".repeat(201)] {
        let told = said(&format!("name: {}", serde_json::to_string(name).unwrap()));
        assert!(told.contains("f.yaml:1: `name` "), "{name}: {told}");
    }
    assert_eq!(said("name: über alles, v1.2"), "");
    for key in ["out_dir", "data_root"] {
        assert!(said(&format!("{key}: ~/out")).contains("only a shell replaces"), "{key}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse("f.yaml", &String::from_utf8_lossy(&bytes), None, &settings());
    }

    /// Values of the wrong kind under keys that exist.
    #[test]
    fn any_value_under_a_key_is_read_or_refused(
        lines in prop::collection::vec((0..200usize, "[-~0-9a-z.{}\\[\\], \"']{0,12}"), 1..6)
    ) {
        let names = keys_of(REFERENCE);
        let mut text = String::new();
        for (at, value) in lines {
            let path: Vec<&str> = names[at % names.len()].split('.').collect();
            for (depth, key) in path.iter().enumerate() {
                text.push_str(&format!("{}{key}:\n", " ".repeat(depth)));
            }
            text.pop();
            text.push_str(&format!(" {value}\n"));
        }
        let _ = parse("f.yaml", &text, None, &settings());
    }

    #[test]
    fn what_is_shown_reads_back(
        name in r"[^\p{C}\p{Z}/\\][^\p{C}/\\]{0,49}", sql in "[ -~\n\r\té:#'\"]{0,119}[!-~]", seed: u64, seconds in 1e-300..1e300_f64
    ) {
        let mut config = read("data: {format: columns, source: a, target: b}").config;
        config.name = name;
        config.seed = seed;
        config.gaps.max_seconds = Some(seconds);
        config.data.target.clone_from(&sql);
        config.data.condition = Some(sql.clone());
        config.data.sources.insert("source".into(), sql);
        prop_assert_eq!(&read(&show(&config)).config, &config);
        // The form of `run.yaml`.
        let kept: Config = from_yaml(&to_yaml(&config).unwrap()).unwrap();
        prop_assert_eq!(kept, config);
    }
}

#[test]
fn keys_of_reading_are_checked_and_leave_no_trace_while_absent() {
    let text = "data:\n  format: columns\n  source: a\n  target: b\n";
    let without = read(text).config;
    assert!(!serde_json::to_string(&without).unwrap().contains("separator"), "part of the fingerprint");
    let nothing = "  separator: null\n  decimal: '.'\n  missing_values: []\n";
    let with = read(&format!("{text}  separator: null\n  missing_values: []\n  skip_lines: null\n")).config;
    assert_eq!(fingerprint(&without), fingerprint(&with));
    assert!(faults_of_reading(&format!("{text}{nothing}")).is_empty());
    let all = "  separator: \"\\t\"\n  decimal: ','\n  encoding: latin1\n  skip_lines: 10\n  \
               missing_values: ['.', -999, 1.5, null]\n  not_missing: NA\n";
    let reading = read(&format!("{text}{all}")).config.data.reading;
    assert_eq!((reading.separator, reading.decimal, reading.skip_lines), (Some('\t'), Some(','), Some(10)));
    assert_eq!(reading.missing_values, [".", "-999", "1.5", "null"]);
    assert_eq!(reading.not_missing, ["NA"]);
    for (wrong, told) in [
        ("separator: x", "must be one of comma, semicolon, tab, bar, blank, not \"x\""),
        ("decimal: ';'", "must be \".\" or \",\""),
        ("encoding: klingon", "windows-1252"),
        ("skip_lines: -1", "a whole number of lines"),
        ("missing_values: [[1]]", "a list of words and numbers"),
        ("missing_values: [NA]\n  not_missing: [NA]", "and so does `missing_values`"),
    ] {
        let said = faults_of_reading(&format!("{text}  {wrong}\n"));
        assert!(said.contains(told), "{wrong}: {said}");
    }
}

fn faults_of_reading(text: &str) -> String {
    parse("f.yaml", text, None, &settings()).map_or_else(|error| error.to_string(), |_| String::new())
}
