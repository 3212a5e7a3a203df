//! The averages of all pairs of values, none of which is stored.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::numerics::stats::sorted::{Reader, Values};

/// Resamples of a bootstrap.
const RESAMPLES: usize = 2000;

/// Most values for which the interval is bootstrapped.
const BOOTSTRAPPED: usize = 5000;

/// Rank of the limits among the estimates of the resamples, from either end: 2.5 % of `RESAMPLES` + 1.
const TAIL: usize = 50;

/// 97.5 % quantile of the standard normal distribution.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// Steps of a selection that go by value; those that follow go by bits, so that there are at most 64.
const BY_VALUE: u32 = 40;

/// Averages that are held at most while one is selected: memory does not follow the number of values.
const HELD: u64 = 1 << 21;

/// The Walsh averages of sorted finite values, at least one.
#[derive(Debug)]
pub(super) struct Walsh<'a, S: ?Sized> {
    x: &'a S,
    n: usize,
}

/// A point between averages, and how many are at or below it.
#[derive(Debug, Clone, Copy)]
struct Bound {
    at: f64,
    count: u64,
}

impl<'a, S: Values + ?Sized> Walsh<'a, S> {
    pub(super) fn new(x: &'a S) -> Option<Self> {
        let n = x.count();
        (n > 0).then_some(Self { x, n })
    }

    fn len(&self) -> u64 {
        let n = self.n as u64;
        n * (n + 1) / 2
    }

    pub(super) fn median(&self) -> Result<f64, S::Error> {
        let rank = self.len().div_ceil(2);
        let middle = self.nth(rank)?;
        if self.len() % 2 == 1 {
            return Ok(middle);
        }
        Ok(f64::midpoint(middle, self.following(middle, rank)?) + 0.0)
    }

    /// How many averages are at most `t`.
    fn at_most(&self, t: f64) -> Result<u64, S::Error> {
        let (mut forth, mut back) = (self.x.reader(), self.x.reader());
        let mut end = self.n;
        let mut count = 0;
        for i in 0..self.n {
            end = last(&mut back, forth.at(i)?, i..end, |average| average > t)?;
            if end == i {
                break;
            }
            count += (end - i) as u64;
        }
        Ok(count)
    }

    /// The average of rank + 1, where `t` is the one of `rank`.
    pub(super) fn following(&self, t: f64, rank: u64) -> Result<f64, S::Error> {
        let (mut forth, mut back) = (self.x.reader(), self.x.reader());
        let mut end = self.n;
        let mut count = 0;
        let mut least = f64::MAX;
        for i in 0..self.n {
            let a = forth.at(i)?;
            end = last(&mut back, a, i..end, |average| average > t)?;
            count += (end - i) as u64;
            if end < self.n {
                least = least.min(f64::midpoint(a, back.at(end)?));
            }
            end = end.max(i + 1);
        }
        Ok(if count > rank { t } else { least })
    }

    /// The average of a rank, 1 being the least.
    pub(super) fn nth(&self, rank: u64) -> Result<f64, S::Error> {
        let mut ends = self.x.reader();
        let (first, last) = (ends.at(0)?, ends.at(self.n - 1)?);
        let mut low = Bound { at: first, count: self.at_most(first)? };
        if low.count >= rank {
            return Ok(first + 0.0);
        }
        let mut high = Bound { at: last, count: self.len() };
        let few = (4 * self.n as u64 + 64).min(HELD);
        let mut steps = 0;
        while high.count - low.count > few {
            let Some(at) = between(low, high, rank, few, steps) else { return Ok(high.at + 0.0) };
            let count = self.at_most(at)?;
            let bound = if count >= rank { &mut high } else { &mut low };
            *bound = Bound { at, count };
            steps += 1;
        }
        let mut left = self.within(low.at, high.at)?;
        let (_, found, _) = left.select_nth_unstable_by((rank - low.count - 1) as usize, f64::total_cmp);
        Ok(*found + 0.0)
    }

    /// The averages above `low` and at most `high`.
    fn within(&self, low: f64, high: f64) -> Result<Vec<f64>, S::Error> {
        let [mut forth, mut first, mut back, mut among] = [(); 4].map(|()| self.x.reader());
        let mut found = Vec::new();
        let (mut start, mut end) = (self.n, self.n);
        for i in 0..self.n {
            let a = forth.at(i)?;
            end = last(&mut back, a, i..end, |average| average > high)?;
            start = last(&mut first, a, i..start, |average| average > low)?;
            if end <= i {
                break;
            }
            for place in start.max(i)..end {
                found.push(f64::midpoint(a, among.at(place)?));
            }
        }
        Ok(found)
    }

    /// The interval around their median.
    pub(super) fn interval(&self, median: f64, seed: u64, key: &str) -> Result<Option<(f64, f64)>, S::Error> {
        match self.n {
            0..3 => Ok(None),
            3..=BOOTSTRAPPED => {
                let mut reader = self.x.reader();
                let x = (0..self.n).map(|place| reader.at(place)).collect::<Result<Vec<f64>, _>>()?;
                Ok(Some(bootstrap(&x, stream(seed, key))))
            }
            _ => self.by_ranks(median).map(Some),
        }
    }

    pub(super) fn by_ranks(&self, median: f64) -> Result<(f64, f64), S::Error> {
        let n = self.n as f64;
        let mut mean = 0.0;
        self.shares_below(median, |share| mean += share)?;
        mean /= n;
        let mut variance = 0.0;
        self.shares_below(median, |share| variance += (share - mean).powi(2))?;
        variance /= n;
        let half = NORMAL_QUANTILE * 2.0 * (variance / n).sqrt();
        let rank = (self.len() as f64 * (0.5 - half)).max(1.0) as u64;
        Ok((self.nth(rank)?, self.nth(self.len() + 1 - rank)?))
    }

    /// For every value, the share of all values with which its average is below `t`; equal counts half.
    pub(super) fn shares_below(&self, t: f64, mut see: impl FnMut(f64)) -> Result<(), S::Error> {
        let [mut forth, mut low, mut high] = [(); 3].map(|()| self.x.reader());
        let (mut less, mut most) = (self.n, self.n);
        for i in 0..self.n {
            let a = forth.at(i)?;
            less = last(&mut low, a, 0..less, |average| average >= t)?;
            most = last(&mut high, a, 0..most, |average| average > t)?;
            see((less + most) as f64 / (2 * self.n) as f64);
        }
        Ok(())
    }
}

/// The end of a range without the places at its end whose average with a value is beyond.
fn last<R: Reader>(
    x: &mut R,
    value: f64,
    places: std::ops::Range<usize>,
    is_beyond: impl Fn(f64) -> bool,
) -> Result<usize, R::Error> {
    let mut end = places.end;
    while end > places.start && is_beyond(f64::midpoint(value, x.at(end - 1)?)) {
        end -= 1;
    }
    Ok(end)
}

pub(super) fn bootstrap(x: &[f64], mut rng: Xoshiro256PlusPlus) -> (f64, f64) {
    let mut estimates: Vec<f64> = Vec::with_capacity(RESAMPLES);
    let mut times = vec![0u32; x.len()];
    let mut resample = Vec::with_capacity(x.len());
    for _ in 0..RESAMPLES {
        times.fill(0);
        for _ in x {
            times[below(&mut rng, x.len() as u64) as usize] += 1;
        }
        resample.clear();
        for (x, times) in x.iter().zip(&times) {
            resample.extend(std::iter::repeat_n(*x, *times as usize));
        }
        let Ok(median) = Walsh { x: &resample[..], n: resample.len() }.median();
        estimates.push(median);
    }
    estimates.sort_unstable_by(f64::total_cmp);
    (estimates[TAIL - 1], estimates[RESAMPLES - TAIL])
}

/// The next point to count at; `None` if there is no number between.
fn between(low: Bound, high: Bound, rank: u64, few: u64, step: u32) -> Option<f64> {
    let near = |at: f64| (low.at < at && at < high.at).then_some(at);
    let by_value = match step {
        BY_VALUE.. => None,
        // Where counts do not grow evenly, interpolation alone moves one bound only.
        step if step % 3 == 2 => near(f64::midpoint(low.at, high.at)),
        step => {
            // Aims a little beside the rank, in turns, so that both bounds close in.
            let aside = if step % 3 == 0 { few as f64 } else { -(few as f64) } / 4.0;
            let share = ((rank - low.count) as f64 + aside) / (high.count - low.count) as f64;
            near(low.at + (high.at - low.at) * share)
        }
    };
    by_value.or_else(|| {
        let (low, high) = (ordered(low.at), ordered(high.at));
        let middle = low + (high - low) / 2;
        (middle > low).then(|| number(middle))
    })
}

/// Whole numbers in the order of the floats.
pub(super) fn ordered(value: f64) -> u64 {
    let bits = value.to_bits();
    if value.is_sign_negative() { !bits } else { bits | 1 << 63 }
}

pub(super) fn number(ordered: u64) -> f64 {
    f64::from_bits(if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered })
}

/// The stream: BLAKE3 of seed and key as seed of xoshiro256++.
pub(super) fn stream(seed: u64, key: &str) -> Xoshiro256PlusPlus {
    let mut hash = blake3::Hasher::new();
    hash.update(b"hodges_lehmann");
    hash.update(&seed.to_le_bytes());
    hash.update(key.as_bytes());
    Xoshiro256PlusPlus::from_seed(*hash.finalize().as_bytes())
}

/// A uniform whole number below `range` (Lemire 2019).
pub(super) fn below(rng: &mut Xoshiro256PlusPlus, range: u64) -> u64 {
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(range);
        let low = product as u64;
        if low >= range || low >= range.wrapping_neg() % range {
            return (product >> 64) as u64;
        }
    }
}
