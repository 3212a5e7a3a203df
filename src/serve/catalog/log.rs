//! The log of a worker, a part at a time.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use super::place::{is_away, place};
use super::source::Source;
use super::text::plain;
use crate::error::chain;
use crate::run::{logs, when_there_is_one};
use crate::serve::access::{Ended, Ending};
use crate::store::StoreError;

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
        let when = when_there_is_one(&place(&source.dir));
        let words = format!("{} has no log of shard {shard}\n(hint: {when})", source.name);
        Ended::new(Ending::NotFound, words)
    };
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => none(),
        _ => Ended::new(Ending::SourceDamaged, format!("the log of shard {shard} cannot be read: {error}")),
    };
    if is_away(&source.dir) {
        return log_away(source, shard, (from, limit))?.ok_or_else(none);
    }
    let path = source.dir.join("_logs").join(format!("shard-{shard}.log"));
    // A link could lead out of the run.
    let about = std::fs::symlink_metadata(&path).map_err(failed)?;
    if !about.is_file() {
        return Err(none());
    }
    let mut file = File::open(&path).map_err(failed)?;
    let length = about.len();
    let (from, limit) = part_of(length, (from, limit))?;
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    Ok(of_bytes(&bytes, from, length))
}

/// Where a part begins, and how long it is at most.
fn part_of(length: u64, (from, limit): (Option<u64>, Option<u64>)) -> Result<(u64, u64), Ended> {
    let limit = limit.unwrap_or(PART).min(PART);
    let from = from.unwrap_or_else(|| length.saturating_sub(limit));
    if from > length {
        let words = format!(
            "the log has {length} bytes, and none from {from} on\n(hint: it was begun anew; ask without `from`)"
        );
        return Err(Ended::new(Ending::Range, words));
    }
    Ok((from, limit))
}

/// A part ends where a line does, so that no sequence is cut in two.
fn of_bytes(bytes: &[u8], from: u64, length: u64) -> LogPart {
    let is_last = from + bytes.len() as u64 >= length;
    let end = bytes.iter().rposition(|b| *b == b'\n').filter(|_| !is_last);
    let bytes = end.map_or(bytes, |end| &bytes[..=end]);
    LogPart { text: plain(bytes), from, next: from + bytes.len() as u64, length }
}

/// The same of a run in an object store, whose log is put together of pieces; none if there is none.
fn log_away(source: &Source, shard: u32, part: (Option<u64>, Option<u64>)) -> Result<Option<LogPart>, Ended> {
    let failed = |error: StoreError| source.hide_ended(Ended::new(Ending::SourceDamaged, chain(&error)));
    let storage = place(&source.dir).storage().map_err(failed)?;
    let logs = logs(&*storage).map_err(|error| failed(error.into()))?;
    let Some(log) = logs.iter().find(|log| log.shard == shard) else { return Ok(None) };
    let mut bytes = Vec::new();
    let take = |piece: Vec<u8>| {
        bytes.extend(piece);
        true
    };
    log.read(&*storage, take).map_err(|error| failed(error.into()))?;
    let length = bytes.len() as u64;
    let (from, limit) = part_of(length, part)?;
    let end = (from + limit).min(length);
    Ok(Some(of_bytes(&bytes[from as usize..end as usize], from, length)))
}
