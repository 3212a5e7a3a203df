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
}

impl StreamKey<'_> {
    /// The stream: BLAKE3 of the fields, each with its length, as seed of xoshiro256++.
    pub(super) fn rng(self) -> Xoshiro256PlusPlus {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.seed.to_le_bytes());
        for field in [self.user_id, self.feature_mode, self.measure, self.direction] {
            hash.update(&(field.len() as u64).to_le_bytes());
            hash.update(field.as_bytes());
        }
        hash.update(&self.tau.to_le_bytes());
        Xoshiro256PlusPlus::from_seed(*hash.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::Rng;

    #[test]
    fn streams_differ_by_every_field_and_repeat() {
        let key =
            StreamKey { seed: 1, user_id: "u", feature_mode: "m", measure: "te", direction: "A2S", tau: 1 };
        let keys = [
            key,
            StreamKey { seed: 2, ..key },
            StreamKey { user_id: "um", feature_mode: "", ..key },
            StreamKey { direction: "S2A", ..key },
            StreamKey { tau: 2, ..key },
        ];
        let first: Vec<u64> = keys.iter().map(|k| k.rng().next_u64()).collect();
        let distinct: std::collections::HashSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(first[0], key.rng().next_u64());
    }
}
