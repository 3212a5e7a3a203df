//! What columns hold, and which of them may be the source and the target.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Candidate, FoundColumn};
use super::time::{literal, quoted};
use super::words::says;
use crate::dataset::{GlimpsedColumn, Value, stand_in_of};

/// Most different texts of a column whose texts may be labels.
const MOST_LABELS: usize = 8;
/// Most different whole numbers of a column that may be symbols already.
const MOST_SYMBOLS: usize = 10;
/// Most words of a column of numbers that may all stand for missing values.
const MOST_WORDS: usize = 3;
/// Fewer rows of a label in all, and it is an event rather than a state.
const RARE: f64 = 0.005;

/// How movement is called.
const MOVEMENT: [&str; 20] = [
    "activity",
    "activit",
    "aktivit",
    "atividade",
    "count",
    "step",
    "acc",
    "enmo",
    "mad",
    "vm",
    "magnitude",
    "vector",
    "axis",
    "pim",
    "zcm",
    "tat",
    "movement",
    "motion",
    "met",
    "energy",
];
/// How states are called.
const STATES: [&str; 18] = [
    "sleep",
    "wake",
    "sit",
    "label",
    "state",
    "class",
    "posture",
    "schlaf",
    "sommeil",
    "awake",
    "asleep",
    "rest",
    "sedentary",
    "lying",
    "interval",
    "target",
    "mood",
    "stress",
];
/// How what is neither is called.
const ASIDE: [&str; 17] = [
    "light",
    "lux",
    "temp",
    "marker",
    "event",
    "battery",
    "wear",
    "wrist",
    "line",
    "index",
    "row",
    "day",
    "invalid",
    "orientation",
    "label_source",
    "white",
    "flag",
];

/// What the values of a column are like.
#[derive(Debug, Clone)]
pub(super) struct Traits {
    /// Its name.
    pub(super) name: String,
    /// `number`, `label`, `symbols`, `text`, `empty`.
    pub(super) kind: &'static str,
    missing: f64,
    distinct: usize,
    ends: Option<(f64, f64)>,
    share_of_ones: f64,
    /// Texts and how often each is there.
    texts: BTreeMap<String, usize>,
    /// Words among numbers, which may stand for missing values.
    pub(super) words: Vec<String>,
    /// A number that stands for missing values.
    pub(super) stand_in: Option<f64>,
    goes_on: bool,
    doubts: Vec<String>,
}

impl Traits {
    /// Looks at the values of a column.
    pub(super) fn of(column: &GlimpsedColumn) -> Self {
        let mut numbers = Vec::new();
        let mut texts: BTreeMap<String, usize> = BTreeMap::new();
        let mut missing = 0;
        for value in &column.values {
            match value {
                Value::Missing => missing += 1,
                Value::Number(number) => numbers.push(*number),
                Value::Text(text) if texts.len() < 1000 || texts.contains_key(text) => {
                    *texts.entry(text.clone()).or_default() += 1;
                }
                Value::Text(_) => {}
            }
        }
        let of_texts: usize = texts.values().sum();
        let is_numbers = numbers.len() > of_texts && texts.len() <= MOST_WORDS;
        let words: Vec<String> = if is_numbers { texts.keys().cloned().collect() } else { Vec::new() };
        let whole = numbers.iter().all(|number| number.fract() == 0.0 && *number >= 0.0);
        let distinct: BTreeSet<u64> = numbers.iter().take(200_000).map(|number| number.to_bits()).collect();
        let kind = match (is_numbers, distinct.len()) {
            _ if numbers.is_empty() && texts.is_empty() => "empty",
            (true, 1) => "constant",
            (false, _) => "text",
            (true, 2) if whole && numbers.iter().all(|number| *number <= 1.0) => "label",
            (true, n) if whole && n <= MOST_SYMBOLS && numbers.iter().all(|n| *n <= 20.0) => "symbols",
            _ => "number",
        };
        let mut traits = Self {
            name: column.name.clone(),
            kind,
            missing: share(missing + if is_numbers { of_texts } else { 0 }, column.values.len()),
            distinct: if is_numbers { distinct.len() } else { texts.len() },
            ends: ends(&numbers).filter(|_| is_numbers),
            share_of_ones: share(numbers.iter().filter(|number| **number > 0.0).count(), numbers.len()),
            texts: if is_numbers { BTreeMap::new() } else { texts },
            words,
            stand_in: None,
            goes_on: numbers.len() > 20 && numbers.windows(2).all(|two| two[1] > two[0]),
            doubts: Vec::new(),
        };
        if is_numbers {
            traits.doubt(&numbers);
        }
        traits
    }

    fn doubt(&mut self, numbers: &[f64]) {
        if self.distinct == 1 {
            self.doubts.push("it never changes".to_owned());
        }
        let infinite = numbers.iter().filter(|number| number.is_infinite()).count();
        if infinite > 0 {
            self.doubts.push(format!("{infinite} infinite values"));
        }
        if let Some(found) = stand_in_of(numbers) {
            let (least, most) = found.others;
            self.doubts.push(format!(
                "{} in {} rows and from {least} to {most} in all others: a missing value?",
                found.end, found.count
            ));
            // Of a negative number among others that are none there is no doubt.
            self.stand_in = (found.end < 0.0 && least >= 0.0).then_some(found.end);
        }
        if !self.words.is_empty() {
            self.doubts
                .push(format!("`{}` among numbers, taken for a missing value", self.words.join("`, `")));
        }
    }

    /// What is said of it.
    pub(super) fn told(&self, role: Option<&'static str>) -> FoundColumn {
        FoundColumn {
            name: self.name.clone(),
            kind: role.unwrap_or(self.kind),
            missing: (self.missing * 1e4).round() / 1e4,
            distinct: self.distinct,
            least: self.ends.map(|(least, _)| least).filter(|end| end.is_finite()),
            most: self.ends.map(|(_, most)| most).filter(|end| end.is_finite()),
            texts: self.texts.keys().take(4).map(|text| shortened(text)).collect(),
            doubts: self.doubts.clone(),
        }
    }

    fn is_usable(&self) -> bool {
        !self.name.is_empty()
            && self.kind != "empty"
            && self.distinct > 1
            && self.missing < 0.95
            && !self.goes_on
    }

    /// How likely it is the source; none if it cannot be.
    fn as_source(&self) -> Option<i32> {
        if !self.is_usable() || !matches!(self.kind, "number" | "symbols") {
            return None;
        }
        let mut likely = if self.kind == "number" { 10 } else { 0 };
        likely += if says(&self.name, &MOVEMENT) { 20 } else { 0 };
        likely += if says(&self.name, &["activity", "activit", "aktivit", "enmo", "acc", "magnitude", "vm"]) {
            5
        } else {
            0
        };
        likely -= if says(&self.name, &ASIDE) { 15 } else { 0 };
        likely -= if says(&self.name, &STATES) { 5 } else { 0 };
        Some(likely - (self.missing * 10.0) as i32)
    }

    /// How likely it is the target, with its SQL; none if it cannot be.
    fn as_target(&self) -> Option<(i32, String, String)> {
        if !self.is_usable() {
            return None;
        }
        let called = |words: &[&str], points: i32| if says(&self.name, words) { points } else { 0 };
        // Light or temperature may follow activity, an event or a flag is no state.
        let aside = if self.kind == "number" { 5 } else { 15 };
        let named = called(&STATES, 20) - called(&ASIDE, aside) - called(&MOVEMENT, 10);
        let missing = (self.missing * 10.0) as i32;
        let name = quoted(&self.name);
        match self.kind {
            "label" => {
                let rare = if self.share_of_ones < RARE || self.share_of_ones > 1.0 - RARE { 30 } else { 0 };
                let why = format!("0 and 1, {:.0} % of them 1", 100.0 * self.share_of_ones);
                Some((30 + named - rare - missing, name, why))
            }
            "symbols" => Some((15 + named - missing, name, format!("{} whole numbers", self.distinct))),
            "text" if self.distinct <= MOST_LABELS => {
                let text = self.state()?;
                let sql = format!(
                    "CASE WHEN {name} = {} THEN 1 WHEN {name} IS NOT NULL THEN 0 END",
                    literal(&text)
                );
                Some((
                    14 + named - missing,
                    sql,
                    format!("1 where it is `{text}`, 0 where it is another text"),
                ))
            }
            "number" => Some((named - missing, name, "numbers, cut at their median".to_owned())),
            _ => None,
        }
    }

    /// The text that is the state of interest: the one called so, else the rarest.
    fn state(&self) -> Option<String> {
        const CALLED: [&str; 12] = [
            "sleep", "schlaf", "sommeil", "asleep", "rest", "ruhe", "repos", "sit", "yes", "true", "ja",
            "oui",
        ];
        let called = CALLED.iter().find_map(|word| self.texts.keys().find(|text| says(text, &[word])));
        called.or_else(|| self.texts.iter().min_by_key(|(_, count)| **count).map(|(text, _)| text)).cloned()
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 24;
    let begin: String = text.chars().take(MOST).collect();
    if begin.len() < text.len() { format!("{begin}…") } else { begin }
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

fn ends(numbers: &[f64]) -> Option<(f64, f64)> {
    let least = numbers.iter().copied().min_by(f64::total_cmp)?;
    Some((least, numbers.iter().copied().max_by(f64::total_cmp)?))
}

/// The columns that may be the source, the likeliest first.
pub(super) fn sources(columns: &[&Traits]) -> Vec<Candidate> {
    let mut found: Vec<(i32, Candidate)> = columns
        .iter()
        .filter_map(|column| {
            let (least, most) = column.ends?;
            let why = format!("{} different numbers from {least} to {most}", column.distinct);
            let candidate =
                Candidate { name: column.name.clone(), sql: quoted(&column.name), why, is_number: true };
            Some((column.as_source()?, candidate))
        })
        .collect();
    found.sort_by_key(|(likely, _)| std::cmp::Reverse(*likely));
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// The columns that may be the target, the likeliest first.
pub(super) fn targets(columns: &[&Traits]) -> Vec<Candidate> {
    let mut found: Vec<(i32, Candidate)> = columns
        .iter()
        .filter_map(|column| {
            let (likely, sql, why) = column.as_target()?;
            let is_number = column.kind == "number";
            Some((likely, Candidate { name: column.name.clone(), sql, why, is_number }))
        })
        .collect();
    found.sort_by_key(|(likely, _)| std::cmp::Reverse(*likely));
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::{Traits, sources, targets};
    use crate::dataset::{GlimpsedColumn, Value, value};

    fn column(name: &str, cell: impl Fn(usize) -> String) -> Traits {
        let values: Vec<Value> = (0..200).map(|row| value(&cell(row), false)).collect();
        Traits::of(&GlimpsedColumn { name: name.to_owned(), values, is_time: false, is_text: false })
    }

    #[test]
    fn the_likely_ones_come_first() {
        let all = [
            column("Line", |row| row.to_string()),
            column("lux", |row| (row % 37).to_string()),
            column("Activity", |row| if row % 9 == 0 { "NaN".into() } else { (row % 31).to_string() }),
            column("marker", |row| u8::from(row == 7).to_string()),
            column("Sleep/Wake", |row| if row < 3 { "kZ".into() } else { (row / 50 % 2).to_string() }),
            column("Interval", |row| ["ACTIVE", "REST-S"][row / 40 % 2].into()),
            column("constant", |_| "5".into()),
            column("nothing", |_| String::new()),
        ];
        let all: Vec<&Traits> = all.iter().collect();
        let names = |candidates: Vec<super::Candidate>| -> Vec<String> {
            candidates.into_iter().map(|candidate| candidate.name).collect()
        };
        assert_eq!(names(sources(&all)), ["Activity", "lux"]);
        let states = targets(&all);
        assert_eq!(
            states[1].sql,
            "CASE WHEN \"Interval\" = 'REST-S' THEN 1 WHEN \"Interval\" IS NOT NULL THEN 0 END"
        );
        assert_eq!(names(states)[..2], ["Sleep/Wake", "Interval"]);
        assert_eq!((all[4].kind, &all[4].words[..]), ("label", &["kZ".to_owned()][..]));
        assert_eq!(
            all.iter().map(|column| column.kind).collect::<Vec<_>>()[5..],
            ["text", "constant", "empty"]
        );
    }

    #[test]
    fn numbers_for_missing_values_are_told() {
        let steps = column("steps", |row| if row % 20 == 0 { "-999".into() } else { (row % 30).to_string() });
        assert_eq!(steps.stand_in, Some(-999.0));
        assert!(steps.told(None).doubts[0].contains("-999 in 10 rows"));
        let constant = column("x", |_| "5".into());
        assert_eq!(constant.told(None).doubts, ["it never changes"]);
    }
}
