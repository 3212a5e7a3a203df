//! What tests of several rooms need.

use crate::config::{Config, ConfigSource, MeasureSettings, Overrides, load};

/// The default configuration where there is one measure, without settings of its own.
pub(crate) fn config() -> Config {
    let te = MeasureSettings {
        name: "te",
        key: "global_te",
        family: "TE",
        default: true,
        gate: None,
        block: None,
    };
    load(&ConfigSource::Defaults, &Overrides::default(), None, &[te]).unwrap().config
}
