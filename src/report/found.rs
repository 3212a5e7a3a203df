//! What is missing in a directory, or must not be there, for its report.

use std::collections::BTreeMap;

use super::document::{Finding, Item, ReportError};
use crate::merge::{Examined, Gap, Kept, Kind, examine};
use crate::sources::SourceError;
use crate::sql::Damaged;
use crate::store::{Location, MergeManifest, Run, StoreError};
use crate::tables::Definitions;
use crate::text_file;

/// Items of a finding that a report shows.
const ITEMS: usize = 10;

/// Units above which a report does not read every file of a run: that takes as long as `validate`.
const MOST_UNITS: u64 = 100_000;

/// What was found.
pub(super) struct Seen {
    /// None, if nobody looked for any.
    pub(super) findings: Option<Vec<Finding>>,
    /// What was looked at, in words.
    pub(super) checked: String,
    /// Files that cannot be used, where they were read.
    pub(super) damaged: Option<Damaged>,
}

/// What a look through a run finds. Every file is read once.
pub(super) async fn of_run(run: Run, definitions: Definitions<'_>) -> Result<Seen, ReportError> {
    if run.manifest().input.units > MOST_UNITS {
        let words = format!(
            "Every file was compared with its checksum. Which units are missing was not looked for: a run of more than {MOST_UNITS} \
             units is not compared with its plan for a report. `results validate` names what is missing."
        );
        return Ok(Seen { findings: None, checked: words, damaged: None });
    }
    let name = run.name();
    let Examined { gaps, differing, repeated, damage, .. } = examine(run, definitions).await?;
    let loses_rows = |gap: &&Gap| matches!(gap.kind, Kind::BrokenFile | Kind::CorruptLedger);
    let lost = gaps.iter().filter(loses_rows).map(|gap| of_gap(gap).words()).collect();
    let damaged = Damaged::known(damage, &name, lost);
    let mut findings = of_gaps(gaps);
    findings.extend(
        [(Kind::UnequalDuplicate, differing), (Kind::KeyTwice, repeated)]
            .into_iter()
            .filter_map(|(kind, kept)| (!kept.is_empty()).then(|| of_kept(kind, &kept))),
    );
    let words = "Every file was compared with its checksum, every unit with the plan, and duplicates with each other, as \
                 `results validate` does, but for the checks of values.";
    Ok(Seen { findings: Some(findings), checked: words.to_owned(), damaged: Some(damaged) })
}

/// What a merged output lacks, as it says itself.
pub(super) fn of_output(place: &Location, manifest: &MergeManifest) -> Result<Seen, ReportError> {
    let words = format!(
        "The merge compared every file with its checksum, every unit with the plan, and every row with its schema before it wrote \
         this ({} of {} units ok{}); `results validate` does it again.",
        manifest.units_ok,
        manifest.units,
        match manifest.duplicates {
            0 => String::new(),
            1 => ", one equal duplicate left out".to_owned(),
            n => format!(", {n} equal duplicates left out"),
        }
    );
    let found = |findings| Seen { findings: Some(findings), checked: words, damaged: None };
    if manifest.complete {
        return Ok(found(Vec::new()));
    }
    let text = missing_units(place)?;
    let mut by_state: BTreeMap<String, (u64, Vec<Item>)> = BTreeMap::new();
    for row in records(&text).skip(1) {
        let cell = |at: usize| row.get(at).cloned().unwrap_or_default();
        let (count, items) = by_state.entry(cell(2)).or_default();
        *count += 1;
        if items.len() < ITEMS {
            items.push(Item { user: cell(0), mode: cell(1), reason: cell(3) });
        }
    }
    let kind = |state: &str| {
        let known = manifest.missing.iter().find(|missing| missing.state == state);
        known.and_then(|missing| Kind::of_code(&missing.code))
    };
    // An output of before the codes were kept has the words alone.
    let finding = |(state, (count, items)): (String, (u64, Vec<Item>))| match kind(&state) {
        Some(kind) => Finding { count, items, ..named(kind) },
        None => Finding { code: String::new(), name: state, remedy: String::new(), count, items },
    };
    let mut findings: Vec<Finding> = by_state.into_iter().map(finding).collect();
    findings.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(found(findings))
}

/// The file that names what a partial output lacks.
fn missing_units(place: &Location) -> Result<String, ReportError> {
    let name = "missing_units.csv";
    let failed = |source| ReportError::File { path: place.join(name), source };
    if let Some(dir) = place.folder() {
        return text_file::read(&dir.join(name)).map_err(failed);
    }
    let storage = place.storage().map_err(SourceError::from)?;
    let read = storage.read(name).map_err(|error| SourceError::from(StoreError::from(error)))?;
    let read = read.ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))?;
    String::from_utf8(read).map_err(|error| failed(std::io::Error::other(error)))
}

fn of_gaps(gaps: Vec<Gap>) -> Vec<Finding> {
    let mut by_kind: BTreeMap<Kind, Vec<Gap>> = BTreeMap::new();
    for gap in gaps {
        by_kind.entry(gap.kind).or_default().push(gap);
    }
    let finding = |(kind, gaps): (Kind, Vec<Gap>)| {
        let items = gaps.iter().take(ITEMS).map(of_gap).collect();
        Finding { count: gaps.len() as u64, items, ..named(kind) }
    };
    by_kind.into_iter().map(finding).collect()
}

fn of_kept(kind: Kind, kept: &Kept<Gap>) -> Finding {
    Finding { count: kept.count(), items: kept.items.iter().take(ITEMS).map(of_gap).collect(), ..named(kind) }
}

fn named(kind: Kind) -> Finding {
    let (code, name, remedy) = (kind.code().to_owned(), kind.name().to_owned(), kind.remedy().to_owned());
    Finding { code, name, remedy, count: 0, items: Vec::new() }
}

fn of_gap(gap: &Gap) -> Item {
    Item { user: gap.user_id.clone(), mode: gap.feature_mode.clone(), reason: gap.reason.clone() }
}

/// The records of a CSV file that a merge wrote: fields in quotes may hold commas and ends of lines.
fn records(text: &str) -> impl Iterator<Item = Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    rows.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_in_quotes_hold_anything() {
        let found: Vec<_> = records("a,b\n\"x, \"\"y\"\"\nz\",\n").collect();
        assert_eq!(found, [vec!["a", "b"], vec!["x, \"y\"\nz", ""]]);
    }
}
