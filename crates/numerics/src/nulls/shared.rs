//! Means of f over hypergeometric counts in fixed point, for margins that change from one surrogate to the next.

use crate::numerics::effective::mean_of_shared;

/// Places for means that were worked out, a power of two: as much as stays near the processor.
const PLACES: usize = 1 << 14;
/// Bits of a size in a key; larger ones are worked out each time.
const SIZE_BITS: u32 = 21;

/// Means, of which some are remembered: each has one place, and the latest stands there.
#[derive(Debug)]
pub(super) struct Shared {
    /// f of what a count can be.
    f: Vec<f64>,
    scale: f64,
    /// Keys and means; empty until one is asked for.
    known: Vec<(u64, i64)>,
}

impl Shared {
    pub(super) fn new(f: Vec<f64>, scale: f64) -> Self {
        Self { f, scale, known: Vec::new() }
    }

    /// The mean of f(c), where c of `size` among `all` fall into `places`.
    pub(super) fn mean(&mut self, all: u32, places: u32, size: u32) -> i64 {
        if all >> SIZE_BITS > 0 {
            return self.work_out(all, places, size);
        }
        // Either may be the places.
        let (low, high) = (places.min(size), places.max(size));
        let key = (u64::from(all) << SIZE_BITS | u64::from(low)) << SIZE_BITS | u64::from(high);
        if self.known.is_empty() {
            // No key is 0, since there are always some among which others fall.
            self.known = vec![(0, 0); PLACES];
        }
        let place = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - PLACES.ilog2());
        let (known, mean) = self.known[place as usize];
        if known == key {
            return mean;
        }
        let mean = self.work_out(all, places, size);
        self.known[place as usize] = (key, mean);
        mean
    }

    /// The same without a look at what is remembered.
    pub(super) fn work_out(&self, all: u32, places: u32, size: u32) -> i64 {
        (mean_of_shared(&self.f, all, places, size) * self.scale).round() as i64
    }
}
