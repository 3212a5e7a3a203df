//! Whether a store keeps "create if absent", also when several ask at once: some ignore it always, some only then.

use std::io;
use std::time::Instant;

use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path as ObjectPath;

use super::bucket::Bucket;
use super::create::create;
use super::error::no_key;
use super::facts::Asked;
use crate::store::storage::Created;

/// Creates of one name.
const AT_ONCE: usize = 8;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// One was kept, and a listing shows it.
    Kept,
    /// More than one was taken, or the first was changed.
    Overwritten,
    /// A listing does not show it.
    Unlisted,
}

/// Makes an object several times at once, looks what came of it, and removes it.
pub(super) async fn probe(bucket: &Bucket, prefix: &str, key: &ObjectPath) -> io::Result<Found> {
    bucket.there(prefix).await?;
    let found = look(bucket, prefix, key).await;
    // Who may not remove anything leaves it there; its name is hidden.
    let _removed = bucket.store.delete(key).await;
    found
}

async fn look(bucket: &Bucket, prefix: &str, key: &ObjectPath) -> io::Result<Found> {
    let body = |n: usize| Bytes::from(format!("{n} of {AT_ONCE}: {key}"));
    let bodies: Vec<Bytes> = (0..AT_ONCE).map(body).collect();
    let made = join_all(bodies.iter().map(|body| create(bucket, prefix, key, body))).await;
    let made: Vec<Created> = made.into_iter().collect::<io::Result<_>>()?;
    let mut kept = bodies.iter().zip(&made).filter(|(_, made)| **made == Created::Yes);
    let (Some((first, _)), None) = (kept.next(), kept.next()) else { return Ok(Found::Overwritten) };
    // One more when nobody else asks.
    let late = create(bucket, prefix, key, &body(AT_ONCE)).await?;
    let begun = Instant::now();
    let there = async { bucket.store.get(key).await?.bytes().await };
    let there = match there.await {
        Ok(there) => there,
        Err(error) => return Err(bucket.explain(error, Asked::Get, begun, prefix).await),
    };
    if late == Created::Yes || there != *first {
        return Ok(Found::Overwritten);
    }
    Ok(if is_listed(bucket, prefix, key).await? { Found::Kept } else { Found::Unlisted })
}

async fn is_listed(bucket: &Bucket, prefix: &str, key: &ObjectPath) -> io::Result<bool> {
    let begun = Instant::now();
    let folder = ObjectPath::parse(prefix).ok();
    // What sorts before it is left out; a run that is there has thousands of objects.
    let start = ObjectPath::parse(key.as_ref().strip_suffix(|_: char| true).unwrap_or_default());
    let start = start.map_err(|e| no_key(&e))?;
    let mut listed = bucket.store.list_with_offset(folder.as_ref(), &start).take(AT_ONCE * 4);
    loop {
        match listed.try_next().await {
            Ok(Some(object)) if object.location == *key => return Ok(true),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(false),
            Err(error) => return Err(bucket.explain(error, Asked::List, begun, prefix).await),
        }
    }
}
