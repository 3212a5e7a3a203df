//! Counts of the bins of the day, which stand in columns named after hours.

use super::entry::Entry;
use super::finding::{Findings, Kind};
use super::layout::HBIN_COUNTS;
use super::measures::keep_contract;
use super::record::Record;
use super::sheet::{MAKE_AGAIN, records};
use super::value::int;
use crate::schema::{Row, SchemaError, Schemas};

const FILE: &str = HBIN_COUNTS.file;

/// Columns for bins; a run of more bins has no place for the others.
pub(super) const COLUMNS: usize = 24;

/// Counts of one line.
struct Counts {
    line: u64,
    user_id: String,
    feature_mode: String,
    total: Option<i64>,
    by_column: Vec<i64>,
}

/// The rows; `bins` is the number of bins of the run, if it is known.
pub(super) fn read(
    bytes: &[u8],
    bins: Option<u32>,
    schemas: &Schemas,
    findings: &mut Findings,
) -> Result<Vec<Entry>, SchemaError> {
    let schema = schemas.get(HBIN_COUNTS.table)?;
    let mut found = Vec::new();
    for record in records(&HBIN_COUNTS, bytes, findings) {
        match counts(&record) {
            Ok(counts) => found.push(counts),
            Err(what) => findings.add(FILE, record.line, Kind::Unreadable, what, MAKE_AGAIN),
        }
    }
    let width = width(bins, &found, findings);
    let mut entries = Vec::new();
    for counts in found {
        check(&counts, bins, findings);
        let rows = rows(&counts, width);
        if let Err(what) = keep_contract(schema, &rows) {
            findings.add(FILE, counts.line, Kind::Unreadable, what, MAKE_AGAIN);
            continue;
        }
        entries.push(Entry {
            file: FILE,
            line: counts.line,
            table: HBIN_COUNTS.table,
            user_id: counts.user_id,
            feature_mode: counts.feature_mode,
            tau: None,
            rows,
            n_samples: counts.total,
            k: None,
        });
    }
    Ok(entries)
}

fn counts(record: &Record) -> Result<Counts, String> {
    let number = |name: &str| {
        let text = record.required(name)?;
        int(text).map_err(|what| format!("column `{name}`: {what}; the row is left out"))
    };
    Ok(Counts {
        line: record.line,
        user_id: record.required("user_id")?.to_owned(),
        feature_mode: record.required("feature_mode")?.to_owned(),
        total: record.get("total_samples").map(|_| number("total_samples")).transpose()?,
        by_column: (0..COLUMNS).map(|hour| number(&format!("hour_{hour:02}"))).collect::<Result<_, _>>()?,
    })
}

/// How many of the columns are bins.
fn width(bins: Option<u32>, found: &[Counts], findings: &mut Findings) -> usize {
    if let Some(bins) = bins {
        if bins as usize > COLUMNS {
            let what = format!(
                "has columns for {COLUMNS} bins of {bins}; the counts of the others were never written"
            );
            findings.add(FILE, 0, Kind::Doubtful, what, "");
        }
        return (bins as usize).min(COLUMNS);
    }
    let used = found.iter().filter_map(|c| c.by_column.iter().rposition(|count| *count != 0)).max();
    let width = used.map_or(0, |last| last + 1);
    let what =
        format!("the number of bins is not known; {width} were taken, the last column that is not all 0");
    findings.add(FILE, 0, Kind::Assumed, what, "");
    width
}

fn check(counts: &Counts, bins: Option<u32>, findings: &mut Findings) {
    let sum: i64 = counts.by_column.iter().fold(0, |sum, count| sum.saturating_add(*count));
    let complete = bins.is_none_or(|bins| bins as usize <= COLUMNS);
    if complete && counts.total.is_some_and(|total| total != sum) {
        let what = "the counts do not add up to total_samples; they are kept as they are";
        findings.add(FILE, counts.line, Kind::Doubtful, what, "");
    }
    if bins.is_some_and(|bins| counts.by_column.iter().skip(bins as usize).any(|count| *count != 0)) {
        let what = "has counts beyond the last bin of the settings; they are left out";
        findings.add(
            FILE,
            counts.line,
            Kind::Doubtful,
            what,
            "compare hour_bins in run_info.yaml with the run",
        );
    }
}

fn rows(counts: &Counts, width: usize) -> Vec<Row> {
    let each = counts.by_column.iter().take(width).enumerate();
    each.map(|(bin, count)| {
        Row::new()
            .with("feature_mode", counts.feature_mode.as_str())
            .with("kind", "bin")
            .with("idx", bin)
            .with("count", *count)
    })
    .collect()
}
