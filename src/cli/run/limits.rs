//! Sizes, times and numbers of shards on the command line.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::system::free_memory;

/// How many shard processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum ShardCount {
    /// As many as the machine has cores, and memory for.
    Auto,
    Number(u32),
}

impl ShardCount {
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, String> {
        match whole(text, 1..=4096) {
            Ok(n) => Ok(Self::Number(n)),
            Err(_) if text == "auto" => Ok(Self::Auto),
            Err(_) => Err("a number from 1 to 4096, or auto".to_owned()),
        }
    }

    pub(in crate::cli) fn number(self, memory: Option<u64>) -> u32 {
        match self {
            Self::Number(n) => n,
            Self::Auto => {
                let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
                let fit = memory.zip(free_memory()).map_or(cores, |(each, free)| free / each.max(1));
                cores.min(fit).clamp(1, 4096) as u32
            }
        }
    }
}

/// A whole number. `4.0` and `1e3` are whole numbers, as programs write them.
pub(in crate::cli) fn whole<T: TryFrom<u64>>(text: &str, range: RangeInclusive<u64>) -> Result<T, String> {
    let text = text.trim();
    let float = || {
        let number = text.parse::<f64>().ok()?;
        let is_whole = number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number);
        is_whole.then_some(number as u64)
    };
    let number = text.parse::<u64>().ok().or_else(float).filter(|number| range.contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        if *most >= u64::from(u32::MAX) {
            format!("a whole number from {least}")
        } else {
            format!("a whole number from {least} to {most}")
        }
    })
}

/// Any whole number of 32 bits.
pub(in crate::cli) fn number(text: &str) -> Result<u32, String> {
    whole(text, 0..=u64::from(u32::MAX))
}

/// Any whole number of 64 bits.
pub(in crate::cli) fn large_number(text: &str) -> Result<u64, String> {
    whole(text, 0..=u64::MAX)
}

/// `2GB`, `512MiB`, `1.5 g`, or bytes.
pub(in crate::cli) fn bytes(text: &str) -> Result<u64, String> {
    let units = [
        (&["", "b"][..], 1.0),
        (&["k", "kb"], 1e3),
        (&["m", "mb"], 1e6),
        (&["g", "gb"], 1e9),
        (&["t", "tb"], 1e12),
        (&["kib"], 1024.0),
        (&["mib"], 1_048_576.0),
        (&["gib"], 1_073_741_824.0),
        (&["tib"], 1_099_511_627_776.0),
    ];
    let size = quantity(text, &units).filter(|size| *size >= 1.0);
    size.map(|size| size as u64).ok_or_else(|| "a size such as 2GB, 512MiB or 800000000".to_owned())
}

/// `90s`, `15min`, `2h`, `1.5d`, `500ms`, or seconds.
pub(in crate::cli) fn time(text: &str) -> Result<Duration, String> {
    let units = [
        (&["ms"][..], 0.001),
        (&["", "s", "sec"], 1.0),
        (&["m", "min"], 60.0),
        (&["h"], 3600.0),
        (&["d"], 86400.0),
    ];
    let seconds = quantity(text, &units).filter(|s| *s > 0.0);
    let time = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
    time.ok_or_else(|| "a time such as 90s, 15min, 2h or 1d".to_owned())
}

fn quantity(text: &str, units: &[(&[&str], f64)]) -> Option<f64> {
    let text = text.trim().to_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = units.iter().find(|(names, _)| names.contains(&unit.trim()))?.1;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read() {
        assert_eq!(bytes("2GB"), Ok(2_000_000_000));
        assert_eq!(bytes(" 1.5 gib"), Ok(1_610_612_736));
        assert_eq!(bytes("800"), Ok(800));
        for wrong in ["", "GB", "2 apples", "-1", "0", "1e9", "1.2.3"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(time("1.5h"), Ok(Duration::from_mins(90)));
        assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "s", "0s", "1y", "99999999999999999999d"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn whole_numbers_are_read_as_programs_write_them() {
        for (text, number) in [("4", 4), ("4.0", 4), (" 4. ", 4), ("1e3", 1000), ("1.2E+01", 12), ("0", 0)] {
            assert_eq!(super::number(text), Ok(number), "{text}");
        }
        for wrong in ["", "4.5", "-1", "-0.5", "4,0", "four", "inf", "NaN", "1e10"] {
            assert_eq!(super::number(wrong), Err("a whole number from 0".to_owned()), "{wrong}");
        }
        assert_eq!(large_number("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(whole::<u32>("5", 1..=4), Err("a whole number from 1 to 4".to_owned()));
    }

    #[test]
    fn shards_are_counted() {
        assert_eq!(ShardCount::parse("4"), Ok(ShardCount::Number(4)));
        assert_eq!(ShardCount::parse("4.0"), Ok(ShardCount::Number(4)));
        assert_eq!(ShardCount::parse("auto"), Ok(ShardCount::Auto));
        assert!(ShardCount::parse("0").is_err() && ShardCount::parse("many").is_err());
        assert!(ShardCount::Auto.number(None) >= 1);
        assert_eq!(ShardCount::Auto.number(Some(u64::MAX)), 1);
    }
}
