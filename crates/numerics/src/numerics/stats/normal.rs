//! Tails of the normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// From here on the difference from 1 would lose digits, and the continued fraction is used.
const TAIL: f64 = 1.0;

/// Terms of the continued fraction; at `TAIL` those left out are below the last bit.
const TERMS: u32 = 200;

/// P(|Z| ≥ |z|) of a standard normal Z. (`statrs` has no more than 10 digits of it in places.)
pub(super) fn two_sided(z: f64) -> f64 {
    erfc(z.abs() * FRAC_1_SQRT_2)
}

/// 1 − erf(x) for x ≥ 0, to 14 digits at least: Abramowitz and Stegun (1964) 7.1.6 for small x and 7.1.14
/// for large ones.
fn erfc(x: f64) -> f64 {
    if x > 27.5 {
        return 0.0;
    }
    // x² with its rounding error, which the exponential would blow up.
    let square = x * x;
    let rest = x.mul_add(x, -square);
    let bell = (-square).exp() * (1.0 - rest) / PI.sqrt();
    if x < TAIL {
        // 2·bell·Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n + 1))
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while term > sum * f64::EPSILON / 2.0 {
            odd += 2.0;
            term *= 2.0 * square / odd;
            sum += term;
        }
        return 1.0 - 2.0 * bell * sum;
    }
    // bell / (x + ½ / (x + 1 / (x + 1½ / (x + …))))
    bell / (1..=TERMS).rev().fold(x, |below, i| x + f64::from(i) / 2.0 / below)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// mpmath with 40 digits.
    #[test]
    fn known_values() {
        let cases: [(f64, f64); 20] = [
            (0.0, 1.0),
            (1e-300, 1.0),
            (1e-9, 0.999_999_998_871_620_8),
            (0.01, 0.988_716_584_444_150_4),
            (0.3, 0.671_373_240_540_872_6),
            (0.5, 0.479_500_122_186_953_5),
            (0.999_999, 0.157_299_622_158_197_67),
            (1.0, 0.157_299_207_050_285_13),
            (1.491, 0.034_979_777_599_778_56),
            (1.75, 0.013_328_328_780_817_556),
            (2.0, 0.004_677_734_981_047_266),
            (2.25, 0.001_462_716_586_681_151_7),
            (3.0, 2.209_049_699_858_544e-5),
            (4.5, 1.966_160_441_542_887_5e-10),
            (6.0, 2.151_973_671_249_891e-17),
            (10.0, 2.088_487_583_762_545e-45),
            (15.3, 7.976_560_125_420_7e-104),
            (20.0, 5.395_865_611_607_901e-176),
            (25.5, 8.801_662_690_727_95e-285),
            (26.5, 2.210_907_664_263_734_3e-307),
        ];
        for (x, expected) in cases {
            assert!((erfc(x) / expected - 1.0).abs() < 1e-14, "{x}: {} {expected}", erfc(x));
        }
        assert!(two_sided(100.0) == 0.0 && two_sided(f64::NEG_INFINITY) == 0.0);
        assert!((two_sided(-1.959_963_984_540_054) - 0.05).abs() < 1e-15);
    }
}
