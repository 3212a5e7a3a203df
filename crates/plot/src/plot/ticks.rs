//! Where an axis has ticks: at 1, 2 and 5 times a power of ten, or at round times.

use super::number::{self, raised};

/// A place on an axis, and what is written there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

const SECOND: f64 = 1e6;
const DAY: f64 = 86_400.0 * SECOND;

/// Steps of times, in seconds.
const TIMES: [f64; 16] = [
    1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21_600.0, 43_200.0,
    86_400.0, 172_800.0,
];

/// The step of 1, 2 or 5 times a power of ten that gives about so many ticks.
pub(super) fn step(low: f64, high: f64, wanted: usize) -> f64 {
    let wanted = wanted.max(1) as f64;
    let raw = high / wanted - low / wanted;
    if !raw.is_finite() || raw <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powi(raw.log10().floor() as i32);
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= raw * 0.999_999);
    let step = times.unwrap_or(10.0) * power;
    // At the ends of what a number can be, there is no power of ten.
    if step.is_normal() { step } else { raw }
}

/// Ticks of a linear axis, `least` apart at least.
pub(super) fn linear(low: f64, high: f64, wanted: usize, least: f64) -> Vec<Tick> {
    let step = step(low, high, wanted).max(least);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let count = (last - first).clamp(0.0, 50.0) as u32;
    (0..=count)
        .map(|i| (first + f64::from(i)) * step)
        .map(|value| Tick { value, label: number::tick(value, step) })
        .collect()
}

/// Ticks of a logarithmic axis: powers of ten, and twice and five times them where there are few.
pub(super) fn log(low: f64, high: f64, wanted: usize) -> Vec<Tick> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let every = usize::try_from(last - first).unwrap_or(0).div_ceil(wanted.max(1)).max(1);
    let times: &[f64] = if last - first <= 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let mut ticks = Vec::new();
    for power in (first..=last).step_by(every) {
        for times in times {
            let value = times * 10_f64.powi(power);
            if value >= low * 0.999_999 && value <= high * 1.000_001 {
                let plain = (-3..=4).contains(&power);
                let label = if plain { number::short(value) } else { in_powers(*times, power) };
                ticks.push(Tick { value, label });
            }
        }
    }
    ticks
}

fn in_powers(times: f64, power: i32) -> String {
    let power = raised(power);
    if times > 1.0 { format!("{times:.0}×10{power}") } else { format!("10{power}") }
}

/// Ticks of an axis of times (microseconds since 1970).
pub(super) fn time(low: f64, high: f64, wanted: usize) -> Vec<Tick> {
    let raw = (high - low) / SECOND / wanted.max(1) as f64;
    let known = TIMES.into_iter().find(|step| *step >= raw);
    let step = known.unwrap_or_else(|| self::step(0.0, raw / 86_400.0, 1) * 86_400.0) * SECOND;
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    let count = (last - first).clamp(0.0, 50.0) as u32;
    let mut day = None;
    let mut ticks = Vec::new();
    for i in 0..=count {
        let value = (first + f64::from(i)) * step;
        let today = (value / DAY).floor();
        let clock = clock(value, step);
        let label = match (step >= DAY, day == Some(today)) {
            (true, _) => date(today),
            (false, true) => clock,
            (false, false) => format!("{} {clock}", date(today)),
        };
        day = Some(today);
        ticks.push(Tick { value, label });
    }
    ticks
}

/// The time of day, without seconds where steps are of minutes.
fn clock(value: f64, step: f64) -> String {
    let seconds = ((value.rem_euclid(DAY)) / SECOND).round() as u64;
    let (hours, minutes, rest) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    if step < 60.0 * SECOND {
        format!("{hours:02}:{minutes:02}:{rest:02}")
    } else {
        format!("{hours:02}:{minutes:02}")
    }
}

/// A time (microseconds since 1970) in full, as `2026-11-28 14:03:05`.
pub fn moment(micros: i64) -> String {
    let value = micros as f64;
    format!("{} {}", date((value / DAY).floor()), clock(value, SECOND))
}

/// A day since 1970 as a date (after Hinnant, "chrono-compatible low-level date algorithms").
fn date(day: f64) -> String {
    let day = day.clamp(-1e8, 1e8) as i64 + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (of_month, month) =
        (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_at_one_two_and_five() {
        assert_eq!(labels(&linear(0.0, 1.0, 5, 0.0)), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&linear(-3.0, 42.0, 5, 0.0)), ["0", "10", "20", "30", "40"]);
        assert_eq!(labels(&linear(0.0, 0.0, 5, 0.0)), ["0"]);
        assert_eq!(labels(&log(1e-8, 1.0, 4)), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "0.01", "1"]);
        assert_eq!(labels(&log(1.0, 40.0, 4)), ["1", "2", "5", "10", "20"]);
    }

    #[test]
    fn times_are_round_and_say_their_day_once() {
        let start = 1_795_874_400.0 * SECOND;
        assert_eq!(moment(start as i64), "2026-11-28 14:00:00");
        let ticks = time(start, start + 3600.0 * SECOND, 4);
        assert_eq!(labels(&ticks), ["2026-11-28 14:00", "14:30", "15:00"]);
        assert_eq!(labels(&time(start, start + 10.0 * DAY, 4))[0], "2026-12-03");
        assert_eq!(date(-1.0), "1969-12-31");
        assert_eq!(date(11_016.0), "2000-02-29");
    }
}
