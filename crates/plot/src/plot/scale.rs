//! How values become places on an axis.

use std::collections::HashMap;

use super::spec::ScaleKind;
use super::ticks::{self, Tick};

/// What is around the values of an axis of numbers, in its length.
const AROUND: f64 = 0.04;

/// What an axis of numbers must show, besides the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// A little room on either side.
    Room,
    /// 0, from which bars begin.
    Zero,
    /// Nothing but the values.
    Exact,
}

/// An axis.
#[derive(Debug, Clone)]
pub(super) enum Scale {
    /// Of numbers, between two of them; whether there are whole ones only.
    Number { kind: ScaleKind, low: f64, high: f64, is_whole: bool },
    /// Of words, one beside the other.
    Category { names: Vec<String>, places: HashMap<String, usize> },
}

impl Scale {
    /// Of words in the order in which they come.
    pub(super) fn of_words<'a>(words: impl IntoIterator<Item = &'a String>) -> Self {
        let (mut names, mut places) = (Vec::new(), HashMap::new());
        for word in words {
            if !places.contains_key(word) {
                places.insert(word.clone(), names.len());
                names.push(word.clone());
            }
        }
        Self::Category { names, places }
    }

    /// Of numbers; those that it cannot show do not widen it.
    pub(super) fn of_numbers(kind: ScaleKind, values: impl IntoIterator<Item = f64>, ends: Ends) -> Self {
        let shown = values.into_iter().filter(|value| shows(kind, *value));
        let (mut low, mut high) =
            shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            (low, high) = if kind == ScaleKind::Log { (1.0, 10.0) } else { (0.0, 1.0) };
        }
        if ends == Ends::Zero {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if kind == ScaleKind::Log {
            let room = if low < high { (high / low).powf(AROUND) } else { 2.0 };
            return Self::Number {
                kind,
                low: (low / room).max(f64::MIN_POSITIVE),
                high: (high * room).min(f64::MAX),
                is_whole: false,
            };
        }
        // The half of it must be a number that can be divided by.
        if high / 2.0 - low / 2.0 < f64::MIN_POSITIVE {
            let room = match kind {
                ScaleKind::Time => 60e6,
                _ if low.abs() < 1e-290 => 1.0,
                _ => low.abs() * 0.1,
            };
            let low = if ends == Ends::Zero || kind == ScaleKind::Sqrt { low.min(0.0) } else { low - room };
            return Self::Number { kind, low, high: high + room, is_whole: false };
        }
        let room = if ends == Ends::Exact { 0.0 } else { high * AROUND - low * AROUND };
        let stays = |end: f64| end == 0.0 && (ends == Ends::Zero || kind == ScaleKind::Sqrt);
        let around =
            (if stays(low) { low } else { low - room }, if stays(high) { high } else { high + room });
        let (low, high) = (around.0.max(f64::MIN), around.1.min(f64::MAX));
        let low = if kind == ScaleKind::Sqrt { low.max(0.0) } else { low };
        Self::Number { kind, low, high, is_whole: false }
    }

    /// The same, of whole numbers only: there is nothing to read between two of them.
    pub(super) fn of_whole(mut self) -> Self {
        if let Self::Number { is_whole, .. } = &mut self {
            *is_whole = true;
        }
        self
    }

    /// Where a number is, from 0 to 1.
    pub(super) fn number(&self, value: f64) -> Option<f64> {
        let Self::Number { kind, low, high, .. } = self else { return None };
        if !shows(*kind, value) {
            return None;
        }
        let bent = |value: f64| match kind {
            ScaleKind::Log => value.ln(),
            ScaleKind::Sqrt => value.max(0.0).sqrt(),
            // The difference of two numbers may be too large for a number.
            _ => value / 2.0,
        };
        Some((bent(value) - bent(*low)) / (bent(*high) - bent(*low)))
    }

    /// Where the middle of a word is, from 0 to 1.
    pub(super) fn word(&self, word: &str) -> Option<f64> {
        let Self::Category { names, places } = self else { return None };
        Some((*places.get(word)? as f64 + 0.5) / names.len() as f64)
    }

    /// What a word has of the axis.
    pub(super) fn slot(&self) -> Option<f64> {
        match self {
            Self::Category { names, .. } => Some(1.0 / names.len().max(1) as f64),
            Self::Number { .. } => None,
        }
    }

    /// Places with their labels, about so many.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        let (kind, low, high, is_whole) = match self {
            Self::Category { names, .. } => {
                let every = names.len().div_ceil(wanted.max(1)).max(1);
                let all = names.iter().enumerate().step_by(every);
                let n = names.len() as f64;
                // A name of nothing is one, too.
                let label =
                    |name: &String| if name.trim().is_empty() { "(empty)".to_owned() } else { name.clone() };
                return all.map(|(at, name)| ((at as f64 + 0.5) / n, label(name))).collect();
            }
            Self::Number { kind, low, high, is_whole } => (*kind, *low, *high, *is_whole),
        };
        let ticks: Vec<Tick> = match kind {
            ScaleKind::Log => ticks::log(low, high, wanted),
            ScaleKind::Time => ticks::time(low, high, wanted),
            _ => ticks::linear(low, high, wanted, if is_whole { 1.0 } else { 0.0 }),
        };
        ticks.into_iter().filter_map(|tick| Some((self.number(tick.value)?, tick.label))).collect()
    }
}

/// Whether a scale has a place for a number.
pub(super) fn shows(kind: ScaleKind, value: f64) -> bool {
    value.is_finite()
        && match kind {
            ScaleKind::Log => value > 0.0,
            ScaleKind::Sqrt => value >= 0.0,
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(kind: ScaleKind, values: &[f64], ends: Ends) -> (f64, f64) {
        match Scale::of_numbers(kind, values.iter().copied(), ends) {
            Scale::Number { low, high, .. } => (low, high),
            Scale::Category { .. } => unreachable!(),
        }
    }

    #[test]
    fn an_axis_has_room_for_what_it_shows() {
        let (low, high) = ends(ScaleKind::Linear, &[1.0, 11.0, f64::NAN, f64::INFINITY], Ends::Room);
        assert!((low - 0.6).abs() < 1e-9 && (high - 11.4).abs() < 1e-9);
        assert_eq!(ends(ScaleKind::Linear, &[5.0], Ends::Room), (4.5, 5.5));
        assert_eq!(ends(ScaleKind::Linear, &[0.0, 0.0], Ends::Room), (-1.0, 1.0));
        assert_eq!(ends(ScaleKind::Linear, &[], Ends::Room), (-0.04, 1.04));
        let (low, high) = ends(ScaleKind::Linear, &[3.0, 4.0], Ends::Zero);
        assert!(low == 0.0 && high > 4.0);
        assert!(ends(ScaleKind::Linear, &[3.0], Ends::Zero).0.abs() < 1e-9);
        let labels = |scale: Scale| scale.ticks(6).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        let counts = Scale::of_numbers(ScaleKind::Linear, [0.0, 1.0, 2.0], Ends::Zero);
        assert_eq!(labels(counts.clone()), ["0", "0.5", "1", "1.5", "2"]);
        assert_eq!(labels(counts.of_whole()), ["0", "1", "2"]);
        assert_eq!(labels(Scale::of_words(&["a".to_owned(), String::new()])), ["a", "(empty)"]);
        assert!(ends(ScaleKind::Log, &[-1.0, 0.0, 0.1, 10.0], Ends::Room).0 > 0.05);
    }

    #[test]
    fn the_ends_of_what_a_number_can_be_have_places() {
        for values in [[f64::MIN, f64::MAX], [5e-324, 1e-323], [-5e-324, 5e-324], [1e300, 1e308]] {
            let scale = Scale::of_numbers(ScaleKind::Linear, values, Ends::Room);
            let places = values.map(|value| scale.number(value).unwrap());
            assert!(places.iter().all(|place| (0.0..=1.0).contains(place)), "{values:?}: {places:?}");
            assert!(scale.ticks(5).len() < 60);
        }
        let log = Scale::of_numbers(ScaleKind::Log, [1e-300, 1e300], Ends::Room);
        assert!(log.number(0.0).is_none() && log.ticks(5).len() < 20);
    }
}
