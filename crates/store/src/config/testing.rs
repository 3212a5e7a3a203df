//! What tests of this room and of those above need.

use crate::config::Config;

/// A configuration, as a run keeps it.
pub(crate) fn config() -> Config {
    serde_json::from_str(include_str!("../../../../tests/reference/dataset_config.json")).unwrap()
}

/// The next number of a sequence that follows from a seed, which is its first state.
pub(crate) fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
