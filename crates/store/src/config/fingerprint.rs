//! Which settings decide numbers, and whether two configurations agree in them.

use serde_json::Value;

use super::model::Config;
use super::program::Analysis;

/// Settings that change no number of a unit. Of the quality profile the gates count, not its name.
const WITHOUT_EFFECT: [&str; 8] =
    ["name", "data_root", "out_dir", "n_users", "quality_profile", "runtime", "store", "fdr"];

/// Hash of the settings that decide a unit's numbers: BLAKE3, hexadecimal.
pub fn fingerprint(config: &Config) -> String {
    let text = serde_json::to_string(&deciding(config)).unwrap_or_default();
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// Settings in which two configurations differ: dotted key and both values. Settings that change no
/// number are left out.
pub fn differences(a: &Config, b: &Config) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    compare("", &deciding(a), &deciding(b), &mut found);
    found
}

fn deciding(config: &Config) -> Value {
    let mut value = serde_json::to_value(config).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.retain(|key, _| !WITHOUT_EFFECT.contains(&key.as_str()));
        if config.analysis == Analysis::Builtin {
            // Runs of before there was a choice do not name it.
            map.remove("analysis");
        }
        if let Some(Value::Object(program)) = map.get_mut("analysis") {
            program.retain(|key, _| !["timeout", "folder"].contains(&key.as_str()));
        }
    }
    value
}

fn compare(path: &str, a: &Value, b: &Value, found: &mut Vec<(String, String, String)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let keys: std::collections::BTreeSet<&String> = x.keys().chain(y.keys()).collect();
            for key in keys {
                let null = Value::Null;
                compare(&below(key), x.get(key).unwrap_or(&null), y.get(key).unwrap_or(&null), found);
            }
        }
        _ if a == b => {}
        _ => found.push((path.to_owned(), a.to_string(), b.to_string())),
    }
}
