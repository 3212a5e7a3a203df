//! `run_info.yaml`: the settings a directory was made with.

use serde_json::{Map, Value};

use super::finding::{Findings, Kind};
use super::form;
use super::layout::RUN_INFO;
use crate::config::{Config, ConfigError, parse};
use crate::dataset::{NoText, no_table};
use crate::yaml::from_yaml;

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

/// What is done where no settings can be used.
const WITHOUT: &str =
    "settings are taken from another directory, or from the rows; look whether they are right";

/// The settings of the file; none if there are none.
pub(super) fn read(bytes: &[u8], findings: &mut Findings) -> Option<Settings> {
    let echoed = form::unpacked(RUN_INFO, bytes, findings).map_err(other_kind).and_then(|text| echoed(&text));
    let (root, echo) = match echoed {
        Ok(echoed) => echoed,
        Err((what, remedy)) => {
            findings.add(RUN_INFO, 0, Kind::Settings, format!("{what}; its settings are not used"), &remedy);
            return None;
        }
    };
    let seed = root.get("random_seed").and_then(count);
    let ended_us = ["completed_at", "timestamp"].iter().find_map(|key| time_us(root.get(key)?.as_str()?));
    Some(Settings { config: config(&echo, seed, findings)?, seed, ended_us })
}

/// What the file holds, and the settings in it; or what is wrong with it, and what to do.
fn echoed(text: &[u8]) -> Result<(Value, Map<String, Value>), (String, String)> {
    let unusable = |what: String| (what, WITHOUT.to_owned());
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.last() != Some(&b'\n') {
        return Err(unusable("is empty or does not end in a line ending, so it may be cut off".to_owned()));
    }
    let no_yaml = |what: String| no_table(text).map_or_else(|| unusable(what), other_kind);
    let root: Value = match std::str::from_utf8(text).map(from_yaml) {
        Ok(Ok(root)) => root,
        Ok(Err(error)) => return Err(no_yaml(format!("is invalid YAML: {error}"))),
        Err(_) => return Err(unusable("is not UTF-8 text".to_owned())),
    };
    let without = "has no `config`".to_owned();
    match (&root, root.get("config")) {
        (_, Some(Value::Object(echo))) => {
            let echo = echo.clone();
            Ok((root, echo))
        }
        (Value::Object(_), _) => Err(unusable(without)),
        _ => Err(no_yaml(without)),
    }
}

fn other_kind(NoText { what, remedy }: NoText) -> (String, String) {
    (format!("is {what}, which is not read"), format!("{remedy}; {WITHOUT}"))
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
        Value::String(text) => match from_yaml(&text.to_lowercase()) {
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
    fn settings_in_another_form_are_read_or_named() {
        let told = |bytes: &[u8]| {
            let mut findings = Findings::default();
            let users = read(bytes, &mut findings).map(|settings| settings.config.n_users);
            let told: Vec<String> = findings.into_vec().iter().map(ToString::to_string).collect();
            (users, told.join("\n"))
        };
        let plain = "config: {n_users: 3}\n";
        let wide: Vec<u8> = format!("\u{feff}{plain}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (users, said) = told(&wide);
        assert_eq!(users, Some(Some(3)));
        assert!(said.contains("is text in UTF-16, and was read as that"), "{said}");
        assert_eq!(told(&zstd::encode_all(plain.as_bytes(), 1).unwrap()).0, Some(Some(3)));
        assert_eq!(told(b"{\"config\": {\"n_users\": 3}}\n").0, Some(Some(3)), "JSON is YAML");
        let utf32: Vec<u8> = plain.chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
        for (bytes, what) in [
            (&b"PK\x03\x04....[Content_Types].xml"[..], "xlsx"),
            (b"\xfd7zXZ\0\0", "compressed by xz"),
            (b"<!DOCTYPE html>\n<html><body>log: in</body></html>\n", "a web page (HTML)"),
            (&utf32, "UTF-32"),
        ] {
            let (users, said) = told(bytes);
            assert_eq!(users, None, "{what}");
            assert!(said.contains(what) && said.contains("which is not read"), "{what}: {said}");
            assert!(said.contains("settings are taken from another directory"), "{said}");
        }
        assert!(told(b"{\"x\": 1}\n").1.contains("has no `config`"));
    }

    #[test]
    fn tags_of_python_cost_no_more_than_their_key() {
        let text = "\
config:
  n_users: !!python/long \"3\"
  taus: !!python/tuple [1, 2]
  feature_modes: !!python/tuple
  - !!python/unicode 'composite'
  surrogates: !!python/object/apply:numpy.core.multiarray.scalar
  - !!python/object/apply:numpy.dtype {args: [i8, false, true]}
  - !!binary ZAAAAAAAAAA=
random_seed: 7
";
        let mut findings = Findings::default();
        let settings = read(text.as_bytes(), &mut findings).unwrap();
        let (config, told) = (settings.config, findings.into_vec());
        assert_eq!((config.n_users, config.taus, settings.seed), (Some(3), vec![1, 2], Some(7)));
        assert_eq!(config.feature_modes, ["composite"]);
        assert_eq!(config.surrogates, defaults().unwrap().surrogates);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].what.contains("config.surrogates is not understood"), "{told:?}");
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
