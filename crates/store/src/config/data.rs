//! The `data` section: input format, columns, symbols.

use std::collections::BTreeMap;

use serde_json::Value;

use super::defaults::{columns, extrasensory};
use super::input::{DataConfig, DataFormat, Discretize, QuantileRule};
use super::model::{Compat, Config};
use super::program::Analysis;
use super::read::{Section, nearest};
use super::reading;
use super::time_zone;
use super::tree::{Kind, Node};

/// Name of the one feature mode when `data.source` is a single expression.
const ONE_SOURCE: &str = "source";

/// The rules of quantiles.
const RULES: &str = "ranked, averaged_inverted_cdf or linear";

/// Name of the one feature mode of a program that was given none.
const PROGRAM_MODE: &str = "default";

/// Reads `data` and `feature_modes`.
pub(super) fn read_data(root: &mut Section<'_>, compat: Compat, c: &mut Config) {
    if let Analysis::Command(_) = c.analysis {
        return read_files(root, c);
    }
    let mut single = false;
    if let Some(mut s) = root.section("data") {
        let mut format = DataFormat::Extrasensory;
        s.set("format", "extrasensory or columns", &mut format);
        c.data = match format {
            DataFormat::Extrasensory => extrasensory(compat),
            DataFormat::Columns => columns(compat),
        };
        read_common(&mut s, &mut c.data);
        match format {
            DataFormat::Extrasensory => {
                // Read over, they would leave a run of other columns than the file names.
                s.refused(
                    &["user", "timestamp", "source", "target"],
                    "is fixed by `format: extrasensory`; set `data.format: columns` to choose columns",
                );
            }
            DataFormat::Columns => {
                single = read_columns(&mut s, &mut c.data);
                c.feature_modes = c.data.sources.keys().cloned().collect();
            }
        }
        read_discretize(&mut s, &mut c.data);
        s.finish();
    }
    read_modes(root, c, single);
}

/// Reads what concerns a program: which files belong to whom.
fn read_files(root: &mut Section<'_>, c: &mut Config) {
    c.data = columns(Compat::None);
    c.feature_modes = vec![PROGRAM_MODE.to_owned()];
    if let Some(mut s) = root.section("data") {
        let mut format = DataFormat::Columns;
        s.set("format", "extrasensory or columns", &mut format);
        if format == DataFormat::Extrasensory {
            let DataConfig { files, id_suffixes, .. } = extrasensory(Compat::None);
            (c.data.files, c.data.id_suffixes) = (files, id_suffixes);
        }
        s.set("files", "a pattern of file names such as `*.csv`", &mut c.data.files);
        s.set("id_suffixes", "a list of texts", &mut c.data.id_suffixes);
        s.refused(&["user"], "cannot be used with `engine: command`: the program is given a file a user");
        s.ignored(
            &[
                "timestamp",
                "source",
                "target",
                "condition",
                "text_columns",
                "missing_target",
                "utc_offset_hours",
                "time_zone",
                "min_rows",
                "order",
                "plausibility",
                "discretize",
            ],
            "no effect with `engine: command`, the program reads the file itself",
        );
        s.ignored(&reading::KEYS, "no effect with `engine: command`, the program reads the file itself");
        s.finish();
    }
    root.set("feature_modes", "a list of texts", &mut c.feature_modes);
    root.require("feature_modes", !c.feature_modes.is_empty(), "must name at least one mode");
    let unique: std::collections::BTreeSet<_> = c.feature_modes.iter().collect();
    root.require("feature_modes", unique.len() == c.feature_modes.len(), "names a mode twice");
}

fn read_common(s: &mut Section<'_>, d: &mut DataConfig) {
    s.set("files", "a pattern of file names such as `*.csv`", &mut d.files);
    s.set("id_suffixes", "a list of texts", &mut d.id_suffixes);
    s.set("condition", "an SQL expression or null", &mut d.condition);
    s.set("text_columns", "a list of column names", &mut d.text_columns);
    s.set("missing_target", "break or zero", &mut d.missing_target);
    s.set(
        "utc_offset_hours",
        "a number of hours (a zone such as Europe/Berlin: `data.time_zone`)",
        &mut d.utc_offset_hours,
    );
    s.require("utc_offset_hours", d.utc_offset_hours.abs() <= 24.0, "must be from -24 to 24");
    time_zone::read(s, &mut d.time_zone);
    s.set("min_rows", "a whole number", &mut d.min_rows);
    s.set("order", "time or file", &mut d.order);
    s.set("plausibility", "true or false", &mut d.plausibility);
    reading::read(s, &mut d.reading);
}

/// Reads the expressions; says whether there is a single source without a mode.
fn read_columns(s: &mut Section<'_>, d: &mut DataConfig) -> bool {
    s.set("user", "a column name or null", &mut d.user);
    s.set("timestamp", "an SQL expression or null", &mut d.timestamp);
    match s.get("target").map(|n| &n.kind) {
        None | Some(Kind::Scalar(Value::Null)) => {
            s.fault("target", "is missing: the SQL expression of the target");
        }
        Some(_) => {
            s.set("target", "an SQL expression", &mut d.target);
            let is_blank = matches!(s.get("target").and_then(Node::scalar), Some(Value::String(sql)) if sql.trim().is_empty());
            s.require("target", !is_blank, "is empty: write the SQL expression of the target");
        }
    }
    let mut single = false;
    match s.get("source").map(|n| &n.kind) {
        Some(Kind::Scalar(Value::String(sql))) => {
            d.sources = BTreeMap::from([(ONE_SOURCE.to_owned(), sql.clone())]);
            single = true;
        }
        Some(Kind::Map(entries)) if entries.is_empty() => {
            s.fault("source", "is empty: it names no feature mode");
        }
        Some(Kind::Map(_)) => s.set("source", "a map from feature mode to SQL expression", &mut d.sources),
        None | Some(Kind::Scalar(Value::Null)) => {
            s.fault("source", "is missing: the SQL expression of the source");
        }
        Some(_) => {
            let found = s.get("source").map(Node::shown).unwrap_or_default();
            let what = "must be an SQL expression, or a map from feature mode to expression";
            s.fault("source", &format!("{what}, not {found}"));
        }
    }
    single
}

fn read_discretize(s: &mut Section<'_>, d: &mut DataConfig) {
    let Some(mut s) = s.section("discretize") else { return };
    let default_rule = match d.discretize_source {
        Discretize::Quantiles { rule, .. } => rule,
        Discretize::None => QuantileRule::Ranked,
    };
    let mut rule = default_rule;
    s.set("rule", RULES, &mut rule);
    if let Discretize::Quantiles { rule: r, .. } = &mut d.discretize_source {
        *r = rule;
    }
    for (key, target) in [("source", &mut d.discretize_source), ("target", &mut d.discretize_target)] {
        read_symbols(&mut s, key, rule, target);
    }
    s.finish();
}

/// Reads how the values of one side become symbols.
fn read_symbols(s: &mut Section<'_>, key: &'static str, rule: QuantileRule, target: &mut Discretize) {
    const WHAT: &str = "must be `none` or `{quantiles: 5}`";
    let Some(node) = s.get(key) else { return };
    match &node.kind {
        Kind::Scalar(Value::String(text)) if text == "none" => *target = Discretize::None,
        Kind::Map(entries) => {
            let (mut bins, mut own) = (2, rule);
            let Some(mut below) = s.section(key) else { return };
            below.set("quantiles", "a whole number from 2 to 1000", &mut bins);
            below.require("quantiles", (2..=1000).contains(&bins), "must be from 2 to 1000");
            below.set("rule", RULES, &mut own);
            let is_there = below.has("quantiles");
            let is_known = entries.iter().all(|(key, ..)| ["quantiles", "rule"].contains(&key.as_str()));
            below.finish();
            if !is_there && is_known {
                s.fault(key, "needs `quantiles`, as in {quantiles: 5}");
            }
            *target = Discretize::Quantiles { bins, rule: own };
        }
        Kind::Scalar(Value::Null) => {
            s.fault(key, &format!("has no value: it {WHAT}, or leave the key out"));
        }
        Kind::Scalar(value) => {
            let hint = match value.as_u64() {
                Some(bins) => format!("; write {{quantiles: {bins}}}"),
                None if value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("none")) => {
                    "; write none".to_owned()
                }
                None => String::new(),
            };
            s.fault(key, &format!("{WHAT}, not {}{hint}", node.shown()));
        }
        Kind::List(_) => s.fault(key, &format!("{WHAT}, not {}", node.shown())),
    }
}

fn read_modes(root: &mut Section<'_>, c: &mut Config, single: bool) {
    root.set("feature_modes", "a list of feature modes", &mut c.feature_modes);
    root.require("feature_modes", !c.feature_modes.is_empty(), "must name at least one mode");
    if single && let [mode] = &c.feature_modes[..] {
        // The one expression takes the one name.
        if let Some(sql) = c.data.sources.remove(ONE_SOURCE) {
            c.data.sources.insert(mode.clone(), sql);
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for mode in &c.feature_modes {
        if !seen.insert(mode) {
            root.fault("feature_modes", &format!("names `{mode}` twice"));
        }
        // Without any the fault is that of `data.source`, and told there.
        if !c.data.sources.contains_key(mode) && !c.data.sources.is_empty() {
            let known: Vec<&str> = c.data.sources.keys().map(String::as_str).collect();
            let near = nearest(mode, known.iter().copied());
            let near = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            root.fault(
                "feature_modes",
                &format!("contains the unknown mode `{mode}`{near} (known: {})", known.join(", ")),
            );
        }
    }
}
