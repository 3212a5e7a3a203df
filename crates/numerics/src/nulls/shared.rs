//! Means of f over hypergeometric counts in fixed point, for margins that change from one surrogate to the next.

use crate::numerics::effective::{LANES, mean_of_shared, means_of_shared};

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
    /// Keys and means, or what is negative: the place among the unknown, from −1. Empty until one is asked for.
    known: Vec<(u64, i64)>,
    /// What was asked for and is not known.
    unknown: Vec<Unknown>,
}

/// A mean that is to be worked out.
#[derive(Debug, Clone, Copy)]
struct Unknown {
    key: u64,
    /// How often it was asked for.
    times: i64,
    /// The variance of its count.
    variance: u32,
}

fn key(all: u32, low: u32, high: u32) -> u64 {
    (u64::from(all) << SIZE_BITS | u64::from(low)) << SIZE_BITS | u64::from(high)
}

/// What a key was made of.
fn sizes(key: u64) -> [u32; 3] {
    [2 * SIZE_BITS, SIZE_BITS, 0].map(|bits| (key >> bits) as u32 & ((1 << SIZE_BITS) - 1))
}

fn place(key: u64) -> usize {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - PLACES.ilog2())) as usize
}

/// The variance of a count, about: its mean has as many terms as the root of it, many times.
fn variance(all: u32, low: u32, high: u32) -> u32 {
    let [all, low, high] = [all, low, high].map(u64::from);
    (low * high / all * ((all - low) * (all - high) / all) / all) as u32
}

impl Shared {
    pub(super) fn new(f: Vec<f64>, scale: f64) -> Self {
        Self { f, scale, known: Vec::new(), unknown: Vec::new() }
    }

    /// The mean of f(c), where c of `size` among `all` fall into `places`; 0 if it is not known, and then it is part
    /// of the [`Shared::rest`].
    pub(super) fn ask(&mut self, all: u32, places: u32, size: u32) -> i64 {
        if all >> SIZE_BITS > 0 {
            return self.work_out(all, places, size);
        }
        // Either may be the places.
        let (low, high) = (places.min(size), places.max(size));
        let key = key(all, low, high);
        if self.known.is_empty() {
            // No key is 0, since there are always some among which others fall.
            self.known = vec![(0, 0); PLACES];
        }
        let (known, mean) = &mut self.known[place(key)];
        if *known != key {
            (*known, *mean) = (key, -1 - self.unknown.len() as i64);
            self.unknown.push(Unknown { key, times: 1, variance: variance(all, low, high) });
            return 0;
        }
        if *mean < 0 {
            self.unknown[(-1 - *mean) as usize].times += 1;
            return 0;
        }
        *mean
    }

    /// The sum of what was asked for and not known.
    pub(super) fn rest(&mut self) -> i64 {
        // Several are worked out at once, which takes as long as the longest of them.
        self.unknown.sort_unstable_by_key(|unknown| unknown.variance);
        let mut sum = 0;
        for some in self.unknown.chunks(LANES) {
            let of_lane = std::array::from_fn(|lane| sizes(some[lane.min(some.len() - 1)].key));
            let means = means_of_shared(&self.f, of_lane);
            for (unknown, mean) in some.iter().zip(means) {
                let mean = (mean * self.scale).round() as i64;
                self.known[place(unknown.key)] = (unknown.key, mean);
                sum += unknown.times * mean;
            }
        }
        self.unknown.clear();
        sum
    }

    /// The mean without a look at what is remembered.
    pub(super) fn work_out(&self, all: u32, places: u32, size: u32) -> i64 {
        (mean_of_shared(&self.f, all, places, size) * self.scale).round() as i64
    }
}
