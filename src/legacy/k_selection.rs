//! How k was chosen: rows of three layouts, of which only one names the feature mode.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;
use super::finding::{Findings, Kind};
use super::layout::K_SELECTED;
use super::measures::keep_contract;
use super::record::Record;
use super::sheet::{MAKE_AGAIN, records};
use super::value::{cell, int};
use crate::schema::{Cell, ColumnType, Row, SchemaError, Schemas};

const FILE: &str = K_SELECTED.file;

/// What one line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    line: u64,
    pub(super) user_id: String,
    pub(super) feature_mode: Option<String>,
    k: i64,
    original: Option<i64>,
    capped: Option<bool>,
    ais: Option<String>,
    criterion: Option<String>,
}

/// What else is known of a directory.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// Its feature modes, in the order in which a user's were done.
    pub(super) modes: &'a [String],
    /// Rows of measures, which say their k.
    pub(super) measured: &'a [Entry],
    /// Largest candidate, if the settings are known.
    pub(super) largest: Option<i64>,
}

/// The lines of the file.
pub(super) fn read(bytes: &[u8], findings: &mut Findings) -> Vec<Choice> {
    let mut choices = Vec::new();
    for record in records(&K_SELECTED, bytes, findings) {
        match choice(&record, findings) {
            Ok(choice) => choices.push(choice),
            Err(what) => findings.add(FILE, record.line, Kind::Unreadable, what, MAKE_AGAIN),
        }
    }
    choices
}

fn choice(record: &Record, findings: &mut Findings) -> Result<Choice, String> {
    let in_column = |name: &str, what: String| format!("column `{name}`: {what}; the row is left out");
    let whole = |name: &str| record.get(name).map(int).transpose().map_err(|what| in_column(name, what));
    let capped = match cell(ColumnType::Bool, record.get("capped").unwrap_or_default()) {
        Ok(Cell::Bool(capped)) => Some(capped),
        Ok(_) => None,
        Err(what) => {
            let what = format!("column `capped`: {what}; it was taken as empty, the row is kept");
            findings.add(FILE, record.line, Kind::Doubtful, what, "");
            None
        }
    };
    Ok(Choice {
        line: record.line,
        user_id: record.required("user_id")?.to_owned(),
        feature_mode: record.get("feature_mode").map(str::to_owned),
        k: whole("k_selected")?.ok_or("has no `k_selected`; it is left out")?,
        original: whole("k_original")?,
        capped,
        ais: record.get("ais_values").and_then(|text| ais_values(text, record.line, findings)),
        criterion: record.get("criterion").map(str::to_owned),
    })
}

/// The JSON object with `null` for the NaN that Python writes, which is no JSON.
fn ais_values(text: &str, line: u64, findings: &mut Findings) -> Option<String> {
    let text = text.replace("NaN", "null");
    if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_ok() {
        return Some(text);
    }
    let what = "`ais_values` isn't a JSON object; it was taken as empty";
    findings.add(FILE, line, Kind::Doubtful, what, MAKE_AGAIN);
    None
}

/// The rows, each with its feature mode.
pub(super) fn entries(
    choices: Vec<Choice>,
    context: &Context<'_>,
    schemas: &Schemas,
    findings: &mut Findings,
) -> Result<Vec<Entry>, SchemaError> {
    let schema = schemas.get(K_SELECTED.table)?;
    let mut by_unit: BTreeMap<(String, String), Vec<Choice>> = BTreeMap::new();
    for (mode, choice) in with_modes(choices, context, findings) {
        let fused = by_unit.entry((choice.user_id.clone(), mode)).or_default();
        match fused.iter_mut().find(|other| agree(other, &choice)) {
            Some(other) => {
                let what = "says what another line says of the user, or a part of it";
                findings.add(FILE, choice.line, Kind::RepeatedRow, what, "");
                complete(other, choice);
            }
            None => fused.push(choice),
        }
    }
    let mut found = Vec::new();
    for ((user_id, feature_mode), choices) in by_unit {
        for choice in choices {
            let row = row(&choice, &feature_mode, context.largest, findings);
            if let Err(what) = keep_contract(schema, std::slice::from_ref(&row)) {
                findings.add(FILE, choice.line, Kind::Unreadable, what, MAKE_AGAIN);
                continue;
            }
            found.push(Entry {
                file: FILE,
                line: choice.line,
                table: K_SELECTED.table,
                user_id: user_id.clone(),
                feature_mode: feature_mode.clone(),
                tau: None,
                rows: vec![row],
                n_samples: None,
                k: Some(choice.k),
            });
        }
    }
    Ok(found)
}

fn with_modes(choices: Vec<Choice>, context: &Context<'_>, findings: &mut Findings) -> Vec<(String, Choice)> {
    let (mut found, mut unnamed) = (Vec::new(), BTreeMap::<String, Vec<Choice>>::new());
    for choice in choices {
        match (&choice.feature_mode, context.modes) {
            (Some(mode), _) | (None, [mode]) => found.push((mode.clone(), choice)),
            _ => unnamed.entry(choice.user_id.clone()).or_default().push(choice),
        }
    }
    let used = if unnamed.is_empty() { Used::new() } else { used(context.measured) };
    for choices in unnamed.into_values() {
        // A row was written for each mode in turn.
        let in_turn = choices.len() == context.modes.len()
            && choices.iter().zip(context.modes).all(|(choice, mode)| was_used(choice, mode, &used));
        if in_turn {
            found.extend(context.modes.iter().cloned().zip(choices));
            continue;
        }
        for choice in choices {
            let what = "does not say which feature mode it is about; it is left out";
            let remedy =
                "the k of each row of the measures is known from their files; only how it was chosen is lost";
            findings.add(FILE, choice.line, Kind::ModeUnknown, what, remedy);
        }
    }
    found
}

/// k in the rows of each user and mode.
type Used<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<i64>>;

fn used(measured: &[Entry]) -> Used<'_> {
    let mut used = Used::new();
    for entry in measured {
        used.entry((&entry.user_id, &entry.feature_mode)).or_default().extend(entry.k);
    }
    used
}

/// Whether the rows of the measures have the chosen k, as far as there are any.
fn was_used(choice: &Choice, mode: &str, used: &Used<'_>) -> bool {
    used.get(&(choice.user_id.as_str(), mode)).is_none_or(|used| used.iter().all(|k| *k == choice.k))
}

fn agree(one: &Choice, other: &Choice) -> bool {
    fn fits<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.is_none() || other.is_none() || one == other
    }
    one.k == other.k
        && fits(one.original.as_ref(), other.original.as_ref())
        && fits(one.capped.as_ref(), other.capped.as_ref())
        && fits(one.ais.as_ref(), other.ais.as_ref())
        && fits(one.criterion.as_ref(), other.criterion.as_ref())
}

fn complete(one: &mut Choice, other: Choice) {
    one.original = one.original.or(other.original);
    one.capped = one.capped.or(other.capped);
    one.ais = one.ais.take().or(other.ais);
    one.criterion = one.criterion.take().or(other.criterion);
}

fn row(choice: &Choice, mode: &str, largest: Option<i64>, findings: &mut Findings) -> Row {
    let original = choice.original.unwrap_or(choice.k);
    let at_edge = largest.or_else(|| largest_tried(choice.ais.as_deref()));
    let absent = [
        ("k_original", choice.original.is_none()),
        ("criterion", choice.criterion.is_none()),
        ("k_at_grid_edge", at_edge.is_none()),
    ];
    let absent: Vec<&str> = absent.iter().filter(|(_, absent)| *absent).map(|(name, _)| *name).collect();
    if !absent.is_empty() {
        let what = format!("{} cannot be known; taken are k_selected, max_ais and false", absent.join(", "));
        findings.add(FILE, choice.line, Kind::Assumed, what, "");
    }
    Row::new()
        .with("k_selected", choice.k)
        .with("k_original", original)
        .with("capped", choice.capped.unwrap_or(choice.k != original))
        .with("ais_values", choice.ais.as_deref())
        .with("criterion", choice.criterion.as_deref().unwrap_or("max_ais"))
        .with("feature_mode", mode)
        .with("k_at_grid_edge", at_edge == Some(choice.k))
}

fn largest_tried(ais: Option<&str>) -> Option<i64> {
    let values: serde_json::Map<String, serde_json::Value> = serde_json::from_str(ais?).ok()?;
    values.keys().filter_map(|k| k.parse().ok()).max()
}
