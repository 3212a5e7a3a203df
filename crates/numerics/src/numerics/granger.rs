//! Granger causality of two series: does the past of one help to predict the other?
//!
//! Ordinary least squares by Householder reflections. One decomposition of the columns in the order
//! constant, lag 1, lag 2, … gives the residual sums of every nested model at once: what is left of a
//! target below the first rows of the triangle.

use statrs::function::beta::beta_reg;

use super::NoValue;
use super::embedding::times;

/// Rows a fit must have beyond the lags, whatever their number.
const SPARE_ROWS: usize = 50;

/// A column that the others explain to this share is taken to be explained.
const DEPENDENT: f64 = 1e-10;

/// The rows of one direction's regression, for surrogates whose source has other rows.
#[derive(Debug, Clone)]
pub struct Regression {
    /// Constant, lags of the target, then the target itself, row by row.
    own: Vec<i32>,
    /// Lags of the source, row by row.
    source: Vec<i32>,
    lag: usize,
    times: Vec<usize>,
}

impl Regression {
    /// The rows of [`granger`].
    pub fn new(source: &[i32], target: &[i32], segment_starts: &[usize], lag: usize) -> Self {
        let times = times(target.len(), segment_starts, lag);
        let own = |t: &usize| {
            let lags = (1..=lag).map(|l| target[t - l]).collect::<Vec<_>>();
            std::iter::once(1).chain(lags).chain([target[*t]])
        };
        let lags = |t: &usize| (1..=lag).map(|l| source[t - l]).collect::<Vec<_>>();
        let (own, source) = (times.iter().flat_map(own).collect(), times.iter().flat_map(lags).collect());
        Self { own, source, lag, times }
    }

    /// Time of each row's target.
    pub fn times(&self) -> &[usize] {
        &self.times
    }

    /// Columns of the target, and of the source.
    pub(crate) fn widths(&self) -> (usize, usize) {
        (self.lag + 2, self.lag)
    }

    /// Constant, lags of the target, and the target of a row.
    pub(crate) fn own(&self, row: u32) -> &[i32] {
        let (width, _) = self.widths();
        &self.own[row as usize * width..][..width]
    }

    /// Lags of the source of a row.
    pub(crate) fn source(&self, row: u32) -> &[i32] {
        &self.source[row as usize * self.lag..][..self.lag]
    }

    /// F of so many rows from the sums of their products: of own columns with own and with the source's, and of
    /// the source's with each other, each row by row. A column that the others explain adds nothing.
    pub(crate) fn f(&self, rows: usize, own: &[i64], cross: &[i64], source: &[i64]) -> f64 {
        let (width, lag) = self.widths();
        let free = rows as f64 - (2 * lag + 1) as f64;
        if free <= 0.0 {
            return 0.0;
        }
        let size = width + lag;
        let product = |a: usize, b: usize| match (a < width, b < width) {
            (true, true) => own[a * width + b],
            (true, false) => cross[a * lag + b - width],
            (false, true) => cross[b * lag + a - width],
            (false, false) => source[(a - width) * lag + b - width],
        };
        // The target comes last: constant, its lags, the lags of the source, the target.
        let order: Vec<usize> = (0..width - 1).chain(width..size).chain([width - 1]).collect();
        let mut left: Vec<f64> =
            order.iter().flat_map(|a| order.iter().map(|b| product(*a, *b) as f64)).collect();
        let whole: Vec<f64> = (0..size).map(|j| left[j * size + j]).collect();
        let mut gained = 0.0;
        for j in 0..size - 1 {
            let pivot = left[j * size + j];
            if pivot <= DEPENDENT * whole[j] {
                continue;
            }
            let last = left[j * size + size - 1];
            gained += if j >= width - 1 { last * last / pivot } else { 0.0 };
            for a in j + 1..size {
                let share = left[j * size + a] / pivot;
                for b in a..size {
                    left[a * size + b] -= share * left[j * size + b];
                }
            }
        }
        let rest = left[size * size - 1].max(DEPENDENT * whole[size - 1]).max(f64::MIN_POSITIVE);
        (gained / lag as f64) / (rest / free)
    }
}

/// One direction's test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FTest {
    /// ((RSS restricted − RSS full) / p) / (RSS full / d).
    pub f: f64,
    /// Upper tail of F with (p, d) degrees of freedom.
    pub p: f64,
    /// Degrees of freedom of the numerator: the lag.
    pub df1: usize,
    /// Degrees of freedom of the denominator.
    pub df2: usize,
    /// Rows of the fit.
    pub n: usize,
}

/// The lag p in 0..=`max_lag` with the smallest AIC of a bivariate autoregression with constant, at
/// least 1: ln det Σ + (2/T)(4p + 2), all p fitted on the same T rows, Σ the residuals'
/// covariance.
///
/// # Errors
/// Too few rows, a constant series, or a singular fit.
pub fn select_lag(a: &[i32], b: &[i32], segment_starts: &[usize], max_lag: usize) -> Result<usize, NoValue> {
    let rows = times(a.len(), segment_starts, max_lag);
    // Two rows a coefficient: with fewer, long lags fit anything.
    let min = SPARE_ROWS.max(2 * (2 * max_lag + 1));
    if rows.len() < min {
        return Err(NoValue::FewRows { rows: rows.len(), min, max_lag });
    }
    vary(a, "source")?;
    vary(b, "target")?;
    let mut columns = vec![vec![1.0; rows.len()]];
    for lag in 1..=max_lag {
        columns.push(lagged(a, &rows, lag));
        columns.push(lagged(b, &rows, lag));
    }
    let predictors = columns.len();
    columns.push(lagged(a, &rows, 0));
    columns.push(lagged(b, &rows, 0));
    reflect(&mut columns, predictors)?;
    let (u, v) = (&columns[predictors], &columns[predictors + 1]);
    let t = rows.len() as f64;
    let mut best = (f64::INFINITY, 0);
    for p in 0..=max_lag {
        let left = 1 + 2 * p..;
        let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>() / t;
        let (uu, vv) = (sum(&u[left.clone()], &u[left.clone()]), sum(&v[left.clone()], &v[left.clone()]));
        let uv = sum(&u[left.clone()], &v[left]);
        let det = uu * vv - uv * uv;
        if det <= DEPENDENT * uu * vv || !det.is_finite() {
            return Err(NoValue::Singular);
        }
        let aic = det.ln() + 2.0 / t * (4 * p + 2) as f64;
        if aic < best.0 {
            best = (aic, p);
        }
    }
    Ok(best.1.max(1))
}

/// Tests whether `source` helps to predict `target` at `lag`, on all rows whose lags are there.
pub fn granger(
    source: &[i32],
    target: &[i32],
    segment_starts: &[usize],
    lag: usize,
) -> Result<FTest, NoValue> {
    let rows = times(target.len(), segment_starts, lag);
    let (n, parameters) = (rows.len(), 2 * lag + 1);
    if n <= parameters {
        return Err(NoValue::FewRows { rows: n, min: parameters + 1, max_lag: lag });
    }
    let mut columns = vec![vec![1.0; n]];
    columns.extend((1..=lag).map(|l| lagged(target, &rows, l)));
    columns.extend((1..=lag).map(|l| lagged(source, &rows, l)));
    columns.push(lagged(target, &rows, 0));
    reflect(&mut columns, parameters)?;
    let y = &columns[parameters];
    let squares = |part: &[f64]| part.iter().map(|v| v * v).sum::<f64>();
    let (gained, left) = (squares(&y[1 + lag..parameters]), squares(&y[parameters..]));
    if left <= DEPENDENT * squares(&y[1..]) {
        return Err(NoValue::Singular);
    }
    let d = n - parameters;
    let f = (gained / lag as f64) / (left / d as f64);
    let (d1, d2) = (lag as f64, d as f64);
    let p = beta_reg(d2 / 2.0, d1 / 2.0, d2 / (d2 + d1 * f));
    Ok(FTest { f, p, df1: lag, df2: d, n })
}

fn vary(series: &[i32], name: &'static str) -> Result<(), NoValue> {
    if series.iter().all(|v| Some(v) == series.first()) {
        return Err(NoValue::Constant { series: name });
    }
    Ok(())
}

fn lagged(series: &[i32], rows: &[usize], lag: usize) -> Vec<f64> {
    rows.iter().map(|t| f64::from(series[t - lag])).collect()
}

/// Reflects all columns so that the first `predictors` become triangular.
fn reflect(columns: &mut [Vec<f64>], predictors: usize) -> Result<(), NoValue> {
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    for j in 0..predictors {
        let (done, rest) = columns.split_at_mut(j + 1);
        let column = &mut done[j];
        let (whole, below) = (norm(column), norm(&column[j..]));
        if below <= DEPENDENT * whole || below == 0.0 {
            return Err(NoValue::Singular);
        }
        let head = if column[j] > 0.0 { -below } else { below };
        column[j] -= head;
        let square: f64 = column[j..].iter().map(|x| x * x).sum();
        for other in rest.iter_mut() {
            let dot: f64 = column[j..].iter().zip(&other[j..]).map(|(a, b)| a * b).sum();
            let scale = 2.0 * dot / square;
            for (b, a) in other[j..].iter_mut().zip(&column[j..]) {
                *b -= scale * a;
            }
        }
        column[j] = head;
        column[j + 1..].fill(0.0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u64, n: usize, levels: u64) -> Vec<i32> {
        use rand_xoshiro::rand_core::{Rng, SeedableRng};
        let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..n).map(|_| ((rng.next_u64() >> 33) % levels) as i32).collect()
    }

    /// Normal equations of the two nested models, solved by elimination.
    fn brute(source: &[i32], target: &[i32], lag: usize) -> f64 {
        let rss = |with_source: bool| {
            let rows: Vec<Vec<f64>> = (lag..target.len())
                .map(|t| {
                    let mut row = vec![1.0];
                    row.extend((1..=lag).map(|l| f64::from(target[t - l])));
                    if with_source {
                        row.extend((1..=lag).map(|l| f64::from(source[t - l])));
                    }
                    row
                })
                .collect();
            let y: Vec<f64> = target[lag..].iter().map(|v| f64::from(*v)).collect();
            let m = rows[0].len();
            let mut system = vec![vec![0.0; m + 1]; m];
            for (row, y) in rows.iter().zip(&y) {
                for i in 0..m {
                    (0..m).for_each(|j| system[i][j] += row[i] * row[j]);
                    system[i][m] += row[i] * y;
                }
            }
            for i in 0..m {
                for k in 0..m {
                    if k != i {
                        let factor = system[k][i] / system[i][i];
                        let pivot = system[i].clone();
                        system[k].iter_mut().zip(&pivot).for_each(|(v, p)| *v -= factor * p);
                    }
                }
            }
            let fit = |row: &Vec<f64>| (0..m).map(|i| row[i] * system[i][m] / system[i][i]).sum::<f64>();
            rows.iter().zip(&y).map(|(row, y)| (y - fit(row)).powi(2)).sum::<f64>()
        };
        let d = (target.len() - lag - (2 * lag + 1)) as f64;
        ((rss(false) - rss(true)) / lag as f64) / (rss(true) / d)
    }

    #[test]
    fn agrees_with_the_normal_equations() {
        let (a, b) = (noise(1, 200, 5), noise(2, 200, 2));
        for lag in 1..4 {
            let found = granger(&a, &b, &[0], lag).unwrap();
            let expected = brute(&a, &b, lag);
            assert!((found.f / expected - 1.0).abs() < 1e-9, "{} {expected}", found.f);
            assert_eq!((found.df1, found.df2), (lag, 200 - lag - 2 * lag - 1));
        }
    }

    #[test]
    fn a_driven_series_is_found_and_its_lag_too() {
        let a = noise(3, 600, 5);
        let b: Vec<i32> = (0..600).map(|t| if t < 3 { 0 } else { i32::from(a[t - 3] > 2) }).collect();
        let noisy: Vec<i32> =
            b.iter().zip(noise(4, 600, 10)).map(|(b, n)| if n == 0 { 1 - b } else { *b }).collect();
        assert_eq!(select_lag(&a, &noisy, &[0], 8), Ok(3));
        assert!(granger(&a, &noisy, &[0], 3).unwrap().p < 1e-20);
        assert!(granger(&noisy, &a, &[0], 3).unwrap().p > 1e-4);
    }

    #[test]
    fn what_cannot_be_fitted_is_told() {
        let a = noise(5, 200, 5);
        assert!(matches!(
            select_lag(&a[..57], &a[..57], &[0], 8),
            Err(NoValue::FewRows { rows: 49, min: 50, .. })
        ));
        assert!(matches!(
            select_lag(&a, &noise(6, 200, 2), &[0], 60),
            Err(NoValue::FewRows { rows: 140, min: 242, .. })
        ));
        assert_eq!(select_lag(&a, &[1; 200], &[0], 8), Err(NoValue::Constant { series: "target" }));
        assert_eq!(select_lag(&a, &a, &[0], 8), Err(NoValue::Singular));
        assert_eq!(granger(&a, &a, &[0], 1), Err(NoValue::Singular));
    }
}
