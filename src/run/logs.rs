//! The logs of a run's workers: a file a shard, or, where files are made once, pieces of each life of a worker.

use std::collections::BTreeMap;

use crate::store::{Location, Storage, StorageError, encode_id};
use crate::system::host;

/// The folder of all of them.
const LOGS: &str = "_logs";

/// The log of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The shard.
    pub shard: u32,
    /// Its files, in order.
    files: Vec<String>,
}

/// The file of a shard's log, where it can be added to.
pub(super) fn log_file(shard: u32) -> String {
    format!("{LOGS}/shard-{shard}.log")
}

/// A piece of the log of a worker.
pub(super) fn log_piece(shard: u32, life: &str, number: u32) -> String {
    format!("{LOGS}/{shard}/{life}.{number:06}.log")
}

/// A name that no other process has, and that sorts by time.
pub(super) fn own_name() -> String {
    let now = chrono::Utc::now().format("%Y%m%dT%H%M%S%.3f");
    format!("{now}-{}-{}", encode_id(&host()), std::process::id())
}

/// When a shard of a run has a log.
pub fn when_there_is_one(run: &Location) -> &'static str {
    if run.folder().is_some() {
        "a shard has one once its process was started"
    } else {
        "a shard has one once its process has said something, a minute later at most"
    }
}

/// The logs that there are, by shard.
///
/// # Errors
/// The folder cannot be listed.
pub fn logs(storage: &dyn Storage) -> Result<Vec<Log>, StorageError> {
    let mut logs: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    // Names in order are pieces in order.
    for entry in storage.list(LOGS)? {
        if let Some(shard) = shard_of(&entry.path) {
            logs.entry(shard).or_default().push(entry.path);
        }
    }
    Ok(logs.into_iter().map(|(shard, files)| Log { shard, files }).collect())
}

fn shard_of(path: &str) -> Option<u32> {
    let name = path.strip_prefix(LOGS)?.strip_prefix('/')?.strip_suffix(".log")?;
    let shard = match name.split_once('/') {
        Some((shard, _)) => shard,
        None => name.strip_prefix("shard-")?,
    };
    shard.parse().ok()
}

impl Log {
    /// Gives its parts to `take` in their order, until that has enough.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(
        &self,
        storage: &dyn Storage,
        mut take: impl FnMut(Vec<u8>) -> bool,
    ) -> Result<(), StorageError> {
        for file in &self.files {
            if let Some(bytes) = storage.read(file)?
                && !take(bytes)
            {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{MemoryStorage, Object};

    #[test]
    fn pieces_are_put_together() {
        let storage = MemoryStorage::without_locks();
        let put = |path: String, text: &str| {
            storage.note(&Object { path, bytes: text.as_bytes().to_vec() }).unwrap();
        };
        put(log_piece(10, "2-b-1", 0), "third\n");
        put(log_piece(10, "1-a-1", 1), "second\n");
        put(log_piece(10, "1-a-1", 0), "first\n");
        put(log_file(2), "another's\n");
        put("_logs/events/1-a-1.0000.ndjson".into(), "{}");
        put("_logs/events.ndjson".into(), "{}");
        let text = |log: &Log| {
            let mut all = Vec::new();
            let take = |part: Vec<u8>| {
                all.extend(part);
                true
            };
            log.read(&storage, take).unwrap();
            String::from_utf8(all).unwrap()
        };
        let logs = logs(&storage).unwrap();
        assert_eq!(logs.iter().map(|log| log.shard).collect::<Vec<_>>(), [2, 10]);
        assert_eq!(logs.iter().map(text).collect::<Vec<_>>(), ["another's\n", "first\nsecond\nthird\n"]);
    }
}
