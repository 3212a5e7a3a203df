//! Names of attempts and groups.
//!
//! `20261123T143012-3fa9c1d2e4b5-0of4` is an attempt of worker 0 of 4, `….17` the 17th of those that were
//! committed together, and `…+2` the same attempt after its rows were put into other files twice.

use std::sync::atomic::{AtomicU32, Ordering};

/// What the names of the files that a compaction writes end with.
const COMPACTED: &str = "-compact";

/// The name of an attempt of worker `index` of `of`. It says who wrote a file, so that those that a crash
/// left behind can be told from those that another worker is about to commit.
pub fn attempt_id_of(index: u32, of: u32) -> String {
    format!("{}-{index}of{of}", new_attempt_id())
}

/// Worker and number of workers, from the name of an attempt or group.
pub fn writer(name: &str) -> Option<(u32, u32)> {
    let (index, of) = name.rsplit_once('-')?.1.split_once("of")?;
    Some((index.parse().ok()?, of.parse().ok()?))
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

/// Whether files of that name were written by a compaction.
pub fn is_compaction(name: &str) -> bool {
    name.ends_with(COMPACTED)
}

/// The name an attempt had at first, and how often its rows were put into other files since.
pub fn origin(attempt: &str) -> (&str, u32) {
    let rewritten = attempt.rsplit_once('+').and_then(|(name, times)| Some((name, times.parse().ok()?)));
    rewritten.unwrap_or((attempt, 0))
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
    }

    #[test]
    fn names_tell_who_wrote_a_file() {
        assert_eq!(writer(&attempt_id_of(3, 8)), Some((3, 8)));
        assert_eq!(writer(&new_compaction_id()), None);
        assert!(is_compaction(&new_compaction_id()) && !is_compaction(&attempt_id_of(0, 1)));
        assert_ne!(new_attempt_id(), new_attempt_id());
    }
}
