//! The error log, whose tracebacks go over many lines.

use super::finding::{Findings, Kind};
use super::form;
use super::layout::ERROR_LOG;
use super::lines::{Line, lines};
use super::record::Record;
use super::sheet::{Layouts, fields, is_header};
use super::value::int;

const FILE: &str = ERROR_LOG.file;

/// Most lines of one entry: what is longer is an open quote.
const LONGEST: usize = 2000;

/// Method of an entry about the whole unit.
const PROCESS: &str = "PROCESS";

/// An entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Logged {
    pub(super) line: u64,
    pub(super) user_id: String,
    pub(super) feature_mode: Option<String>,
    /// None for a unit that a quality rule left out.
    pub(super) method: Option<String>,
    pub(super) tau: Option<i64>,
    pub(super) error: String,
}

impl Logged {
    /// Whether it ended the unit.
    pub(super) fn ends_unit(&self) -> bool {
        self.method.as_deref() == Some(PROCESS)
    }
}

/// The entries.
pub(super) fn read(bytes: &[u8], findings: &mut Findings) -> Vec<Logged> {
    let Some(bytes) = form::text(FILE, bytes, findings) else { return Vec::new() };
    let separator = form::separator(FILE, &bytes, findings);
    let lines = lines(FILE, &bytes, findings);
    let split = split(&lines, separator, findings);
    let mut layouts = Layouts::find(&ERROR_LOG, &split, findings);
    let mut entries = Vec::new();
    for (line, fields) in split {
        let Some(record) = layouts.record(line, fields, findings) else { continue };
        match logged(&record, findings) {
            Ok(entry) => entries.push(entry),
            Err(what) => findings.add(FILE, line, Kind::Unreadable, what, ""),
        }
    }
    entries
}

/// Records of one line or more. Where a quote is left open, only its line is given up, and the next line that
/// can begin an entry does.
fn split(lines: &[Line<'_>], separator: u8, findings: &mut Findings) -> Vec<(u64, Vec<String>)> {
    let widths = widths(lines, separator);
    let mut found: Vec<(u64, Vec<String>)> = Vec::new();
    let (mut given_up, mut place) = (false, 0);
    while let Some(line) = lines.get(place) {
        let whole = whole_record(&lines[place..]).map(|(record, taken)| (fields(&record, separator), taken));
        let torn = match whole {
            // Blank lines between entries.
            _ if line.bytes.is_empty() => None,
            Some((Ok(fields), taken)) if taken == 1 || widths.contains(&fields.len()) => {
                if given_up && !has_time(&fields) {
                    // What follows an open quote is the rest of a traceback, unless it has a time.
                    Some("is the rest of an entry that is left out")
                } else {
                    given_up = false;
                    found.push((line.number, fields));
                    place += taken;
                    continue;
                }
            }
            Some((Err(what), 1)) => {
                findings.add(FILE, line.number, Kind::Unreadable, what, "");
                None
            }
            _ => Some("begins an entry that is never ended; it is left out up to the next whole entry"),
        };
        if let Some(what) = torn {
            given_up = true;
            findings.add(FILE, line.number, Kind::Torn, what, "");
        }
        place += 1;
    }
    found
}

/// Numbers of fields that an entry can have.
fn widths(lines: &[Line<'_>], separator: u8) -> Vec<usize> {
    let headers =
        lines.iter().filter_map(|line| fields(line.bytes, separator).ok()).filter(|names| is_header(names));
    let known = ERROR_LOG.layouts().into_iter().map(|layout| layout.len());
    headers.map(|names| names.len()).chain(known).collect()
}

/// The record that begins with the first line, and its number of lines; none if its quotes never close.
fn whole_record(lines: &[Line<'_>]) -> Option<(Vec<u8>, usize)> {
    let mut record = Vec::new();
    let mut is_open = false;
    for (place, line) in lines.iter().take(LONGEST).enumerate() {
        if place > 0 {
            record.push(b'\n');
        }
        record.extend_from_slice(line.bytes);
        // In what Python writes, quotes come in pairs exactly where no field is open.
        is_open = line.bytes.iter().fold(is_open, |open, byte| open != (*byte == b'"'));
        if !is_open {
            return Some((record, place + 1));
        }
    }
    None
}

fn has_time(fields: &[String]) -> bool {
    let is_time = |text: &str| {
        text.get(..5).is_some_and(|year| year.ends_with('-') && year[..4].bytes().all(|b| b.is_ascii_digit()))
    };
    fields.iter().any(|field| is_time(field.trim()))
}

fn logged(record: &Record, findings: &mut Findings) -> Result<Logged, String> {
    let tau = record.get("tau").map(int).transpose().unwrap_or_else(|what| {
        let what = format!("column `tau`: {what}; it was taken as empty");
        findings.add(FILE, record.line, Kind::Doubtful, what, "");
        None
    });
    Ok(Logged {
        line: record.line,
        user_id: record.required("user_id")?.to_owned(),
        feature_mode: record.get("feature_mode").map(str::to_owned),
        method: record.get("method").map(str::to_owned),
        tau: tau.filter(|tau| *tau >= 0),
        error: record.get("error").unwrap_or("no message").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Findings;
    use super::super::tests::*;
    use super::super::{Finding, Kind};
    use super::{Logged, read};
    use crate::schema::Cell;
    use crate::store::UnitState;

    const HEADER: &str = "user_id,feature_mode,method,tau,error,traceback,timestamp\n";
    const ENTRY: &str = "u1,composite,TE,2,\"bad, really\",\"Traceback\n  File \"\"x\"\", line 1, in f\n\nValueError: bad\",2026-11-23T13:06:40\n";

    fn logged(text: &str) -> (Vec<Logged>, Vec<Finding>) {
        let mut findings = Findings::default();
        let entries = read(text.as_bytes(), &mut findings);
        (entries, findings.into_vec())
    }

    #[test]
    fn entries_go_over_lines() {
        let (entries, findings) = logged(&format!("{HEADER}{ENTRY}{}", ENTRY.replace("u1", "u2")));
        assert_eq!(findings, []);
        assert_eq!(
            entries.iter().map(|e| (e.line, e.user_id.as_str())).collect::<Vec<_>>(),
            [(2, "u1"), (6, "u2")]
        );
        assert_eq!((entries[0].tau, entries[0].error.as_str()), (Some(2), "bad, really"));
    }

    #[test]
    fn an_entry_torn_in_the_middle_costs_only_itself() {
        for cut in [ENTRY.find("Traceback").unwrap(), ENTRY.find("ValueError").unwrap(), ENTRY.len() - 30] {
            let torn = &ENTRY[..cut];
            let (entries, findings) = logged(&format!("{HEADER}{torn}\n{}", ENTRY.replace("u1", "u2")));
            assert_eq!(
                entries.iter().map(|e| e.user_id.as_str()).collect::<Vec<_>>(),
                ["u2"],
                "{torn:?} {findings:?}"
            );
            assert!(findings.iter().any(|f| f.lines.contains(&2)), "{findings:?}");
            let (entries, findings) = logged(&format!("{HEADER}{}{torn}", ENTRY.replace("u1", "u2")));
            assert_eq!(entries.len(), 1);
            assert!(!findings.is_empty());
        }
    }

    #[test]
    fn columns_stand_in_any_order_and_may_be_missing() {
        let (entries, findings) =
            logged("error,user_id,timestamp,feature_mode\nGlobal quality: N=3,u,2026-01-01,m\n");
        assert_eq!(findings, []);
        assert_eq!((entries[0].method.as_ref(), entries[0].user_id.as_str()), (None, "u"));
        let (entries, findings) =
            logged(&format!("{HEADER}u,m,TE,x,e,t,2026-01-01\n,m,TE,1,e,t,2026-01-01\n"));
        assert_eq!((entries.len(), entries[0].tau), (1, None));
        assert_eq!(findings.iter().map(|f| f.kind).collect::<Vec<_>>(), [Kind::Doubtful, Kind::Unreadable]);
    }

    #[test]
    fn what_the_log_says_counts_where_there_is_no_result() {
        let log = |entry: &str| changed("error_log.csv", |_| format!("{HEADER}{entry}"));
        let shard = log("s,composite,,,too few,,2026-01-01\n");
        assert_eq!(unit(&shard, "s").state, UnitState::Skipped);
        assert_eq!(cell(&rows(unit(&shard, "s"), "issues")[0], "severity"), &Cell::Text("warning".into()));
        let shard = log("0EC60222-04A2-4FFA-BE1F-444BC5D027F0,composite,PROCESS,,late,,2026-01-01\n");
        assert_eq!(
            (unit(&shard, "0EC6").state, unit(&shard, "0EC6").ended_by.as_deref()),
            (UnitState::Ok, Some("late"))
        );
        // Without a mode, the entry is about the directory's only one.
        let shard = log("s,,PROCESS,,e,,2026-01-01\ns,,PROCESS,,e,,2026-01-02\n");
        assert_eq!(
            (unit(&shard, "s").feature_mode.as_str(), rows(unit(&shard, "s"), "issues").len()),
            ("composite", 1)
        );
        assert_eq!(lines(&shard, "error_log.csv", Kind::RepeatedRow), [3]);
    }
}
