//! `run_info.yaml`: the settings a directory was made with.

use serde_json::{Map, Value};

use super::finding::{Findings, Kind};
use super::layout::RUN_INFO;
use crate::config::{Config, ConfigError, parse};

/// Settings as far as they are known here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// As this program understands them, with `compat: predecessor`.
    pub config: Config,
    /// The seed that was written down; the predecessor never used it.
    pub seed: Option<u64>,
    /// When the run ended, microseconds since 1970; its start if it never ended.
    pub ended_us: Option<i64>,
}

/// Keys that say nothing about numbers and need not be understood.
const READ_OVER: [&str; 5] = ["jvm", "schema_version", "out_dir", "checkpoint", "heartbeat_interval"];

/// The settings of the file; none if there are none.
pub(super) fn read(bytes: &[u8], findings: &mut Findings) -> Option<Settings> {
    let mut unusable = |what: &str| {
        let remedy =
            "settings are taken from another directory, or from the rows; look whether they are right";
        findings.add(RUN_INFO, 0, Kind::Settings, format!("{what}; its settings are not used"), remedy);
        None
    };
    if bytes.last() != Some(&b'\n') {
        return unusable("is empty or does not end in a line ending, so it may be cut off");
    }
    let root: Value = match std::str::from_utf8(bytes).map(serde_saphyr::from_str) {
        Ok(Ok(root)) => root,
        Ok(Err(error)) => return unusable(&format!("is invalid YAML: {error}")),
        Err(_) => return unusable("is not UTF-8 text"),
    };
    let Some(Value::Object(echo)) = root.get("config") else {
        return unusable("has no `config`");
    };
    let seed = root.get("random_seed").and_then(count);
    let ended_us = ["completed_at", "timestamp"].iter().find_map(|key| time_us(root.get(key)?.as_str()?));
    Some(Settings { config: config(echo, seed, findings)?, seed, ended_us })
}

/// The settings of nobody: defaults of `compat: predecessor`.
pub(super) fn defaults() -> Result<Config, ConfigError> {
    understood(&base(None))
}

fn base(seed: Option<u64>) -> Map<String, Value> {
    let mut base = Map::new();
    base.insert("compat".to_owned(), "predecessor".into());
    if let Some(seed) = seed {
        base.insert("seed".to_owned(), seed.into());
    }
    base
}

/// Every key that can be understood; of the others it is told why not.
fn config(echo: &Map<String, Value>, seed: Option<u64>, findings: &mut Findings) -> Option<Config> {
    let mut kept = base(seed);
    for (key, value) in echo.iter().filter(|(key, _)| !READ_OVER.contains(&key.as_str())) {
        kept.insert(key.clone(), value.clone());
        let fault = understood(&kept).err();
        // A program in between may have put quotes around numbers.
        if fault.is_some() {
            kept.insert(key.clone(), unquoted(value));
        }
        if let Some(fault) = fault
            && understood(&kept).is_err()
        {
            kept.remove(key);
            let what = format!("config.{key} is not understood, the default was taken: {}", message(&fault));
            findings.add(RUN_INFO, 0, Kind::Settings, what, "");
        }
    }
    understood(&kept).ok()
}

/// A value whose texts are numbers and truth values where they read so.
fn unquoted(value: &Value) -> Value {
    match value {
        Value::String(text) => match serde_saphyr::from_str(&text.to_lowercase()) {
            Ok(plain @ (Value::Number(_) | Value::Bool(_))) => plain,
            _ => value.clone(),
        },
        Value::Array(values) => values.iter().map(unquoted).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), unquoted(value))).collect(),
        other => other.clone(),
    }
}

/// A whole number from 0, also as `3.0` or `"3"`.
pub(super) fn count(value: &Value) -> Option<u64> {
    let value = unquoted(value);
    let whole = |number: &f64| number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(number);
    value.as_u64().or_else(|| value.as_f64().filter(whole).map(|number| number as u64))
}

/// JSON is YAML.
fn understood(settings: &Map<String, Value>) -> Result<Config, ConfigError> {
    let text = serde_json::to_string(settings).unwrap_or_default();
    parse(RUN_INFO, &text, None, &crate::measures::settings()).map(|loaded| loaded.config)
}

/// The fault without the line, which is one of a text that nobody has seen.
fn message(error: &ConfigError) -> String {
    match error {
        ConfigError::Problems(problems) => {
            problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// A time as Python writes it, without a zone: taken as UTC, as it only orders attempts.
fn time_us(text: &str) -> Option<i64> {
    let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some(time.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_have_quotes_and_decimals() {
        let text = "config: {n_users: \"3\", hour_bins: 6.0, taus: [\"1\", 2.0], surrogates: '1e2', k_selection: {k_max: \"4\"}}\nrandom_seed: \"7\"\n";
        let mut findings = Findings::default();
        let settings = read(text.as_bytes(), &mut findings).unwrap();
        let config = settings.config;
        assert_eq!((config.n_users, config.hour_bins, config.surrogates), (Some(3), 6, 100));
        assert_eq!((config.taus, config.k_selection.k_max, settings.seed), (vec![1, 2], Some(4), Some(7)));
        assert!(findings.into_vec().is_empty());
        let mut findings = Findings::default();
        assert_eq!(read(b"config: {n_users: three}\n", &mut findings).unwrap().config.n_users, None);
        assert!(findings.into_vec()[0].what.contains("config.n_users is not understood"));
    }

    #[test]
    fn counts() {
        for (text, whole) in [
            ("3", Some(3)),
            ("3.0", Some(3)),
            ("\"3\"", Some(3)),
            ("3.5", None),
            ("-1", None),
            ("null", None),
        ] {
            assert_eq!(count(&serde_json::from_str(text).unwrap()), whole, "{text}");
        }
    }
}
