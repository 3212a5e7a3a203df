//! How fast rows follow each other, and whether what counts as gaps may be their pace.

use std::fmt;

use crate::config::{Config, GapMode};

use super::frame::UserFrame;

/// A step longer than this many periods is a gap, unless the configuration says otherwise.
pub(super) const GAP_PERIODS: f64 = 1.5;
/// Fewer long steps are gaps.
const FEWEST: usize = 10;
/// Long steps are doubtful if more than one step in so many is.
const ONE_IN: usize = 4;
/// They are of one length if no more than one of so many has another.
const OTHERS_IN: usize = 10;

/// Steps that are gaps by the data's own period, and so many, or so much of one length, that a recorder may have meant them:
/// two rates, pauses that come again and again, or rows that are irregular.
#[derive(Debug, Clone, PartialEq)]
pub struct LongSteps {
    /// Steps from a row to the next.
    pub steps: usize,
    /// Those that count as gaps.
    pub long: usize,
    /// The period, in seconds.
    pub period: f64,
    /// The most frequent length of a long step, in seconds.
    pub usual: f64,
    /// How many have it.
    pub of_usual: usize,
}

impl fmt::Display for LongSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, long, period, usual, of_usual } = self;
        write!(
            f,
            "{long} of {steps} steps are longer than {GAP_PERIODS} times the median step of {period} s, and each ends a \
             segment ({of_usual} are of {usual} s); if they are no gaps, set `gaps.max_seconds`"
        )
    }
}

/// Long steps, if they are so many, or so much alike, that they may be no gaps.
pub(super) fn long_steps(
    config: &Config,
    frame: &UserFrame,
    order: &[usize],
    keep: &[bool],
) -> Option<LongSteps> {
    if config.gaps.mode == GapMode::Ignore || config.gaps.max_seconds.is_some() {
        return None;
    }
    let times = frame.timestamp.as_deref()?;
    let period = period(times, order)?;
    let kept = order.windows(2).filter(|pair| keep[pair[0]] && keep[pair[1]]);
    let steps: Vec<f64> =
        kept.map(|pair| times[pair[1]] - times[pair[0]]).filter(|step| *step > 0.0).collect();
    let mut long: Vec<f64> = steps.iter().copied().filter(|step| *step > GAP_PERIODS * period).collect();
    if long.len() < FEWEST {
        return None;
    }
    long.sort_by(f64::total_cmp);
    // Clocks are not exact: as many periods are one length.
    let periods = |step: &f64| (step / period).round() as u64;
    let same = long.chunk_by(|a, b| periods(a) == periods(b)).max_by_key(|same| same.len())?;
    // Gaps that befall a recording differ in length.
    let others = long.len() - same.len();
    if long.len() * ONE_IN <= steps.len() && others * OTHERS_IN > long.len() {
        return None;
    }
    let usual = same[same.len() / 2];
    Some(LongSteps { steps: steps.len(), long: long.len(), period, usual, of_usual: same.len() })
}

/// Median of the forward steps; of two middle ones the shorter.
pub(super) fn period(times: &[f64], order: &[usize]) -> Option<f64> {
    let known: Vec<f64> = order.iter().map(|&row| times[row]).filter(|time| time.is_finite()).collect();
    let mut steps: Vec<f64> =
        known.windows(2).map(|pair| pair[1] - pair[0]).filter(|&step| step > 0.0).collect();
    if steps.is_empty() {
        return None;
    }
    let middle = (steps.len() - 1) / 2;
    Some(*steps.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::period;

    #[test]
    fn the_period_is_the_median_forward_step() {
        let times = [0.0, 60.0, 120.0, 1000.0, 990.0, f64::NAN, 1050.0];
        let order: Vec<usize> = (0..times.len()).collect();
        assert_eq!(period(&times, &order), Some(60.0));
        assert_eq!(period(&times[..1], &order[..1]), None);
    }
}
