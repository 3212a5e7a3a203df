//! What columns hold, and which of them may be the source and the target.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Candidate, FoundColumn};
use super::labels::{Labels, is_unknown, strays};
use super::sql::quoted;
use super::words::says;
use crate::dataset::{GlimpsedColumn, Value, stand_in_of};

/// Most different texts of a column whose texts may be labels.
const MOST_LABELS: usize = 8;
/// Most different whole numbers of a column that may be symbols already.
const MOST_SYMBOLS: usize = 10;
/// Most words of a column of numbers that may all stand for missing values.
const MOST_WORDS: usize = 3;
/// What is said of a column of one value.
const NEVER: &str = "it never changes";
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
    /// Its values in SQL.
    pub(super) sql: String,
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
    /// Numbers that hardly are labels as the others are.
    strays: Vec<f64>,
    goes_on: bool,
    doubts: Vec<String>,
}

impl Traits {
    /// Looks at the values of a column in some files; `sql` makes numbers of them that a run would not read.
    pub(super) fn of(files: &[&GlimpsedColumn], sql: Option<String>) -> Self {
        let name = files.first().map_or("", |column| column.name.as_str());
        // What never changes within a file is no column to analyse, though it differs from file to file.
        let files = if files.iter().any(|column| changes(&column.values)) {
            files
        } else {
            &files[..1.min(files.len())]
        };
        let values = || files.iter().flat_map(|column| &column.values);
        let mut numbers = Vec::new();
        let mut texts: BTreeMap<String, usize> = BTreeMap::new();
        let mut missing = 0;
        for value in values() {
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
        let few = numbers.len() > of_texts && texts.len() <= MOST_WORDS;
        let is_numbers = few || !numbers.is_empty() && texts.keys().all(|text| is_unknown(text));
        let words: Vec<String> = if is_numbers { texts.keys().cloned().collect() } else { Vec::new() };
        let strays = if is_numbers { strays_of(name, &numbers) } else { Vec::new() };
        let (odd, numbers): (Vec<f64>, Vec<f64>) =
            numbers.into_iter().partition(|number| strays.contains(number));
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
            name: name.to_owned(),
            sql: sql.unwrap_or_else(|| quoted(name)),
            kind,
            missing: share(missing + if is_numbers { of_texts } else { 0 }, values().count()),
            distinct: if is_numbers { distinct.len() } else { texts.len() },
            ends: ends(&numbers).filter(|_| is_numbers),
            share_of_ones: share(numbers.iter().filter(|number| **number > 0.0).count(), numbers.len()),
            texts: if is_numbers { BTreeMap::new() } else { texts },
            words,
            stand_in: None,
            strays,
            goes_on: files.first().is_some_and(|column| goes_on(&column.values)),
            doubts: Vec::new(),
        };
        if is_numbers {
            traits.doubt(&numbers, &odd);
        } else if let Some(labels) = traits.labels() {
            traits.doubts = labels.doubts();
        }
        traits
    }

    /// Its labels, if its texts may be some.
    fn labels(&self) -> Option<Labels> {
        Some(Labels::of(&self.texts)).filter(|labels| (2..=MOST_LABELS).contains(&labels.len()))
    }

    fn doubt(&mut self, numbers: &[f64], odd: &[f64]) {
        if self.distinct == 1 && odd.is_empty() {
            self.doubts.push(NEVER.to_owned());
        }
        if let (Some((least, most)), false) = (self.ends, odd.is_empty()) {
            let codes: Vec<String> = self.strays.iter().map(|code| format!("{code}")).collect();
            let last = if most - least > 1.0 { "to" } else { "and" };
            self.doubts.push(format!(
                "{} in {} rows beside {least} {last} {most}: a missing label? Where it is the target, these rows count as \
                 missing (the expression of `target` says so)",
                codes.join(" and "),
                odd.len()
            ));
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
            // That the rows of a file are one user's is why it was taken.
            doubts: self
                .doubts
                .iter()
                .filter(|doubt| role != Some("user id") || *doubt != NEVER)
                .cloned()
                .collect(),
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
        let sql = self.labelled();
        match self.kind {
            "label" => {
                let rare = if self.share_of_ones < RARE || self.share_of_ones > 1.0 - RARE { 30 } else { 0 };
                let why = format!("0 and 1, {:.0} % of them 1{}", 100.0 * self.share_of_ones, self.without());
                Some((30 + named - rare - missing, sql, why))
            }
            "symbols" => {
                let why = format!("{} whole numbers{}", self.distinct, self.without());
                Some((15 + named - missing, sql, why))
            }
            "text" => {
                let (sql, why) = self.labels()?.state(&self.sql)?;
                Some((14 + named - missing, sql, why))
            }
            "number" => Some((named - missing, sql, "numbers, cut at their median".to_owned())),
            _ => None,
        }
    }

    /// Its values in SQL as labels, without numbers that hardly are some.
    fn labelled(&self) -> String {
        let codes: Vec<String> = self.strays.iter().map(|code| format!("{code}")).collect();
        let sql = &self.sql;
        if codes.is_empty() {
            sql.clone()
        } else {
            format!("CASE WHEN {sql} NOT IN ({}) THEN {sql} END", codes.join(", "))
        }
    }

    /// What is said of numbers that are left out.
    fn without(&self) -> String {
        let codes: Vec<String> = self.strays.iter().map(|code| format!("{code}")).collect();
        if codes.is_empty() { String::new() } else { format!(", {} taken for missing", codes.join(" and ")) }
    }
}

/// Whether values change within a file.
fn changes(values: &[Value]) -> bool {
    let mut known = values.iter().filter(|value| **value != Value::Missing);
    known.next().is_some_and(|first| known.any(|value| value != first))
}

/// Whether all values are numbers that grow from row to row.
fn goes_on(values: &[Value]) -> bool {
    let numbers: Vec<f64> = values
        .iter()
        .filter_map(|value| if let Value::Number(number) = value { Some(*number) } else { None })
        .collect();
    numbers.len() > 20 && numbers.windows(2).all(|two| two[1] > two[0])
}

/// Numbers of a column that hardly are labels as the others are.
fn strays_of(name: &str, numbers: &[f64]) -> Vec<f64> {
    let mut distinct: Vec<f64> = Vec::new();
    for number in numbers {
        if !distinct.contains(number) {
            distinct.push(*number);
        }
        if distinct.len() > MOST_SYMBOLS + 2 {
            return Vec::new();
        }
    }
    distinct.sort_by(f64::total_cmp);
    let found = strays(&distinct);
    // Counts of movement may well be seven or nine.
    if says(name, &MOVEMENT) && found.iter().any(|code| *code > 0.0) { Vec::new() } else { found }
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
            let sql = column.sql.clone();
            let candidate = Candidate { name: column.name.clone(), sql, why, is_number: true };
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
mod tests;
