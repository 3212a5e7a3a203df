//! Names of random streams.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// Name of the random stream of a test: nothing else decides its surrogates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamKey<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// The user.
    pub user_id: &'a str,
    /// The feature mode.
    pub feature_mode: &'a str,
    /// The measure.
    pub measure: &'a str,
    /// `A2S` or `S2A`.
    pub direction: &'a str,
    /// The lag.
    pub tau: u32,
    /// The null, unless it is the first there was.
    pub(super) null: Option<&'a str>,
}

/// The null whose streams have no name of their own: there was no other once, and its numbers stay.
const FIRST: &str = "permute";

impl<'a> StreamKey<'a> {
    /// The stream of a test.
    pub const fn new(
        seed: u64,
        user_id: &'a str,
        feature_mode: &'a str,
        measure: &'a str,
        direction: &'a str,
        tau: u32,
    ) -> Self {
        Self { seed, user_id, feature_mode, measure, direction, tau, null: None }
    }

    /// The stream of a null in the test.
    #[must_use]
    pub fn of(self, null: &'a str) -> Self {
        Self { null: (null != FIRST).then_some(null), ..self }
    }

    /// The stream: BLAKE3 of the fields, each with its length, as seed of xoshiro256++.
    pub(super) fn rng(self) -> Xoshiro256PlusPlus {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.seed.to_le_bytes());
        for field in [self.user_id, self.feature_mode, self.measure, self.direction] {
            hash.update(&(field.len() as u64).to_le_bytes());
            hash.update(field.as_bytes());
        }
        hash.update(&self.tau.to_le_bytes());
        if let Some(null) = self.null {
            hash.update(&(null.len() as u64).to_le_bytes());
            hash.update(null.as_bytes());
        }
        Xoshiro256PlusPlus::from_seed(*hash.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::Rng;

    #[test]
    fn streams_differ_by_every_field_and_repeat() {
        let key = StreamKey::new(1, "u", "m", "te", "A2S", 1);
        let keys = [
            key,
            StreamKey { seed: 2, ..key },
            StreamKey { user_id: "um", feature_mode: "", ..key },
            StreamKey { direction: "S2A", ..key },
            StreamKey { tau: 2, ..key },
            key.of("days"),
            key.of("within_past"),
        ];
        let first: Vec<u64> = keys.iter().map(|k| k.rng().next_u64()).collect();
        let distinct: std::collections::HashSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(first[0], key.of("permute").rng().next_u64());
        // What the first release drew.
        assert_eq!(first[0], 16_704_684_881_718_286_201);
    }
}
