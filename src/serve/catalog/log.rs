//! The log of a worker, a part at a time.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use super::source::Source;
use super::text::plain;
use crate::serve::access::{Ended, Ending};

/// Bytes of a part at most.
const PART: u64 = 64 << 10;

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogPart {
    /// What it says, without control sequences.
    pub text: String,
    /// Where it begins.
    pub from: u64,
    /// Where the next part begins.
    pub next: u64,
    /// Bytes of the whole log.
    pub length: u64,
}

/// A part of the log of a worker: `limit` bytes from `from`, or the last ones.
pub(crate) fn log(
    source: &Source,
    shard: u32,
    from: Option<u64>,
    limit: Option<u64>,
) -> Result<LogPart, Ended> {
    let none = || {
        let words = format!(
            "{} has no log of shard {shard}\n(hint: a shard has one once it was started)",
            source.name
        );
        Ended::new(Ending::NotFound, words)
    };
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => none(),
        _ => Ended::new(Ending::SourceDamaged, format!("the log of shard {shard} cannot be read: {error}")),
    };
    let path = source.dir.join("_logs").join(format!("shard-{shard}.log"));
    // A link could lead out of the run.
    let about = std::fs::symlink_metadata(&path).map_err(failed)?;
    if !about.is_file() {
        return Err(none());
    }
    let mut file = File::open(&path).map_err(failed)?;
    let length = about.len();
    let limit = limit.unwrap_or(PART).min(PART);
    let from = from.unwrap_or_else(|| length.saturating_sub(limit));
    if from > length {
        let words = format!(
            "the log has {length} bytes, and none from {from} on\n(hint: it was begun anew; ask without `from`)"
        );
        return Err(Ended::new(Ending::Range, words));
    }
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    // A part ends where a line does, so that no sequence is cut in two.
    if let Some(end) = bytes.iter().rposition(|b| *b == b'\n')
        && from + (bytes.len() as u64) < length
    {
        bytes.truncate(end + 1);
    }
    let next = from + bytes.len() as u64;
    Ok(LogPart { text: plain(&bytes), from, next, length })
}
