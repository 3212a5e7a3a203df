//! Several p as one.

/// Fisher's combined p: the upper tail of chi-squared with 2m degrees of freedom at −2 Σ ln p.
///
/// For an even number of degrees that tail is a Poisson sum. One p is itself; none gives 1.
pub fn fisher(p: &[f64]) -> f64 {
    if let [only] = p {
        return *only;
    }
    let half = -p.iter().map(|p| p.ln()).sum::<f64>();
    if half <= 0.0 {
        return 1.0;
    }
    if half.is_infinite() {
        return 0.0;
    }
    // In logarithms: e^-half alone would underflow long before the sum does.
    let mut term = -half;
    let mut sum = 0.0;
    for j in 0..p.len() {
        if j > 0 {
            term += half.ln() - (j as f64).ln();
        }
        sum += term.exp();
    }
    sum.min(1.0)
}
