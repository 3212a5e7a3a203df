//! The `data` section: input format, columns, symbols.

use std::collections::BTreeMap;

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
    s.set("target", "an SQL expression", &mut d.target);
    s.require("target", !d.target.is_empty(), "is missing: the SQL expression of the target");
    let mut single = false;
    match s.get("source").map(|n| &n.kind) {
        Some(Kind::Scalar(serde_json::Value::String(sql))) => {
            d.sources = BTreeMap::from([(ONE_SOURCE.to_owned(), sql.clone())]);
            single = true;
        }
        Some(Kind::Map(_)) => s.set("source", "a map from feature mode to SQL expression", &mut d.sources),
        Some(_) => s.fault("source", "must be an SQL expression, or a map from feature mode to expression"),
        None => s.fault("source", "is missing: the SQL expression of the source"),
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
    s.set("rule", "ranked, averaged_inverted_cdf or linear", &mut rule);
    if let Discretize::Quantiles { rule: r, .. } = &mut d.discretize_source {
        *r = rule;
    }
    for (key, target) in [("source", &mut d.discretize_source), ("target", &mut d.discretize_target)] {
        let Some(node) = s.get(key) else { continue };
        match discretize(node, rule) {
            Some(discretize) => *target = discretize,
            None => s.fault(key, &format!("must be `none` or `{{quantiles: 5}}`, not {}", node.shown())),
        }
    }
    s.finish();
}

fn discretize(node: &Node, rule: QuantileRule) -> Option<Discretize> {
    match &node.kind {
        Kind::Scalar(serde_json::Value::String(text)) if text == "none" => Some(Discretize::None),
        Kind::Map(entries) => {
            let mut bins = None;
            let mut own = rule;
            for (key, _, value) in entries {
                match key.as_str() {
                    "quantiles" => bins = value.value().as_u64().filter(|b| (2..=1000).contains(b)),
                    "rule" => own = serde_json::from_value(value.value()).ok()?,
                    _ => return None,
                }
            }
            Some(Discretize::Quantiles { bins: u32::try_from(bins?).ok()?, rule: own })
        }
        _ => None,
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
        if !c.data.sources.contains_key(mode) {
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
