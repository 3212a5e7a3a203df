//! `--report`: all that was found, for programs.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::check::CheckResult;
use crate::cli::place::outside;
use crate::error::Failure;
use crate::legacy::Finding;
use crate::merge::{Gap, Kept, Kind, MergeError, MergeOutcome, Merged};

/// Refuses a file that is there, or that would lie in a run or an output.
pub(super) fn is_free(path: &Path) -> Result<(), Failure> {
    outside("--report", path)?;
    if path.exists() {
        let path = path.display();
        return Err(Failure::usage(format!("{path} exists already\n(hint: name another file for --report)")));
    }
    Ok(())
}

/// Writes the report of a merge, also of one that was refused.
pub(super) fn write(path: &Path, merged: &Result<Merged, MergeError>) -> Result<(), Failure> {
    let report = match merged {
        Ok(merged) => report(merged),
        Err(error) => json!({
            "outcome": "refused", "code": error.code(), "error": crate::error::chain(error), "complete": false,
        }),
    };
    let text = serde_json::to_string_pretty(&report).map_err(Failure::error)?;
    std::fs::write(path, text + "\n")
        .map_err(|e| Failure::error(format!("cannot write the report {}: {e}", path.display())))
}

fn report(merged: &Merged) -> Value {
    let mut report = json!({
        "outcome": "written",
        "complete": false,
        "units": merged.units,
        "units_ok": merged.units_ok,
        "duplicates": merged.duplicates,
        "notes": merged.notes,
        "accepted_skipped": [],
        "findings": [],
        "conflicts": [],
        "checks": [],
        "changed_calls": [],
        "legacy": merged.legacy.iter().map(legacy).collect::<Vec<_>>(),
    });
    match &merged.outcome {
        MergeOutcome::Written(written) => {
            report["complete"] = json!(written.manifest.complete);
            report["output"] = json!(written.place.to_string());
            report["accepted_skipped"] = json!(written.manifest.accepted_skipped);
            report["rows"] = json!(written.manifest.rows);
            report["findings"] = findings(merged, &written.gaps);
            report["changed_calls"] = json!(written.changed);
            if written.manifest.nulls {
                report["out_of_reach"] = json!(written.reach.out_of_reach);
                report["without_p"] = json!(written.reach.without_p);
            }
            if !written.control.is_empty() {
                report["control"] = json!(written.control);
            }
        }
        MergeOutcome::PartDone => report["outcome"] = json!("part done"),
        MergeOutcome::Incomplete(gaps) => {
            report["outcome"] = json!("incomplete");
            report["findings"] = findings(merged, gaps);
        }
        MergeOutcome::Repeated(repeated) => {
            report["outcome"] = json!("incomplete");
            report["findings"] = json!([kept(Kind::KeyTwice, repeated)]);
        }
        MergeOutcome::Conflicting(conflicts) => {
            report["outcome"] = json!("conflicting");
            report["conflicts"] = json!([kept(Kind::UnequalDuplicate, conflicts)]);
        }
        MergeOutcome::Wrong(checks) => {
            report["outcome"] = json!("wrong");
            report["checks"] = checks.iter().filter(|c| !c.passed()).map(check).collect();
        }
    }
    report
}

/// Findings by kind.
fn findings(merged: &Merged, gaps: &[Gap]) -> Value {
    let mut kinds: BTreeMap<Kind, Vec<&Gap>> = BTreeMap::new();
    for gap in gaps {
        kinds.entry(gap.kind).or_default().push(gap);
    }
    let kind = |(kind, gaps): (Kind, Vec<&Gap>)| {
        json!({
            "code": kind.code(), "kind": kind.name(), "remedy": merged.remedy(kind), "count": gaps.len(),
            "items": gaps,
        })
    };
    kinds.into_iter().map(kind).collect()
}

/// Findings that are counted but not all kept: the list is cut where `count` is above the number of items.
fn kept<T: Serialize>(kind: Kind, found: &Kept<T>) -> Value {
    json!({
        "code": kind.code(), "kind": kind.name(), "remedy": kind.remedy(), "count": found.count(),
        "by_table": found.by_table, "items": found.items,
    })
}

fn check(check: &CheckResult) -> Value {
    let sample: Vec<String> = check
        .sample
        .iter()
        .filter_map(|batch| arrow::util::pretty::pretty_format_batches(std::slice::from_ref(batch)).ok())
        .map(|table| table.to_string())
        .collect();
    json!({
        "name": check.name, "meaning": check.meaning, "remedy": check.remedy, "violations": check.violations,
        "first": sample.join("\n"),
    })
}

fn legacy(finding: &Finding) -> Value {
    json!({
        "file": finding.file, "lines": finding.lines, "kind": format!("{:?}", finding.kind), "what": finding.what,
        "remedy": finding.remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_listed_are_counted() {
        let gap = Gap {
            user_id: "u".into(),
            feature_mode: String::new(),
            shard: 0,
            kind: Kind::KeyTwice,
            reason: "table te, tau 1".into(),
        };
        let by_table = [("te".to_owned(), 1400), ("ste".to_owned(), 1)].into();
        let repeated = Kept { items: vec![gap; 1001], by_table };
        let text = super::super::kept_text(Kind::KeyTwice, &repeated);
        assert!(text.starts_with("key twice: 1401\n") && text.contains("… and 1391 more\n"), "{text}");
        let merged = Merged {
            outcome: MergeOutcome::Repeated(repeated),
            units: 1,
            units_ok: 1,
            duplicates: 0,
            notes: Vec::new(),
            legacy: Vec::new(),
            all_legacy: false,
        };
        let report = report(&merged);
        assert_eq!((&report["outcome"], &report["complete"]), (&json!("incomplete"), &json!(false)));
        let kind = &report["findings"][0];
        assert_eq!((&kind["code"], &kind["count"]), (&json!("M18"), &json!(1401)));
        assert_eq!(kind["by_table"], json!({"te": 1400, "ste": 1}));
        assert_eq!(kind["items"].as_array().map(Vec::len), Some(1001));
    }
}
