//! Single settings by dotted key, as far as they are known of some results.

use serde_json::Value;

use super::defaults::defaults;
use super::model::{Compat, Config};

/// Key of the correction for multiple testing.
const CORRECTION: &str = "fdr";

/// Settings by key: `hour_bins`, `fdr.alpha`, ….
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(Value);

impl Settings {
    /// Of a configuration that nobody wrote: every key there is.
    pub fn built_in() -> Self {
        Self::of(&defaults(Compat::None, &[]))
    }

    /// Of a configuration.
    pub fn of(config: &Config) -> Self {
        Self(serde_json::to_value(config).unwrap_or_default())
    }

    /// Of configurations whose results are one table: those in which all agree. Results are corrected for multiple
    /// testing once, by the first.
    pub fn of_all<'a>(configs: impl IntoIterator<Item = &'a Config>) -> Self {
        let mut configs = configs.into_iter();
        let mut shared = configs.next().map(Self::of).unwrap_or_default();
        let correction = shared.get(CORRECTION).cloned();
        for other in configs {
            keep_equal(&mut shared.0, &Self::of(other).0);
        }
        if let (Value::Object(settings), Some(correction)) = (&mut shared.0, correction) {
            settings.insert(CORRECTION.to_owned(), correction);
        }
        shared
    }

    /// The value of a setting; none if it is not known.
    pub fn get(&self, key: &str) -> Option<&Value> {
        key.split('.').try_fold(&self.0, |value, part| value.get(part))
    }
}

/// Some settings, nested like those of a configuration.
impl From<Value> for Settings {
    fn from(settings: Value) -> Self {
        Self(settings)
    }
}

fn keep_equal(settings: &mut Value, others: &Value) {
    let Value::Object(settings) = settings else { return };
    settings.retain(|key, value| match (value, others.get(key)) {
        (value @ Value::Object(_), Some(other @ Value::Object(_))) => {
            keep_equal(value, other);
            true
        }
        (value, other) => Some(&*value) == other,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_in_which_configurations_differ_are_not_known() {
        let (mut one, mut other) = (defaults(Compat::None, &[]), defaults(Compat::None, &[]));
        (one.hour_bins, one.fdr.alpha, one.ste.dimension) = (12, 0.01, 4);
        (other.hour_bins, other.k_selection.k_max) = (12, Some(3));
        let settings = Settings::of_all([&one, &other]);
        assert_eq!(settings.get("hour_bins"), Some(&json!(12)));
        assert_eq!(settings.get("ste.max_history"), Some(&json!(2)));
        assert_eq!(settings.get("fdr.alpha"), Some(&json!(0.01)), "the first's corrects");
        for key in ["ste.dimension", "k_selection.k_max", "hour_bin", "hour_bins.more", ""] {
            assert_eq!(settings.get(key), None, "{key}");
        }
        assert_eq!(Settings::of_all([]).get("hour_bins"), None);
    }
}
