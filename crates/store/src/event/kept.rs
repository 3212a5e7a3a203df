//! Events that are kept in a run: people look for them the next morning.
//!
//! Where there are locks the supervisor adds lines to one file. Where files are made once, each supervisor has files of
//! its own, and who reads puts them together by time.

use super::Event;
use crate::store::{EVENTS, Storage, StorageError};

/// The folder of supervisors' own files.
pub const EVENT_PIECES: &str = "_logs/events";

/// What was kept in a run, in the order of time. A line that cannot be read is left out.
///
/// # Errors
/// A file cannot be read.
pub fn kept_events(storage: &dyn Storage) -> Result<Vec<Event>, StorageError> {
    let mut events = Vec::new();
    let mut take = |bytes: Option<Vec<u8>>| {
        let bytes = bytes.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        events.extend(text.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok()));
    };
    take(storage.read(EVENTS)?);
    let pieces = storage.list(EVENT_PIECES)?;
    for piece in &pieces {
        take(storage.read(&piece.path)?);
    }
    if !pieces.is_empty() {
        // Of one time, the order in which they were written down.
        events.sort_by_key(|event| event.at_us);
    }
    Ok(events)
}

/// Whether anything was kept: runs of before events were do not know what befell them.
///
/// # Errors
/// The storage cannot be asked.
pub fn keeps_events(storage: &dyn Storage) -> Result<bool, StorageError> {
    Ok(storage.size(EVENTS)?.is_some() || storage.has_any(EVENT_PIECES)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Counts, EventKind};
    use crate::store::{MemoryStorage, Object};

    #[test]
    fn pieces_are_put_together_by_time() {
        let storage = MemoryStorage::without_locks();
        let line = |at_us: i64| {
            let kind = EventKind::ShardLost { cause: String::new(), last_user: None };
            serde_json::to_string(&Event { at_us, shard: 0, counts: Counts::default(), kind }).unwrap() + "\n"
        };
        let put = |path: &str, bytes: String| {
            storage.note(&Object { path: path.into(), bytes: bytes.into_bytes() }).unwrap();
        };
        let times = || kept_events(&storage).unwrap().iter().map(|event| event.at_us).collect::<Vec<_>>();
        assert_eq!(times(), [0; 0]);
        put("_logs/events/2-a-1.0000.ndjson", line(2) + &line(5) + "{torn");
        put("_logs/events/1-b-1.0000.ndjson", line(1) + &line(3) + &line(4));
        assert_eq!(times(), [1, 2, 3, 4, 5]);
    }
}
