//! What the tests of this room share.

use crate::config::Config;

/// The corrected defaults on the `ExtraSensory` columns.
pub(super) fn config() -> Config {
    serde_json::from_str(include_str!("../../tests/reference/dataset_config.json")).unwrap()
}

/// The corrected rules on columns `time`, `x`, `y` with symbols for source and target, no minimum.
pub(super) fn small() -> Config {
    let mut config = config();
    config.data.timestamp = Some("time".to_owned());
    config.data.sources = [("m".to_owned(), "x".to_owned())].into();
    config.feature_modes = vec!["m".to_owned()];
    config.data.target = "y".to_owned();
    config.data.discretize_source = crate::config::Discretize::None;
    config.data.min_rows = 1;
    config
}
