//! Typed reading of a located tree: every fault names file, line and key, and all are collected.

use std::cell::RefCell;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::tree::{Kind, Node};

/// A fault of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, with the dotted key.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Faults and notices found while reading one file.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) file: String,
    pub(super) problems: RefCell<Vec<Problem>>,
    pub(super) notices: RefCell<Vec<String>>,
    /// The dotted names of the keys that such a file can have.
    pub(super) homes: fn() -> Vec<String>,
}

impl Findings {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            problems: RefCell::default(),
            notices: RefCell::default(),
            homes: Vec::new,
        }
    }

    pub(super) fn problem(&self, line: usize, message: String) {
        self.problems.borrow_mut().push(Problem { file: self.file.clone(), line, message });
    }

    pub(super) fn notice(&self, message: String) {
        self.notices.borrow_mut().push(message);
    }
}

/// A map being read.
#[derive(Debug)]
pub struct Section<'a> {
    entries: &'a [(String, usize, Node)],
    path: String,
    line: usize,
    known: Vec<&'static str>,
    /// Accepted or already told about, but never suggested.
    read_over: Vec<&'static str>,
    findings: &'a Findings,
}

impl<'a> Section<'a> {
    /// The root of a file.
    pub(super) fn root(node: &'a Node, findings: &'a Findings) -> Self {
        Self::of(node, String::new(), findings)
    }

    fn of(node: &'a Node, path: String, findings: &'a Findings) -> Self {
        let entries: &[_] = match &node.kind {
            Kind::Map(entries) => entries,
            // A block whose keys are all commented out sets nothing.
            Kind::Scalar(Value::Null) => &[],
            _ => {
                let what = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
                findings.problem(node.line, format!("{what} must be a map of keys, not {}", node.shown()));
                &[]
            }
        };
        Self { entries, path, line: node.line, known: Vec::new(), read_over: Vec::new(), findings }
    }

    /// A section that the file does not have.
    pub(super) fn absent(&self, key: &str) -> Self {
        let (path, findings) = (self.name(key), self.findings);
        Self { entries: &[], path, line: self.line, known: Vec::new(), read_over: Vec::new(), findings }
    }

    /// The dotted name of a key.
    pub(super) fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The line of a key, or of the section without it.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.entries.iter().find(|(k, ..)| k == key).map_or(self.line, |(_, line, _)| *line)
    }

    /// The node of a key, which becomes known.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|(k, ..)| k == key).map(|(.., node)| node)
    }

    /// Reads a key into `target`; `what` says what it must be.
    pub fn set<T: DeserializeOwned>(&mut self, key: &'static str, what: &str, target: &mut T) {
        let Some(node) = self.get(key) else { return };
        let value = node.value();
        let read = serde_json::from_value(value.clone()).or_else(|error| {
            // `6.0` and `1e3` are whole numbers, as programs write them.
            serde_json::from_value(with_whole_numbers(value)).map_err(|_: serde_json::Error| error)
        });
        match read {
            Ok(value) => *target = value,
            Err(error) => {
                if let Kind::Scalar(Value::Null) = node.kind {
                    if what.starts_with("a list") {
                        return self.sets_nothing(key);
                    }
                    return self
                        .fault(key, &format!("has no value: it must be {what}, or leave the key out"));
                }
                let hint = variant_hint(&error.to_string(), matches!(node.kind, Kind::List(_)));
                let hint = old_yaml(node, what).unwrap_or(hint);
                self.fault(key, &format!("must be {what}, not {}{hint}", node.shown()));
            }
        }
    }

    /// Reads a list of names into `target`, all of which must be known.
    pub(super) fn set_names(&mut self, key: &'static str, known: &[&str], target: &mut Vec<String>) {
        let Some(node) = self.get(key) else { return };
        let names: Vec<String> = serde_json::from_value(node.value()).unwrap_or_default();
        let is_list = matches!(&node.kind, Kind::List(items) if items.len() == names.len());
        let unknown = names.iter().find(|name| !known.contains(&name.as_str()));
        if is_list && unknown.is_none() {
            *target = names;
            return;
        }
        let what = known.join(", ");
        if let Kind::Scalar(Value::Null) = node.kind {
            return self.sets_nothing(key);
        }
        let hint = unknown.map_or(String::new(), |name| known_hint(name, known, true));
        self.fault(key, &format!("must be a list of {what}, not {}{hint}", node.shown()));
    }

    /// Whether the key is in the file and has nothing below it.
    pub(super) fn is_empty(&self, key: &str) -> bool {
        let found = self.entries.iter().find(|(k, ..)| k == key);
        found.is_some_and(|(.., node)| match &node.kind {
            Kind::Scalar(value) => value.is_null(),
            Kind::Map(entries) => entries.is_empty(),
            Kind::List(_) => false,
        })
    }

    /// A list whose items are all commented out is like a block without settings; which value holds is not seen in the
    /// file, so it is said.
    fn sets_nothing(&self, key: &str) {
        self.notice(&format!("`{}` is empty and sets nothing", self.name(key)));
    }

    /// Records a fault of a key.
    pub fn fault(&self, key: &str, message: &str) {
        self.findings.problem(self.line_of(key), format!("`{}` {message}", self.name(key)));
    }

    /// Records a fault of a key unless `good`.
    pub fn require(&self, key: &str, good: bool, message: &str) {
        if !good {
            let found = self.entries.iter().find(|(k, ..)| k == key).map(|(.., node)| node.shown());
            match found.filter(|_| message.starts_with("must be ")) {
                Some(found) => self.fault(key, &format!("{message}, not {found}")),
                None => self.fault(key, message),
            }
        }
    }

    /// The section below a key.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let node = self.get(key)?;
        Some(Section::of(node, self.name(key), self.findings))
    }

    /// Keys that older tools wrote and that mean nothing here: one notice.
    pub(super) fn ignored(&mut self, keys: &[&'static str], why: &str) {
        let there: Vec<String> = keys.iter().filter(|k| self.has(k)).map(|k| self.name(k)).collect();
        self.read_over.extend(keys);
        if !there.is_empty() {
            self.notice(&format!("{}: {why}", there.join(", ")));
        }
    }

    /// Keys that mean something elsewhere: a fault each.
    pub(super) fn refused(&mut self, keys: &[&'static str], why: &str) {
        for key in keys.iter().filter(|k| self.has(k)) {
            self.fault(key, why);
        }
        self.read_over.extend(keys);
    }

    /// Whether the key is in the file.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(k, ..)| k == key)
    }

    /// Says something about the file that is no fault.
    pub fn notice(&self, message: &str) {
        self.findings.notice(format!("{}: {message}", self.findings.file));
    }

    /// Where a key belongs that is known elsewhere in a file.
    fn belongs(&self, key: &str) -> Option<String> {
        const MOST: usize = 3;
        let own = self.name(key);
        let all = (self.findings.homes)();
        let homes: Vec<&String> =
            all.iter().filter(|home| home.rsplit('.').next() == Some(key) && **home != own).collect();
        match homes[..] {
            [home] => Some(match home.rsplit_once('.') {
                Some((above, _)) => format!("it belongs below `{above}`: `{home}`"),
                None => "it belongs at the top of the file, outside of every block".to_owned(),
            }),
            [_, ..] if homes.len() <= MOST => {
                let homes: Vec<String> = homes.iter().map(|home| format!("`{home}`")).collect();
                Some(format!("it belongs elsewhere: {}", homes.join(" or ")))
            }
            _ => None,
        }
    }

    /// Every key that was not asked for is a fault, with where it belongs, or the nearest one that is known.
    pub(super) fn finish(self) {
        for (key, line, _) in self.entries {
            if !self.known.contains(&key.as_str()) && !self.read_over.contains(&key.as_str()) {
                let near = nearest(key, self.known.iter().copied());
                let hint = match (self.belongs(key), near) {
                    (Some(home), _) => home,
                    (None, Some(near)) => format!("did you mean `{}`?", self.name(near)),
                    (None, None) => format!("known keys: {}", self.known.join(", ")),
                };
                self.findings.problem(*line, format!("unknown key `{}`; {hint}", self.name(key)));
            }
        }
    }
}

/// The candidate that is most like `text`, if any is like it at all.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = text.to_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::jaro_winkler(&lower, &c.to_lowercase()), c))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c)
}

/// A value whose numbers without a fraction are whole numbers.
fn with_whole_numbers(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(with_whole_numbers).collect()),
        Value::Number(number) => {
            let whole =
                number.as_f64().filter(|n| n.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(n));
            whole.map_or(Value::Number(number), |whole| Value::from(whole as u64))
        }
        other => other,
    }
}

/// What to write for words and numbers that YAML 1.1 read as something else than YAML 1.2 does, or that are written
/// as people do.
fn old_yaml(node: &Node, what: &str) -> Option<String> {
    let scalars: Vec<&Value> = match &node.kind {
        Kind::Scalar(value) => vec![value],
        Kind::List(items) => items.iter().filter_map(Node::scalar).collect(),
        Kind::Map(_) => return None,
    };
    let wanted = scalars.into_iter().find_map(|value| match value {
        Value::String(text) => {
            let lower = text.to_lowercase();
            match lower.as_str() {
                "yes" | "on" | "y" if what.contains("true") => Some("true".to_owned()),
                "no" | "off" | "n" if what.contains("true") => Some("false".to_owned()),
                "true" | "false" if what.contains("true") => Some(format!("{lower}, without quotes")),
                "none" | "nil" | "na" if what.contains("null") => Some("null".to_owned()),
                _ if !what.contains("number") => None,
                _ => number_of_old_yaml(&lower, what.contains("whole")),
            }
        }
        _ => None,
    })?;
    Some(format!("; write {wanted}"))
}

/// Digits without the commas, blanks and apostrophes that stand between thousands.
fn without_thousands(text: &str) -> Option<String> {
    let mark =
        text.chars().find(|c| !c.is_ascii_digit()).filter(|c| [',', ' ', '\'', '’', '\u{a0}'].contains(c))?;
    let mut parts = text.split(mark);
    let is_number = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let first = parts.next().filter(|first| is_number(first, 3) && !first.starts_with('0'))?;
    let rest: Vec<&str> = parts.collect();
    rest.iter().all(|part| part.len() == 3 && is_number(part, 3)).then(|| format!("{first}{}", rest.concat()))
}

/// `1_000`, `1,000`, `0x10`, `010`, which was octal, and numbers in quotes.
fn number_of_old_yaml(text: &str, whole: bool) -> Option<String> {
    let digits = text.replace('_', "");
    if let Some(thousands) = without_thousands(&digits) {
        let decimal = digits.replacen(',', ".", 1).parse::<f64>().ok().filter(|_| !whole);
        return Some(decimal.map_or(thousands.clone(), |decimal| {
            format!("{thousands}, or {decimal} if the comma is a decimal mark")
        }));
    }
    let based = |mark: &str, base: u32| {
        digits.strip_prefix(mark).and_then(|rest| u64::from_str_radix(rest, base).ok())
    };
    if let Some(number) = based("0x", 16).or_else(|| based("0o", 8)).or_else(|| based("0b", 2)) {
        return Some(number.to_string());
    }
    if let Ok(decimal) = digits.parse::<u64>() {
        let octal = digits.strip_prefix('0').and_then(|rest| u64::from_str_radix(rest, 8).ok());
        let both = octal.map(|octal| format!("{decimal}, or {octal} if it was octal"));
        return Some(both.unwrap_or_else(|| decimal.to_string()));
    }
    if let Some(percent) = digits.strip_suffix('%').and_then(|part| part.trim().parse::<f64>().ok()) {
        return (!whole).then(|| format!("{}", percent / 100.0));
    }
    let number =
        digits.replacen(',', ".", 1).parse::<f64>().ok().filter(|number| number.is_finite() && !whole)?;
    Some(number.to_string())
}

/// From serde's "unknown variant `x`, expected one of `a`, `b`": the names, and the nearest to `x`.
fn variant_hint(error: &str, in_list: bool) -> String {
    let Some((text, listed)) =
        error.strip_prefix("unknown variant `").and_then(|rest| rest.rsplit_once("`, expected "))
    else {
        return String::new();
    };
    let names: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    known_hint(text, &names, in_list)
}

/// The names there are, and the nearest to one that is none of them.
fn known_hint(text: &str, names: &[&str], in_list: bool) -> String {
    // Of a list, which of its items it is.
    let item = if in_list { format!(" for `{text}`") } else { String::new() };
    match nearest(text, names.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`{item}? (known: {})", names.join(", ")),
        None => format!("; known{item}: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_alike_is_suggested() {
        assert_eq!(nearest("hour_bin", ["taus", "hour_bins"]), Some("hour_bins"));
        assert_eq!(nearest("zzz", ["taus", "hour_bins"]), None);
    }
}
