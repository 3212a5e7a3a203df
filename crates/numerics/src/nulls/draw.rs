//! Uniform draws without replacement.
//!
//! Written out here, so that no other version of a library can change a result.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

/// The first `offsets.len()` steps of a Fisher–Yates shuffle of `n` items: step i swaps item i with the
/// one `offsets[i]` further on, uniform below n − i. Several come from one 64-bit number.
pub(super) fn offsets(rng: &mut Xoshiro256PlusPlus, n: usize, offsets: &mut [u32]) {
    let left = n as u64;
    // As many at once as make a wrong guess at the number's range rare.
    match n {
        0..=0x8000 => batches::<4>(rng, left, offsets),
        0x8001..=0x10_0000 => batches::<3>(rng, left, offsets),
        _ => batches::<2>(rng, left, offsets),
    }
}

/// A uniform number below `range`.
pub(super) fn below_one(rng: &mut Xoshiro256PlusPlus, range: u64) -> u32 {
    let [drawn] = below::<1>(rng, range);
    drawn
}

fn batches<const B: usize>(rng: &mut Xoshiro256PlusPlus, mut left: u64, offsets: &mut [u32]) {
    let (whole, rest) = offsets.as_chunks_mut::<B>();
    for batch in whole {
        *batch = below::<B>(rng, left);
        left -= B as u64;
    }
    for offset in rest {
        [*offset] = below::<1>(rng, left);
        left -= 1;
    }
}

/// Uniform numbers below `range`, `range` − 1, …, without bias (Brackett-Rozinsky and Lemire 2024): the
/// high words of one random number multiplied by each range in turn. `range` is at least B.
fn below<const B: usize>(rng: &mut Xoshiro256PlusPlus, range: u64) -> [u32; B] {
    let product: u64 = (0..B as u64).map(|i| range - i).product();
    loop {
        let mut low = rng.next_u64();
        let drawn = std::array::from_fn(|i| {
            let wide = u128::from(low) * u128::from(range - i as u64);
            low = wide as u64;
            (wide >> 64) as u32
        });
        if low >= product || low >= product.wrapping_neg() % product {
            return drawn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::SeedableRng;

    /// Every order of a few items is as likely as any other, whatever the batch.
    #[test]
    fn orders_are_uniform() {
        fn frequencies<const B: usize>() -> Vec<u32> {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
            let mut seen = std::collections::BTreeMap::new();
            for _ in 0..120_000 {
                let mut items = [0, 1, 2, 3, 4];
                let mut offsets = [0; 5];
                batches::<B>(&mut rng, 5, &mut offsets);
                for (i, offset) in offsets.iter().enumerate() {
                    items.swap(i, i + *offset as usize);
                }
                *seen.entry(items).or_insert(0) += 1;
            }
            seen.into_values().collect()
        }
        for seen in [frequencies::<1>(), frequencies::<2>(), frequencies::<3>(), frequencies::<4>()] {
            assert_eq!(seen.len(), 120);
            // Chi-squared with 119 degrees of freedom: 0.1 % lie above 173.
            let chi: f64 = seen.iter().map(|c| (f64::from(*c) - 1000.0).powi(2) / 1000.0).sum();
            assert!(chi < 173.0, "{chi}");
        }
    }

    #[test]
    fn offsets_stay_in_range() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        for n in [1, 2, 7, 0x8000, 0x8001, 0x10_0001] {
            let mut all = vec![0; n];
            offsets(&mut rng, n, &mut all);
            assert!(all.iter().enumerate().all(|(i, o)| i + (*o as usize) < n));
            assert!(n < 100 || all[..n / 2].iter().any(|o| *o as usize > n / 3));
        }
    }

    /// A range whose product is near 2^64 takes the slow path often; the mean stays in the middle.
    #[test]
    fn large_products_are_not_biased() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let range = 4_294_000_000;
        let mut sum = 0.0;
        for _ in 0..40_000 {
            let [a, b] = below::<2>(&mut rng, range);
            sum += f64::from(a) + f64::from(b);
        }
        let mean = sum / 80_000.0 / range as f64;
        assert!((mean - 0.5).abs() < 5.0 * (1.0f64 / 12.0 / 80_000.0).sqrt(), "{mean}");
    }
}
