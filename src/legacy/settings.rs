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
    let seed = root.get("random_seed").and_then(Value::as_u64);
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
        if let Err(fault) = understood(&kept) {
            kept.remove(key);
            let what = format!("config.{key} is not understood, the default was taken: {}", message(&fault));
            findings.add(RUN_INFO, 0, Kind::Settings, what, "");
        }
    }
    understood(&kept).ok()
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
