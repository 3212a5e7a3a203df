//! What tests of this room and of those above need.

use crate::config::Config;

/// A configuration, as a run keeps it.
pub(crate) fn config() -> Config {
    serde_json::from_str(include_str!("../../../../tests/reference/dataset_config.json")).unwrap()
}
