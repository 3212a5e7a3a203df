//! What a program says, line by line: rows, stages, and what became of the unit.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::block::Block;
use super::check::{Given, count, no_nul};
use super::fault::{Fault, excerpt};
use super::lines::Lines;
use super::literal::{literals, rounded};
use super::rows::{Place, Rows};
use super::tables::Tables;
use crate::engine::{UnitResult, failure_issue};
use crate::store::UnitState;

/// An answer so far.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) rows: Rows<'a>,
    told: Told,
    feature_mode: &'a str,
    /// Rows that come as Arrow.
    block: Option<Block>,
    /// Whether the program said that the unit ends.
    pub(super) ended: bool,
}

/// What the program says became of the unit.
#[derive(Debug, Default)]
struct Told {
    state: Option<UnitState>,
    reason: Option<String>,
    n_samples: Option<u64>,
    k: Option<u32>,
}

/// The same as it stands in the line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToldAsGiven {
    state: Option<UnitState>,
    reason: Option<String>,
    #[serde(default)]
    n_samples: Value,
    #[serde(default)]
    k: Value,
}

impl Told {
    fn of(told: Value) -> Result<Self, String> {
        let ToldAsGiven { state, reason, n_samples, k } = serde_json::from_value(told).map_err(|e| {
            format!("{e}\n(hint: known are state (ok, skipped or failed), reason, n_samples and k)")
        })?;
        if let Some(reason) = &reason {
            no_nul(reason).map_err(|what| format!("reason: {what}"))?;
        }
        let number = |name: &str, value: Value, most: u64| {
            count(given(value, None), most).map_err(|what| format!("{name}: {what}"))
        };
        // As many samples as a whole number of the ledger can hold.
        let n_samples = number("n_samples", n_samples, i64::MAX as u64)?;
        let k = number("k", k, u64::from(u32::MAX))?;
        Ok(Self { state, reason, n_samples, k: k.and_then(|k| u32::try_from(k).ok()) })
    }
}

impl<'a> Answer<'a> {
    /// Nothing yet.
    pub(super) fn new(tables: &'a Tables, feature_mode: &'a str) -> Self {
        let (rows, told) = (Rows::new(tables, feature_mode), Told::default());
        Self { rows, told, feature_mode, block: None, ended: false }
    }

    /// Takes the next of what has come, and says whether there was something. Behind a row that breaks its contract it
    /// goes on.
    pub(super) fn next(&mut self, lines: &mut Lines, stage: &dyn Fn(&str)) -> Result<bool, Fault> {
        let Some(block) = &mut self.block else {
            let Some((number, line)) = lines.next_line()? else { return Ok(false) };
            return self.line(number, line, stage).map(|()| true);
        };
        let bytes = lines.bytes(block.left());
        if bytes.is_empty() {
            return Ok(false);
        }
        let taken = block.take(bytes, &mut self.rows);
        if block.left() == 0 {
            self.block = None;
        }
        taken.map(|()| true)
    }

    /// Whether bytes that were told are still to come.
    pub(super) fn is_in_block(&self) -> bool {
        self.block.is_some()
    }

    /// Takes a line.
    pub(super) fn line(&mut self, number: u64, line: &[u8], stage: &dyn Fn(&str)) -> Result<(), Fault> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let Object(entries) = serde_json::from_slice(line).map_err(|e| not_json(number, line, &e))?;
        if self.ended {
            return Err(Fault::Output(format!(
                "line {number} of the output comes after the end of the unit"
            )));
        }
        if let [(key, bytes)] = &entries[..]
            && key == "arrow"
        {
            self.block = Some(Block::told(number, bytes)?);
            return Ok(());
        }
        let place = Place::Line(number);
        let table = entries.iter().find(|(key, _)| key == "table");
        let control = |what: String| Fault::Row(format!("{place}: {what}"));
        match table {
            Some((_, Value::String(table))) => {
                let table = table.clone();
                let mut first = true;
                let mut literals = literals(line, &entries).into_iter();
                let values = entries.into_iter().map(|(key, value)| {
                    let literal = if value.is_number() { literals.next() } else { None };
                    (key, given(value, literal))
                });
                // The first names the table; another one would be a column.
                let values = values.filter(|(key, _)| key != "table" || !std::mem::take(&mut first));
                self.rows.add(&table, place, values)
            }
            Some(_) => Err(control("`table` must be a text".to_owned())),
            None => self.control(entries, stage).map_err(control),
        }
    }

    fn control(&mut self, mut entries: Vec<(String, Value)>, stage: &dyn Fn(&str)) -> Result<(), String> {
        if entries.iter().any(|(key, _)| key == "end") {
            return self.end(entries);
        }
        match (entries.pop(), entries.is_empty()) {
            (Some((key, Value::String(text))), true) if key == "stage" => stage(&text),
            (Some((key, told)), true) if key == "unit" => self.tell(told)?,
            _ => {
                return Err("has no `table`\n(hint: a row is {\"table\": \"te\", …}; {\"stage\": \"…\"} and {\"unit\": {…}} stand alone, and so does {\"arrow\": …})".to_owned());
            }
        }
        Ok(())
    }

    fn end(&mut self, entries: Vec<(String, Value)>) -> Result<(), String> {
        let (end, told): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key == "end");
        if !matches!(&end[..], [(_, Value::Bool(true))]) {
            return Err("`end` must be true".to_owned());
        }
        // Also if the rest is wrong: what follows is of another unit.
        self.ended = true;
        self.tell(Value::Object(told.into_iter().collect()))
    }

    /// What is told later is added, and holds where both say something.
    fn tell(&mut self, told: Value) -> Result<(), String> {
        let told = Told::of(told)?;
        self.told.state = told.state.or(self.told.state);
        self.told.reason = told.reason.or(self.told.reason.take());
        self.told.n_samples = told.n_samples.or(self.told.n_samples);
        self.told.k = told.k.or(self.told.k);
        Ok(())
    }

    /// The unit as the program left it.
    pub(super) fn finish(self) -> Result<UnitResult, Fault> {
        let Told { state, reason, n_samples, k } = self.told;
        let mut tables = self.rows.finish();
        let state = state.unwrap_or(UnitState::Ok);
        let reason = match (state, reason) {
            (UnitState::Ok, None) => None,
            (UnitState::Ok, Some(reason)) => {
                let hint = "\n(hint: add \"state\": \"skipped\" or \"failed\")";
                return Err(Fault::Row(format!("the unit has the reason `{reason}` but no state{hint}")));
            }
            (_, reason) => Some(reason.unwrap_or_else(|| "the program gave no reason".to_owned())),
        };
        if let Some(reason) = &reason
            && !tables.iter().any(|(table, _)| table == "issues")
        {
            tables.push(failure_issue(self.feature_mode, reason));
        }
        let feature_mode = self.feature_mode.to_owned();
        Ok(UnitResult { feature_mode, state, reason, n_samples, k, input_fingerprint: None, tables })
    }
}

/// A value, of a number perhaps as it is written.
fn given(value: Value, literal: Option<&str>) -> Given<'static> {
    match value {
        Value::Null => Given::Null,
        Value::Bool(v) => Given::Bool(v),
        Value::String(v) => Given::Text(Cow::Owned(v)),
        Value::Array(_) => Given::Other("a list"),
        Value::Object(_) => Given::Other("an object"),
        Value::Number(v) => match (v.as_i64(), v.as_u64(), v.as_f64()) {
            (Some(v), _, _) => Given::Int(v),
            (_, Some(v), _) => Given::Large(v),
            (_, _, Some(v)) => {
                literal.and_then(|literal| rounded(literal, v)).map_or(Given::Float(v), Given::Digits)
            }
            _ => Given::Other("a number that is too large"),
        },
    }
}

fn not_json(number: u64, line: &[u8], error: &serde_json::Error) -> Fault {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or_default();
    let at = error.column();
    // The place it is about; lines can be long.
    let from = at.saturating_sub(50).min(line.len());
    let shown = excerpt(&line[from..], 80);
    let wide = line.starts_with(&[0xff, 0xfe]) || line.starts_with(&[0xfe, 0xff]) || line.contains(&0);
    let unknown = ["NaN", "Infinity"].iter().any(|word| shown.contains(word));
    let hint = if wide {
        "the output seems to be in UTF-16; let the program write UTF-8 (in PowerShell: [Console]::OutputEncoding = \
         [Text.UTF8Encoding]::new($false))"
    } else if unknown || what == "number out of range" {
        "JSON has no NaN and no infinity; write null, and a row of `issues` that says why"
    } else {
        "every line is a JSON object; messages belong on standard error"
    };
    let cut = if from > 0 { "…" } else { "" };
    let what = format!("line {number} of the output isn't a row: {what} at character {at}: `{cut}{shown}`");
    Fault::Output(format!("{what}\n(hint: {hint})"))
}

/// A JSON object with all its entries: a name that stands twice is not to be lost.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }
        from.deserialize_map(Entries)
    }
}
