//! Names of attempts and groups.
//!
//! `20261123T143012-3fa9c1d2e4b5-0of4` is an attempt of worker 0 of 4, `…-0of4f7` one that it wrote under its 7th
//! lease, `….17` the 17th of those that were committed together, and `…+2` the same attempt after its rows were put
//! into other files twice. A compaction writes files named `…-compact`; where names keep writers apart, its data are
//! `…-c00000003-compact` and its ledger is `c00000003`.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use super::assignment::Assignment;
use super::broken::{Break, is_broken};

/// What the names of the files that a compaction writes end with.
const COMPACTED: &str = "-compact";

/// Who writes into a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writer {
    /// The share.
    pub share: Assignment,
    /// The number of its lease; none where locks keep workers apart.
    pub lease: Option<u64>,
}

impl Writer {
    /// Reads `0of4f7`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (index, rest) = text.split_once("of")?;
        let (of, lease) = match rest.split_once('f') {
            Some((of, lease)) => (of, Some(lease.parse().ok()?)),
            None => (rest, None),
        };
        Some(Self { share: Assignment { index: index.parse().ok()?, of: of.parse().ok()? }, lease })
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}of{}", self.share.index, self.share.of)?;
        self.lease.map_or(Ok(()), |lease| write!(f, "f{lease}"))
    }
}

/// The name of an attempt of a worker. It says who wrote a file, so that those that a crash left behind can be told
/// from those that another worker is about to commit.
pub fn attempt_id_of(writer: Writer) -> String {
    format!("{}-{writer}", new_attempt_id())
}

/// Who wrote a file, from the name of an attempt or group.
pub fn writer(name: &str) -> Option<Writer> {
    Writer::parse(name.rsplit_once('-')?.1)
}

/// A name no other attempt of any machine has: time, and a hash of process, machine and counter.
pub fn new_attempt_id() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let now = chrono::Utc::now();
    let host = crate::system::boot_id();
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let unique =
        format!("{}|{}|{n}|{host}", now.timestamp_nanos_opt().unwrap_or_default(), std::process::id());
    let hash = blake3::hash(unique.as_bytes()).to_hex();
    format!("{}-{}", now.format("%Y%m%dT%H%M%S"), &hash[..12])
}

/// A name for files of a compaction.
pub fn new_compaction_id() -> String {
    format!("{}{COMPACTED}", new_attempt_id())
}

/// A name for data files of the compaction of a bucket that wants a number ([`compaction_ledger`]).
pub fn new_numbered_id(number: u64) -> String {
    format!("{}-c{number:08}{COMPACTED}", new_attempt_id())
}

/// The name of the file of the ledger that a compaction of a bucket makes, where names keep writers apart: whoever
/// makes it has the number. It comes behind the names of all files that it replaces, so that a listing in parts which
/// does not have them any more has it.
pub fn compaction_ledger(number: u64) -> String {
    let first = if is_broken(Break::CompactionFirst) { "0" } else { "" };
    let own = if is_broken(Break::NoNumber) { format!("-{}", new_attempt_id()) } else { String::new() };
    format!("{first}c{number:08}{own}")
}

/// The number that a compaction has, from the name of its file of the ledger, or wanted, from that of its data files.
pub fn compaction_number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(COMPACTED).map_or(Some(name), |name| Some(name.rsplit_once('-')?.1))?;
    let number = if is_broken(Break::CompactionFirst) { number.trim_start_matches('0') } else { number };
    let number = if is_broken(Break::NoNumber) { number.split('-').next()? } else { number };
    let digits = number.strip_prefix('c')?;
    (digits.len() >= 8 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Whether files of that name were written by a compaction.
pub fn is_compaction(name: &str) -> bool {
    name.ends_with(COMPACTED) || compaction_number(name).is_some()
}

/// The name an attempt had at first, and how often its rows were put into other files since.
pub fn origin(attempt: &str) -> (&str, u32) {
    let rewritten = attempt.rsplit_once('+').and_then(|(name, times)| Some((name, times.parse().ok()?)));
    rewritten.unwrap_or((attempt, 0))
}

/// The name of the files with which an attempt became part of a run.
pub fn committed_as(attempt: &str) -> &str {
    let (name, _) = origin(attempt);
    name.split_once('.').map_or(name, |(group, _)| group)
}

/// The name of an attempt once its rows are put into other files.
pub fn rewritten(attempt: &str) -> String {
    let (name, times) = origin(attempt);
    format!("{name}+{}", times + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_keeps_its_name_when_its_rows_move() {
        let moved = rewritten(&rewritten("20261123T143012-3fa9-0of4.17"));
        assert_eq!(moved, "20261123T143012-3fa9-0of4.17+2");
        assert_eq!(origin(&moved), ("20261123T143012-3fa9-0of4.17", 2));
        assert_eq!(origin("a+b"), ("a+b", 0));
        assert_eq!(committed_as(&moved), "20261123T143012-3fa9-0of4");
        assert_eq!(committed_as("20261123T143012-3fa9-0of4"), "20261123T143012-3fa9-0of4");
    }

    #[test]
    fn names_tell_who_wrote_a_file() {
        for lease in [None, Some(12)] {
            let who = Writer { share: Assignment { index: 3, of: 8 }, lease };
            assert_eq!(writer(&attempt_id_of(who)), Some(who));
        }
        assert_eq!(writer(&new_compaction_id()), None);
        let who = Writer { share: Assignment::ALL, lease: None };
        assert!(is_compaction(&new_compaction_id()) && !is_compaction(&attempt_id_of(who)));
        assert_ne!(new_attempt_id(), new_attempt_id());
    }

    #[test]
    fn compactions_have_numbers_and_come_last() {
        let (ledger, data) = (compaction_ledger(10), new_numbered_id(10));
        assert_eq!((compaction_number(&ledger), compaction_number(&data)), (Some(10), Some(10)));
        assert!(is_compaction(&ledger) && is_compaction(&data));
        assert!(compaction_ledger(9) < ledger && new_attempt_id() < ledger);
        for none in [new_compaction_id(), new_attempt_id(), "c1".into(), "cafe".into()] {
            assert_eq!(compaction_number(&none), None, "{none}");
        }
    }
}
