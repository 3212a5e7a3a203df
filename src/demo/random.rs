//! Streams of random numbers, each named by the seed, the user and a purpose.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// One stream.
#[derive(Debug)]
pub(super) struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream of a user for a purpose; different names give unrelated streams.
    pub(super) fn of(seed: u64, index: u32, purpose: &str) -> Self {
        let mut name = blake3::Hasher::new();
        name.update(b"demo data 1\0");
        name.update(&seed.to_le_bytes());
        name.update(&index.to_le_bytes());
        name.update(purpose.as_bytes());
        Self(Xoshiro256PlusPlus::from_seed(*name.finalize().as_bytes()))
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Mean 0, deviation 1, bell-shaped: four uniforms summed, cheap and alike on every platform.
    pub(super) fn normal(&mut self) -> f64 {
        let bits = self.bits();
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xFFFF).sum();
        (sum as f64 / 65_535.0 - 2.0) * 3.0_f64.sqrt()
    }
}
