//! A configuration as a file that reads back to it.

use serde_json::{Map, Value, json};

use super::input::{DataFormat, Discretize};
use super::model::Config;
use super::nulls::Nulls;
use super::program::Analysis;
use crate::yaml::to_yaml;

/// The configuration as YAML in the form of a file: reading it gives the same configuration.
pub fn show(config: &Config) -> String {
    let mut value = serde_json::to_value(config).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.insert("data".into(), data(config));
        if let Some(Value::Object(selection)) = map.get_mut("k_selection") {
            selection.insert("l_fixed".into(), json!(config.k_selection.l_fixed));
        }
        if let Some(Value::Object(runtime)) = map.get_mut("runtime") {
            runtime.insert("day_hours".into(), json!(config.runtime.day_hours));
            runtime.insert("locks".into(), json!(config.runtime.locks));
        }
        map.insert("store".into(), json!(config.store));
        if let Some(Value::Object(statistical)) = map.get_mut("statistical") {
            // Left out of the stored form where they are what they were before there was a choice.
            let Nulls { nulls, min_shift, stop_above, lag_scan } = &config.statistical.nulls;
            statistical.insert("nulls".into(), json!(nulls));
            statistical.insert("min_shift".into(), json!(min_shift));
            statistical.insert("stop_above".into(), json!(stop_above));
            statistical.insert("lag_scan".into(), json!(lag_scan));
        }
    }
    to_yaml(&value).unwrap_or_default()
}

fn data(config: &Config) -> Value {
    let d = &config.data;
    if let Analysis::Command(_) = config.analysis {
        return json!({"format": d.format, "files": d.files, "id_suffixes": d.id_suffixes});
    }
    let mut out = Map::new();
    let Value::Object(all) = serde_json::to_value(d).unwrap_or_default() else { return Value::Null };
    for (key, value) in all {
        match key.as_str() {
            "sources" | "discretize_source" | "discretize_target" => {}
            "user" | "timestamp" | "target" if d.format == DataFormat::Extrasensory => {}
            _ => {
                out.insert(key, value);
            }
        }
    }
    // Both together are an error; the one that is absent is shown where it can be set.
    match d.time_zone {
        Some(_) => drop(out.shift_remove("utc_offset_hours")),
        None => drop(out.insert("time_zone".into(), Value::Null)),
    }
    // Absent from the stored form, but a file can have them.
    for key in super::reading::KEYS {
        let none = if key.ends_with("missing") || key == "missing_values" { json!([]) } else { Value::Null };
        out.entry(key).or_insert(none);
    }
    if d.format == DataFormat::Columns {
        out.insert("source".into(), json!(d.sources));
    }
    let symbols = |rule: &Discretize| match rule {
        Discretize::None => json!("none"),
        Discretize::Quantiles { bins, rule } => json!({"quantiles": bins, "rule": rule}),
    };
    out.insert(
        "discretize".into(),
        json!({"source": symbols(&d.discretize_source), "target": symbols(&d.discretize_target)}),
    );
    Value::Object(out)
}
