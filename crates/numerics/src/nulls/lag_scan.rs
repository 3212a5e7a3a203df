//! Which of several lags stands out, and whether any does: the largest z over the lags against the largest z of
//! surrogates that are arranged alike at every lag, so that trying many lags is paid for.

use super::day_order::{Clock, UsedDays};
use super::days::Days;
use super::{Draws, Null, PRule, Plan, Sample, StreamKey, Unfit};
use crate::numerics::embedding::Observations;

/// What a scan over lags says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LagScan {
    /// The place of the lag with the largest z.
    pub best: usize,
    /// Its z.
    pub z: f64,
    /// Share of surrogates whose largest z over the lags reaches it.
    pub p: f64,
    /// Surrogates that do.
    pub exceedances: u32,
    /// Surrogates gone through.
    pub surrogates: u32,
    /// Whether all arrangements were gone through.
    pub is_exhaustive: bool,
    /// Smallest p there could have been.
    pub floor: f64,
    /// Days that are used at every lag.
    pub days: usize,
}

/// Scans the effective values of these observations, a lag each, under the same arrangements of days.
///
/// # Errors
/// There are no two days that are used at every lag, or no lag at which surrogates vary.
pub fn scan_lags(
    lags: &[&Observations],
    clock: Clock<'_>,
    plan: &Plan,
    key: StreamKey<'_>,
) -> Result<LagScan, Unfit> {
    let (lags, days) = common_days(lags, clock)?;
    let sample = |o| Sample { observations: o, within: None, clock: Some(clock) };
    let mut draws: Vec<Box<dyn Draws + '_>> =
        lags.iter().map(|o| Days.prepare(sample(o))).collect::<Result<_, _>>()?;
    let all =
        draws.first().and_then(|draws| draws.all()).filter(|all| all.count <= u64::from(plan.surrogates));
    let surrogates = all.map_or(plan.surrogates, |all| all.count as u32);
    if surrogates == 0 {
        return Err(Unfit::NoSurrogates);
    }
    let mut largest = vec![f64::NEG_INFINITY; surrogates as usize];
    let mut best: Option<(usize, f64)> = None;
    for (place, draws) in draws.iter_mut().enumerate() {
        // The same stream at every lag: the same orders of the days.
        let mut rng = key.of(Days.name()).rng();
        let differences: Vec<i64> = (0..surrogates)
            .map(|number| if all.is_some() { draws.number(u64::from(number)) } else { draws.next(&mut rng) })
            .collect();
        let Some(z) = Standard::of(&differences) else { continue };
        for (largest, difference) in largest.iter_mut().zip(&differences) {
            *largest = largest.max(z.of_one(*difference));
        }
        // The observed value differs from itself by nothing.
        if best.is_none_or(|(_, largest)| z.of_one(0) > largest) {
            best = Some((place, z.of_one(0)));
        }
    }
    let (best, z) = best.ok_or(Unfit::NoSpread)?;
    let exceedances = largest.iter().filter(|largest| **largest >= z).count() as u32;
    let (e, m) = (f64::from(exceedances), f64::from(surrogates));
    let (p, floor) = match (all, plan.p) {
        (Some(_), _) => (e / m, 1.0 / m),
        (None, PRule::AddOne) => ((1.0 + e) / (1.0 + m), 1.0 / (1.0 + m)),
        (None, PRule::Raw) => (e / m, 0.0),
    };
    Ok(LagScan { best, z, p, exceedances, surrogates, is_exhaustive: all.is_some(), floor, days })
}

/// The observations of the days that are used at every lag, and how many these are.
fn common_days(lags: &[&Observations], clock: Clock<'_>) -> Result<(Vec<Observations>, usize), Unfit> {
    let used = lags.iter().map(|o| UsedDays::new(&o.times, clock).names(&o.times, clock));
    let common = used.reduce(|a, b| a.intersection(&b).copied().collect()).unwrap_or_default();
    if common.len() < 2 {
        return Err(Unfit::OneDay);
    }
    let of_them = |o: &&Observations| {
        let is_used = |i: &u32| common.contains(&clock.day[o.times[*i as usize]]);
        o.only(&(0..o.times.len() as u32).filter(is_used).collect::<Vec<_>>())
    };
    Ok((lags.iter().map(of_them).collect(), common.len()))
}

/// Mean and spread of the surrogates of a lag.
struct Standard {
    mean: f64,
    std: f64,
}

impl Standard {
    /// `None` if they do not vary.
    fn of(differences: &[i64]) -> Option<Self> {
        let n = differences.len() as f64;
        let mean = differences.iter().map(|d| *d as f64).sum::<f64>() / n;
        let squares: f64 = differences.iter().map(|d| (*d as f64 - mean).powi(2)).sum();
        let std = (squares / (n - 1.0)).sqrt();
        (std > 0.0).then_some(Self { mean, std })
    }

    fn of_one(&self, difference: i64) -> f64 {
        (difference as f64 - self.mean) / self.std
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nulls::Stop;
    use crate::numerics::embedding::{Histories, Symbols};
    use crate::numerics::transfer::transfer_entropy;

    const A_DAY: usize = 60;

    fn noise(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed | 1;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1u64 << 31) as f64
        }
    }

    /// The lags 1 to 6 of so many days in which the source drives the target three steps later that often.
    fn scanned(days: usize, coupling: f64, seed: u64) -> Result<LagScan, Unfit> {
        let n = days * A_DAY;
        let mut noise = noise(seed * 77 + 5);
        let a: Vec<i32> = (0..n).map(|_| (noise() * 3.0) as i32).collect();
        let s: Vec<i32> =
            (0..n)
                .map(|t| {
                    if t > 2 && noise() < coupling { i32::from(a[t - 3] > 0) } else { (noise() * 2.0) as i32 }
                })
                .collect();
        let (a, s) = (Symbols::new(&a, "a").unwrap(), Symbols::new(&s, "s").unwrap());
        let day: Vec<i64> = (0..n).map(|t| (t / A_DAY) as i64).collect();
        let time: Vec<u64> = (0..n).map(|t| (t % A_DAY) as u64).collect();
        let of = |lag| transfer_entropy(&a, &s, &[0], Histories { target: 1, source: 1, lag }).unwrap();
        let lags: Vec<Observations> = (1..=6).map(of).collect();
        let plan = Plan { surrogates: 199, stop: Stop::AtEnd, p: PRule::AddOne };
        let clock = Clock { day: &day, time: &time, tolerance: 0 };
        scan_lags(&lags.iter().collect::<Vec<_>>(), clock, &plan, StreamKey::new(1, "u", "m", "te", "A2S", 0))
    }

    #[test]
    fn the_lag_of_the_coupling_is_found() {
        let found = scanned(8, 0.5, 1).unwrap();
        assert_eq!((found.best, found.exceedances, found.days, found.is_exhaustive), (2, 0, 8, false));
        assert_eq!((found.p, found.floor), (1.0 / 200.0, 1.0 / 200.0));
        let few = scanned(5, 0.5, 1).unwrap();
        assert_eq!((few.best, few.surrogates, few.is_exhaustive), (2, 120, true));
        assert_eq!((few.exceedances, few.p), (1, 1.0 / 120.0), "the days as they are reach themselves");
        assert_eq!(scanned(1, 0.5, 1), Err(Unfit::OneDay));
    }

    /// Six lags tried, and p is still a p.
    #[test]
    fn trying_lags_makes_p_no_smaller() {
        let p: Vec<f64> = (0..120).map(|seed| scanned(5, 0.0, seed + 10).unwrap().p).collect();
        let share = |level: f64| p.iter().filter(|p| **p <= level).count() as f64 / p.len() as f64;
        assert!(share(0.1) < 0.19 && (0.35..0.65).contains(&share(0.5)), "{} {}", share(0.1), share(0.5));
    }
}
