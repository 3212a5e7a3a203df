//! `--report`: all that was found, for programs.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::check::CheckResult;
use crate::error::Failure;
use crate::legacy::Finding;
use crate::merge::{Conflict, Gap, Kind, MergeError, MergeOutcome, Merged};

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
        "findings": [],
        "conflicts": [],
        "checks": [],
        "changed_calls": [],
        "legacy": merged.legacy.iter().map(legacy).collect::<Vec<_>>(),
    });
    match &merged.outcome {
        MergeOutcome::Written(written) => {
            report["complete"] = json!(written.manifest.complete);
            report["output"] = json!(written.dir);
            report["rows"] = json!(written.manifest.rows);
            report["findings"] = findings(&written.gaps);
            report["changed_calls"] = json!(written.changed);
        }
        MergeOutcome::Incomplete(gaps) => {
            report["outcome"] = json!("incomplete");
            report["findings"] = findings(gaps);
        }
        MergeOutcome::Conflicting(conflicts) => {
            report["outcome"] = json!("conflicting");
            report["conflicts"] = differing(conflicts);
        }
        MergeOutcome::Wrong(checks) => {
            report["outcome"] = json!("wrong");
            report["checks"] = checks.iter().filter(|c| !c.passed()).map(check).collect();
        }
    }
    report
}

/// Findings by kind.
fn findings(gaps: &[Gap]) -> Value {
    let mut kinds: BTreeMap<Kind, Vec<&Gap>> = BTreeMap::new();
    for gap in gaps {
        kinds.entry(gap.kind).or_default().push(gap);
    }
    let kind = |(kind, gaps): (Kind, Vec<&Gap>)| {
        json!({
            "code": kind.code(), "kind": kind.name(), "remedy": kind.remedy(), "count": gaps.len(), "items": gaps,
        })
    };
    kinds.into_iter().map(kind).collect()
}

fn differing(conflicts: &[Conflict]) -> Value {
    let kind = Kind::UnequalDuplicate;
    json!([{
        "code": kind.code(), "kind": kind.name(), "remedy": kind.remedy(), "count": conflicts.len(),
        "items": conflicts,
    }])
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
