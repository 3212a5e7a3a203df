//! Statistics over moving frames, in which what has left the frame leaves no trace.
//!
//! Subtracting a value that has left does not take it out: after 1e20 nothing is left of a 3, after an infinity
//! nothing at all. So parts of the frame are put together instead, each value a few times: a queue of two stacks.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::Float64Type;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;

/// What is computed of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Moment {
    Sum,
    Mean,
    VarianceOfSample,
    Variance,
    DeviationOfSample,
    Deviation,
    CovarianceOfSample,
    Covariance,
    Correlation,
    Slope,
    Intercept,
    Count,
    R2,
    MeanX,
    MeanY,
    SumXx,
    SumYy,
    SumXy,
}

impl Moment {
    /// By the engine's name of the function.
    pub(super) fn of(function: &str) -> Option<Self> {
        Some(match function {
            "sum" => Self::Sum,
            "avg" => Self::Mean,
            "var" => Self::VarianceOfSample,
            "var_pop" => Self::Variance,
            "stddev" => Self::DeviationOfSample,
            "stddev_pop" => Self::Deviation,
            "covar_samp" => Self::CovarianceOfSample,
            "covar_pop" => Self::Covariance,
            "corr" => Self::Correlation,
            "regr_slope" => Self::Slope,
            "regr_intercept" => Self::Intercept,
            "regr_count" => Self::Count,
            "regr_r2" => Self::R2,
            "regr_avgx" => Self::MeanX,
            "regr_avgy" => Self::MeanY,
            "regr_sxx" => Self::SumXx,
            "regr_syy" => Self::SumYy,
            "regr_sxy" => Self::SumXy,
            _ => return None,
        })
    }

    /// Of the values of a frame; `x` is the second argument, where there are two.
    fn value(self, of: &Moments) -> ScalarValue {
        let n = of.n;
        let value = match self {
            Self::Count => return ScalarValue::UInt64(Some(n as u64)),
            Self::Sum => (n > 0.0).then_some(of.sum),
            Self::Mean => (n > 0.0).then(|| of.sum / n),
            Self::VarianceOfSample => (n > 1.0).then(|| of.yy / (n - 1.0)),
            Self::Variance => (n > 0.0).then(|| of.yy / n),
            Self::DeviationOfSample => (n > 1.0).then(|| (of.yy / (n - 1.0)).sqrt()),
            Self::Deviation => (n > 0.0).then(|| (of.yy / n).sqrt()),
            Self::CovarianceOfSample => (n > 1.0).then(|| of.xy / (n - 1.0)),
            Self::Covariance => (n > 0.0).then(|| of.xy / n),
            Self::Correlation => {
                (n > 1.0 && of.xx != 0.0 && of.yy != 0.0).then(|| of.xy / of.xx.sqrt() / of.yy.sqrt())
            }
            Self::Slope => (n > 1.0 && of.xx != 0.0).then(|| of.xy / of.xx),
            Self::Intercept => (n > 1.0 && of.xx != 0.0).then(|| of.y - of.xy / of.xx * of.x),
            Self::R2 => (n > 1.0 && of.xx != 0.0 && of.yy != 0.0).then(|| of.xy * of.xy / (of.xx * of.yy)),
            Self::MeanX => (n > 0.0).then_some(of.x),
            Self::MeanY => (n > 0.0).then_some(of.y),
            Self::SumXx => (n > 0.0).then_some(of.xx),
            Self::SumYy => (n > 0.0).then_some(of.yy),
            Self::SumXy => (n > 0.0).then_some(of.xy),
        };
        ScalarValue::Float64(value.map(|value| if value.is_nan() { f64::NAN } else { value }))
    }
}

/// Number, sum, means, and sums of squares about the means; `y` is the first argument.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    n: f64,
    sum: f64,
    y: f64,
    x: f64,
    yy: f64,
    xx: f64,
    xy: f64,
}

impl Moments {
    fn one(y: f64, x: f64) -> Self {
        // No distance from the mean, unless that is infinite: then there is none to tell.
        let apart = |value: f64| if value.is_finite() { 0.0 } else { f64::NAN };
        let (yy, xx) = (apart(y), apart(x));
        Self { n: 1.0, sum: y, y, x, yy, xx, xy: yy + xx }
    }

    /// Those of two parts, the earlier one first.
    fn join(&self, other: &Self) -> Self {
        if self.n == 0.0 {
            return *other;
        }
        if other.n == 0.0 {
            return *self;
        }
        let n = self.n + other.n;
        // An infinite value has no distance from the mean.
        let apart = |new: f64, old: f64| Some(new - old).filter(|d| d.is_finite()).unwrap_or(f64::NAN);
        let (dy, dx) = (apart(other.y, self.y), apart(other.x, self.x));
        let (share, weight) = (other.n / n, self.n * other.n / n);
        Self {
            n,
            sum: self.sum + other.sum,
            y: mean(self.y, other.y, share),
            x: mean(self.x, other.x, share),
            yy: self.yy + other.yy + dy * dy * weight,
            xx: self.xx + other.xx + dx * dx * weight,
            xy: self.xy + other.xy + dx * dy * weight,
        }
    }
}

/// The mean of two parts, of which the other one has a share.
fn mean(one: f64, other: f64, share: f64) -> f64 {
    let apart = other - one;
    // Infinite ones, and those whose difference is.
    if apart.is_finite() { one + apart * share } else { one * (1.0 - share) + other * share }
}

/// The values of a frame.
#[derive(Debug)]
pub(super) struct Moving {
    moment: Moment,
    /// Those that came first, each with all behind it that came with it; the next to leave is the last.
    leaving: Vec<Moments>,
    /// Those that came since, and all of them together.
    came: Vec<(f64, f64)>,
    all_came: Moments,
}

impl Moving {
    pub(super) fn new(moment: Moment) -> Self {
        Self { moment, leaving: Vec::new(), came: Vec::new(), all_came: Moments::default() }
    }

    fn leave(&mut self) {
        if self.leaving.is_empty() {
            let mut behind = Moments::default();
            while let Some((y, x)) = self.came.pop() {
                behind = Moments::one(y, x).join(&behind);
                self.leaving.push(behind);
            }
            self.all_came = Moments::default();
        }
        self.leaving.pop();
    }
}

/// Pairs of which no part is null; with one argument the second is the first.
fn pairs(values: &[ArrayRef]) -> impl Iterator<Item = (f64, f64)> + '_ {
    let y = values[0].as_primitive::<Float64Type>();
    let x = values.get(1).map_or(y, |x| x.as_primitive::<Float64Type>());
    (0..y.len()).filter(|i| y.is_valid(*i) && x.is_valid(*i)).map(|i| (y.value(i), x.value(i)))
}

impl Accumulator for Moving {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for (y, x) in pairs(values) {
            self.came.push((y, x));
            self.all_came = self.all_came.join(&Moments::one(y, x));
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for _ in pairs(values) {
            self.leave();
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let first = self.leaving.last().copied().unwrap_or_default();
        Ok(self.moment.value(&first.join(&self.all_came)))
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        datafusion::common::internal_err!("frames are not put together")
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        datafusion::common::internal_err!("frames are not put together")
    }

    fn size(&self) -> usize {
        size_of_val(self)
            + self.leaving.capacity() * size_of::<Moments>()
            + self.came.capacity() * size_of::<(f64, f64)>()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Float64Array;

    use super::*;

    fn of(values: &[f64]) -> [ArrayRef; 1] {
        [Arc::new(Float64Array::from(values.to_vec())) as ArrayRef]
    }

    fn value(frame: &mut Moving) -> f64 {
        let ScalarValue::Float64(Some(value)) = frame.evaluate().unwrap() else { panic!("no number") };
        value
    }

    #[test]
    fn an_infinite_value_has_no_variance_and_leaves_no_trace() {
        for moment in [
            Moment::Variance,
            Moment::DeviationOfSample,
            Moment::Covariance,
            Moment::SumXx,
            Moment::SumYy,
            Moment::SumXy,
        ] {
            let mut frame = Moving::new(moment);
            frame.update_batch(&of(&[f64::INFINITY])).unwrap();
            assert!(moment == Moment::DeviationOfSample || value(&mut frame).is_nan(), "{moment:?}");
            frame.update_batch(&of(&[1.0])).unwrap();
            assert!(value(&mut frame).is_nan(), "{moment:?}");
            frame.update_batch(&of(&[1.0])).unwrap();
            frame.retract_batch(&of(&[f64::INFINITY])).unwrap();
            assert_eq!(frame.evaluate().unwrap(), ScalarValue::Float64(Some(0.0)), "{moment:?}");
        }
    }

    #[test]
    fn a_mean_with_an_infinite_value_is_infinite() {
        for moment in [Moment::Mean, Moment::MeanX, Moment::MeanY] {
            for (first, second, is) in [
                (f64::INFINITY, 1.0, f64::INFINITY),
                (1.0, f64::NEG_INFINITY, f64::NEG_INFINITY),
                (f64::INFINITY, f64::NEG_INFINITY, f64::NAN),
            ] {
                let mut frame = Moving::new(moment);
                frame.update_batch(&of(&[first, second])).unwrap();
                assert!(value(&mut frame).total_cmp(&is).is_eq(), "{moment:?} of {first}, {second}");
                frame.update_batch(&of(&[3.0])).unwrap();
                frame.retract_batch(&of(&[first, second])).unwrap();
                assert!((value(&mut frame) - 3.0).abs() < 1e-12, "{moment:?}");
            }
        }
        let mut frame = Moving::new(Moment::MeanX);
        frame.update_batch(&of(&[1e308, -1e308])).unwrap();
        assert!(value(&mut frame).abs() < 1e300);
    }
}
