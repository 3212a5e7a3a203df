//! What was found, in words: what differs, what a check says, what the predecessor's directories lack, which of its calls
//! change.

use crate::check::CheckResult;
use crate::cli::text::count;
use crate::legacy::Finding;
use crate::merge::{ChangedCall, Conflict, Kept};

/// Findings of each kind that are shown.
pub(in crate::cli) const SHOWN: usize = 10;

/// How many are not shown.
pub(super) fn more_text(indent: &str, all: u64, shown: usize) -> String {
    match all.saturating_sub(shown as u64) {
        0 => String::new(),
        more => format!("{indent}… and {more} more\n"),
    }
}

/// What was wrong with directories of the predecessor: the first few of each kind.
pub(super) fn legacy_text(findings: &[Finding]) -> String {
    let mut shown: Vec<(crate::legacy::Kind, usize)> = Vec::new();
    let mut out = String::new();
    for finding in findings {
        let place = shown.iter().position(|(kind, _)| *kind == finding.kind).unwrap_or_else(|| {
            shown.push((finding.kind, 0));
            shown.len() - 1
        });
        shown[place].1 += 1;
        if shown[place].1 <= SHOWN {
            out.push_str(&format!("note: {finding}\n"));
        }
    }
    let more: usize = shown.iter().map(|(_, n)| n.saturating_sub(SHOWN)).sum();
    if more > 0 {
        out.push_str(&format!("… and {more} more notes; --report FILE has all of them\n"));
    }
    out
}

/// Significance calls of shards that the correction over all users changes.
pub(super) fn changed_text(changed: &[ChangedCall], alpha: f64) -> String {
    if changed.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "{} at q < {alpha}, since the correction covers all users now:\n",
        if changed.len() == 1 {
            "1 significance call changes".to_owned()
        } else {
            format!("{} significance calls change", changed.len())
        }
    );
    for ChangedCall { source, call, q_now } in changed.iter().take(SHOWN) {
        let tau = call.tau.map_or(String::new(), |tau| format!(" tau {tau}"));
        let number = |x: Option<f64>| x.map_or("none".to_owned(), |x| format!("{x}"));
        out.push_str(&format!(
            "  {} {} {}{tau}: {} was {} in {}, is {} (p {})\n",
            call.table,
            call.user_id,
            call.feature_mode,
            call.column,
            call.q,
            source,
            number(*q_now),
            number(call.p)
        ));
    }
    if changed.len() > SHOWN {
        out.push_str(&format!("  … and {} more; --report FILE has all of them\n", changed.len() - SHOWN));
    }
    out
}

pub(super) fn conflicts_text(conflicts: &Kept<Conflict>) -> String {
    let mut out = String::new();
    for Conflict { table, difference: d } in conflicts.items.iter().take(SHOWN) {
        out.push_str(&format!(
            "{} {table} {} {}: {} ({}) and {} ({})\n",
            d.user_id, d.row_key, d.column, d.one, d.one_source, d.other, d.other_source
        ));
    }
    out + &more_text("", conflicts.count(), conflicts.items.len().min(SHOWN))
}

/// The checks that failed, with the first rows.
pub(in crate::cli) fn checks_text(checks: &[CheckResult]) -> String {
    let mut out = String::new();
    for check in checks.iter().filter(|c| !c.passed()) {
        out.push_str(&format!(
            "FAIL  {}: {} {}\n",
            check.name,
            count(check.violations, "row"),
            check.meaning
        ));
        if let Ok(table) = arrow::util::pretty::pretty_format_batches(&check.sample) {
            out.push_str(&format!("{table}\n"));
        }
        out.push_str(&format!("      {}\n", check.remedy));
    }
    out
}
