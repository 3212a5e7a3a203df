//! What was measured, for the documentation.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::process::Spent;

/// Sizes, times and counts by name.
pub(crate) struct Figures(Map<String, Value>);

impl Figures {
    /// What was noted before.
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(place()).unwrap_or_default();
        Self(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Notes numbers of something, if that is asked for.
    pub(crate) fn note(&mut self, of: &str, numbers: &[(&str, f64)]) {
        if std::env::var_os("RESULTS_WRITE_SCALE").is_none() {
            return;
        }
        // What stands in a document has three digits.
        let rounded = |number: f64| format!("{number:.4e}").parse::<f64>().unwrap_or(number);
        let numbers: Map<String, Value> =
            numbers.iter().map(|(name, number)| ((*name).to_owned(), rounded(*number).into())).collect();
        self.0.insert(of.to_owned(), numbers.into());
        std::fs::write(place(), serde_json::to_string_pretty(&self.0).unwrap() + "\n").unwrap();
    }

    /// Notes what a command took.
    pub(crate) fn spent(&mut self, of: &str, spent: Spent) {
        self.note(of, &[("seconds", spent.wall), ("core_seconds", spent.cpu), ("megabytes", spent.peak)]);
    }
}

fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/scale.json")
}
