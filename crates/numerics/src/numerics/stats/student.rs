//! Student's t distribution.

use super::shares::beta_quantile;

/// The t that a t of so many degrees of freedom is below with probability `p`, for p above 0.5.
///
/// ```
/// let t = results_numerics::numerics::stats::t_quantile(0.975, 3).unwrap();
/// assert!((t - 3.182_446_305_284_263).abs() < 1e-9);
/// ```
pub fn t_quantile(p: f64, freedom: usize) -> Option<f64> {
    let n = freedom as f64;
    if freedom == 0 || !(0.5..1.0).contains(&p) {
        return None;
    }
    // P(|T| > t) is the beta distribution function I_x(n/2, 1/2) at x = n / (n + t²).
    let x = beta_quantile(n / 2.0, 0.5, 2.0 * (1.0 - p));
    Some((n * (1.0 - x) / x).sqrt())
}

#[cfg(test)]
mod tests {
    use super::t_quantile;

    #[test]
    fn known_quantiles() {
        // One and two degrees of freedom have closed forms.
        let one = (std::f64::consts::PI * 0.475).tan();
        let two = 0.95 * (2.0f64 / (1.0 - 0.95f64 * 0.95)).sqrt();
        for (p, freedom, expected) in [
            (0.975, 1, one),
            (0.975, 2, two),
            (0.975, 9, 2.262_157_162_740_992),
            (0.995, 30, 2.749_995_653_567_231),
        ] {
            let found = t_quantile(p, freedom).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-9, "{p} {freedom}: {found}, not {expected}");
        }
        assert_eq!([t_quantile(0.975, 0), t_quantile(1.0, 3), t_quantile(0.4, 3)], [None; 3]);
        assert!(t_quantile(0.5, 3).unwrap().abs() < 1e-6);
    }
}
