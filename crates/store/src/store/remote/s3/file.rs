//! An object that is read in parts, with few requests and no byte twice.
//!
//! Its end is brought when it is opened: small objects are whole then, and larger ones have their footer there. What a
//! reader says it will read ([`ReadAt::expect`]) is brought in runs of neighbours, and given up when it was read;
//! other bytes are read ahead.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, ObjectStoreExt};

use super::bucket::Bucket;
use super::error::{self, is_absent, is_without_parts};
use super::facts::Asked;
use super::held::{Held, MOST};
use super::runtime;
use crate::store::storage::ReadAt;

/// Bytes from the end that are brought when a file is opened.
pub(super) const TAIL: u64 = 64 << 10;

/// What all open files hold together, about.
const TOGETHER: u64 = 64 << 20;

/// What one of them may hold, however many are open.
const LEAST: u64 = 128 << 10;

/// Open files of this process.
static OPEN: AtomicU64 = AtomicU64::new(0);

/// An open object.
#[derive(Debug)]
pub(super) struct RemoteFile {
    bucket: Arc<Bucket>,
    key: ObjectPath,
    prefix: String,
    length: u64,
    e_tag: Option<String>,
    held: Mutex<Held>,
}

impl RemoteFile {
    /// Opens an object with one request; none if there is none.
    pub(super) async fn open(
        bucket: Arc<Bucket>,
        key: ObjectPath,
        prefix: String,
    ) -> io::Result<Option<Self>> {
        let begun = Instant::now();
        let (length, e_tag, tail) = match tail(&bucket, &key).await {
            Ok(opened) => opened,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(bucket.explain(error, Asked::Get, begun, &prefix).await),
        };
        let least = length.min(TAIL);
        if (tail.len() as u64) < least {
            return Err(error::cut(tail.len() as u64, least));
        }
        let held = Mutex::new(Held::new(length, tail));
        OPEN.fetch_add(1, Ordering::Relaxed);
        Ok(Some(Self { bucket, key, prefix, length, e_tag, held }))
    }

    fn bring(&self, range: Range<u64>) -> io::Result<Bytes> {
        let (bucket, key, prefix) = (Arc::clone(&self.bucket), self.key.clone(), self.prefix.clone());
        let e_tag = self.e_tag.clone();
        runtime::wait(&self.bucket.runtime, async move {
            let begun = Instant::now();
            let asked = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
            let got = async {
                let answer = bucket.store.get_opts(&key, asked).await?;
                let is_other = e_tag.is_some() && answer.meta.e_tag.is_some() && e_tag != answer.meta.e_tag;
                Ok((answer.bytes().await?, is_other))
            };
            match got.await {
                Ok((_, true)) => Err(error::changed()),
                Ok((bytes, false)) if bytes.len() as u64 == range.end - range.start => Ok(bytes),
                Ok((bytes, false)) => Err(error::cut(bytes.len() as u64, range.end - range.start)),
                Err(error) if is_absent(&error) => Err(error::gone()),
                Err(error) => Err(bucket.explain(error, Asked::Get, begun, &prefix).await),
            }
        })
    }
}

impl Drop for RemoteFile {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Length, mark and last bytes of an object.
async fn tail(bucket: &Bucket, key: &ObjectPath) -> object_store::Result<(u64, Option<String>, Bytes)> {
    let asked = GetOptions { range: Some(GetRange::Suffix(TAIL)), ..GetOptions::default() };
    let answer = match bucket.store.get_opts(key, asked).await {
        Ok(answer) => answer,
        // Of an object without bytes there is no part; some stores say so with an error, some with all of it.
        Err(error) if is_without_parts(&error) => bucket.store.get(key).await?,
        Err(error) => return Err(error),
    };
    let (length, e_tag) = (answer.meta.size, answer.meta.e_tag.clone());
    Ok((length, e_tag, answer.bytes().await?))
}

impl ReadAt for RemoteFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let end = offset.checked_add(length as u64).filter(|end| *end <= self.length);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts = Vec::with_capacity(1);
        let mut at = offset;
        while at < end {
            let Some(part) = held.at(at..end) else {
                let range = held.to_bring(at..end);
                let bytes = self.bring(range.clone())?;
                held.keep(range.start, bytes);
                continue;
            };
            at += part.len() as u64;
            parts.push(part);
        }
        held.was_read(offset..end);
        Ok(match parts.as_slice() {
            [] => Bytes::new(),
            [one] => one.clone(),
            several => {
                let mut whole = BytesMut::with_capacity(length);
                for part in several {
                    whole.extend_from_slice(part);
                }
                whole.freeze()
            }
        })
    }

    fn expect(&self, groups: &[Vec<Range<u64>>]) {
        let most = (TOGETHER / OPEN.load(Ordering::Relaxed).max(1)).clamp(LEAST, MOST);
        self.held.lock().unwrap_or_else(PoisonError::into_inner).expect(groups, most);
    }
}
