//! What is missing in a directory, or must not be there, for its report.

use std::collections::BTreeMap;
use std::path::Path;

use super::document::{Finding, ReportError};
use crate::attempts::Damage;
use crate::merge::{Examined, Gap, Kept, Kind, examine};
use crate::store::{MergeManifest, Run};
use crate::tables::Definitions;
use crate::text_file;

/// Items of a finding that a report shows.
const ITEMS: usize = 10;

/// Units above which a report does not read every file of a run: that takes as long as `validate`.
const MOST_UNITS: u64 = 100_000;

/// What was found.
pub(super) struct Seen {
    pub(super) findings: Vec<Finding>,
    /// What was looked at, in words.
    pub(super) checked: String,
    /// Data files that cannot be used, where they were read.
    pub(super) damage: Option<Damage>,
}

/// What a look through a run finds. Every file is read once.
pub(super) async fn of_run(run: Run, definitions: Definitions<'_>) -> Result<Seen, ReportError> {
    if run.manifest().input.units > MOST_UNITS {
        let words = format!(
            "By the ledger. A run of more than {MOST_UNITS} units is not read through for a report: `results validate` compares \
             every file with its checksum."
        );
        return Ok(Seen { findings: Vec::new(), checked: words, damage: None });
    }
    let Examined { gaps, differing, repeated, damage, .. } = examine(run, definitions).await?;
    let mut findings = of_gaps(gaps);
    findings.extend(
        [(Kind::UnequalDuplicate, differing), (Kind::KeyTwice, repeated)]
            .into_iter()
            .filter_map(|(kind, kept)| (!kept.is_empty()).then(|| of_kept(kind, &kept))),
    );
    let words = "Every file was compared with its checksum, every unit with the plan, and duplicates with each other, as \
                 `results validate` does, but for the checks of values.";
    Ok(Seen { findings, checked: words.to_owned(), damage: Some(damage) })
}

/// What a merged output lacks, as it says itself.
pub(super) fn of_output(dir: &Path, manifest: &MergeManifest) -> Result<Seen, ReportError> {
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
    let found = |findings| Seen { findings, checked: words, damage: None };
    if manifest.complete {
        return Ok(found(Vec::new()));
    }
    let path = dir.join("missing_units.csv");
    let text = text_file::read(&path).map_err(|source| ReportError::File { path, source })?;
    let mut by_state: BTreeMap<String, (u64, Vec<String>)> = BTreeMap::new();
    for row in records(&text).skip(1) {
        let cell = |at: usize| row.get(at).map_or("", String::as_str);
        let (count, items) = by_state.entry(cell(2).to_owned()).or_default();
        *count += 1;
        if items.len() < ITEMS {
            items.push(item(cell(0), cell(1), cell(3)));
        }
    }
    let kind = |state: &str| {
        let known = manifest.missing.iter().find(|missing| missing.state == state);
        known.and_then(|missing| Kind::of_code(&missing.code))
    };
    // An output of before the codes were kept has the words alone.
    let finding = |(state, (count, items)): (String, (u64, Vec<String>))| match kind(&state) {
        Some(kind) => Finding { count, items, ..named(kind) },
        None => Finding { code: String::new(), name: state, remedy: String::new(), count, items },
    };
    let mut findings: Vec<Finding> = by_state.into_iter().map(finding).collect();
    findings.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(found(findings))
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

fn of_gap(gap: &Gap) -> String {
    item(&gap.user_id, &gap.feature_mode, &gap.reason)
}

fn item(user: &str, mode: &str, reason: &str) -> String {
    let unit = if mode.is_empty() { user.to_owned() } else { format!("{user} ({mode})") };
    match (unit.is_empty(), reason.is_empty()) {
        (true, _) => reason.to_owned(),
        (false, true) => unit,
        (false, false) => format!("{unit}: {reason}"),
    }
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
